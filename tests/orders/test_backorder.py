"""Back-orders by terms: promised beyond what is on hand, and sent in the order in which they were promised."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory import services as inventory
from inventory.models import StockItem
from inventory.queries import prove
from orders import services
from orders.models import Checkout, Message, Order, OrderStatus
from orders.queries import prove_owed
from tests.books import counters, nothing_changes
from tests.factories import ACTOR, NOW, LocationFactory, StockItemFactory, hold, placed_order, report
from tests.orders.pages import add, check_out, on_sale
from tests.orders.scenes import WINDOW_ENDS

pytestmark = pytest.mark.django_db


def late(item: StockItem, *, units: int = 1, accepts_backorder: bool = True) -> Order:
    """An order whose money comes after its hold has ended."""
    order = placed(item, units=units, accepts_backorder=accepts_backorder)
    payment = services.start_payment(order_id=order.pk, now=NOW)
    report(payment, now=WINDOW_ENDS)
    order.refresh_from_db()
    return order


def placed(item: StockItem, *, units: int, accepts_backorder: bool) -> Order:
    """An order whose units were there when it was placed. Where none were free, they came and were lost again."""
    on_hand, held, allocated = counters(item)
    short = units - (on_hand - held - allocated)
    if short > 0:
        inventory.receive(sku=item.sku, location="MAIN", quantity=short, reason="found", actor=ACTOR, now=NOW)
    order = placed_order(lines={item.variant: units}, accepts_backorder=accepts_backorder)
    if short > 0:
        inventory.adjust(stock_item_id=item.pk, change=-short, reason="broken", actor=ACTOR, now=NOW)
    return order


def receive(item: StockItem, units: int) -> None:
    inventory.receive(sku=item.sku, location="MAIN", quantity=units, reason="delivery", actor=ACTOR, now=WINDOW_ENDS)


def status_of(*orders: Order) -> list[str]:
    for order in orders:
        order.refresh_from_db()
    return [order.status for order in orders]


def sold_out(*, on_hand: int = 1, backorder_limit: int = 3) -> StockItem:
    """An item whose units on hand are all held for somebody else, for a long time."""
    item = StockItemFactory(on_hand=on_hand, backorder_limit=backorder_limit)
    hold(lines={item.sku: on_hand}, minutes=600)
    return item


def test_late_money_takes_units_on_hand_before_any_back_order() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=3)

    order = late(item)

    assert order.status == OrderStatus.PAID
    assert counters(item) == (1, 0, 1)


def test_late_money_takes_units_on_hand_at_another_location_first() -> None:
    near = sold_out()
    far = StockItemFactory(variant=near.variant, location=LocationFactory(code="FAR", priority=200), on_hand=1)

    order = late(near)

    assert order.status == OrderStatus.PAID
    assert (counters(near), counters(far)) == ((1, 1, 0), (1, 0, 1))


def test_without_the_terms_late_money_goes_back_although_staff_allow_back_orders() -> None:
    item = sold_out()

    order = late(item, accepts_backorder=False)

    assert order.status == OrderStatus.REFUNDED
    assert counters(item) == (1, 1, 0)


def test_beyond_the_limit_late_money_goes_back_whatever_was_accepted() -> None:
    item = sold_out(backorder_limit=1)
    order = placed(item, units=1, accepts_backorder=True)
    payment = services.start_payment(order_id=order.pk, now=NOW)
    inventory.release_expired(skus=[item.sku], now=WINDOW_ENDS)
    hold(lines={item.sku: 1}, minutes=600, now=WINDOW_ENDS, may_backorder=True)

    report(payment, now=WINDOW_ENDS)

    assert status_of(order) == [OrderStatus.REFUNDED]
    assert counters(item) == (1, 2, 0)


def test_units_arrive_in_the_order_in_which_they_were_promised() -> None:
    item = sold_out()
    first, second = late(item, units=2), late(item)
    assert status_of(first, second) == [OrderStatus.BACKORDERED] * 2

    receive(item, 1)
    with nothing_changes():
        assert services.allocate_arrivals(now=WINDOW_ENDS) == 0
    receive(item, 1)
    assert services.allocate_arrivals(now=WINDOW_ENDS) == 1
    assert status_of(first, second) == [OrderStatus.PAID, OrderStatus.BACKORDERED]
    receive(item, 1)
    assert services.allocate_arrivals(now=WINDOW_ENDS) == 1
    assert status_of(first, second) == [OrderStatus.PAID, OrderStatus.PAID]
    assert Message.objects.filter(key__startswith="order_arrived").count() == 2
    with nothing_changes():
        assert services.allocate_arrivals(now=WINDOW_ENDS) == 0
    assert (prove(), prove_owed()) == ([], [])


def test_a_hold_that_was_there_before_keeps_its_unit_and_one_that_ends_gives_it_up() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=1)
    other = hold(lines={item.sku: 1}, minutes=600)
    order = late(item)
    assert services.allocate_arrivals(now=WINDOW_ENDS) == 0

    inventory.release(reservation_id=other.pk, reason="let go", actor=ACTOR, now=WINDOW_ENDS)

    assert services.allocate_arrivals(now=WINDOW_ENDS) == 1
    assert status_of(order) == [OrderStatus.PAID]


def test_nothing_on_back_order_is_packed_or_sent_from_units_of_others() -> None:
    item = sold_out()
    order = late(item)
    line = order.lines.get()

    with nothing_changes():
        with pytest.raises(services.OrderOnBackorder):
            services.pack(order_id=order.pk, units={line.pk: 1}, actor=ACTOR, now=WINDOW_ENDS)
        with pytest.raises(services.OrderOnBackorder):
            services.fulfil_order(order_id=order.pk, actor=ACTOR, now=WINDOW_ENDS)

    receive(item, 1)
    services.allocate_arrivals(now=WINDOW_ENDS)
    services.fulfil_order(order_id=order.pk, actor=ACTOR, now=WINDOW_ENDS)
    assert status_of(order) == [OrderStatus.FULFILLED]
    assert counters(item) == (1, 1, 0)


@pytest.mark.parametrize("waiting", [1, 3])
def test_looking_for_arrivals_asks_as_often_for_three_orders_as_for_one(
    waiting: int, django_assert_num_queries
) -> None:
    item = sold_out()
    for _ in range(waiting):
        late(item)

    with django_assert_num_queries(4):
        services.allocate_arrivals(now=WINDOW_ENDS)


# The terms at the checkout --------------------------------------------------------------------------------------------


def payment_step() -> str:
    return reverse("orders:checkout_payment")


def ready_to_pay(client: Client, *, backorder_limit: int) -> None:
    variant = on_sale()
    item = StockItem.objects.get(variant=variant)
    inventory.set_backorder_limit(
        stock_item_id=item.pk, limit=backorder_limit, reason="pre-order", actor=ACTOR, now=NOW
    )
    add(client, variant)
    check_out(client)


def test_the_terms_are_asked_only_where_staff_allow_back_orders_and_never_ticked_beforehand(client: Client) -> None:
    ready_to_pay(client, backorder_limit=0)
    assert "accepts_backorder" not in client.get(payment_step()).content.decode()

    item = StockItem.objects.get()
    inventory.set_backorder_limit(stock_item_id=item.pk, limit=1, reason="pre-order", actor=ACTOR, now=timezone.now())
    box = client.get(payment_step()).content.decode().split('name="accepts_backorder"')[1].split(">")[0]

    assert "checked" not in box


@pytest.mark.parametrize(("posted", "kept"), [({"accepts_backorder": "on"}, True), ({}, False)])
def test_the_terms_are_kept_with_the_checkout_and_repeated_at_the_review(
    client: Client, posted: dict[str, str], kept: bool
) -> None:
    ready_to_pay(client, backorder_limit=1)

    client.post(payment_step(), {"gateway": "sandbox", **posted})

    assert Checkout.objects.get().accepts_backorder is kept
    review = client.get(reverse("orders:checkout_review")).content.decode()
    assert ("sent when it is back in stock" in review) is kept


def test_terms_that_nobody_was_asked_for_are_not_taken(client: Client) -> None:
    ready_to_pay(client, backorder_limit=0)

    client.post(payment_step(), {"gateway": "sandbox", "accepts_backorder": "on"})

    assert Checkout.objects.get().accepts_backorder is False
