"""What can still go back of an order's money, and how staff send it."""

from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from orders.models import Order, OrderEventKind, Payment, PaymentStatus, Refund
from orders.services.errors import MoreThanCame, NothingToPayBack
from orders.services.message import write_order_message
from orders.services.refund import request_refund
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
    payment, left_minor = lock_repayable(order)
    if payment is None:
        raise NothingToPayBack(number=order.number)
    if amount_minor > left_minor:
        raise MoreThanCame(asked_minor=amount_minor, left_minor=left_minor, currency=order.currency)
    return pay_back(order, payment, amount_minor=amount_minor, why=reason.strip(), now=now, actor=actor)


def lock_repayable(order: Order) -> tuple[Payment | None, int]:
    """Of a locked order: the captured payment that has the most left, locked, and how much that is, in minor units."""
    captured = Payment.objects.select_for_update().filter(order=order, status=PaymentStatus.CAPTURED).order_by("pk")
    left = [(left_of(payment), payment) for payment in captured if payment.captured_currency == order.currency]
    left_minor, payment = max(left, key=lambda pair: pair[0], default=(0, None))
    return (payment, left_minor) if left_minor > 0 else (None, 0)


def left_of(payment: Payment) -> int:
    """What came with this payment and is not on its way back, in minor units. What failed for good did not leave."""
    gone = Refund.objects.filter(payment=payment).maybe_gone()
    return payment.captured_minor - (gone.aggregate(gone=Sum("amount_minor"))["gone"] or 0)


def pay_back(
    order: Order, payment: Payment, *, amount_minor: int, why: str, now: datetime, actor: str, tells: bool = True
) -> Refund:
    """Ask for this much to go back, in the caller's transaction and under its locks, and write it on the timeline.

    Without `tells` the caller's own message speaks of it.
    """
    refund = request_refund(payment, amount_minor=amount_minor, currency=order.currency, reason=why[:200], now=now)
    amount = format_money(amount_minor, order.currency)
    text = f"{amount} is on its way back: {why.rstrip('.')}. Banks need up to 3 working days."
    note(order, OrderEventKind.REFUND_REQUESTED, text, actor=actor, now=now)
    if tells:
        write_order_message(order, name="refund_sent", key=str(refund.pk), now=now, refund=refund)
    return refund
