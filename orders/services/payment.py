"""Money meets stock. Whatever a provider reports, and whenever, there is one defined end for it.

Order of locks: order, payment, coupon, reservations, stock. The counter of papers comes before the stock where money
is in time, and after it where it is late; a deadlock between the two begins anew. No provider is called inside a
transaction.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from uuid6 import uuid7

from inventory import queries as stock
from inventory import services as inventory
from orders.ends import Happening, MoneyEnd, StockEnd, end_of
from orders.gateways import GatewayEvent, base
from orders.models import Order, OrderLine, Payment, PaymentEvent
from orders.services.attention import call_staff
from orders.services.coupon import give_back_use, take_use_again
from orders.services.dispute import end_of_dispute, settle_dispute
from orders.services.drop import give_back_sku
from orders.services.end import conclude
from orders.services.limit import drop_over_limit
from orders.services.message import write_order_message
from orders.services.paper import issue_invoice
from orders.services.refund import request_refund, settle_refund_report
from shop.clock import clock_time, day_words
from shop.money import format_money
from shop.transactions import TryAgain, transactional

# Reports that bring no money, and what they are for the order.
WITHOUT_MONEY = {
    base.AUTHORISED: Happening.AUTHORISED,
    base.DECLINED: Happening.DECLINED,
    base.EXPIRED: Happening.EXPIRED,
    base.CANCELLED: Happening.CANCELLED_AT_PROVIDER,
}
# A hold taken for money that is already here lives only until the commit of the same transaction.
MOMENT = timedelta(minutes=1)


@transactional
def settle(*, payment_id: UUID, order_id: UUID, event: GatewayEvent, now: datetime) -> PaymentEvent:
    """Keep what a provider reported, and bring order, attempt, units and money to the end that the table says.

    The same event twice, or from the webhook and from asking, has one effect: the first record is given again.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    key = PaymentEvent.key_of(gateway=payment.gateway, event_id=event.event_id)
    known = PaymentEvent.objects.filter(event_key=key).first()
    if known is not None:
        return known
    payment = _attempt_meant(order, payment, event, now=now)
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
    record.outcome = _settle(order, payment, event, now=now)
    record.save(update_fields=["outcome"])
    return record


def _settle(order: Order, payment: Payment, event: GatewayEvent, *, now: datetime) -> str:
    if event.problem:
        call_staff(order, f"The provider says \u201c{event.kind}\u201d of a payment: {event.problem}")
        return f"no effect: {event.problem}"
    if event.kind in (base.REFUND_SUCCEEDED, base.REFUND_FAILED):
        return settle_refund_report(order, payment, event, now=now)
    report = end_of_dispute(payment, event)
    if not report.moves:
        if report.calls_staff:
            call_staff(order, f"The provider says \u201c{event.kind}\u201d of a payment: {report.why}.")
        return f"no effect: {report.why}"
    if event.kind == base.CAPTURED or (event.kind == base.CHARGEBACK_WON and payment.captured_at is None):
        return _settle_capture(order, payment, event, now=now)
    if event.kind in (base.CHARGED_BACK, base.CHARGEBACK_WON):
        return settle_dispute(order, payment, event, now=now)
    happening = WITHOUT_MONEY[event.kind]
    end = end_of(order.status, happening)
    if not end.moves_attempt:
        return f"no effect: {end.why}"
    payment.take(event.kind)
    payment.provider_reference = payment.provider_reference or event.provider_reference
    payment.save(update_fields=["status", "provider_reference"])
    conclude(order, happening, actor=payment.gateway, now=now, deadline=clock_time(order.pay_by))
    return end.outcome


def _attempt_meant(order: Order, payment: Payment, event: GatewayEvent, *, now: datetime) -> Payment:
    """The attempt that the event is about: another one where money came by the same attempt for the second time.

    A capture under another reference of the provider is other money, whatever page it was paid on. It becomes an
    attempt of its own, so that exactly it can go back; nothing of what came first is touched.
    """
    is_other_money = payment.captured_at is not None and event.provider_reference != payment.provider_reference
    if event.kind != base.CAPTURED or not is_other_money:
        return payment
    same = Payment.objects.filter(order=order, gateway=payment.gateway, provider_reference=event.provider_reference)
    known = next((one for one in same.order_by("pk") if one.provider_reference == event.provider_reference), None)
    if known is not None:
        return known
    call_staff(order, f"{payment.gateway} took money by one payment page twice: {event.provider_reference}")
    return Payment.objects.create(
        order=order,
        gateway=payment.gateway,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        created_at=now,
        expires_at=payment.expires_at,
    )


