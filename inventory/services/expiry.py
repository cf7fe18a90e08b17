"""Time ends holds. The sweep only tidies up: nothing that is past its time may refuse anybody."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, transaction

from inventory.models import (
    MovementKind,
    PlaceInLine,
    PlaceState,
    Reservation,
    ReservationLine,
    ReservationState,
    StockMovement,
)
from inventory.services.counters import lock_reservations, record
from shop.transactions import TryAgain, transactional

logger = logging.getLogger(__name__)

ACTOR = "clock"


@dataclass(frozen=True, slots=True)
class ExpiryReport:
    """What one batch did: reservations ended, and reservations that a person has to look at."""

    expired: int
    set_aside: int

    @property
    def total(self) -> int:
        return self.expired + self.set_aside


@transactional
def expire_due(*, now: datetime, limit: int = 500) -> ExpiryReport:
    """End up to `limit` reservations that are past their time, the oldest first.

    Rows that somebody else has locked are skipped: two sweepers share the work, and a checkout in progress is not
    waited for. A row that cannot be ended is set aside and reported, and the rest goes on. Run it until it reports
    nothing; a repeat finds nothing to do.
    """
    due = Reservation.objects.select_for_update(skip_locked=True).due(now=now).order_by("expires_at", "pk")
    return _expire(list(due.values_list("pk", flat=True)[:limit]), now=now)


@transactional
def release_expired(*, skus: list[str], now: datetime) -> ExpiryReport:
    """End every reservation of these SKUs that is past its time, before anyone is told "sold out".

    Unlike the sweep this waits for rows that others have locked: to skip them would be to say "sold out" while a
    neighbour is just putting the units back.
    """
    ids = list(Reservation.objects.due(now=now).of_skus(skus).values_list("pk", flat=True).distinct())
    locked = [row.pk for row in lock_reservations(ids) if _is_due(row, now=now)] if ids else []
    return _expire(locked, now=now)


def _is_due(reservation: Reservation, *, now: datetime) -> bool:
    return (
        reservation.state == ReservationState.HELD
        and reservation.expires_at <= now
        and reservation.set_aside_at is None
    )


def _expire(ids: list[UUID], *, now: datetime) -> ExpiryReport:
    """End locked reservations together; if that fails, one by one, setting aside the one that cannot be ended."""
    if not ids:
        return ExpiryReport(expired=0, set_aside=0)
    try:
        with transaction.atomic():
            _end(ids, now=now)
    except (OperationalError, TryAgain):
        raise
    except Exception:
        set_aside = sum(not _end_or_set_aside(pk, now=now) for pk in ids)
        return ExpiryReport(expired=len(ids) - set_aside, set_aside=set_aside)
    return ExpiryReport(expired=len(ids), set_aside=0)


def _end_or_set_aside(reservation_id: UUID, *, now: datetime) -> bool:
    try:
        with transaction.atomic():
            _end([reservation_id], now=now)
    except (OperationalError, TryAgain):
        raise
    except Exception as error:
        logger.exception("Reservation %s cannot be ended and was set aside.", reservation_id)
        Reservation.objects.filter(pk=reservation_id).update(set_aside_at=now, set_aside_reason=str(error)[:300])
        return False
    return True


def _end(reservation_ids: list[UUID], *, now: datetime) -> None:
    Reservation.objects.filter(pk__in=reservation_ids).leave_held("expire", now=now)
    PlaceInLine.objects.filter(pk__in=reservation_ids).step(PlaceState.OFFERED, "miss", now=now)
    # Plain values: thousands end in one second after a sale, and a model each would be most of the time.
    lines = ReservationLine.objects.filter(reservation_id__in=reservation_ids)
    record(
        [
            StockMovement(
                stock_item_id=item_id,
                kind=MovementKind.EXPIRE,
                held_change=-units,
                reservation_id=reservation_id,
                actor=ACTOR,
                created_at=now,
            )
            for reservation_id, item_id, units in lines.values_list("reservation_id", "stock_item_id", "quantity")
        ]
    )
