"""Money meets stock. Whatever a provider reports, and whenever, there is one defined end for it.

Order of locks: order, payment, coupon, reservations, stock. No provider is called inside a transaction.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError
from uuid6 import uuid7

from inventory import services as inventory
from orders.gateways import GatewayEvent, base
from orders.models import (
    Order,
    OrderEventKind,
    OrderLine,
    Payment,
    PaymentEvent,
)
from orders.services.coupon import give_back_use, take_use_again
from orders.services.message import write_order_message
from orders.services.refund import request_refund
from orders.services.timeline import note
from shop.clock import clock_time
from shop.money import format_money
from shop.transactions import TryAgain, transactional

# A hold taken for money that is already here lives only until the commit of the same transaction.
MOMENT = timedelta(minutes=1)


@transactional
def settle(*, payment_id: UUID, order_id: UUID, event: GatewayEvent, now: datetime) -> PaymentEvent:
    """Keep what a provider reports, and settle what it means. The same event again has no second effect."""
    order = Order.objects.select_for_update().get(pk=order_id)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    key = PaymentEvent.key_of(gateway=payment.gateway, event_id=event.event_id)
    known = PaymentEvent.objects.filter(event_key=key).first()
    if known is not None:
        return known
    try:
        record = PaymentEvent.objects.create(
            gateway=payment.gateway,
            event_id=event.event_id,
            payment=payment,
            kind=event.kind,
            amount_minor=event.amount_minor,
            currency=event.currency,
            payload=event.payload,
            received_at=now,
        )
    except IntegrityError as error:
        raise TryAgain from error
    if event.kind == base.CAPTURED:
        record.outcome = _settle_captured(order, payment, event, now=now)
    else:
        record.outcome = _settle_unpaid(order, payment, event, now=now)
    record.save(update_fields=["outcome"])
    return record


def _settle_unpaid(order: Order, payment: Payment, event: GatewayEvent, *, now: datetime) -> str:
    """An attempt that brought no money. The order waits on until its time is over; a captured one stays captured."""
    if not payment.is_pending:
        return f"no effect: the attempt is {payment.get_status_display().lower()} already"
    payment.take(event.kind)
    payment.provider_reference = event.provider_reference
    payment.save(update_fields=["status", "provider_reference"])
    if payment.is_declined:
        text = f"The payment was declined. Nothing was charged. Held until {clock_time(order.pay_by)}."
        note(order, OrderEventKind.PAYMENT_DECLINED, text, actor=payment.gateway, now=now)
    return f"the attempt is {payment.get_status_display().lower()}"


def _settle_captured(order: Order, payment: Payment, event: GatewayEvent, *, now: datetime) -> str:
    """Money has arrived: it becomes a paid order, or it goes back at once."""
    if payment.is_captured:
        return "no effect: this attempt was captured already"
    payment.take(event.kind)
    payment.captured_at = now
    payment.captured_minor, payment.captured_currency = event.amount_minor, event.currency
    payment.provider_reference = event.provider_reference
    payment.save(update_fields=["status", "captured_at", "captured_minor", "captured_currency", "provider_reference"])
    if (event.amount_minor, event.currency) != (payment.amount_minor, payment.currency):
        return _send_back_differing(order, payment, event, now=now)
    if order.is_paid:
        return _send_back(order, payment, OrderEventKind.PAID_TWICE, "You paid twice.", now=now)
    if order.is_cancelled or order.is_refunded:
        text = f"A payment arrived although the order is {order.get_status_display().lower()}."
        return _send_back(order, payment, OrderEventKind.PAID_LATE_REFUNDED, text, now=now)
    if order.is_expired:
        # Its holds may outlive it where the shop's payment window is shorter than its hold: they are not in time.
        return _settle_late(order, payment, now=now)
    try:
        inventory.commit(reservation_ids=_reservation_ids(order), actor=payment.gateway, now=now)
    except inventory.HoldEnded:
        return _settle_late(order, payment, now=now)
    order.take("paid in time")
    _mark_paid(order, OrderEventKind.PAID, "Paid. It is yours.", payment=payment, now=now)
    return "paid"


def _settle_late(order: Order, payment: Payment, *, now: datetime) -> str:
    """Paid after the hold had ended: take the units anew if they are free, otherwise send the money back.

    What the order still holds in part is let go first, so that it cannot stand in its own way. So is its coupon counted
    again, before the stock is locked.
    """
    is_honoured = take_use_again(order, now=now)
    for reservation_id in _reservation_ids(order):
        inventory.release(reservation_id=reservation_id, reason="paid late", actor=payment.gateway, now=now)
    units: dict[str, int] = {}
    for line in OrderLine.objects.filter(order=order):
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    try:
        anew = inventory.reserve(
            lines=units,
            token=f"late-{payment.pk}",
            expires_at=now + MOMENT,
            now=now,
            actor=payment.gateway,
            reservation_id=uuid7(),
        )
    except inventory.StockUnavailable:
        text = "The payment arrived after the hold had ended, and none was left."
        outcome = _send_back(order, payment, OrderEventKind.PAID_LATE_REFUNDED, text, now=now)
        give_back_use(order, now=now)
        order.take("paid late, units gone")
        order.ended_at = now
        order.save(update_fields=["status", "ended_at"])
        return outcome
    inventory.commit(reservation_ids=[anew.pk], actor=payment.gateway, now=now)
    OrderLine.objects.filter(order=order).update(reservation_id=anew.pk)
    text = "Paid after the hold had ended. It was still free, so the order stands."
    if is_honoured:
        text += " Its coupon was used up meanwhile; the price was promised, so it stands too."
    order.take("paid late, units free")
    _mark_paid(order, OrderEventKind.PAID_LATE_KEPT, text, payment=payment, now=now)
    return "paid late, the units were still free"


def _mark_paid(order: Order, kind: OrderEventKind, text: str, *, payment: Payment, now: datetime) -> None:
    order.paid_at, order.ended_at = now, None
    order.save(update_fields=["status", "paid_at", "ended_at"])
    Payment.objects.filter(order=order).end_pending("cancelled")
    note(order, kind, text, actor=payment.gateway, now=now)
    write_order_message(order, name="order_paid", now=now)


def _send_back(order: Order, payment: Payment, kind: OrderEventKind, why: str, *, now: datetime) -> str:
    """Ask for the whole payment to go back, tell the shopper, and leave a line for staff."""
    amount = format_money(payment.amount_minor, payment.currency)
    text = f"{why} {amount} is on its way back; banks need up to 3 working days."
    request_refund(payment, amount_minor=payment.amount_minor, currency=payment.currency, reason=kind.label, now=now)
    note(order, kind, text, actor=payment.gateway, now=now)
    write_order_message(order, name="payment_refunded", key=str(payment.pk), now=now, payment=payment, why=why)
    return f"sent back: {kind.label.lower()}"


def _send_back_differing(order: Order, payment: Payment, event: GatewayEvent, *, now: datetime) -> str:
    """Too little, too much or another currency: exactly what came goes back, and a person looks at it."""
    came = f"{event.amount_minor} {event.currency} (minor units)"
    owed = format_money(payment.amount_minor, payment.currency)
    text = f"The provider reported {came} instead of {owed}. What came goes back; the order is not paid by it."
    note(order, OrderEventKind.AMOUNT_DIFFERS, text, actor=payment.gateway, now=now)
    order.needs_attention = text[:300]
    order.save(update_fields=["needs_attention"])
    if event.amount_minor <= 0:
        return "the amount differs: nothing came, so nothing goes back"
    request_refund(
        payment,
        amount_minor=event.amount_minor,
        currency=event.currency,
        reason=OrderEventKind.AMOUNT_DIFFERS.label,
        now=now,
    )
    write_order_message(order, name="payment_refunded", key=str(payment.pk), now=now, payment=payment, why=text)
    return "sent back: the amount differs"


def _reservation_ids(order: Order) -> list[UUID]:
    return sorted(set(OrderLine.objects.filter(order=order).values_list("reservation_id", flat=True)))
