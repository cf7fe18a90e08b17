"""Paid and given up: units, money and state of an order that is cancelled in whole or in part."""

from uuid import uuid4

import pytest

from inventory import services as inventory
from inventory.models import StockItem
from inventory.queries import prove
from orders import services
from orders.models import Message, Order, OrderEventKind, OrderStatus, PaymentStatus, Refund
from orders.queries import prove_owed
from shop.errors import InvalidInput, NotFound
from tests.books import counters, ledger, nothing_changes
from tests.factories import NOW, StockItemFactory, owed, paid_order, placed_order

pytestmark = pytest.mark.django_db

STAFF = "staff@example.com"


def cancel(order: Order, units: dict[StockItem, int], *, restock: bool = True) -> services.Cancelled:
    return services.cancel_units(
        order_id=order.pk,
        units={order.lines.get(sku=item.sku).pk: quantity for item, quantity in units.items()},
        restock=restock,
        reason="Out of stock",
        now=NOW,
        actor=STAFF,
    )


def cancel_rest(order: Order, *, restock: bool = True) -> services.Cancelled:
    """All that is owed."""
    return services.cancel_units(order_id=order.pk, units=owed(order), restock=restock, reason="", now=NOW, actor=STAFF)


def send(order: Order, item: StockItem, units: int) -> None:
    shipment = services.pack(order_id=order.pk, units={order.lines.get(sku=item.sku).pk: units}, now=NOW, actor=STAFF)
    services.ship(shipment_id=shipment.pk, carrier="", tracking_number="", tracking_url="", now=NOW, actor=STAFF)


def refunded(order: Order) -> int:
    return sum(Refund.objects.filter(payment__order=order).values_list("amount_minor", flat=True))


def laws_hold() -> bool:
    return prove() == [] and prove_owed() == []


def test_cancel_units_gives_back_exactly_their_price() -> None:
    item = StockItemFactory()
    order = paid_order(lines={item.variant: 3})

    done = cancel(order, {item: 2})

    order.refresh_from_db()
    line = order.lines.get()
    assert (done.refund_minor, refunded(order)) == (500_000, 500_000)
    assert (order.status, line.cancelled, line.refunded, line.owed) == (OrderStatus.PAID, 2, 2, 1)
    assert counters(item) == (5, 0, 1)
    assert order.events.get(kind=OrderEventKind.LINES_CANCELLED).actor == STAFF
    assert Message.objects.filter(key__startswith="lines_cancelled").count() == 1
    assert laws_hold()


def test_the_last_unit_takes_the_delivery_with_it() -> None:
    item = StockItemFactory()
    order = paid_order(lines={item.variant: 3})

    cancel(order, {item: 2})
    cancel(order, {item: 1})

    order.refresh_from_db()
    assert (order.status, order.ended_at, refunded(order)) == (OrderStatus.CANCELLED, NOW, order.total_minor)
    assert order.lines.get().cancelled == 3
    assert counters(item) == (5, 0, 0)
    assert Message.objects.filter(key__startswith="order_cancelled").count() == 1
    assert laws_hold()


def test_cancel_rest_of_what_is_partly_sent_keeps_the_delivery() -> None:
    item = StockItemFactory()
    order = paid_order(lines={item.variant: 3})
    send(order, item, 1)

    done = cancel_rest(order)

    order.refresh_from_db()
    assert (order.status, done.refund_minor) == (OrderStatus.FULFILLED, 500_000)
    assert counters(item) == (4, 0, 0)
    assert laws_hold()


def test_cancel_without_restock_writes_the_units_off() -> None:
    item = StockItemFactory()
    order = paid_order(lines={item.variant: 2})

    cancel(order, {item: 1}, restock=False)

    assert counters(item) == (4, 0, 1)
    assert ledger(item)[-1] == ("WRITE_OFF", -1, 0, -1)
    assert laws_hold()


def test_units_that_are_not_here_cannot_be_written_off() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=2)
    order = paid_order(lines={item.variant: 2}, preorders=True)

    with nothing_changes(), pytest.raises(inventory.NotOnHand):
        cancel(order, {item: 2}, restock=False)
    cancel(order, {item: 2})

    assert counters(item) == (1, 0, 0)
    assert laws_hold()


