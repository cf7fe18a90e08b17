"""The line: join it, leave it, take the turn or let it go. Who waits is named by the caller, and known by name only."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.db.models import F, Min, Sum
from django.utils.translation import gettext as _
from uuid6 import uuid7

from inventory.models import (
    Location,
    PlaceInLine,
    PlaceState,
    Reservation,
    StockItem,
    WaitingLine,
    line_key,
)
from inventory.services.counters import lock_reservations, record
from inventory.services.errors import (
    AlreadyInLine,
    LineClosed,
    NotSoldOut,
    NotWaiting,
    TurnOver,
    UnknownPlace,
    UnknownStockItem,
)
from inventory.services.expiry import release_expired
from inventory.services.handover import lock_lines
from inventory.services.reservation import MAX_UNITS, release
from inventory.sold_out import places_changed
from shop.errors import InvalidInput
from shop.models import Variant, catalogue_changed
from shop.transactions import TryAgain, transactional


@transactional
def join_line(
    *,
    sku: str,
    quantity: int,
    token: str,
    holder: str,
    now: datetime,
    label: str = "",
    location_id: int | None = None,
    place_id: UUID | None = None,
) -> PlaceInLine:
    """Wait for `quantity` units of a SKU: at the end of its line, in which every `holder` has one live place.

    With a `location_id` it is the line of the drop whose quota is kept there. `label` is what staff read of the holder.
    The same token gives the first place again, whatever has become of it. Where fewer units are free than were asked
    for, and nobody waits, it is this place's turn at once, with those that are free. What was never delivered can be
    waited for, too: its first delivery finds the line.

    :raises LineClosed: if staff have closed it, because nothing more can come.
    :raises NotSoldOut: if all these units are free: then they can be had without waiting.
    :raises AlreadyInLine: if this holder waits here already.
    :raises UnknownStockItem: if there is no such SKU, or no such location of a drop.
    :raises InvalidInput: if the quantity is not a whole number between 1 and MAX_UNITS.
    """
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= MAX_UNITS:
        raise InvalidInput(
            field="quantity", problem=_("Enter a whole number from 1 to %(most)s.") % {"most": f"{MAX_UNITS:,}"}
        )
    first = PlaceInLine.objects.filter(token=token).first()
    if first is not None:
        return first
    release_expired(skus=[sku], now=now)
    line = lock_line(sku=sku, location_id=location_id)
    if not line.is_open:
        raise LineClosed()
    twin = line.places.live().filter(holder=holder).first()
    if twin is not None:
        raise AlreadyInLine(place_id=str(twin.pk))
    _refuse_unless_sold_out(line, quantity=quantity)
    place = PlaceInLine(
        id=place_id or uuid7(),
        line=line,
        token=token,
        holder=holder,
        label=label[:254],
        number=_next_number(line),
        quantity=quantity,
        joined_at=now,
    )
    try:
        place.save(force_insert=True)
    except IntegrityError as error:
        # The same token came twice at one moment: the other one was first, and the next look finds its answer.
        raise TryAgain from error
    record([], lines={line: quantity}, now=now)
    place.refresh_from_db()
    return place


@transactional
def leave_line(*, place_id: UUID, reason: str, now: datetime, ended_by: str = "") -> bool:
    """Wait no longer. Returns False, and changes nothing, if the place was not waiting any more.

    `ended_by` names who of the staff did it; then the shopper has yet to be told.

    :raises UnknownPlace: if there is no such place.
    """
    place, line = _place_and_locked_line(place_id)
    if not PlaceInLine.objects.filter(pk=place.pk).step(
        PlaceState.WAITING, "leave", now=now, reason=reason, ended_by=ended_by, is_news=bool(ended_by)
    ):
        return False
    record([], lines={line: -place.quantity}, now=now)
    return True


@transactional
def take_turn(*, place_id: UUID, now: datetime) -> Reservation:
    """Accept the offer: from now on the reservation is the caller's, until the moment that was promised.

    Taken again it is the same reservation, as long as it lives.

    :raises TurnOver: if it is not this place's turn, or not any more.
    :raises UnknownPlace: if there is no such place.
    """
    if not PlaceInLine.objects.filter(pk=place_id).exists():
        raise UnknownPlace()
    locked = lock_reservations([place_id])
    if not locked or not locked[0].is_live(now=now):
        raise TurnOver()
    taken = PlaceInLine.objects.filter(pk=place_id).step(PlaceState.OFFERED, "take", now=now, is_news=False)
    if not taken and not PlaceInLine.objects.filter(pk=place_id, state=PlaceState.TAKEN).exists():
        raise TurnOver()
    return locked[0]


@transactional
def decline_turn(*, place_id: UUID, reason: str, actor: str, now: datetime, ended_by: str = "") -> bool:
    """Let the offer go: it is the next one's turn. Returns False, and changes nothing, if there was no offer to let go.

    `ended_by` names who of the staff did it; then the shopper has yet to be told.

    :raises UnknownPlace: if there is no such place.
    """
    place = PlaceInLine.objects.filter(pk=place_id).first()
    if place is None:
        raise UnknownPlace()
    if place.state != PlaceState.OFFERED or not release(reservation_id=place_id, reason=reason, actor=actor, now=now):
        return False
    PlaceInLine.objects.filter(pk=place_id, state=PlaceState.DECLINED).update(
        ended_by=ended_by, has_news=bool(ended_by)
    )
    return True


@transactional
def move_in_line(*, place_id: UUID, to_front: bool, reason: str) -> PlaceInLine:
    """Put a waiting place in front of all others, or behind them. Nobody else's order changes.

    :raises NotWaiting: if the place is not waiting any more.
    :raises UnknownPlace: if there is no such place.
    """
    place, line = _place_and_locked_line(place_id)
    if to_front:
        first: int = line.places.waiting().aggregate(number=Min("number"))["number"] or 0
        number = place.number if place.number == first else _number_before(line, first)
    else:
        number = _next_number(line)
    moved = PlaceInLine.objects.filter(pk=place.pk).waiting().update(number=number, reason=reason[:200])
    if not moved:
        raise NotWaiting()
    place.refresh_from_db()
    return place


@transactional
def set_line_open(*, sku: str, is_open: bool, now: datetime, location_id: int | None = None, reason: str = "") -> int:
    """Open the line of a SKU, or close it: then nobody joins any more, and those who wait are told that it is over.

    A turn that somebody has stays theirs. Returns how many places were ended; a repeat ends none.

    :raises UnknownStockItem: if there is no such SKU, or no such location of a drop.
    """
    line = lock_line(sku=sku, location_id=location_id)
    WaitingLine.objects.filter(pk=line.pk).update(is_open=is_open)
    # Pages that are kept say whether one can join.
    catalogue_changed()
    if is_open:
        return 0
    units = awaited_units(line)
    ended = line.places.step(PlaceState.WAITING, "close", now=now, reason=reason)
    if ended:
        record([], lines={line: -units}, now=now)
    return ended


def close_lines_at(*, location_ids: Iterable[int], reason: str, now: datetime) -> int:
    """Close the lines of drops that are over; returns how many places were ended. A repeat finds nothing open."""
    lines = WaitingLine.objects.filter(location__in=list(location_ids), is_open=True).order_by("pk")
    return sum(
        set_line_open(sku=line.sku, location_id=line.location_id, is_open=False, reason=reason, now=now)
        for line in lines
    )


@transactional
def hand_on_waiting(*, now: datetime, limit: int = 20) -> int:
    """Offer what is free and waited for; returns in how many lines there was something to offer.

    Units that are freed are handed on where they are freed. This finds the rest: a location that was opened again, or
    more turns than one transaction gives.
    """
    items = StockItem.objects.filter(awaited__gt=0, location__is_active=True)
    found = items.filter(on_hand__gt=F("held") + F("allocated")).order_by("pk")
    keys = {
        line_key(sku=item.sku, location_id=item.location_id if item.location.is_for_drop else None)
        for item in found.select_related("location")[:limit]
    }
    lines = lock_lines(keys)
    for line in lines:
        record([], lines={line: 0}, now=now)
    return len(lines)


@transactional
def give_place(*, place_id: UUID, holder: str, label: str = "") -> bool:
    """Let another name hold this place. False, and nothing changes, if that name has a live place in this line."""
    place, line = _place_and_locked_line(place_id)
    if place.holder == holder:
        return True
    if line.places.live().filter(holder=holder).exclude(pk=place.pk).exists():
        return False
    PlaceInLine.objects.filter(pk=place.pk).update(holder=holder, label=label[:254] or place.label)
    return True


def tell(*, place_id: UUID, state: str) -> bool:
    """Note that the shopper was told that the place is in this state. False if it is in another one by now."""
    return bool(PlaceInLine.objects.filter(pk=place_id, state=state, has_news=True).update(has_news=False))


def lock_line(*, sku: str, location_id: int | None) -> WaitingLine:
    """The locked line of a SKU, made if there was none. In a transaction only.

    :raises UnknownStockItem: if there is no such SKU, or no such location of a drop.
    """
    key = line_key(sku=sku, location_id=location_id)
    locked = lock_lines([key])
    if locked:
        return locked[0]
    is_known = location_id is None or Location.objects.filter(pk=location_id, is_for_drop=True).exists()
    if not is_known or not Variant.objects.filter(sku=sku).exists():
        raise UnknownStockItem()
    try:
        WaitingLine.objects.create(key=key, sku=sku, location_id=location_id)
    except IntegrityError as error:
        raise TryAgain from error
    return lock_lines([key])[0]


def open_stock_item(*, sku: str, location: Location) -> StockItem:
    """The stock item of a SKU at a location, made when it is the first time. It waits for what its line waits for."""
    item = StockItem.objects.filter(variant_id=sku, location=location).first()
    if item is not None:
        return item
    line = lock_line(sku=sku, location_id=location.pk if location.is_for_drop else None)
    item, _ = StockItem.objects.get_or_create(
        variant_id=sku, location=location, defaults={"awaited": awaited_units(line)}
    )
    places_changed()
    return item


def awaited_units(line: WaitingLine) -> int:
    """Units that the places of a locked line wait for."""
    units: int | None = line.places.waiting().aggregate(units=Sum("quantity"))["units"]
    return units or 0


def _place_and_locked_line(place_id: UUID) -> tuple[PlaceInLine, WaitingLine]:
    place = PlaceInLine.objects.select_related("line").filter(pk=place_id).first()
    if place is None:
        raise UnknownPlace()
    line = lock_lines([place.line.key])[0]
    return place, line


def _refuse_unless_sold_out(line: WaitingLine, *, quantity: int) -> None:
    free = sum(item.unpromised for item in StockItem.objects.of_skus([line.sku], location_id=line.location_id))
    if free >= quantity:
        raise NotSoldOut(available=free)


def _next_number(line: WaitingLine) -> int:
    line.last_number += 1
    line.save(update_fields=["last_number"])
    return line.last_number


def _number_before(line: WaitingLine, first: int) -> int:
    """A number that no place of the line had, ever, before the first that waits: those at their turn have theirs."""
    lowest: int = line.places.aggregate(number=Min("number"))["number"]
    return min(first, lowest) - 1
