"""Reserve, resize, extend and release: what a cart does."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F, Model
from django.utils.translation import gettext as _
from uuid6 import uuid7

from inventory import sold_out
from inventory.models import MovementKind, PlaceInLine, PlaceState, Reservation, ReservationLine, StockMovement
from inventory.services.counters import lock_reservations, record
from inventory.services.errors import (
    CounterDrifted,
    ExtensionLimitReached,
    ExtensionTooEarly,
    HoldEnded,
    StockUnavailable,
    UnknownReservation,
)
from inventory.services.grant import QUEUE, Wish, grant_within
from inventory.services.plan import Plan, Wanted, plan, plan_all
from shop.clock import clock_time, clock_time_with_seconds
from shop.errors import InvalidInput
from shop.transactions import joins_a_transaction, transactional

MAX_UNITS = 1_000_000


def reserve(
    *,
    lines: dict[str, int],
    token: str,
    expires_at: datetime,
    now: datetime,
    actor: str,
    reservation_id: UUID | None = None,
    counters_last: bool = False,
    may_backorder: bool = False,
    location_id: int | None = None,
    renewal_limit: int | None = None,
    beside: Sequence[Model] = (),
) -> Reservation:
    """Keep `lines` (SKU to units) until `expires_at`, all or nothing, from locations in priority order.

    Units in the building come first, at whatever location, then those that staff allow to be promised beyond them.
    The same token gives the first reservation again, whatever has become of it. Called from a door, it is granted
    together with whoever else waits in this process (see `grant`), and the rows `beside` are written in the same
    transaction, in their order. Called from a service, it is part of that one's transaction: inserts come first and the
    counters last, with `counters_last` after all else that the caller does (see `counters.record`).

    Without `may_backorder` only units in the building are kept. With a `location_id` that location alone is asked, else
    every ordinary one and none that keeps the quota of a drop. It may be extended `renewal_limit` times, or as often as
    is usual.

    :raises StockUnavailable: if a SKU cannot be promised, even after its expired holds were released.
    :raises InvalidInput: if a quantity is not a whole number between 1 and MAX_UNITS.
    :raises IntegrityError: if a row beside is there already; nothing is written then.
    :raises Busy: if the database does not come to an end with those who came before.
    """
    for sku, units in lines.items():
        _refuse_bad_quantity(sku=sku, units=units)
    wish = Wish(
        lines=lines,
        token=token,
        reservation_id=reservation_id or uuid7(),
        expires_at=expires_at,
        now=now,
        actor=actor,
        may_backorder=may_backorder,
        location_id=location_id,
        renewal_limit=renewal_limit,
        beside=beside,
    )
    if joins_a_transaction() or may_backorder:
        return grant_within(wish=wish, counters_last=counters_last)
    _refuse_known_sold_out(wish)
    return QUEUE.grant(wish)


def refuse_sold_out(*, sku: str, units: int, now: datetime, location_id: int | None = None) -> None:
    """Refuse what nothing is left of before anything else is done for it. One look, or none; too few are not nothing.

    :raises StockUnavailable: if nothing can be promised, even after its expired holds were released.
    """
    if sold_out.known((sku, location_id), now=now) is None:
        (outcome,) = plan_all([Wanted({sku: 1}, location_id=location_id)], now=now, may_remember=True)
        if not isinstance(outcome, StockUnavailable):
            return
    raise StockUnavailable(shortages=[{"sku": sku, "asked": units, "available": 0}])


@transactional
def resize(
    *,
    reservation_id: UUID,
    lines: dict[str, int],
    now: datetime,
    actor: str,
    counters_last: bool = False,
    may_backorder: bool = False,
    location_id: int | None = None,
) -> Reservation:
    """Change how many units a live reservation keeps (SKU to the new total). Its end stays where it is.

    Only the difference is asked for, so nobody is refused because of units that they hold themselves. The same
    totals twice change nothing the second time. `may_backorder` and `location_id` are those of `reserve`, for what is
    added.

    :raises HoldEnded: if it is not live any more.
    :raises StockUnavailable: if the additional units are not free; what was held stays held.
    """
    for sku, units in lines.items():
        _refuse_bad_quantity(sku=sku, units=units)
    reservation = _lock_live(reservation_id, now=now)
    kept = list(ReservationLine.objects.filter(reservation=reservation).order_by("pk"))
    wanted = {sku: units - sum(line.quantity for line in kept if line.sku == sku) for sku, units in lines.items()}
    more_of = {sku: more for sku, more in wanted.items() if more > 0}
    growth = plan(Wanted(more_of, may_backorder, location_id), now=now)
    shrinkage = [change for sku, more in wanted.items() if more < 0 for change in _shrink(kept, sku=sku, surplus=-more)]
    changes = [*growth, *shrinkage]
    _write_quantities(reservation, kept=kept, changes=changes)
    held = _held_changes(changes, kind=MovementKind.RESIZE, reservation=reservation, actor=actor, now=now)
    record(held, counters_last=counters_last, may_backorder=may_backorder)
    return reservation


@transactional
def extend(*, reservation_id: UUID, now: datetime) -> Reservation:
    """Push the end of a live reservation back by HOLD_EXTENSION, at most as often as it may be (HOLD_EXTENSION_LIMIT).

    It never revives: a reservation past its time is refused, swept or not.

    :raises HoldEnded: if it is not live any more.
    :raises ExtensionTooEarly: if more than HOLD_EXTENSION_OFFER is left.
    :raises ExtensionLimitReached: if all extensions are used.
    """
    reservation = _lock_live(reservation_id, now=now)
    left = reservation.expires_at - now
    if reservation.renewals >= reservation.most_renewals:
        raise ExtensionLimitReached(limit=reservation.renewals, ends_at=clock_time(reservation.expires_at))
    if left > settings.HOLD_EXTENSION_OFFER:
        raise ExtensionTooEarly(
            minutes_left=int(left.total_seconds() // 60),
            offered_from=clock_time_with_seconds(reservation.expires_at - settings.HOLD_EXTENSION_OFFER),
        )
    reservation.expires_at += settings.HOLD_EXTENSION
    reservation.renewals += 1
    reservation.save(update_fields=["expires_at", "renewals"])
    return reservation


@transactional
def extend_to(*, reservation_ids: Iterable[UUID], expires_at: datetime, now: datetime) -> None:
    """Move live reservations to the payment window: kept at least until `expires_at`, all of them or none.

    It counts as no renewal, and it never shortens. The caller takes care that a window is given once.

    :raises HoldEnded: if one of them is not live any more.
    """
    ids = set(reservation_ids)
    locked = lock_reservations(ids)
    ended = ids - {reservation.pk for reservation in locked if reservation.is_live(now=now)}
    if ended:
        raise HoldEnded(reservation_ids=sorted(map(str, ended)))
    Reservation.objects.filter(pk__in=list(ids), expires_at__lt=expires_at).update(expires_at=expires_at)


@transactional
def release(*, reservation_id: UUID, reason: str, actor: str, now: datetime) -> bool:
    """Give the units of a held reservation back. Freeing needs no lock but the compare-and-set of the state.

    Returns False, and changes nothing, when it had ended already.

    :raises UnknownReservation: if there is none with this id.
    :raises CounterDrifted: if the counters cannot be what its lines say.
    """
    won = Reservation.objects.filter(pk=reservation_id).leave_held("release", now=now, reason=reason)
    if won:
        PlaceInLine.objects.filter(pk=reservation_id).step(PlaceState.OFFERED, "decline", now=now, reason=reason)
    if not won:
        if not Reservation.objects.filter(pk=reservation_id).exists():
            raise UnknownReservation()
        return False
    try:
        record(_given_up(reservation_id, reason=reason, actor=actor, now=now))
    except IntegrityError as error:
        raise CounterDrifted() from error
    return True


@transactional
def join(*, reservation_id: UUID, other_id: UUID, reason: str, actor: str, now: datetime) -> Reservation:
    """Let one live reservation go on with the units of both, and release the other. No unit is free in between.

    The units stay promised where they are, so a location that was closed meanwhile takes nothing from anybody.

    :raises HoldEnded: if one of the two is not live any more; nothing is changed then.
    :raises ValueError: if both are the same one, which would double its units.
    """
    if reservation_id == other_id:
        raise ValueError(f"reservation {reservation_id} cannot be joined with itself")
    locked = {row.pk: row for row in lock_reservations([reservation_id, other_id])}
    ended = {reservation_id, other_id} - {pk for pk, row in locked.items() if row.is_live(now=now)}
    if ended:
        raise HoldEnded(reservation_ids=sorted(map(str, ended)))
    kept = list(ReservationLine.objects.filter(reservation_id=reservation_id).order_by("pk"))
    moved = list(ReservationLine.objects.filter(reservation_id=other_id).order_by("pk"))
    Reservation.objects.filter(pk=other_id).leave_held("release", now=now, reason=reason)
    # Units that may be extended less often do not become units that may be extended more often.
    stricter = min(locked[reservation_id].most_renewals, locked[other_id].most_renewals)
    if stricter < locked[reservation_id].most_renewals:
        locked[reservation_id].renewal_limit = stricter
        locked[reservation_id].save(update_fields=["renewal_limit"])
    changes = [(line.stock_item_id, line.sku, line.quantity) for line in moved]
    _write_quantities(locked[reservation_id], kept=kept, changes=changes)
    record(
        [
            StockMovement(
                stock_item_id=line.stock_item_id,
                kind=kind,
                held_change=units,
                reservation_id=pk,
                reason=reason[:200],
                actor=actor,
                created_at=now,
            )
            for line in moved
            for kind, units, pk in (
                (MovementKind.RELEASE, -line.quantity, other_id),
                (MovementKind.RESIZE, line.quantity, reservation_id),
            )
        ]
    )
    return locked[reservation_id]


def _refuse_known_sold_out(wish: Wish) -> None:
    """Refuse what was seen sold out a moment ago, without another look. A token that was granted gets its answer."""
    if not all(sold_out.known((sku, wish.location_id), now=wish.now) for sku in wish.lines):
        return
    if not Reservation.objects.filter(token=wish.token).exists():
        raise StockUnavailable(
            shortages=[{"sku": sku, "asked": units, "available": 0} for sku, units in wish.lines.items()]
        )


def _held_changes(
    changes: Plan, *, kind: MovementKind, reservation: Reservation, actor: str, now: datetime
) -> list[StockMovement]:
    return [
        StockMovement(
            stock_item_id=item_id,
            kind=kind,
            held_change=units,
            reservation_id=reservation.pk,
            actor=actor,
            created_at=now,
        )
        for item_id, _, units in changes
    ]


def _given_up(reservation_id: UUID, *, reason: str, actor: str, now: datetime) -> list[StockMovement]:
    return [
        StockMovement(
            stock_item_id=line.stock_item_id,
            kind=MovementKind.RELEASE,
            held_change=-line.quantity,
            reservation_id=reservation_id,
            reason=reason[:200],
            actor=actor,
            created_at=now,
        )
        for line in ReservationLine.objects.filter(reservation_id=reservation_id).order_by("pk")
    ]


def _refuse_bad_quantity(*, sku: str, units: int) -> None:
    # How many one shopper may ask for is the caller's rule; a paid order is taken anew whatever that rule is today.
    if isinstance(units, bool) or not isinstance(units, int) or not 1 <= units <= MAX_UNITS:
        raise InvalidInput(
            field="quantity",
            problem=_("Enter a whole number from 1 to %(most)s for %(sku)s.") % {"most": f"{MAX_UNITS:,}", "sku": sku},
        )


def _lock_live(reservation_id: UUID, *, now: datetime) -> Reservation:
    locked = lock_reservations([reservation_id])
    if not locked:
        raise UnknownReservation()
    if not locked[0].is_live(now=now):
        raise HoldEnded(reservation_ids=[str(reservation_id)])
    return locked[0]


def _shrink(kept: list[ReservationLine], *, sku: str, surplus: int) -> Plan:
    """Take the surplus from the lines that were filled last."""
    changes: Plan = []
    for line in reversed([line for line in kept if line.sku == sku]):
        units = min(line.quantity, surplus)
        if units > 0:
            changes.append((line.stock_item_id, sku, -units))
            surplus -= units
    return changes


def _write_quantities(reservation: Reservation, *, kept: list[ReservationLine], changes: Plan) -> None:
    by_item = {line.stock_item_id: line for line in kept}
    for item_id, sku, units in changes:
        line = by_item.get(item_id)
        if line is None:
            ReservationLine.objects.create(reservation=reservation, stock_item_id=item_id, sku=sku, quantity=units)
        elif line.quantity + units == 0:
            line.delete()
        else:
            ReservationLine.objects.filter(pk=line.pk).update(quantity=F("quantity") + units)
