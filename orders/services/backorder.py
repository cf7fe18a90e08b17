"""Units that were promised beyond what is on hand, and the moment at which they are there."""

import logging
from datetime import datetime
from uuid import UUID

from inventory import queries as stock
from inventory import services as inventory
from orders.ends import Happening
from orders.models import Order, OrderLine, OrderStatus
from orders.services.end import conclude
from orders.services.message import write_order_message
from shop.transactions import transactional

logger = logging.getLogger(__name__)

ACTOR = "clock"


def allocate_arrivals(*, now: datetime) -> int:
    """Let the back-ordered orders go on whose units are in the building; returns how many.

    First come first served: units on hand belong to what was promised earlier, and then to this order. Several workers
    may run it at once, and a repeat finds nothing to do. One that fails is logged, and the others go on.
    """
    reservations = _reservations_of_waiting()
    there = stock.arrived(reservation_ids={pk for ids in reservations.values() for pk in ids}, now=now)
    return sum(_arrive_or_wait(order_id, now=now) for order_id, ids in reservations.items() if ids <= there)


def _reservations_of_waiting() -> dict[UUID, set[UUID]]:
    """Order to reservations, whoever paid first in front."""
    lines = OrderLine.objects.filter(order__status=OrderStatus.BACKORDERED).order_by("order__paid_at", "order_id", "pk")
    reservations: dict[UUID, set[UUID]] = {}
    for order_id, reservation_id in lines.values_list("order_id", "reservation_id"):
        reservations.setdefault(order_id, set()).add(reservation_id)
    return reservations


def _arrive_or_wait(order_id: UUID, *, now: datetime) -> bool:
    try:
        return _arrive(order_id=order_id, now=now)
    except Exception:
        logger.exception("Order %s cannot be taken off back-order.", order_id)
        return False


@transactional
def _arrive(*, order_id: UUID, now: datetime) -> bool:
    order = Order.objects.select_for_update().get(pk=order_id)
    if not order.is_backordered:
        return False
    ids = sorted(set(OrderLine.objects.filter(order=order).values_list("reservation_id", flat=True)))
    if not inventory.has_arrived(reservation_ids=ids, now=now):
        return False
    end, _ = conclude(order, Happening.UNITS_ARRIVED, actor=ACTOR, now=now)
    write_order_message(order, name=end.message, now=now)
    return True
