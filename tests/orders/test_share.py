"""A charge that pays other orders by now: what the bank takes of it, and what is undone meanwhile, is counted once."""

import pytest

from inventory.models import StockItem
from orders import services
from orders.models import Order, Payment, Refund, ReturnRequest
from tests.factories import NOW, StockItemFactory, report
from tests.orders.test_exchange import STAFF, approved, exchange, receive, sent_order, sibling

pytestmark = pytest.mark.django_db

TAKEN_MINOR = 100_000


def order_without_delivery_money(item: StockItem) -> tuple[Order, Payment, ReturnRequest]:
    """An order of which nothing is left but what its goods cost, and the return of all of them."""
    order = sent_order(item)
    asked = approved(order, 2)
    charge = order.payments.captured().get()
    services.repay(order_id=order.pk, amount_minor=order.shipping_minor, reason="late", now=NOW, actor=STAFF)
    delivery = Refund.objects.get()
    report(charge, kind="refund.succeeded", refund=str(delivery.key), amount=delivery.amount_minor)
    return order, charge, asked


def test_a_part_that_the_bank_took_of_nothing_but_a_share_comes_back_when_it_is_won() -> None:
    item = StockItemFactory()
    order, charge, asked = order_without_delivery_money(item)
    replacement = exchange(receive(asked, 2), sibling(item).variant)
    report(charge, kind="payment.charged_back", amount=TAKEN_MINOR)
    assert replacement.payments.get().taken_minor == TAKEN_MINOR

    event = report(charge, kind="payment.chargeback_won", amount=TAKEN_MINOR)

    assert event.outcome == "chargeback won"
    for each in (order, replacement):
        each.refresh_from_db()
        assert not each.is_held_back
    assert set(Payment.objects.values_list("taken_minor", flat=True)) == {0}
    services.fulfil_order(order_id=replacement.pk, now=NOW, actor=STAFF)


def test_what_the_bank_took_of_a_share_does_not_go_back_once_the_exchange_is_undone() -> None:
    item = StockItemFactory()
    _, charge, asked = order_without_delivery_money(item)
    exchange(asked, sibling(item).variant)
    report(charge, kind="payment.charged_back", amount=TAKEN_MINOR)

    services.undo_exchange(return_id=asked.pk, now=NOW, actor=STAFF)

    charge.refresh_from_db()
    assert (charge.taken_minor, services.left_of(charge)) == (TAKEN_MINOR, 400_000)
    receive(asked, 2)
    with pytest.raises(services.PaymentChargedBack):
        services.refund_return(return_id=asked.pk, now=NOW, actor=STAFF)
    report(charge, kind="payment.chargeback_won", amount=TAKEN_MINOR)
    services.refund_return(return_id=asked.pk, now=NOW, actor=STAFF)
    charge.refresh_from_db()
    assert (charge.taken_minor, services.left_of(charge)) == (0, 0)
