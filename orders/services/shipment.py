"""Parcels: packed, sent, delivered. An order may leave in several, and is done when nothing of it is owed.

Order of locks: order, shipment, reservations, stock. Units are counted into a parcel under the order's lock, so that
two people cannot pack the same unit.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from inventory import services as inventory
from orders.models import Order, OrderEventKind, OrderLine, Shipment, ShipmentLine
from orders.services.errors import (
    NothingChosen,
    NotThatManyLeft,
    OrderHeldBack,
    OrderNotFulfillable,
    OrderOnBackorder,
    ShipmentMoved,
)
from orders.services.message import write_order_message
from orders.services.return_rows import refuse_awaiting
from orders.services.timeline import note
from shop.errors import NotFound, ShopError
from shop.transactions import transactional


@transactional
def pack(*, order_id: UUID, units: Mapping[UUID, int], now: datetime, actor: str) -> Shipment:
    """Put units (order line to units; 0 leaves a line out) of a paid order into a new parcel. Stock stays as it is.

    Not idempotent: the door's key says whether it was one intent. Units that are in a parcel cannot be packed again.

    :raises OrderNotFulfillable: if it is not paid.
    :raises OrderHeldBack: if a chargeback keeps it here.
    :raises OrderOnBackorder: if its units have not arrived.
    :raises ExchangeAwaitsReturn: if a return pays for it that is not here.
    :raises NothingChosen: if there is no unit in `units`.
    :raises NotThatManyLeft: if fewer units of a line are owed and unpacked.
    """
    order = _lock_sendable(order_id)
    chosen = choose(order, units, verb="pack", left=lambda line: line.unpacked)
    return _pack(order, chosen, now=now, actor=actor)


@transactional
def unpack(*, shipment_id: UUID, now: datetime, actor: str) -> Shipment:
    """Take a parcel apart that has not left: its units can be packed or cancelled again. A repeat changes nothing.

    :raises ShipmentMoved: if it left already.
    """
    shipment, order = _lock(shipment_id)
    if shipment.is_unpacked:
        return shipment
    if not shipment.is_packed:
        raise _moved(shipment, verb="unpacked")
    shipment.take("unpacked")
    shipment.save(update_fields=["status"])
    for part in _parts(shipment):
        part.order_line.packed -= part.quantity
        part.order_line.save(update_fields=["packed"])
    note(order, OrderEventKind.UNPACKED, f"{shipment} was unpacked again.", actor=actor, now=now)
    return shipment


@transactional
def ship(
    *, shipment_id: UUID, carrier: str, tracking_number: str, tracking_url: str, now: datetime, actor: str
) -> Shipment:
    """Hand a packed parcel over: its units leave the stock and the customer is told. One that left stays as it is.

    :raises ShipmentMoved: if it was unpacked.
    :raises OrderNotFulfillable: if its order is not paid.
    :raises OrderHeldBack: if a chargeback keeps it here.
    :raises OrderOnBackorder: if its units have not arrived.
    :raises NotOnHand: if a unit is promised but not in the building.
    """
    shipment, order = _lock(shipment_id)
    if shipment.has_left:
        return shipment
    _refuse_unsendable(order)
    if not shipment.is_packed:
        raise _moved(shipment, verb="sent")
    shipment.take("sent")
    shipment.carrier, shipment.tracking_number = carrier.strip(), tracking_number.strip()
    shipment.tracking_url, shipment.shipped_at = tracking_url.strip(), now
    shipment.save(update_fields=["status", "carrier", "tracking_number", "tracking_url", "shipped_at"])
    leaving: dict[UUID, dict[str, int]] = {}
    for part in _parts(shipment):
        line = part.order_line
        line.packed -= part.quantity
        line.fulfilled += part.quantity
        line.save(update_fields=["packed", "fulfilled"])
        skus = leaving.setdefault(line.reservation_id, {})
        skus[line.sku] = skus.get(line.sku, 0) + part.quantity
    order.last_shipped_at = now
    order.save(update_fields=["last_shipped_at"])
    note(order, OrderEventKind.SHIPPED, _left_words(shipment), actor=actor, now=now)
    _follow(order, now=now, actor=actor)
    write_order_message(order, name="shipment_sent", key=str(shipment.pk), now=now, shipment=shipment)
    for reservation_id in sorted(leaving):
        inventory.fulfil(reservation_id=reservation_id, lines=leaving[reservation_id], actor=actor, now=now)
    return shipment


@transactional
def mark_delivered(*, shipment_id: UUID, now: datetime, actor: str) -> Shipment:
    """Note that a parcel arrived. A repeat changes nothing.

    :raises ShipmentMoved: if it has not left.
    """
    shipment, order = _lock(shipment_id)
    if shipment.is_delivered:
        return shipment
    if not shipment.is_on_its_way:
        raise _moved(shipment, verb="delivered")
    shipment.take("delivered")
    shipment.delivered_at = now
    shipment.save(update_fields=["status", "delivered_at"])
    note(order, OrderEventKind.DELIVERED, f"{shipment} was delivered.", actor=actor, now=now)
    return shipment


@transactional
def fulfil_order(
    *, order_id: UUID, now: datetime, actor: str, carrier: str = "", tracking_number: str = "", tracking_url: str = ""
) -> Order:
    """Pack and send everything that is owed and in no parcel yet, in one. An order that is sent stays as it is.

    :raises OrderNotFulfillable: if it is not paid.
    :raises OrderHeldBack: if a chargeback keeps it here.
    :raises OrderOnBackorder: if its units have not arrived.
    :raises NothingChosen: if all that is owed is in parcels already.
    :raises NotOnHand: if a unit is promised but not in the building.
    """
    order = _lock_order(order_id)
    if order.is_fulfilled:
        return order
    _refuse_unsendable(order)
    rest = {line.pk: line.unpacked for line in order.lines.all()}
    shipment = _pack(order, choose(order, rest, verb="pack", left=lambda line: line.unpacked), now=now, actor=actor)
    sent = ship(
        shipment_id=shipment.pk,
        carrier=carrier,
        tracking_number=tracking_number,
        tracking_url=tracking_url,
        now=now,
        actor=actor,
    )
    return sent.order


def why_unsendable(order: Order) -> ShopError | None:
    """Why nothing of this order can be packed or sent at this moment; None if it can. For a page that would ask."""
    try:
        _refuse_unsendable(order)
    except ShopError as problem:
        return problem
    return None


def choose(
    order: Order, units: Mapping[UUID, int], *, verb: str, left: Callable[[OrderLine], int]
) -> list[tuple[OrderLine, int]]:
    """The lines of a locked order with the units that are asked of them, in primary-key order; zeros are left out.

    :raises NothingChosen: if nothing is over.
    :raises NotThatManyLeft: if a line has fewer.
    :raises NotFound: if a line is another order's.
    """
    lines = {line.pk: line for line in OrderLine.objects.filter(order=order).order_by("pk")}
    wanted = {line_id: quantity for line_id, quantity in units.items() if quantity}
    if not wanted:
        raise NothingChosen(verb=verb)
    if not wanted.keys() <= lines.keys():
        raise NotFound()
    for line_id, quantity in wanted.items():
        line = lines[line_id]
        if not 0 < quantity <= left(line):
            raise NotThatManyLeft(sku=line.sku, asked=quantity, left=left(line), verb=verb)
    return [(line, wanted[line.pk]) for line in lines.values() if line.pk in wanted]


def _pack(order: Order, chosen: list[tuple[OrderLine, int]], *, now: datetime, actor: str) -> Shipment:
    last = Shipment.objects.filter(order=order).aggregate(last=Max("number"))["last"] or 0
    shipment = Shipment.objects.create(order=order, number=last + 1, packed_at=now)
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, order_line=line, quantity=quantity) for line, quantity in chosen
    )
    for line, quantity in chosen:
        line.packed += quantity
        line.save(update_fields=["packed"])
    inside = ", ".join(f"{quantity} × {line.product_name}" for line, quantity in chosen)
    note(order, OrderEventKind.PACKED, f"{shipment} is packed: {inside}.", actor=actor, now=now)
    return shipment


def _follow(order: Order, *, now: datetime, actor: str) -> None:
    """Let the locked order stand where its lines are, after a parcel left."""
    owed = sum(line.owed for line in OrderLine.objects.filter(order=order))
    is_first = not order.is_partly_fulfilled
    if owed and not is_first:
        return
    if owed:
        order.take("part sent")
        order.save(update_fields=["status"])
        return
    order.take("sent" if is_first else "rest sent")
    order.ended_at = now
    order.save(update_fields=["status", "ended_at"])
    note(order, OrderEventKind.FULFILLED, "Everything is on its way.", actor=actor, now=now)


def _left_words(shipment: Shipment) -> str:
    carrier = f" with {shipment.carrier}" if shipment.carrier else ""
    tracking = f" Tracking number {shipment.tracking_number}." if shipment.tracking_number else ""
    return f"{shipment} left{carrier}.{tracking}"


def _lock_order(order_id: UUID) -> Order:
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    return order


def _lock_sendable(order_id: UUID) -> Order:
    order = _lock_order(order_id)
    _refuse_unsendable(order)
    return order


def _refuse_unsendable(order: Order) -> None:
    if not order.is_paid:
        raise OrderNotFulfillable(number=order.number, status=order.get_status_display().lower())
    if order.is_held_back:
        raise OrderHeldBack(number=order.number)
    if order.is_backordered:
        raise OrderOnBackorder(number=order.number)
    refuse_awaiting(order)


def _lock(shipment_id: UUID) -> tuple[Shipment, Order]:
    """Order before shipment, as everywhere."""
    order_id = Shipment.objects.filter(pk=shipment_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound()
    order = _lock_order(order_id)
    shipment = Shipment.objects.select_for_update().get(pk=shipment_id)
    shipment.order = order
    return shipment, order


def _parts(shipment: Shipment) -> list[ShipmentLine]:
    return list(ShipmentLine.objects.filter(shipment=shipment).select_related("order_line").order_by("order_line_id"))


def _moved(shipment: Shipment, *, verb: str) -> ShipmentMoved:
    return ShipmentMoved(number=shipment.number, status=shipment.get_status_display().lower(), verb=verb)