def _settle_capture(order: Order, payment: Payment, event: GatewayEvent, *, now: datetime) -> str:
    """Money has arrived: it becomes a paid order, or it goes back at once."""
    payment.take(event.kind)
    payment.captured_at = now
    payment.captured_minor, payment.captured_currency = event.amount_minor, event.currency
    payment.taken_minor = 0
    payment.provider_reference, payment.check_at = event.provider_reference, payment.next_check(now=now)
    payment.save(
        update_fields=[
            "status",
            "captured_at",
            "captured_minor",
            "captured_currency",
            "taken_minor",
            "provider_reference",
            "check_at",
        ]
    )
    capture = _capture(order, payment, fingerprint=event.fingerprint, now=now)
    end, text = conclude(
        order,
        capture.happening,
        actor=payment.gateway,
        now=now,
        came=_came(payment),
        asked=format_money(payment.amount_minor, payment.currency),
        remark=capture.remark,
        back=_back(payment),
    )
    if end.money == MoneyEnd.SENT_BACK:
        _send_back(payment, reason=end.entry.label if end.entry else end.outcome, now=now)
    if end.money == MoneyEnd.SENT_BACK and order.is_refunded:
        give_back_use(order, now=now)
    if end.message and payment.captured_minor:
        key = str(payment.pk) if end.money == MoneyEnd.SENT_BACK else ""
        why = text.removesuffix(_back(payment)).strip()
        write_order_message(order, name=end.message, key=key, now=now, payment=payment, why=why)
    if end.money == MoneyEnd.KEPT:
        payment.is_kept = True
        payment.save(update_fields=["is_kept"])
        # The counter of papers is one row for the whole shop: it is locked after all words are written.
        issue_invoice(order, payment=payment, now=now)
    _allocate(order, payment, end.stock, anew=capture.anew, now=now)
    return end.outcome


@dataclass(frozen=True, slots=True)
class Capture:
    """Which capture it is, and the reservations that were taken for its lines, which live for a moment only."""

    happening: Happening
    anew: dict[UUID, UUID] = field(default_factory=dict)
    remark: str = ""


def _capture(order: Order, payment: Payment, *, fingerprint: str, now: datetime) -> Capture:
    if payment.captured_currency != payment.currency:
        return Capture(Happening.PAID_IN_ANOTHER_CURRENCY)
    if payment.captured_minor < payment.amount_minor:
        return Capture(Happening.PAID_TOO_LITTLE)
    if payment.captured_minor > payment.amount_minor:
        return Capture(Happening.PAID_TOO_MUCH)
    if order.is_paid or order.is_refunded:
        return Capture(Happening.CAPTURED_SECOND)
    if order.is_cancelled:
        was_paid = order.paid_at is not None
        return Capture(Happening.CAPTURED_SECOND if was_paid else Happening.CAPTURED_LATE_GONE)
    drop = drop_over_limit(order, fingerprint=fingerprint)
    if drop is not None:
        remark = f"{drop.name} allows {drop.limit_per_customer} per person, and more would be paid with this."
        return Capture(Happening.CAPTURED_OVER_LIMIT, remark=remark)
    # The holds of an expired order may outlive it where the payment window is shorter than a hold: not in time.
    if order.is_awaiting_payment and _all_held(order, now=now):
        return _capture_in_time(order, now=now)
    return _late_capture(order, payment, now=now)


def _capture_in_time(order: Order, *, now: datetime) -> Capture:
    """Paid while everything is held. What is held is in the building, unless staff allow promises beyond that.

    Then the terms decide: whoever took those of a pre-order waits for it, and nobody else's money is kept for a unit
    that was lost since it was held.
    """
    ids = _reservation_ids(order)
    if not stock.may_be_beyond(reservation_ids=ids) or inventory.has_arrived(reservation_ids=ids, now=now):
        return Capture(Happening.CAPTURED_IN_TIME)
    lines = list(OrderLine.objects.filter(order=order))
    without_terms = {line.reservation_id for line in lines if not (line.is_preorder or order.accepts_backorder)}
    if without_terms and not inventory.has_arrived(reservation_ids=without_terms, now=now):
        return Capture(Happening.CAPTURED_IN_TIME_GONE)
    day = max((line.arrives_on for line in lines if line.arrives_on), default=None)
    expected = f", expected on {day_words(day)}" if day else ""
    return Capture(Happening.CAPTURED_IN_TIME_TERMS, remark=f"A pre-order: it is sent when it has arrived{expected}.")