def test_what_is_packed_sent_or_unpaid_is_not_cancelled() -> None:
    item, other = StockItemFactory(), StockItemFactory()
    waiting, sent, packed = placed_order(), paid_order(), paid_order(lines={item.variant: 3})
    services.fulfil_order(order_id=sent.pk, now=NOW, actor=STAFF)
    services.pack(order_id=packed.pk, units={packed.lines.get().pk: 2}, now=NOW, actor=STAFF)

    with nothing_changes():
        for order in (waiting, sent):
            with pytest.raises(services.OrderNotCancellable):
                cancel_rest(order)
        with pytest.raises(services.NotThatManyLeft):
            cancel_rest(packed)
        with pytest.raises(services.NotThatManyLeft):
            cancel(packed, {item: 2})
        with pytest.raises(services.NothingChosen):
            cancel(packed, {item: 0})
        with pytest.raises(NotFound):
            services.cancel_units(order_id=uuid4(), units={}, restock=True, reason="", now=NOW, actor=STAFF)
    assert counters(other) == (5, 0, 0)


def test_customers_cancel_what_is_neither_packed_nor_sent() -> None:
    order, packed, held_back = paid_order(), paid_order(), paid_order()
    services.pack(order_id=packed.pk, units={packed.lines.get().pk: 1}, now=NOW, actor=STAFF)
    Order.objects.filter(pk=held_back.pk).update(held_back_at=NOW)

    services.cancel_for_customer(order_id=order.pk, now=NOW, actor="guest")
    with nothing_changes():
        services.cancel_for_customer(order_id=order.pk, now=NOW, actor="guest")
        for refused in (packed, held_back):
            with pytest.raises(services.OrderNotCancellable):
                services.cancel_for_customer(order_id=refused.pk, now=NOW, actor="guest")

    order.refresh_from_db()
    assert (order.status, refunded(order)) == (OrderStatus.CANCELLED, order.total_minor)
    assert laws_hold()


def test_cancelling_never_gives_back_more_than_came() -> None:
    order = paid_order()
    services.repay(order_id=order.pk, amount_minor=100_000, reason="For the wait", now=NOW, actor=STAFF)

    assert cancel_rest(order).refund_minor == order.total_minor - 100_000
    assert refunded(order) == order.total_minor


def test_an_order_whose_money_the_bank_took_back_is_cancelled_without_refund() -> None:
    order = paid_order()
    order.payments.update(status=PaymentStatus.CHARGED_BACK)

    assert cancel_rest(order).refund_minor == 0
    assert refunded(order) == 0
    assert laws_hold()


def test_repay_sends_part_and_rest_back_and_no_more() -> None:
    order, waiting = paid_order(), placed_order()

    first = services.repay(order_id=order.pk, amount_minor=20_000, reason="Late", now=NOW, actor=STAFF)
    with nothing_changes():
        with pytest.raises(services.MoreThanCame) as refusal:
            services.repay(order_id=order.pk, amount_minor=order.total_minor, reason="All", now=NOW, actor=STAFF)
        with pytest.raises(services.NothingToPayBack):
            services.repay(order_id=waiting.pk, amount_minor=1, reason="None", now=NOW, actor=STAFF)
        for amount_minor, reason in [(0, "Zero"), (1, " ")]:
            with pytest.raises(InvalidInput):
                services.repay(order_id=order.pk, amount_minor=amount_minor, reason=reason, now=NOW, actor=STAFF)
        with pytest.raises(NotFound):
            services.repay(order_id=uuid4(), amount_minor=1, reason="Who", now=NOW, actor=STAFF)
    services.repay(order_id=order.pk, amount_minor=order.total_minor - 20_000, reason="All", now=NOW, actor=STAFF)

    order.refresh_from_db()
    assert (first.amount_minor, first.reason) == (20_000, "Late")
    assert refusal.value.facts["left_minor"] == order.total_minor - 20_000
    assert (refunded(order), order.status) == (order.total_minor, OrderStatus.PAID)
    assert Message.objects.filter(key__startswith="refund_sent").count() == 2
    assert order.events.filter(kind=OrderEventKind.REFUND_REQUESTED, actor=STAFF).count() == 2
