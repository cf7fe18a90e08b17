"""Returns: asked for by the customer, decided by staff, received into the stock or written off, and paid back.

What is exchanged instead of paid back is in services.exchange.
Order of locks: order, return, payment, refund, newer order, counter of papers, reservations, stock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from inventory import services as inventory
from orders.models import (
    OPEN_RETURN,
    Order,
    OrderEventKind,
    Payment,
    ReturnLine,
    ReturnReason,
    ReturnRequest,
)
from orders.services.errors import NothingCameBack, PaymentChargedBack, ReturnTooEarly, ReturnTooLate
from orders.services.exchange import call_off, finish_awaited
from orders.services.message import write_order_message
from orders.services.repayment import lock_repayable, pay_back, repayable_minor, worth
from orders.services.return_rows import lock_return, moved, parts_of
from orders.services.shipment import choose
from orders.services.timeline import note
from shop.clock import day_and_time
from shop.errors import InvalidInput, NotFound
from shop.transactions import transactional


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came in of one line of a return, in units, and what was seen."""

    restocked: int = 0
    written_off: int = 0
    remark: str = ""


@transactional
def request_return(
    *, order_id: UUID, units: Mapping[UUID, int], reason: str, remark: str, now: datetime, actor: str
) -> ReturnRequest:
    """Ask to send units (order line to units; 0 leaves a line out) back that were sent. Nothing else changes yet.

    Not idempotent: the door's key says whether it was one intent. Units of an open return cannot be asked for twice.

    :raises ReturnTooEarly: if no parcel has left.
    :raises ReturnTooLate: if the last parcel left more than RETURN_DAYS ago.
    :raises InvalidInput: if the reason is not one of ReturnReason.
    :raises NothingChosen: if there is no unit in `units`.
    :raises NotThatManyLeft: if fewer units of a line were sent and are not back or in another return.
    """
    if reason not in ReturnReason.values:
        raise InvalidInput(
            field="reason", problem=_("Choose one of: %(values)s.") % {"values": ", ".join(ReturnReason.values)}
        )
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    until = order.returnable_until
    if until is None:
        raise ReturnTooEarly(number=order.number)
    if now > until:
        raise ReturnTooLate(number=order.number, days=settings.RETURN_DAYS, until=day_and_time(until))
    spoken_for = units_in_open_returns(order)
    chosen = choose(
        order, units, verb="return", left=lambda line: line.returnable(spoken_for=spoken_for.get(line.pk, 0))
    )
    last = ReturnRequest.objects.filter(order=order).aggregate(last=Max("number"))["last"] or 0
    asked = ReturnRequest.objects.create(
        order=order, number=last + 1, reason=reason, note=remark.strip()[:500], requested_at=now
    )
    ReturnLine.objects.bulk_create(
        ReturnLine(return_request=asked, order_line=line, quantity=quantity) for line, quantity in chosen
    )
    what = ", ".join(f"{quantity} × {line.product_name}" for line, quantity in chosen)
    note(order, OrderEventKind.RETURN_REQUESTED, f"{asked} asked for: {what}.", actor=actor, now=now)
    write_order_message(order, name="return_requested", key=str(asked.pk), now=now, return_request=asked)
    return asked


@transactional
def withdraw_return(*, return_id: UUID, now: datetime, actor: str) -> ReturnRequest:
    """Take back a return that nobody has decided on. A repeat changes nothing.

    :raises ReturnMoved: if staff have decided already.
    """
    asked, order = lock_return(return_id)
    if asked.is_withdrawn:
        return asked
    if not asked.is_requested:
        raise moved(asked, verb="withdrawn")
    asked.take("withdrawn")
    asked.save(update_fields=["status"])
    note(order, OrderEventKind.RETURN_WITHDRAWN, f"{asked} was withdrawn.", actor=actor, now=now)
    _tell_closed(order, asked, never_came=False, now=now)
    return asked


