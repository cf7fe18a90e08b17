"""Banks that take money back, the whole payment or a part of it, and those that return it."""

from dataclasses import replace
from datetime import datetime
from uuid import uuid5

from django.db.models import Sum

from orders.ends import WON_AFTER_THE_END, Happening
from orders.gateways import GatewayEvent, base
from orders.models import (
    ATTEMPT_ENDS,
    Order,
    OrderLine,
    Payment,
    PaymentEvent,
    Refund,
    RefundStatus,
    ReportEnd,
)
from orders.services.attention import CHARGEBACK_PROBLEM, call_staff, forget_reason
from orders.services.end import conclude
from orders.services.message import write_order_message
from orders.services.refund import left_of, stop_refunds
from orders.services.share import shares_of
from shop.clock import clock_time
from shop.money import format_money

PART_TAKEN, PART_WON = "charged back in part", "part won"


def end_of_dispute(payment: Payment, event: GatewayEvent) -> ReportEnd:
    """What the table says, unless a provider told the end of a chargeback before its beginning.

    Taken in that order the money would count as gone for ever. So a chargeback is over where each one of this payment,
    this one included, has been won.
    """
    if event.kind == base.CHARGED_BACK:
        events = PaymentEvent.objects.filter(payment=payment)
        begun = events.filter(kind=base.CHARGED_BACK).count()
        if events.filter(kind=base.CHARGEBACK_WON).count() >= begun:
            return ReportEnd(why="the shop has won this case, and that was told first")
    return ATTEMPT_ENDS[payment.status, _step(payment, event)]


def settle_dispute(order: Order, payment: Payment, event: GatewayEvent, *, now: datetime) -> str:
    """Do what the table says, for a locked order and payment; returns the outcome's words.

    Only the payment that bought the order holds its parcels back: whatever the bank does with another one, this one is
    here.
    """
    step, before_minor = _step(payment, event), payment.taken_minor
    outcome = _settle(order, payment, event, step=step, now=now)
    is_part = step in (PART_TAKEN, PART_WON)
    rest_minor = event.amount_minor - abs(payment.taken_minor - before_minor)
    for share in shares_of(payment):
        # The provider has one charge. A bank that takes it takes with it what pays other orders, and gives it back.
        newer = Order.objects.select_for_update().get(pk=share.order_id)
        share = Payment.objects.select_for_update().get(pk=share.pk)
        at_stake_minor = _here(share) if event.kind == base.CHARGED_BACK else share.taken_minor
        amount_minor = min(rest_minor, at_stake_minor) if is_part else at_stake_minor
        rest_minor -= amount_minor
        of_share = replace(event, amount_minor=amount_minor)
        own_step = _step(share, of_share)
        if (amount_minor or not is_part) and ATTEMPT_ENDS[share.status, own_step].moves:
            _settle(newer, share, of_share, step=own_step, now=now)
    return outcome


def _settle(order: Order, payment: Payment, event: GatewayEvent, *, step: str, now: datetime) -> str:
    taken_minor = min(event.amount_minor, _here(payment)) if step == PART_TAKEN else _here(payment)
    payment.take(step)
    if event.kind == base.CHARGED_BACK:
        payment.taken_minor += taken_minor
        payment.check_at = payment.next_check(now=now)
    else:
        payment.taken_minor = max(payment.taken_minor - event.amount_minor, 0) if step == PART_WON else 0
    # Of a dispute a provider may speak under the dispute's own name: money goes back by the name under which it came.
    payment.provider_reference = payment.provider_reference or event.provider_reference
    payment.save(update_fields=["status", "taken_minor", "check_at", "provider_reference"])
    if event.kind == base.CHARGEBACK_WON:
        if payment.is_kept:
            _let_parcels_go(order)
            _call_for_what_was_given_up(order)
    elif left_of(payment) < 0 or step != PART_TAKEN:
        stop_refunds(order, payment, now=now)
    end, _ = conclude(
        order,
        _happening(order, payment, step),
        actor=payment.gateway,
        now=now,
        deadline=clock_time(order.pay_by),
        amount=format_money(taken_minor, payment.captured_currency or payment.currency),
        came=format_money(payment.captured_minor, payment.captured_currency or payment.currency),
    )
    if end.message and taken_minor:
        # A payment may be taken back, returned and taken back again: each time it is told. One name for both of them,
        # because a provider's event id may be as long as the whole key of a message.
        key = str(uuid5(payment.pk, event.event_id))
        write_order_message(order, name=end.message, key=key, now=now, payment=payment, taken_minor=taken_minor)
    return end.outcome


def _step(payment: Payment, event: GatewayEvent) -> str:
    """The step of the attempt's table: a bank may dispute a part of what is here, and return a part."""
    if not payment.is_captured:
        return event.kind
    # Of a charge that pays other orders by now, the bank may have taken nothing but their parts.
    if event.kind == base.CHARGEBACK_WON and any(part.taken_minor for part in [payment, *shares_of(payment)]):
        return PART_WON
    whole_minor = _here(payment) + sum(_here(share) for share in shares_of(payment))
    is_part = 0 < event.amount_minor < whole_minor and event.currency == payment.captured_currency
    return PART_TAKEN if event.kind == base.CHARGED_BACK and is_part else event.kind


def _here(payment: Payment) -> int:
    """What of it the provider has at this moment, in minor units, without what pays other orders: refunds on their way
    are still there.
    """
    gone = Refund.objects.filter(payment=payment, status=RefundStatus.SUCCEEDED).aggregate(gone=Sum("amount_minor"))
    moved = Payment.objects.filter(moved_from=payment).aggregate(moved=Sum("captured_minor"))
    return max(payment.captured_minor - (moved["moved"] or 0) - (gone["gone"] or 0) - payment.taken_minor, 0)


def _happening(order: Order, payment: Payment, step: str) -> Happening:
    if step in (base.CHARGEBACK_WON, PART_WON):
        return Happening.CHARGEBACK_WON
    if order.is_paid and not payment.is_kept:
        return Happening.CHARGED_BACK_OTHER
    return Happening.CHARGED_BACK_PART if step == PART_TAKEN else Happening.CHARGED_BACK


def _let_parcels_go(order: Order) -> None:
    """Nothing holds its parcels back any more, unless the bank still has some of what bought it."""
    if Payment.objects.filter(order=order).with_bank().exists():
        return
    order.held_back_at = None
    order.save(update_fields=["held_back_at"])
    forget_reason(order, CHARGEBACK_PROBLEM)


def _call_for_what_was_given_up(order: Order) -> None:
    """Units that were cancelled or came back: their money could not leave while the bank had it."""
    if any(line.cancelled or line.returned for line in OrderLine.objects.filter(order=order)):
        call_staff(order, WON_AFTER_THE_END)
