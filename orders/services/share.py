"""A part of one order's payment that pays another order: what came back is exchanged for what replaces it.

The provider knows one charge, and one name for it. Here the part is a payment of the new order, so that whatever is
cancelled, returned or refunded of that order later finds its money without looking at the old one.
"""

from datetime import datetime

from django.db.models import F

from orders.models import Order, Payment, PaymentStatus


def move_share(payment: Payment, *, order: Order, amount_minor: int, now: datetime) -> Payment:
    """Let this much of a locked payment pay another order, in the caller's transaction; the caller has seen that it is
    left of it.
    """
    return Payment.objects.create(
        order=order,
        gateway=payment.gateway,
        status=PaymentStatus.CAPTURED,
        amount_minor=amount_minor,
        currency=payment.captured_currency,
        provider_reference=payment.provider_reference,
        created_at=now,
        expires_at=now,
        captured_at=now,
        captured_minor=amount_minor,
        captured_currency=payment.captured_currency,
        is_kept=True,
        moved_from=payment,
    )


def join_share(order: Order) -> None:
    """Let the money of an order that was never sent count for the order again from which it came.

    Such a share is known to nobody else: no paper tells of it, and nothing can have gone back of it. What the bank has
    taken of it, the bank has of the payment that it comes from.
    """
    for share in Payment.objects.filter(order=order).exclude(moved_from=None):
        assert share.moved_from_id is not None, "the query has left those out"
        Payment.objects.filter(pk=share.moved_from_id).update(taken_minor=F("taken_minor") + share.taken_minor)
        share.delete()


def shares_of(payment: Payment) -> list[Payment]:
    """The parts of a payment that pay other orders, and the parts of those, the older order first."""
    found: list[Payment] = []
    level = [payment.pk]
    while level:
        shares = list(Payment.objects.filter(moved_from__in=level).select_related("order").order_by("order_id"))
        found += shares
        level = [share.pk for share in shares]
    return found