@transactional
def decide_return(*, return_id: UUID, approve: bool, answer: str, now: datetime, actor: str) -> ReturnRequest:
    """Approve a return or refuse it, and tell the customer. The same decision twice changes nothing.

    :raises InvalidInput: if it is refused without a word.
    :raises ReturnMoved: if it is withdrawn, or was decided otherwise.
    """
    if not approve and not answer.strip():
        raise InvalidInput(field="answer", problem=_("Say why: the customer reads it."))
    asked, order = lock_return(return_id)
    if (asked.is_approved and approve) or (asked.is_rejected and not approve):
        return asked
    if not asked.is_requested:
        raise moved(asked, verb="approved" if approve else "refused")
    asked.take("approved" if approve else "refused")
    asked.answer, asked.decided_at = answer.strip()[:300], now
    asked.save(update_fields=["status", "answer", "decided_at"])
    kind = OrderEventKind.RETURN_APPROVED if approve else OrderEventKind.RETURN_REJECTED
    word = "approved" if approve else "refused"
    text = f"{asked} was {word}. {asked.answer}".strip()
    note(order, kind, text, actor=actor, now=now)
    write_order_message(
        order,
        name=f"return_{kind.value.lower().removeprefix('return_')}",
        key=str(asked.pk),
        now=now,
        return_request=asked,
    )
    return asked


@transactional
def close_return(*, return_id: UUID, now: datetime, actor: str) -> ReturnRequest:
    """Close an approved return whose parcel never came: its units count as kept. A repeat changes nothing.

    What it was exchanged for goes back on sale.

    :raises ReturnMoved: if it came, or was never approved.
    """
    asked, order = lock_return(return_id)
    if asked.is_withdrawn:
        return asked
    if not asked.is_approved:
        raise moved(asked, verb="closed")
    if asked.is_awaited:
        call_off(asked, order, now=now, actor=actor)
    asked.take("never came")
    asked.save(update_fields=["status"])
    note(order, OrderEventKind.RETURN_WITHDRAWN, f"{asked} never came and was closed.", actor=actor, now=now)
    _tell_closed(order, asked, never_came=True, now=now)
    return asked


@transactional
def receive_return(*, return_id: UUID, receipts: Mapping[int, Receipt], now: datetime, actor: str) -> ReturnRequest:
    """Take in what came (return line to Receipt): on sale again, or written off. A return is received once.

    Fewer units may come than were asked for; what did not come stays with the customer and is not paid back. One that
    was exchanged before it came pays for that order now, and so has to come whole.

    :raises ReturnMoved: if it is not approved.
    :raises ExchangeIncomplete: if it is exchanged, and not all of it came.
    :raises NothingCameBack: if no unit came.
    :raises InvalidInput: if more came of a line than was to come.
    """
    asked, order = lock_return(return_id)
    if asked.is_received or asked.is_refunded or asked.is_exchanged:
        return asked
    if not asked.is_approved:
        raise moved(asked, verb="received")
    parts = parts_of(asked)
    _refuse_wrong_receipts(asked, parts, receipts)
    is_exchanged = asked.is_awaited
    if not is_exchanged:
        asked.take("received")
    asked.received_at = now
    asked.save(update_fields=["status", "received_at"])
    for part in parts:
        receipt = receipts.get(part.pk, Receipt())
        part.restocked, part.written_off, part.remark = receipt.restocked, receipt.written_off, receipt.remark[:300]
        part.save(update_fields=["restocked", "written_off", "remark"])
        part.order_line.returned += part.came
        part.order_line.save(update_fields=["returned"])
    came = ", ".join(f"{part.came} × {part.order_line.product_name}" for part in parts if part.came)
    note(order, OrderEventKind.RETURN_RECEIVED, f"{asked} arrived: {came}.", actor=actor, now=now)
    write_order_message(order, name="return_received", key=str(asked.pk), now=now, return_request=asked)
    if is_exchanged:
        finish_awaited(asked, order, parts, now=now)
    _take_in(asked, parts, now=now, actor=actor)
    return asked


