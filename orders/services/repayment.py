"""What can still go back of an order's money, and how staff send it."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from orders.models import Order, OrderEventKind, OrderLine, Payment, PaymentStatus, Refund
from orders.pricing import refund_for_units
from orders.services.errors import MoreThanCame, NothingToPayBack
from orders.services.message import write_order_message
from orders.services.refund import left_of, request_refund
from orders.services.return_rows import refuse_awaiting
from orders.services.timeline import note
from shop.errors import InvalidInput, NotFound
from shop.money import format_money
from shop.transactions import transactional


@transactional
def repay(*, order_id: UUID, amount_minor: int, reason: str, now: datetime, actor: str) -> Refund:
    """Send part or all of what an order still has back to the customer. The stock stays as it is.

    Not idempotent: the door's key says whether it was one intent. Together with every other refund it never exceeds
    what came.

    :raises InvalidInput: if the amount is not above zero, or the reason is missing.
    :raises ExchangeAwaitsReturn: if a return pays for it that is not here.
    :raises NothingToPayBack: if no money of the order is here.
    :raises MoreThanCame: if less is left.
    """
    if amount_minor <= 0:
        raise InvalidInput(field="amount", problem="Enter an amount above zero.")
    if not reason.strip():
        raise InvalidInput(field="reason", problem="Say why: the customer reads it.")
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    refuse_awaiting(order)
    payment, left_minor = _lock_what_staff_may_send(order)
    if payment is None:
        raise NothingToPayBack(number=order.number)
    if amount_minor > left_minor:
        raise MoreThanCame(asked_minor=amount_minor, left_minor=left_minor, currency=order.currency)
    words = reason.strip()
    return pay_back(order, payment, amount_minor=amount_minor, why=words, mails=words, now=now, actor=actor)


def lock_repayable(order: Order) -> tuple[Payment | None, int]:
    """Of a locked order: the payment that bought it, locked, and how much of it can go back, in minor units.

    No other one. Money that came twice, late or not as asked has a refund of its own from the moment on at which it
    came; that refund may have failed and wait for a person, and what an order is worth must not be taken from it.
    """
    captured = Payment.objects.select_for_update().filter(order=order, status=PaymentStatus.CAPTURED, is_kept=True)
    return _first_with_money(captured.order_by("pk"), order)


def repayable_minor(order: Order) -> int:
    """What lock_repayable would give at this moment, for a preview: it locks nothing."""
    kept = Payment.objects.filter(order=order, status=PaymentStatus.CAPTURED, is_kept=True)
    return _first_with_money(kept.order_by("pk"), order)[1]


def _lock_what_staff_may_send(order: Order) -> tuple[Payment | None, int]:
    """As lock_repayable; where nothing of that is left, money that bought nothing and is still here, the oldest first.

    So what a provider failed to send back can be sent by hand, once nothing of the order's own money is in question.
    """
    payment, left_minor = lock_repayable(order)
    if payment is not None:
        return payment, left_minor
    others = Payment.objects.select_for_update().filter(order=order, status=PaymentStatus.CAPTURED, is_kept=False)
    return _first_with_money(others.order_by("captured_at", "pk"), order)


def _first_with_money(payments: Iterable[Payment], order: Order) -> tuple[Payment | None, int]:
    for payment in payments:
        left_minor = left_of(payment)
        if left_minor > 0 and payment.captured_currency == order.currency:
            return payment, left_minor
    return None, 0


def worth(line: OrderLine, units: int) -> int:
    """What goes back for so many more units of a line, in minor units: exactly their share of what was charged."""
    return refund_for_units(line, units, line.refunded).amount_minor


def pay_back(
    order: Order,
    payment: Payment,
    *,
    amount_minor: int,
    why: str,
    now: datetime,
    actor: str,
    tells: bool = True,
    mails: str = "",
) -> Refund:
    """Ask for this much to go back, in the caller's transaction and under its locks, and write it on the timeline.

    Without `tells` the caller's own message speaks of it. `mails` brings it, word by word, what staff wrote.
    """
    refund = request_refund(payment, amount_minor=amount_minor, currency=order.currency, reason=why[:200], now=now)
    amount = format_money(amount_minor, order.currency)
    text = f"{amount} is on its way back: {why.rstrip('.')}. Banks need up to 3 working days."
    note(order, OrderEventKind.REFUND_REQUESTED, text, actor=actor, now=now)
    if tells:
        write_order_message(order, name="refund_sent", key=str(refund.pk), now=now, refund=refund, why=mails)
    return refund
