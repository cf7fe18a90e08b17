"""Money meets stock: whatever a provider reports, and whenever, there is one defined end."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from inventory import services as inventory
from inventory.models import Reservation, ReservationState
from inventory.queries import prove
from orders import services
from orders.models import Message, Order, OrderEventKind, OrderStatus, Payment, PaymentStatus, Refund
from orders.queries import prove_owed
from shop.errors import NotFound
from tests.books import counters, nothing_changes
from tests.factories import NOW, StockItemFactory, hold, paid_order, placed_order, report, webhook

pytestmark = pytest.mark.django_db

WINDOW_ENDS = NOW + settings.PAYMENT_WINDOW
INSTANT = timedelta(microseconds=1)


def start(order: Order, *, now: object = NOW) -> Payment:
    return services.start_payment(order_id=order.pk, now=now)


def started(*, on_hand: int = 5, quantity: int = 2) -> tuple[object, Order, Payment]:
    """A stock item, an order of some of it, and a payment that was begun."""
    item = StockItemFactory(on_hand=on_hand)
    order = placed_order(lines={item.variant: quantity})
    return item, order, start(order)


def status_of(*rows: Order | Payment) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.status for row in rows]


def kinds(order: Order) -> list[str]:
    return list(order.events.order_by("pk").values_list("kind", flat=True))


def messages(order: Order) -> list[str]:
    return sorted(key.split(":")[0] for key in Message.objects.filter(to=order.email).values_list("key", flat=True))


def everything_adds_up() -> bool:
    return prove() == [] and prove_owed() == []


def test_start_payment_says_where_to_pay_and_is_one_attempt_however_often_pressed() -> None:
    _, order, payment = started()

    assert (payment.amount_minor, payment.currency, payment.gateway) == (order.total_minor, "IDR", "sandbox")
    assert payment.expires_at == order.pay_by
    assert payment.redirect_url.startswith(f"{settings.SANDBOX_URL}/pay/?request=")
    with nothing_changes():
        assert start(order) == payment


def test_start_payment_after_a_decline_is_a_new_attempt() -> None:
    _, order, payment = started()
    report(payment, kind="payment.declined")

    assert start(order).pk != payment.pk


def test_start_payment_refuses_an_order_that_cannot_be_paid() -> None:
    order, paid = placed_order(), paid_order()
    cancelled = placed_order()
    services.cancel_order(order_id=cancelled.pk, now=NOW, actor="shopper")

    for refused, now in ((order, WINDOW_ENDS), (paid, NOW), (cancelled, NOW)):
        with nothing_changes(), pytest.raises(services.OrderNotPayable):
            start(refused, now=now)
    with pytest.raises(NotFound):
        services.start_payment(order_id=uuid4(), now=NOW)


def test_start_payment_refuses_a_provider_that_is_not_switched_on() -> None:
    order = placed_order()

    with nothing_changes(), pytest.raises(services.UnknownGateway):
        services.start_payment(order_id=order.pk, now=NOW, gateway="barter")


def test_captured_in_time_is_paid_and_allocated() -> None:
    item, order, payment = started()

    event = report(payment)

    assert status_of(order, payment) == [OrderStatus.PAID, PaymentStatus.CAPTURED]
    assert (order.paid_at, payment.captured_at, event.outcome) == (NOW, NOW, "paid")
    assert Reservation.objects.get().state == ReservationState.COMMITTED
    assert counters(item) == (5, 0, 2)
    assert kinds(order)[-1] == OrderEventKind.PAID
    assert messages(order) == ["order_paid", "order_placed"]
    assert not Refund.objects.exists()
    assert everything_adds_up()


def test_captured_at_the_last_instant_is_in_time() -> None:
    item, order, payment = started()

    report(payment, now=WINDOW_ENDS - INSTANT)

    assert status_of(order) == [OrderStatus.PAID]
    assert kinds(order)[-1] == OrderEventKind.PAID
    assert counters(item) == (5, 0, 2)


def test_declined_leaves_the_order_waiting_and_the_units_held() -> None:
    item, order, payment = started()

    report(payment, kind="payment.declined")

    assert status_of(order, payment) == [OrderStatus.AWAITING_PAYMENT, PaymentStatus.DECLINED]
    assert counters(item) == (5, 2, 0)
    assert kinds(order)[-1] == OrderEventKind.PAYMENT_DECLINED
    report(start(order))
    assert status_of(order) == [OrderStatus.PAID]


def test_the_same_event_twice_has_one_effect() -> None:
    _, _, payment = started()
    body = webhook(payment)
    first = report(payment, body=body)

    with nothing_changes():
        assert report(payment, body=body) == first


def test_two_events_of_one_capture_have_one_effect() -> None:
    item, order, payment = started()
    report(payment)

    second = report(payment)

    assert second.outcome.startswith("no effect")
    assert counters(item) == (5, 0, 2)
    assert not Refund.objects.exists()
    assert kinds(order).count(OrderEventKind.PAID) == 1


def test_events_out_of_order_end_where_the_money_is() -> None:
    item, order, payment = started()

    report(payment)
    report(payment, kind="payment.declined")
    report(payment, kind="payment.expired")

    assert status_of(order, payment) == [OrderStatus.PAID, PaymentStatus.CAPTURED]
    assert counters(item) == (5, 0, 2)
    assert OrderEventKind.PAYMENT_DECLINED not in kinds(order)


def test_captured_after_declined_is_paid() -> None:
    item, order, payment = started()

    report(payment, kind="payment.declined")
    report(payment)

    assert status_of(order, payment) == [OrderStatus.PAID, PaymentStatus.CAPTURED]
    assert counters(item) == (5, 0, 2)


@pytest.mark.parametrize("changes", [{"amount": 519_999}, {"amount": 520_001}, {"currency": "USD"}, {"amount": 1}])
def test_money_that_is_not_what_was_asked_for_goes_back_and_a_person_looks(changes: dict[str, object]) -> None:
    item, order, payment = started()

    report(payment, **changes)

    refund = Refund.objects.get()
    expected = {"amount": order.total_minor, "currency": "IDR", **changes}
    assert (refund.amount_minor, refund.currency) == (expected["amount"], expected["currency"])
    assert status_of(order) == [OrderStatus.AWAITING_PAYMENT]
    assert order.needs_attention
    assert kinds(order)[-1] == OrderEventKind.AMOUNT_DIFFERS
    assert "payment_refunded" in messages(order)
    assert counters(item) == (5, 2, 0)
    assert everything_adds_up()


def test_nothing_came_although_a_capture_was_reported_asks_for_no_refund() -> None:
    _, order, payment = started()

    report(payment, amount=0)

    assert not Refund.objects.exists()
    assert status_of(order) == [OrderStatus.AWAITING_PAYMENT]
    assert order.needs_attention
    assert "payment_refunded" not in messages(order)


def test_paid_late_is_taken_anew_whatever_a_line_may_have_today(settings: Any) -> None:
    _, order, payment = started(quantity=3)
    settings.MAX_UNITS_PER_LINE = 2

    report(payment, now=order.pay_by + timedelta(minutes=1))

    assert status_of(order) == [OrderStatus.PAID]


def test_cancelling_after_a_differing_payment_does_not_say_that_nothing_was_charged() -> None:
    _, order, payment = started()
    report(payment, amount=1)

    services.cancel_order(order_id=order.pk, now=NOW, actor="ayu")

    text = order.events.get(kind=OrderEventKind.CANCELLED).text
    assert text == "Order cancelled. What was paid is on its way back."


@pytest.mark.parametrize("swept", [False, True])
def test_paid_late_takes_the_units_again_when_they_are_free(swept: bool) -> None:
    item, order, payment = started()
    if swept:
        services.expire_unpaid(now=WINDOW_ENDS)
        inventory.expire_due(now=WINDOW_ENDS)

    report(payment, now=WINDOW_ENDS)

    assert status_of(order, payment) == [OrderStatus.PAID, PaymentStatus.CAPTURED]
    assert order.ended_at is None
    assert kinds(order)[-1] == OrderEventKind.PAID_LATE_KEPT
    assert counters(item) == (5, 0, 2)
    assert Reservation.objects.get(pk=order.lines.get().reservation_id).state == ReservationState.COMMITTED
    assert not Refund.objects.exists()
    assert everything_adds_up()


@pytest.mark.parametrize("swept", [False, True])
def test_paid_late_when_the_units_are_gone_sends_the_money_back_and_says_so(swept: bool) -> None:
    item, order, payment = started(on_hand=2)
    if swept:
        services.expire_unpaid(now=WINDOW_ENDS)
        inventory.expire_due(now=WINDOW_ENDS)
    hold(lines={item.sku: 1}, now=WINDOW_ENDS)

    report(payment, now=WINDOW_ENDS)

    refund = Refund.objects.get()
    assert status_of(order, payment) == [OrderStatus.REFUNDED, PaymentStatus.CAPTURED]
    assert (refund.amount_minor, refund.currency, refund.payment) == (order.total_minor, "IDR", payment)
    assert kinds(order)[-1] == OrderEventKind.PAID_LATE_REFUNDED
    assert "payment_refunded" in messages(order)
    assert counters(item) == (2, 1, 0)
    assert everything_adds_up()


def test_paid_late_of_several_lines_is_all_or_nothing() -> None:
    gone, free = StockItemFactory(on_hand=1), StockItemFactory()
    order = placed_order(lines={gone.variant: 1, free.variant: 1})
    payment = start(order)
    hold(lines={gone.sku: 1}, now=WINDOW_ENDS)

    report(payment, now=WINDOW_ENDS)

    assert status_of(order) == [OrderStatus.REFUNDED]
    assert (counters(gone), counters(free)) == ((1, 1, 0), (5, 0, 0))
    assert everything_adds_up()


def test_paid_late_is_not_held_up_by_what_the_order_still_holds_itself() -> None:
    one, other = StockItemFactory(on_hand=1), StockItemFactory(on_hand=1)
    order = placed_order(lines={one.variant: 1, other.variant: 1})
    payment = start(order)
    first = order.lines.get(sku=one.sku)
    inventory.release(reservation_id=first.reservation_id, reason="by staff", actor="staff", now=NOW)

    report(payment)

    assert status_of(order) == [OrderStatus.PAID]
    assert (counters(one), counters(other)) == ((1, 0, 1), (1, 0, 1))
    assert everything_adds_up()


def test_paid_after_the_order_expired_although_its_hold_still_lives(settings: object) -> None:
    settings.PAYMENT_WINDOW = settings.HOLD_TIME / 2
    item, order, payment = started()
    services.expire_unpaid(now=order.pay_by)

    report(payment, now=order.pay_by)

    assert status_of(order) == [OrderStatus.PAID]
    assert counters(item) == (5, 0, 2)
    assert everything_adds_up()


def test_paid_after_cancelling_goes_back() -> None:
    item, order, payment = started()
    services.cancel_order(order_id=order.pk, now=NOW, actor="shopper")

    report(payment)

    assert status_of(order, payment) == [OrderStatus.CANCELLED, PaymentStatus.CAPTURED]
    assert Refund.objects.get().amount_minor == order.total_minor
    assert kinds(order)[-1] == OrderEventKind.PAID_LATE_REFUNDED
    assert counters(item) == (5, 0, 0)
    assert everything_adds_up()


def test_paid_twice_keeps_the_first_and_sends_the_second_back() -> None:
    item, order, first = started()
    report(first, kind="payment.declined")
    second = start(order)

    report(second)
    report(first)

    assert status_of(order) == [OrderStatus.PAID]
    assert Refund.objects.get().payment == first
    assert kinds(order)[-1] == OrderEventKind.PAID_TWICE
    assert "payment_refunded" in messages(order)
    assert counters(item) == (5, 0, 2)
    assert everything_adds_up()


def test_paid_again_after_a_late_payment_was_sent_back_goes_back_too() -> None:
    item, order, first = started(on_hand=2)
    report(first, kind="payment.declined")
    second = start(order)
    hold(lines={item.sku: 1}, now=WINDOW_ENDS)

    report(first, now=WINDOW_ENDS)
    report(second, now=WINDOW_ENDS)

    assert status_of(order) == [OrderStatus.REFUNDED]
    assert set(Refund.objects.values_list("payment", flat=True)) == {first.pk, second.pk}
    assert messages(order).count("payment_refunded") == 2
    assert everything_adds_up()