@transactional
def refund_return(*, return_id: UUID, now: datetime, actor: str, bank_paid: bool = False) -> ReturnRequest:
    """Pay back exactly what was charged for the units that came in, as far as it has not gone back already.

    A return is paid back once. Where the bank has the money and keeps it, it has paid the customer: `bank_paid` ends
    the return with what is left here, if anything is.

    :raises ReturnMoved: if it is not received.
    :raises PaymentChargedBack: if the bank has money of the order, and what is left here is not enough.
    """
    asked, order = lock_return(return_id)
    if asked.is_refunded:
        return asked
    if not asked.is_received:
        raise moved(asked, verb="refunded")
    payment, left_minor = lock_repayable(order)
    parts = parts_of(asked)
    value_minor = sum(worth(part.order_line, part.came) for part in parts)
    if value_minor > left_minor and not bank_paid and Payment.objects.filter(order=order).with_bank().exists():
        raise PaymentChargedBack()
    for part in parts:
        part.order_line.refunded += part.came
        part.order_line.save(update_fields=["refunded"])
    amount_minor = min(value_minor, left_minor)
    if payment is not None and amount_minor:
        asked.refund = pay_back(order, payment, amount_minor=amount_minor, why=str(asked).lower(), now=now, actor=actor)
    else:
        why = "your bank has given the money back" if bank_paid else "nothing is left to pay back"
        note(order, OrderEventKind.RETURN_RECEIVED, f"{asked}: {why}.", actor=actor, now=now)
    asked.take("refunded")
    asked.save(update_fields=["status", "refund"])
    return asked


def preview_return_refund(asked: ReturnRequest) -> int:
    """What refund_return would send back at this moment, in minor units. It changes and locks nothing."""
    value_minor = sum(worth(part.order_line, part.came) for part in parts_of(asked))
    return min(value_minor, repayable_minor(asked.order))


def units_in_open_returns(order: Order) -> dict[UUID, int]:
    """Order line to the units of it that are in a return nobody has received or refused. One query."""
    rows = ReturnLine.objects.filter(return_request__order=order, return_request__status__in=OPEN_RETURN)
    return dict(rows.values_list("order_line_id").annotate(units=Sum("quantity")))


def _tell_closed(order: Order, asked: ReturnRequest, *, never_came: bool, now: datetime) -> None:
    facts = {"return_request": asked, "never_came": never_came}
    write_order_message(order, name="return_withdrawn", key=str(asked.pk), now=now, **facts)


def _refuse_wrong_receipts(asked: ReturnRequest, parts: list[ReturnLine], receipts: Mapping[int, Receipt]) -> None:
    if not receipts.keys() <= {part.pk for part in parts}:
        raise NotFound()
    for part in parts:
        receipt = receipts.get(part.pk, Receipt())
        came = receipt.restocked + receipt.written_off
        if min(receipt.restocked, receipt.written_off) < 0 or came > part.quantity:
            raise InvalidInput(
                field="units",
                problem=_("%(sku)s: enter 0 to %(quantity)s in all.")
                % {"sku": part.order_line.sku, "quantity": part.quantity},
            )
    if not any(receipt.restocked + receipt.written_off for receipt in receipts.values()):
        raise NothingCameBack(number=asked.number)


def _take_in(asked: ReturnRequest, parts: list[ReturnLine], *, now: datetime, actor: str) -> None:
    came: dict[UUID, tuple[dict[str, int], dict[str, int]]] = {}
    for part in parts:
        restocked, written_off = came.setdefault(part.order_line.reservation_id, ({}, {}))
        for skus, units in [(restocked, part.restocked), (written_off, part.written_off)]:
            if units:
                skus[part.order_line.sku] = skus.get(part.order_line.sku, 0) + units
    for reservation_id in sorted(came):
        restocked, written_off = came[reservation_id]
        inventory.take_back(
            reservation_id=reservation_id,
            restocked=restocked,
            written_off=written_off,
            reason=f"{asked.order.number}, {str(asked).lower()}",
            actor=actor,
            now=now,
        )
