"""What a person has looked at."""

from datetime import datetime
from uuid import UUID

from orders.models import Order, OrderEventKind
from orders.services.timeline import note
from shop.errors import InvalidInput, NotFound
from shop.transactions import transactional


@transactional
def settle_attention(*, order_id: UUID, remark: str, actor: str, now: datetime) -> Order:
    """Take an order off the staff queue, with a remark on its timeline. One that is not on it stays as it is.

    The sweep takes it up again, if it had given up on it.

    :raises InvalidInput: if the remark is missing.
    """
    if not remark.strip():
        raise InvalidInput(field="remark", problem="Say what was found: it stays on the order.")
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    if not order.needs_attention:
        return order
    order.needs_attention, order.set_aside_at = "", None
    order.save(update_fields=["needs_attention", "set_aside_at"])
    note(order, OrderEventKind.ATTENDED, remark.strip(), actor=actor, now=now)
    return order
