"""The one place where a counter changes: ledger rows first, the conditional UPDATE last."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from uuid import UUID

from django.db import IntegrityError
from django.db.models import F

from inventory.models import Reservation, StockItem, StockItemQuerySet, StockMovement, WaitingLine
from inventory.services.handover import hand_on, lock_awaited_lines
from inventory.sold_out import units_freed
from shop import rows
from shop.transactions import TryAgain, before_commit


@dataclass(slots=True)
class CounterChange:
    """What a transaction does to one stock item, in units."""

    on_hand: int = 0
    held: int = 0
    allocated: int = 0
    awaited: int = 0
    # The room that was there when units were handed on in line: the change is made of no other.
    seen_room: int | None = None

    @property
    def takes(self) -> int:
        """Units that become less available."""
        return self.held + self.allocated - self.on_hand


def record(
    movements: list[StockMovement],
    *,
    counters_last: bool = False,
    may_backorder: bool = True,
    lines: Mapping[WaitingLine, int] | None = None,
    now: datetime | None = None,
) -> None:
    """Write the ledger rows, then change the counters: one UPDATE an item, in ascending primary key.

    The hot row is locked by the UPDATE and for nothing before it. Taking is conditional on what the row holds at that
    moment, so two buyers of the last unit cannot both succeed. Units that become free while somebody waits for them
    are handed on by the same statement (`handover`); freeing them to everybody is conditional on nobody waiting.
    Without `may_backorder` only units in the building are taken, whatever staff allow beyond them.

    With `counters_last` the UPDATE waits for the end of the outermost service's transaction: a door that keeps its
    answer in there writes it first, and nobody waits for that. Until then this transaction reads the old counters.

    `lines` are locked lines whose waiting units change, and by how many; then `now` is needed.

    :raises TryAgain: if a unit that was seen free is gone, or somebody came to wait for it: everything rolls back and
        the service looks again.
    :raises IntegrityError: if a counter would fall below zero, which means that it had drifted.
    """
    changes: dict[int, CounterChange] = defaultdict(CounterChange)
    _add(movements, changes)
    awaited = dict(lines or {})
    freed = [stock_item_id for stock_item_id, change in changes.items() if change.takes < 0]
    if freed:
        for line in lock_awaited_lines(freed):
            awaited.setdefault(line, 0)
    turns: list[StockMovement] = []
    for line, change in awaited.items():
        turns += hand_on(line, changes, awaited=change, now=now or movements[0].created_at)
    _add(turns, changes)
    rows.insert([*movements, *turns])
    if counters_last:
        before_commit(partial(_shift_all, changes, may_backorder=may_backorder))
    else:
        _shift_all(changes, may_backorder=may_backorder)


def _add(movements: list[StockMovement], changes: dict[int, CounterChange]) -> None:
    for movement in movements:
        change = changes[movement.stock_item_id]
        change.on_hand += movement.on_hand_change
        change.held += movement.held_change
        change.allocated += movement.allocated_change


def _shift_all(changes: dict[int, CounterChange], *, may_backorder: bool) -> None:
    for stock_item_id in sorted(changes):
        _shift(stock_item_id, changes[stock_item_id], may_backorder=may_backorder)


def _shift(stock_item_id: int, change: CounterChange, *, may_backorder: bool) -> None:
    if change.takes > 0 and change.seen_room is None:
        able = StockItemQuerySet.able_to_promise if may_backorder else StockItemQuerySet.able_to_hand_over
        _take(able).run(
            TryAgain(f"stock item {stock_item_id} cannot promise {change.takes} more"),
            pk=stock_item_id,
            takes=change.takes,
            on_hand=change.on_hand,
            held=change.held,
            allocated=change.allocated,
        )
        return
    items = StockItem.objects.filter(pk=stock_item_id)
    if change.seen_room is not None:
        items = items.with_room(change.seen_room)
    elif change.takes < 0:
        items = items.awaited_by_nobody()
    updated = items.update(
        on_hand=F("on_hand") + change.on_hand,
        held=F("held") + change.held,
        allocated=F("allocated") + change.allocated,
        awaited=F("awaited") + change.awaited,
    )
    if not updated:
        if StockItem.objects.filter(pk=stock_item_id).exists():
            raise TryAgain(f"stock item {stock_item_id} is not what it was when {change} was decided")
        raise IntegrityError(f"stock item {stock_item_id} does not exist")
    if change.takes < 0 or change.awaited < 0:
        units_freed([stock_item_id])


@cache
def _take(able: Callable[..., StockItemQuerySet]) -> rows.Prepared:
    """The UPDATE that everybody wants at one moment, conditional on what the item is able to do."""
    pk, takes, on_hand, held, allocated = range(1_000_000_001, 1_000_000_006)
    return rows.prepare_update(
        able(StockItem.objects.filter(pk=pk), quantity=takes),
        {"on_hand": F("on_hand") + on_hand, "held": F("held") + held, "allocated": F("allocated") + allocated},
        names={pk: "pk", takes: "takes", on_hand: "on_hand", held: "held", allocated: "allocated"},
    )


def lock_reservations(reservation_ids: Iterable[UUID]) -> list[Reservation]:
    """Lock these reservations in primary-key order, waiting for whoever has them, and return the locked rows."""
    rows = Reservation.objects.select_for_update().filter(pk__in=list(reservation_ids)).order_by("pk")
    return list(rows)
