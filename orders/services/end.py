"""Bringing an order to the end that its table says: the step, the timeline, the staff queue."""

from datetime import datetime

from orders.ends import End, Happening, end_of
from orders.models import Order, Payment
from orders.services.attention import call_staff
from orders.services.timeline import note


def conclude(order: Order, happening: Happening, *, actor: str, now: datetime, **facts: str) -> tuple[End, str]:
    """Do to a locked order what the table says of this happening; returns the end and the sentence that was written.

    `facts` fill the braces of the sentence. Units, money and messages are the caller's: they need more than the order.

    :raises CannotHappen: if the table proves this impossible.
    """
    end = end_of(order.status, happening)
    facts["status"] = order.get_status_display().lower()
    text = end.reads.format(**facts).strip()
    if end.order_step:
        _take_step(order, end, happening=happening, now=now)
    if end.entry is not None:
        note(order, end.entry, text, actor=actor, now=now)
    if end.holds_parcels and not order.is_held_back:
        order.held_back_at = now
        order.save(update_fields=["held_back_at"])
    if end.calls_staff:
        call_staff(order, end.for_staff.format(**facts) or text)
    return end, text


def _take_step(order: Order, end: End, *, happening: Happening, now: datetime) -> None:
    was_waiting = order.is_awaiting_payment
    order.take(end.order_step)
    if order.is_paid:
        order.paid_at, order.ended_at = order.paid_at or now, None
    else:
        order.ended_at = now
    order.save(update_fields=["status", "paid_at", "ended_at"])
    if was_waiting:
        # Only an order that waits has an attempt that may still be paid. The providers are told by the worker.
        event = "expired" if happening == Happening.WINDOW_OVER else "cancelled"
        Payment.objects.filter(order=order).end_pending(event)
