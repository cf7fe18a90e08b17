"""The order's timeline: what shopper and staff read."""

from datetime import datetime

from orders.models import Order, OrderEvent, OrderEventKind


def note(order: Order, kind: OrderEventKind, text: str, *, actor: str, now: datetime) -> None:
    """Add an entry, in the transaction of what it tells."""
    OrderEvent.objects.create(order=order, kind=kind, text=text[:300], actor=actor, happened_at=now)