def _late_capture(order: Order, payment: Payment, *, now: datetime) -> Capture:
    """Paid after the hold had ended: keep the units anew if they are in the building, or by the terms beyond it.

    What the order still holds in part is let go first, so that it cannot stand in its own way. So is its coupon counted
    again, before the stock is locked.
    """
    is_honoured = take_use_again(order, now=now)
    remark = "Its coupon was used up meanwhile; the price was promised, so it stands too." if is_honoured else ""
    for reservation_id in _reservation_ids(order):
        inventory.release(reservation_id=reservation_id, reason="paid late", actor=payment.gateway, now=now)
    tries = [(Happening.CAPTURED_LATE_FREE, False)]
    if order.accepts_backorder or OrderLine.objects.filter(order=order, is_preorder=True).exists():
        tries.append((Happening.CAPTURED_LATE_TERMS, True))
    for happening, may_backorder in tries:
        with suppress(inventory.StockUnavailable), transaction.atomic():
            anew = _take_anew(order, payment, may_backorder=may_backorder, now=now)
            return Capture(happening, anew=anew, remark=remark)
    return Capture(Happening.CAPTURED_LATE_GONE)


def _take_anew(order: Order, payment: Payment, *, may_backorder: bool, now: datetime) -> dict[UUID, UUID]:
    """Hold every line again, those of a drop that still runs from its quota; order line to reservation.

    With `may_backorder`, what the shopper took the terms for may be promised beyond stock, and nothing else.

    :raises StockUnavailable: if one of them cannot be had; the caller takes back what the others took.
    """
    groups: dict[tuple[int | None, bool], list[OrderLine]] = {}
    for line in OrderLine.objects.filter(order=order).select_related("drop_item__drop").order_by("sku", "pk"):
        drop = line.drop_item.drop if line.drop_item else None
        place = drop.location_id if drop and not drop.has_ended(now=now) else None
        has_terms = place is None and (line.is_preorder or order.accepts_backorder)
        groups.setdefault((place, may_backorder and has_terms), []).append(line)
        if place is None:
            give_back_sku(sku=line.sku, now=now)
    anew: dict[UUID, UUID] = {}
    for (place, is_beyond), lines in groups.items():
        kept = inventory.reserve(
            lines=_units(lines),
            token=f"late-{payment.pk}-{place or ''}{'-beyond' if is_beyond else ''}",
            expires_at=now + MOMENT,
            now=now,
            actor=payment.gateway,
            reservation_id=uuid7(),
            may_backorder=is_beyond,
            location_id=place,
        )
        anew |= dict.fromkeys((line.pk for line in lines), kept.pk)
    return anew


def _allocate(order: Order, payment: Payment, end: StockEnd, *, anew: dict[UUID, UUID], now: datetime) -> None:
    """The hot rows come last."""
    if end in (StockEnd.COMMITTED, StockEnd.COMMITTED_BEYOND):
        paid_for = _reservation_ids(order)
    elif end == StockEnd.LET_GO:
        for reservation_id in _reservation_ids(order):
            inventory.release(reservation_id=reservation_id, reason="order refunded", actor=payment.gateway, now=now)
        return
    elif end in (StockEnd.TAKEN_ANEW, StockEnd.BACKORDERED) and anew:
        for line_id, reservation_id in anew.items():
            OrderLine.objects.filter(pk=line_id).update(reservation_id=reservation_id)
        paid_for = sorted(set(anew.values()))
    else:
        return
    try:
        inventory.commit(reservation_ids=paid_for, actor=payment.gateway, now=now)
    except inventory.HoldEnded as error:
        # Somebody ended a hold between the look and the commit: look again, and find it late.
        raise TryAgain from error


def _send_back(payment: Payment, *, reason: str, now: datetime) -> None:
    """Exactly what came. Where nothing did, although a capture was reported, nothing goes back."""
    if payment.captured_minor > 0:
        request_refund(
            payment,
            amount_minor=payment.captured_minor,
            currency=payment.captured_currency,
            reason=reason,
            now=now,
        )


def _came(payment: Payment) -> str:
    return format_money(payment.captured_minor, payment.captured_currency)


def _back(payment: Payment) -> str:
    return f"{_came(payment)} is on its way back; banks need up to 3 working days." if payment.captured_minor else ""


def _all_held(order: Order, *, now: datetime) -> bool:
    ids = _reservation_ids(order)
    holds = stock.holds(reservation_ids=ids, now=now)
    return all(holds[reservation_id].is_live for reservation_id in ids)


def _units(lines: list[OrderLine]) -> dict[str, int]:
    """SKU to the units of these lines."""
    units: dict[str, int] = {}
    for line in lines:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    return units


def _reservation_ids(order: Order) -> list[UUID]:
    return sorted(set(OrderLine.objects.filter(order=order).values_list("reservation_id", flat=True)))
