"""Pre-orders: what is in the building first, then by terms that were accepted, and never without."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory import services as inventory
from inventory.models import StockItem
from inventory.queries import prove
from orders import services
from orders.models import Cart, CartLine, Message, OrderStatus
from orders.queries import prove_owed
from tests.books import counters, nothing_changes
from tests.factories import (
    ACTOR,
    ARRIVES_ON,
    NOW,
    CartFactory,
    StockItemFactory,
    hold,
    paid_order,
    placed_order,
    report,
)

pytestmark = pytest.mark.django_db

TERMS = (
    "A pre-order is sent when it has arrived, expected on Fri 15 Jan 2027. You pay now, and may cancel before it is "
    "sent and get everything back."
)


def add(item: StockItem, quantity: int = 1, *, cart: Cart | None = None, **more: Any) -> CartLine:
    return services.add_to_cart(
        cart_id=(cart or CartFactory()).pk,
        variant_id=item.variant.pk,
        quantity=quantity,
        now=more.pop("now", NOW),
        actor=ACTOR,
        **more,
    )


def test_the_loser_of_a_race_is_offered_a_pre_order_and_not_put_into_one() -> None:
    item, cart = StockItemFactory(on_hand=1, backorder_limit=3), CartFactory()

    with nothing_changes(), pytest.raises(services.PreorderOffered) as refusal:
        add(item, 2, cart=cart)

    assert refusal.value.facts == {
        "sku": item.sku,
        "asked": 2,
        "available": 1,
        "offered": 4,
        "arrives_on": "2027-01-15",
        "terms": TERMS,
    }
    assert (refusal.value.code, refusal.value.status) == ("preorder_offered", 422)


def test_by_the_terms_units_in_the_building_come_first_and_then_those_beyond() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=3)

    line = add(item, 2, accepts_backorder=True)

    assert (line.is_preorder, line.arrives_on, line.quantity) == (True, ARRIVES_ON, 2)
    assert counters(item) == (1, 2, 0)


def test_who_takes_the_terms_and_needs_none_has_an_ordinary_hold() -> None:
    item = StockItemFactory(on_hand=2, backorder_limit=3)

    line = add(item, 2, accepts_backorder=True)

    assert (line.is_preorder, line.arrives_on) == (False, None)


def test_nobody_gets_more_than_staff_allow_or_where_they_name_no_day() -> None:
    item, cart = StockItemFactory(on_hand=0, backorder_limit=1), CartFactory()
    with nothing_changes(), pytest.raises(services.PreorderOffered):
        add(item, 2, cart=cart, accepts_backorder=True)

    inventory.set_backorder_limit(stock_item_id=item.pk, limit=1, reason="no day", actor=ACTOR, now=NOW)

    with nothing_changes(), pytest.raises(inventory.StockUnavailable):
        add(item, cart=cart, accepts_backorder=True)


def test_a_line_grows_within_the_building_and_a_pre_order_is_a_line_beside_it() -> None:
    item, cart = StockItemFactory(on_hand=1, backorder_limit=3), CartFactory()
    line = add(item, cart=cart)
    change = {"cart_id": cart.pk, "line_id": line.pk, "now": NOW, "actor": ACTOR}

    with nothing_changes(), pytest.raises(services.PreorderOffered):
        services.set_quantity(quantity=2, **change)
    beside = add(item, cart=cart, accepts_backorder=True)
    more = services.set_quantity(cart_id=cart.pk, line_id=beside.pk, quantity=3, now=NOW, actor=ACTOR)

    assert (more.is_preorder, more.quantity) == (True, 3)
    assert counters(item) == (1, 4, 0)
    assert CartLine.objects.filter(cart=cart).count() == 2


def test_holding_again_keeps_the_terms_while_the_day_is_the_same() -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=3)
    line = add(item, 2, accepts_backorder=True)
    later = NOW + timedelta(minutes=10)
    again = {"cart_id": line.cart_id, "line_id": line.pk, "actor": ACTOR}

    assert services.hold_again(now=later, **again).is_preorder

    latest = later + timedelta(minutes=10)
    inventory.set_backorder_limit(
        stock_item_id=item.pk, limit=3, arrives_on=ARRIVES_ON.replace(month=3), reason="late", actor=ACTOR, now=latest
    )
    with pytest.raises(services.PreorderOffered):
        services.hold_again(now=latest, **again)
    taken = services.hold_again(now=latest, accepts_backorder=True, **again)
    assert (taken.pk, taken.arrives_on) == (line.pk, ARRIVES_ON.replace(month=3))


def test_a_pre_order_that_can_be_had_now_is_held_again_as_an_ordinary_line() -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=3)
    line = add(item, accepts_backorder=True)
    later = NOW + timedelta(minutes=10)
    inventory.receive(sku=item.sku, location="MAIN", quantity=5, reason="delivery", actor=ACTOR, now=later)

    again = services.hold_again(cart_id=line.cart_id, line_id=line.pk, now=later, actor=ACTOR)

    assert (again.pk, again.is_preorder, again.arrives_on) == (line.pk, False, None)


def test_paid_in_time_it_is_on_back_order_until_it_arrives_and_then_it_is_paid() -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=3)

    order = paid_order(lines={item.variant: 2}, preorders=True)

    assert order.status == OrderStatus.BACKORDERED
    assert order.events.get(kind="PREORDERED").text == (
        "Paid. A pre-order: it is sent when it has arrived, expected on Fri 15 Jan 2027."
    )
    assert counters(item) == (0, 0, 2)
    sent = Message.objects.get(key__startswith="order_preordered")
    assert "Pre-order, expected Fri 15 Jan 2027" in sent.text
    assert services.allocate_arrivals(now=NOW) == 0
    inventory.receive(sku=item.sku, location="MAIN", quantity=2, reason="delivery", actor=ACTOR, now=NOW)
    assert services.allocate_arrivals(now=NOW) == 1
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID
    assert (prove(), prove_owed()) == ([], [])


def test_a_pre_order_whose_units_arrived_before_the_payment_is_simply_paid() -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=3)
    order = placed_order(lines={item.variant: 2}, preorders=True)
    inventory.receive(sku=item.sku, location="MAIN", quantity=2, reason="delivery", actor=ACTOR, now=NOW)

    report(services.start_payment(order_id=order.pk, now=NOW))

    order.refresh_from_db()
    assert order.status == OrderStatus.PAID


def test_arrivals_go_to_who_was_promised_first() -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=3)
    first = paid_order(lines={item.variant: 2}, preorders=True)
    second = paid_order(lines={item.variant: 1}, preorders=True, now=NOW + timedelta(minutes=1))
    later = NOW + timedelta(minutes=2)

    inventory.receive(sku=item.sku, location="MAIN", quantity=2, reason="delivery", actor=ACTOR, now=later)
    services.allocate_arrivals(now=later)

    for order, status in ((first, OrderStatus.PAID), (second, OrderStatus.BACKORDERED)):
        order.refresh_from_db()
        assert order.status == status


def test_a_late_payment_of_a_pre_order_needs_no_other_terms() -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=3)
    order = placed_order(lines={item.variant: 2}, preorders=True)
    payment = services.start_payment(order_id=order.pk, now=NOW)

    report(payment, now=NOW + timedelta(minutes=20))

    order.refresh_from_db()
    assert order.status == OrderStatus.BACKORDERED


def test_a_late_payment_puts_nothing_else_of_the_order_beyond_stock() -> None:
    here, coming = StockItemFactory(on_hand=1, backorder_limit=3), StockItemFactory(on_hand=0, backorder_limit=3)
    order = placed_order(lines={here.variant: 1, coming.variant: 1}, preorders=True)
    payment = services.start_payment(order_id=order.pk, now=NOW)
    late = NOW + timedelta(minutes=20)
    hold(lines={here.sku: 1}, now=late)

    report(payment, now=late)

    order.refresh_from_db()
    assert order.status == OrderStatus.REFUNDED


def test_the_product_page_offers_it_with_its_terms_and_the_press_takes_them(client: Client) -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=3)
    address = reverse("shop:product", args=[item.variant.product.slug])

    page = client.get(address).content.decode()
    refused = client.post(reverse("orders:cart_add"), {"variant": item.variant.pk, "quantity": 1})
    assert CartLine.objects.count() == 0
    client.post(reverse("orders:cart_add"), {"variant": item.variant.pk, "quantity": 1, "accepts_backorder": "yes"})

    assert TERMS in page
    assert refused.status_code == 422
    assert TERMS in refused.content.decode()
    assert CartLine.objects.get().is_preorder
    assert "Pre-order" in client.get(reverse("orders:cart")).content.decode()
