"""The parcel leaves."""

from datetime import datetime
from uuid import UUID

from inventory import services as inventory
from orders.models import Order, OrderEventKind, OrderLine
from orders.services.errors import OrderNotFulfillable
from orders.services.message import write_order_message
from orders.services.timeline import note
from shop.errors import NotFound
from shop.transactions import transactional


@transactional
def fulfil_order(*, order_id: UUID, tracking_number: str, now: datetime, actor: str) -> Order:
    """Send everything that a paid order still owes, in one parcel. One that is sent already stays as it is.

    :raises OrderNotFulfillable: if it is not paid.
    :raises NotOnHand: if a unit is promised but not in the building.
    """
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    if order.is_fulfilled:
        return order
    if not order.is_paid:
        raise OrderNotFulfillable(number=order.number, status=order.get_status_display().lower())
    order.take("sent")
    order.ended_at, order.tracking_number = now, tracking_number.strip()
    order.save(update_fields=["status", "ended_at", "tracking_number"])
    owed: dict[UUID, dict[str, int]] = {}
    for line in OrderLine.objects.filter(order=order).order_by("reservation_id", "pk"):
        units = owed.setdefault(line.reservation_id, {})
        units[line.sku] = units.get(line.sku, 0) + line.owed
        line.fulfilled += line.owed
        line.save(update_fields=["fulfilled"])
    text = (
        f"Your parcel left. Tracking number {order.tracking_number}." if order.tracking_number else "Your parcel left."
    )
    note(order, OrderEventKind.FULFILLED, text, actor=actor, now=now)
    write_order_message(order, name="order_sent", now=now)
    for reservation_id, units in owed.items():
        inventory.fulfil(reservation_id=reservation_id, lines=units, actor=actor, now=now)
    return order
