"""What becomes of a hold that was paid for: commit, then out of the building or back on sale."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from inventory.models import MovementKind, Reservation, ReservationLine, ReservationState, StockItem, StockMovement
from inventory.queries import promised_ahead
from inventory.services.counters import lock_reservations, record
from inventory.services.errors import HoldEnded, NotAway, NotCommitted, NotOnHand, UnknownReservation
from shop.transactions import transactional


@transactional
def commit(*, reservation_ids: Iterable[UUID], actor: str, now: datetime) -> None:
    """Turn live holds into allocated units: they are paid for. All of them or none.

    Those committed already are left as they are, so a repeat has no effect.

    :raises HoldEnded: if one is past its time or was ended; nothing is changed then, and the caller may reserve anew.
    """
    ids = set(reservation_ids)
    locked = lock_reservations(ids)
    committed = {row.pk for row in locked if row.state == ReservationState.COMMITTED}
    live = {row.pk for row in locked if row.is_live(now=now)}
    ended = ids - committed - live
    if ended:
        raise HoldEnded(reservation_ids=sorted(map(str, ended)))
    Reservation.objects.filter(pk__in=list(live)).leave_held("commit", now=now)
    record(
        [
            StockMovement(
                stock_item_id=line.stock_item_id,
                kind=MovementKind.COMMIT,
                held_change=-line.quantity,
                allocated_change=line.quantity,
                reservation_id=line.reservation_id,
                actor=actor,
                created_at=now,
            )
            for line in ReservationLine.objects.filter(reservation_id__in=list(live)).order_by("pk")
        ]
    )


@transactional
def fulfil(*, reservation_id: UUID, lines: dict[str, int], actor: str, now: datetime) -> None:
    """Send units (SKU to units) of a committed reservation: they leave the building and the promise is kept.

    Not idempotent: the caller's own state says whether a parcel has left.

    :raises NotCommitted: if fewer are owed.
    :raises NotOnHand: if they are promised but not in the building (back-ordered).
    """
    changes = _take_outstanding(reservation_id, lines)
    _refuse_absent(changes)
    for line, units in changes:
        line.fulfilled += units
        line.save(update_fields=["fulfilled"])
    _record_outcome(changes, kind=MovementKind.FULFIL, on_hand_too=True, reason="", actor=actor, now=now)


@transactional
def give_back(*, reservation_id: UUID, lines: dict[str, int], reason: str, actor: str, now: datetime) -> None:
    """Put committed units (SKU to units) that have not left the building back on sale.

    Not idempotent: the caller's own state says whether an order was cancelled.

    :raises NotCommitted: if fewer are owed.
    """
    changes = _take_outstanding(reservation_id, lines)
    for line, units in changes:
        line.given_back += units
        line.save(update_fields=["given_back"])
    _record_outcome(changes, kind=MovementKind.GIVE_BACK, on_hand_too=False, reason=reason, actor=actor, now=now)


@transactional
def has_arrived(*, reservation_ids: Iterable[UUID], now: datetime) -> bool:
    """Whether the units of these committed reservations are in the building, first come first served.

    What is on hand must cover everything that was promised before (live holds and units paid for that have not left)
    and then these. The stock items stay locked until the caller's transaction ends, so nobody sends the units
    elsewhere between this look and what the caller makes of it. Freeing and receiving need no lock.
    """
    lines = list(ReservationLine.objects.filter(reservation_id__in=list(reservation_ids)).select_related("reservation"))
    wanted = sorted({line.stock_item_id for line in lines if line.outstanding})
    items = {row.pk: row for row in StockItem.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    ahead = promised_ahead(stock_item_ids=wanted, now=now)
    return all(
        ahead[line.stock_item_id, line.reservation_id] <= items[line.stock_item_id].on_hand
        for line in lines
        if line.outstanding
    )


@transactional
def write_off(*, reservation_id: UUID, lines: dict[str, int], reason: str, actor: str, now: datetime) -> None:
    """Lose committed units (SKU to units) that have not left: the promise is given up, and they are not sold again.

    Not idempotent: the caller's own state says whether an order was cancelled.

    :raises NotCommitted: if fewer are owed.
    :raises NotOnHand: if they are promised but not in the building (back-ordered).
    """
    changes = _take_outstanding(reservation_id, lines)
    _refuse_absent(changes)
    for line, units in changes:
        line.written_off += units
        line.save(update_fields=["written_off"])
    _record_outcome(changes, kind=MovementKind.WRITE_OFF, on_hand_too=True, reason=reason, actor=actor, now=now)


@transactional
def take_back(
    *,
    reservation_id: UUID,
    restocked: dict[str, int],
    written_off: dict[str, int],
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """Receive units (SKU to units) that left with this reservation: back on sale, or written off as they come in.

    Not idempotent: the caller's own state says whether a return was received. What is written off leaves two lines in
    the ledger, because it came back and was lost.

    :raises NotAway: if fewer left, or came back already.
    """
    if not lock_reservations([reservation_id]):
        raise UnknownReservation()
    kept = list(ReservationLine.objects.filter(reservation_id=reservation_id).order_by("pk"))
    movements: list[StockMovement] = []
    for kinds, lines in [
        ([MovementKind.TAKE_BACK], restocked),
        ([MovementKind.TAKE_BACK, MovementKind.WRITE_OFF], written_off),
    ]:
        for line, units in _spread_back(kept, lines):
            line.returned += units
            line.save(update_fields=["returned"])
            movements += [
                StockMovement(
                    stock_item_id=line.stock_item_id,
                    kind=kind,
                    on_hand_change=units if kind == MovementKind.TAKE_BACK else -units,
                    reservation_id=reservation_id,
                    reason=reason[:200],
                    actor=actor,
                    created_at=now,
                )
                for kind in kinds
            ]
    record(movements)


def _spread_back(kept: list[ReservationLine], lines: dict[str, int]) -> list[tuple[ReservationLine, int]]:
    changes = []
    for sku, units in lines.items():
        sent = [line for line in kept if line.sku == sku and line.away]
        away = sum(line.away for line in sent)
        if not 1 <= units <= away:
            raise NotAway(sku=sku, asked=units, away=away)
        missing = units
        for line in sent:
            share = min(line.away, missing)
            if share:
                changes.append((line, share))
                missing -= share
    return changes


def _refuse_absent(changes: list[tuple[ReservationLine, int]]) -> None:
    """Lock the stock items. Two parcels must not both count on the last unit of a delivery.

    :raises NotOnHand: if units are promised but not in the building.
    """
    wanted = [line.stock_item_id for line, _ in changes]
    items = {row.pk: row for row in StockItem.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
    for line, units in changes:
        if items[line.stock_item_id].on_hand < units:
            raise NotOnHand(sku=line.sku, asked=units, on_hand=items[line.stock_item_id].on_hand)


def _take_outstanding(reservation_id: UUID, lines: dict[str, int]) -> list[tuple[ReservationLine, int]]:
    """Lock the reservation and spread the units over its lines.

    :raises NotCommitted: if a SKU has fewer outstanding.
    """
    locked = lock_reservations([reservation_id])
    if not locked:
        raise UnknownReservation()
    is_committed = locked[0].state == ReservationState.COMMITTED
    kept = list(ReservationLine.objects.filter(reservation_id=reservation_id).order_by("pk")) if is_committed else []
    changes: list[tuple[ReservationLine, int]] = []
    for sku, units in lines.items():
        owed = [line for line in kept if line.sku == sku and line.outstanding]
        outstanding = sum(line.outstanding for line in owed)
        if not 1 <= units <= outstanding:
            raise NotCommitted(sku=sku, asked=units, outstanding=outstanding)
        missing = units
        for line in owed:
            share = min(line.outstanding, missing)
            if share:
                changes.append((line, share))
                missing -= share
    return changes


def _record_outcome(
    changes: list[tuple[ReservationLine, int]],
    *,
    kind: MovementKind,
    on_hand_too: bool,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    record(
        [
            StockMovement(
                stock_item_id=line.stock_item_id,
                kind=kind,
                on_hand_change=-units if on_hand_too else 0,
                allocated_change=-units,
                reservation_id=line.reservation_id,
                reason=reason[:200],
                actor=actor,
                created_at=now,
            )
            for line, units in changes
        ]
    )
