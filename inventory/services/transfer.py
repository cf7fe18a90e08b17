"""Units that go from one location to another: the quota of a drop, out of general stock and back."""

from collections import defaultdict
from datetime import datetime

from django.db.models import Sum

from inventory.models import Location, MovementKind, StockItem, StockMovement
from inventory.services.counters import record
from inventory.services.errors import StockUnavailable
from inventory.services.expiry import release_expired
from inventory.services.line import open_stock_item
from shop.transactions import transactional

# From stock item, to stock item, units.
Moves = list[tuple[int, int, int]]


@transactional
def open_drop_location(*, code: str, name: str) -> Location:
    """The location that keeps the quota of one drop, made if there is none with this code."""
    location, _ = Location.objects.get_or_create(code=code, defaults={"name": name[:80], "is_for_drop": True})
    return location


@transactional
def move_in(*, lines: dict[str, int], location_id: int, reason: str, actor: str, now: datetime) -> None:
    """Take units (SKU to units) that nobody was promised out of the ordinary locations, by priority, into this one.

    All or nothing, and only units in the building. Not idempotent: the caller's own state says whether it was done.

    :raises StockUnavailable: if too few are free, even after expired holds were released.
    """
    release_expired(skus=list(lines), now=now)
    moves: Moves = []
    shortages: list[dict[str, int | str]] = []
    for sku, units in sorted(lines.items()):
        target = open_stock_item(sku=sku, location=Location.objects.get(pk=location_id))
        missing = units
        for item in StockItem.objects.of_skus([sku]):
            share = min(max(item.unpromised, 0), missing)
            if share:
                moves.append((item.pk, target.pk, share))
                missing -= share
        if missing:
            shortages.append({"sku": sku, "asked": units, "available": units - missing})
    if shortages:
        raise StockUnavailable(shortages=shortages)
    _move(moves, reason=reason, actor=actor, now=now)


@transactional
def move_home(*, location_id: int, reason: str, actor: str, now: datetime) -> int:
    """Put what nobody was promised at this location back to where it came from; returns how many units.

    What is held or paid for stays until it is resolved: run it again then. A repeat finds nothing to move.
    """
    items = StockItem.objects.filter(location=location_id).order_by("pk")
    release_expired(skus=[item.sku for item in items], now=now)
    moves: Moves = []
    for item in items.all():
        if item.unpromised > 0:
            moves += _shares(item, units=item.unpromised)
    _move(moves, reason=reason, actor=actor, now=now)
    return sum(units for _, _, units in moves)


def _shares(item: StockItem, *, units: int) -> Moves:
    """Back to the locations that gave them, the first in order first; what came from nowhere goes to the first."""
    given: dict[int | None, int] = dict(
        StockMovement.objects.filter(stock_item=item, kind=MovementKind.MOVE)
        .values_list("other_item_id")
        .annotate(Sum("on_hand_change"))
    )
    homes = list(
        StockItem.objects.filter(variant_id=item.sku, location__is_for_drop=False).order_by("location__priority", "pk")
    )
    moves: Moves = []
    for home in homes:
        share = min(max(given.get(home.pk, 0), 0), units)
        if share:
            moves.append((item.pk, home.pk, share))
            units -= share
    if units and homes:
        moves.append((item.pk, homes[0].pk, units))
    return moves


def _move(moves: Moves, *, reason: str, actor: str, now: datetime) -> None:
    """Two lines of the ledger for each, and the counters last. Only units that nobody was promised are moved."""
    sums: dict[tuple[int, int], int] = defaultdict(int)
    for source, target, units in moves:
        sums[source, target] += units
    if not sums:
        return
    record(
        [
            StockMovement(
                stock_item_id=here,
                kind=MovementKind.MOVE,
                on_hand_change=change,
                other_item_id=there,
                reason=reason[:200],
                actor=actor,
                created_at=now,
            )
            for (source, target), units in sums.items()
            for here, there, change in ((source, target, -units), (target, source, units))
        ],
        may_backorder=False,
    )
