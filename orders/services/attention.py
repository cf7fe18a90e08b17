"""The staff queue: why a person has to look at an order, and what was found."""

from datetime import datetime
from uuid import UUID

from orders.models import UNSENT_STATES, Order, OrderEventKind
from orders.services.timeline import note
from shop.errors import InvalidInput, NotFound
from shop.transactions import transactional

CHARGEBACK_PROBLEM = "The bank took"
BETWEEN = " · "


def call_staff(order: Order, why: str) -> None:
    """Put a locked order on the staff queue, in the caller's transaction. An earlier reason stays beside the new one.

    The same reason twice is written once.
    """
    reasons = [reason for reason in order.needs_attention.split(BETWEEN) if reason and reason != why]
    order.needs_attention = BETWEEN.join([why, *reasons])
    order.save(update_fields=["needs_attention"])


def forget_reason(order: Order, beginning: str) -> None:
    """Take the reasons that begin so off a locked order, because they are settled by themselves. None is none."""
    reasons = order.needs_attention.split(BETWEEN)
    order.needs_attention = BETWEEN.join(reason for reason in reasons if not reason.startswith(beginning))
    order.save(update_fields=["needs_attention"])


@transactional
def settle_attention(*, order_id: UUID, remark: str, actor: str, now: datetime, sends_anyway: bool = False) -> Order:
    """Take an order off the staff queue, with a remark on its timeline. One that is not on it stays as it is.

    The sweep takes it up again, if it had given up on it. What a chargeback holds back stays held, and its reason on
    the queue, unless staff say that it is sent all the same. Where nothing is left to be sent, nothing is held.

    :raises InvalidInput: if the remark is missing.
    """
    if not remark.strip():
        raise InvalidInput(field="remark", problem="Say what was found: it stays on the order.")
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    if not order.needs_attention:
        return order
    keeps_held = order.is_held_back and order.status in UNSENT_STATES and not sends_anyway
    reasons = order.needs_attention.split(BETWEEN) if keeps_held else []
    order.needs_attention = BETWEEN.join(reason for reason in reasons if reason.startswith(CHARGEBACK_PROBLEM))
    order.set_aside_at, order.held_back_at = None, order.held_back_at if keeps_held else None
    order.save(update_fields=["needs_attention", "set_aside_at", "held_back_at"])
    note(order, OrderEventKind.ATTENDED, remark.strip(), actor=actor, now=now)
    return order


@transactional
def write_note(*, order_id: UUID, text: str, actor: str, now: datetime) -> Order:
    """Leave a note for staff on the order's timeline. The customer does not see it.

    :raises InvalidInput: if it is empty.
    """
    if not text.strip():
        raise InvalidInput(field="text", problem="Write something: it stays on the order.")
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    note(order, OrderEventKind.NOTE, text.strip(), actor=actor, now=now)
    return order
