"""Units that become free go to whoever is next in line, in the transaction that frees them.

While somebody waits, `awaited` keeps everybody else away from the stock items. So a unit is never up for grabs between
two shoppers: the same statement that takes it from the one gives it to the other.
"""

from collections.abc import Collection, MutableMapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

from inventory.models import (
    MovementKind,
    PlaceInLine,
    Reservation,
    ReservationLine,
    StockItem,
    StockMovement,
    WaitingLine,
    line_key,
)

if TYPE_CHECKING:
    from inventory.services.counters import CounterChange

ACTOR = "line"
# A place, and its share of each stock item in units.
Share = tuple[PlaceInLine, dict[int, int]]
# So many turns are given in one transaction at most; the others follow with the next tick. Nobody else can take what
# they wait for.
BATCH = 200


def lock_lines(keys: Collection[str]) -> list[WaitingLine]:
    """Lock these lines in primary-key order. Before any stock item is locked, or two of us wait for one another."""
    return list(WaitingLine.objects.select_for_update().filter(key__in=list(keys)).order_by("pk")) if keys else []


def lock_awaited_lines(stock_item_ids: Collection[int]) -> list[WaitingLine]:
    """Lock the lines in which somebody waits for units of these stock items. The look for them locks nothing."""
    items = StockItem.objects.filter(pk__in=list(stock_item_ids), awaited__gt=0)
    found = items.values_list("variant_id", "location_id", "location__is_for_drop")
    return lock_lines(
        {line_key(sku=str(sku), location_id=place if is_for_drop else None) for sku, place, is_for_drop in found}
    )


def hand_on(
    line: WaitingLine, changes: MutableMapping[int, "CounterChange"], *, awaited: int, now: datetime
) -> list[StockMovement]:
    """Offer what is free after these changes to the next in a locked line; returns the movements of the new holds.

    Each gets a hold of TURN_TIME, in the order of the line. Who asked for more than is free is offered what is free:
    to let it lie until the rest comes would help nobody. Every stock item of the line counts the same units as awaited;
    by how many that changes (`awaited` from the caller, less those who had their turn) is put into `changes`, with the
    room that was seen. It is the last word: if the room is another one by then, everything is done again.
    """
    items = list(_items_of(line))
    free = _free_units(items, changes)
    shares: list[Share] = []
    for place in line.places.waiting().order_by("number")[: min(sum(units for _, units in free), BATCH)]:
        if free:
            shares.append((place, _take(free, units=place.quantity)))
    _make_offers(line, shares, now=now)
    turns = sum(place.quantity for place, _ in shares)
    for item in items:
        changes[item.pk].awaited += awaited - turns
        changes[item.pk].seen_room = item.room
    return [
        StockMovement(
            stock_item_id=item_id,
            kind=MovementKind.RESERVE,
            held_change=units,
            reservation_id=place.pk,
            reason="turn in line",
            actor=ACTOR,
            created_at=now,
        )
        for place, share in shares
        for item_id, units in share.items()
    ]


def _items_of(line: WaitingLine) -> "list[StockItem]":
    """Every stock item that the line waits for, in the order in which they are asked; those of closed locations too."""
    items = StockItem.objects.filter(variant_id=line.sku)
    if line.location_id is None:
        items = items.filter(location__is_for_drop=False)
    else:
        items = items.filter(location=line.location_id)
    return list(items.select_related("location").order_by("location__priority", "pk"))


def _free_units(items: list[StockItem], changes: MutableMapping[int, "CounterChange"]) -> list[list[int]]:
    """Stock item and units, for what is in the building: beyond it nobody is put without having taken the terms."""
    sold_from = [item for item in items if item.location.is_active]
    here = {item.pk: item.room - item.backorder_limit - changes[item.pk].takes for item in sold_from}
    return [[pk, units] for pk, units in here.items() if units > 0]


def _take(free: list[list[int]], *, units: int) -> dict[int, int]:
    share: dict[int, int] = {}
    while units and free:
        item_id, there = free[0]
        taken = min(there, units)
        share[item_id] = share.get(item_id, 0) + taken
        units -= taken
        free[0][1] -= taken
        if not free[0][1]:
            free.pop(0)
    return share


def _make_offers(line: WaitingLine, shares: list[Share], *, now: datetime) -> None:
    if not shares:
        return
    Reservation.objects.bulk_create(
        Reservation(
            id=place.pk,
            token=f"turn:{place.pk}",
            expires_at=now + settings.TURN_TIME,
            created_at=now,
            renewal_limit=settings.TURN_EXTENSION_LIMIT,
        )
        for place, _ in shares
    )
    lines = [
        ReservationLine(reservation_id=place.pk, stock_item_id=item_id, sku=line.sku, quantity=units)
        for place, share in shares
        for item_id, units in share.items()
    ]
    ReservationLine.objects.bulk_create(lines)
    PlaceInLine.objects.filter(pk__in=[place.pk for place, _ in shares]).offer(now=now)
    # Only the last one can be offered fewer than were asked for: then nothing is left.
    last, share = shares[-1]
    if sum(share.values()) < last.quantity:
        PlaceInLine.objects.filter(pk=last.pk).update(offered=sum(share.values()))
