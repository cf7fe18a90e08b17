"""The grant: callers who wait in one process are granted together, in one transaction.

A sale that sells out is hundreds of shoppers who write to one row, with a commit on the disk for each. Whoever comes
first leads, with his own wish alone. Those who come meanwhile wait, and the first of them leads next, with the wishes
of all who are there by then: their rows are inserted together, and the counters change last, once for all of them. Each
gets an answer of its own. A group that fails leaves nothing, and its wishes go on one by one.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from uuid import UUID

from django.db import Error, IntegrityError, OperationalError
from django.db.models import Model

from inventory.models import MovementKind, Reservation, ReservationLine, StockMovement
from inventory.services.counters import record
from inventory.services.errors import StockUnavailable
from inventory.services.plan import Lines, Plan, Wanted, forget_plenty, plan_all
from shop import rows
from shop.errors import Busy
from shop.transactions import TryAgain, is_lock_wait, retried, transactional

# How many are granted together. More would only let the first of them wait for the last.
MOST_TOGETHER = 100
# How many groups of one process are written at a time: while one waits for the disk, the next goes on. More would leave
# each of them fewer to grant together.
GROUPS = 4
# How long a wish waits for its turn before its shopper is told to come back. A group takes a hundredth of it.
PATIENCE_SECONDS = 1.5

Outcome = Reservation | StockUnavailable


class LockedBeside(Exception):
    """Somebody has a lock that a row beside one of these wishes would have to wait for."""


@dataclass(slots=True, eq=False, kw_only=True)
class Wish:
    """What one caller wants kept, and in the end what came of it.

    `beside` are new rows of the caller, written in the same transaction: all of them or none, in their order.
    """

    lines: Lines
    token: str
    reservation_id: UUID
    expires_at: datetime
    now: datetime
    actor: str
    may_backorder: bool = False
    location_id: int | None = None
    renewal_limit: int | None = None
    beside: Sequence[Model] = ()
    outcome: Outcome | Busy | None = None
    leads: bool = False
    turn: Lock = field(default_factory=Lock)


class Queue:
    """Those of one process who want something kept at this moment."""

    def __init__(self, *, groups: int = GROUPS) -> None:
        self._lock = Lock()
        self._waiting: list[Wish] = []
        self._free = groups
        # When a group came to an end last, or could begin at once.
        self._moved_at = time.monotonic()

    def grant(self, wish: Wish) -> Reservation:
        """Grant the wish, together with those of whoever waits by then.

        :raises StockUnavailable: if it cannot be promised.
        :raises Busy: if the database does not come to an end with those in front of it.
        """
        if not self._leads_at_once(wish):
            self._wait(wish)
        if wish.leads:
            self._lead(wish)
        if wish.outcome is None:
            wish.outcome = grant_alone(wish=wish)
        if isinstance(wish.outcome, Exception):
            raise wish.outcome
        return wish.outcome

    def _leads_at_once(self, wish: Wish) -> bool:
        """Stand in the queue; whether the wish may go on without waiting for its turn."""
        wish.turn.acquire()
        with self._lock:
            if self._free:
                self._free -= 1
                self._moved_at = time.monotonic()
                wish.leads = True
            elif time.monotonic() - self._moved_at > PATIENCE_SECONDS:
                # The database is the wall. Whoever comes now would only make the queue in front of it longer.
                raise Busy()
            self._waiting.append(wish)
            return wish.leads

    def _wait(self, wish: Wish) -> None:
        """Wait until the wish has its outcome, or it is its turn to lead."""
        if wish.turn.acquire(timeout=PATIENCE_SECONDS):
            return
        with self._lock:
            if wish in self._waiting and not wish.leads:
                self._waiting.remove(wish)
                raise Busy()
        # A group has taken it along: it is being written, and whoever asked is told what came of it.
        wish.turn.acquire()

    def _lead(self, own: Wish) -> None:
        with self._lock:
            group = [own, *[wish for wish in self._waiting if not wish.leads][: MOST_TOGETHER - 1]]
            self._waiting = [wish for wish in self._waiting if wish not in group]
        try:
            if len(group) > 1:
                _grant_together(group)
            else:
                own.outcome = grant_alone(wish=own)
        finally:
            with self._lock:
                self._moved_at = time.monotonic()
                successor = next((wish for wish in self._waiting if not wish.leads), None)
                if successor is None:
                    self._free += 1
                else:
                    successor.leads = True
            for wish in group:
                if wish is not own:
                    wish.turn.release()
            if successor is not None:
                successor.turn.release()


# The one queue of this process.
QUEUE = Queue()


def _grant_together(group: list[Wish]) -> None:
    """Give every wish its outcome; none of them, where the group failed and left nothing, or nobody knows.

    What fails for all may be the fault of one: a token that was used before, a row beside that is there already or that
    somebody is just writing. A connection that broke at COMMIT leaves open whether everybody has everything. Alone,
    each finds its own answer.
    """
    try:
        outcomes: Sequence[Outcome | Busy] = _write(wishes=group, together=True)
    except Busy as busy:
        outcomes = [busy] * len(group)
    except (Error, TryAgain, LockedBeside):
        return
    for wish, outcome in zip(group, outcomes, strict=True):
        wish.outcome = outcome


def grant_alone(*, wish: Wish) -> Reservation:
    """Grant one wish in a transaction of its own. A token that was used gives the first reservation.

    :raises StockUnavailable: if it cannot be promised.
    :raises IntegrityError: if a row beside is there already.
    """
    try:
        (outcome,) = _write(wishes=[wish])
    except IntegrityError:
        first = _first(wish.token)
        if first is None:
            raise
        return first
    return _reservation_of(outcome)


def grant_within(*, wish: Wish, counters_last: bool) -> Reservation:
    """Grant one wish in the caller's transaction, or in its own if there is none. As `grant_alone` otherwise."""
    return _reservation_of(_write_within(wish=wish, counters_last=counters_last))


def _reservation_of(outcome: Outcome) -> Reservation:
    if isinstance(outcome, StockUnavailable):
        raise outcome
    return outcome


@retried
def _write(*, wishes: Sequence[Wish], together: bool = False) -> list[Outcome]:
    """Write what can be granted, with what stands beside it; return what came of each wish.

    The look before is outside of the transaction, which is a single round trip then. A lock that somebody has on a row
    beside is waited for by a wish alone: a group would wait with it.

    :raises LockedBeside: if a group would have to wait for a row beside.
    :raises IntegrityError: if a row is there already.
    """
    wanted = [Wanted(wish.lines, wish.may_backorder, wish.location_id) for wish in wishes]
    plans = plan_all(wanted, now=max(wish.now for wish in wishes), may_remember=True)
    planned = list(zip(wishes, plans, strict=True))
    refused = {wish: _first_or(plan, wish) for wish, plan in planned if isinstance(plan, StockUnavailable)}
    granted = [(wish, plan) for wish, plan in planned if not isinstance(plan, StockUnavailable)]
    reservations = {wish: _reservation(wish) for wish, _ in granted}
    if granted:
        began = time.monotonic()
        try:
            with rows.one_transaction():
                rows.insert(list(reservations.values()))
                _write_beside([row for wish, _ in granted for row in wish.beside], waits=not together)
                _write_lines(granted)
        except TryAgain:
            forget_plenty(wanted)
            raise
        except OperationalError as error:
            # At once: it was a row beside, that a group does not wait for. The hot row is waited for, for seconds.
            if together and is_lock_wait(error) and time.monotonic() - began < PATIENCE_SECONDS:
                raise LockedBeside from error
            raise
    return [reservations.get(wish) or refused[wish] for wish in wishes]


@transactional
def _write_within(*, wish: Wish, counters_last: bool) -> Outcome:
    """Write one wish into the transaction of a caller, who goes on whatever token was used before."""
    (plan,) = plan_all([Wanted(wish.lines, wish.may_backorder, wish.location_id)], now=wish.now)
    if isinstance(plan, StockUnavailable):
        return _first_or(plan, wish)
    reservation = _reservation(wish)
    try:
        rows.insert([reservation])
    except IntegrityError:
        first = _first(wish.token)
        if first is None:
            raise
        return first
    _write_beside(wish.beside, waits=True)
    _write_lines([(wish, plan)], counters_last=counters_last)
    return reservation


def _first(token: str) -> Reservation | None:
    return Reservation.objects.filter(token=token).first()


def _first_or(refusal: StockUnavailable, wish: Wish) -> Outcome:
    """What this token was answered before, whatever is left by now; else the refusal."""
    return _first(wish.token) or refusal


def _reservation(wish: Wish) -> Reservation:
    return Reservation(
        id=wish.reservation_id,
        token=wish.token,
        expires_at=wish.expires_at,
        created_at=wish.now,
        renewal_limit=wish.renewal_limit,
    )


def _write_beside(beside: Sequence[Model], *, waits: bool) -> None:
    by_model: dict[type[Model], list[Model]] = {}
    for row in beside:
        by_model.setdefault(type(row), []).append(row)
    for alike in by_model.values():
        rows.insert(alike, waits=waits)


def _write_lines(granted: list[tuple[Wish, Plan]], *, counters_last: bool = False) -> None:
    rows.insert(
        [
            ReservationLine(reservation_id=wish.reservation_id, stock_item_id=item_id, sku=sku, quantity=units)
            for wish, plan in granted
            for item_id, sku, units in plan
        ]
    )
    movements = [
        StockMovement(
            stock_item_id=item_id,
            kind=MovementKind.RESERVE,
            held_change=units,
            reservation_id=wish.reservation_id,
            actor=wish.actor,
            created_at=wish.now,
        )
        for wish, plan in granted
        for item_id, _, units in plan
    ]
    record(movements, counters_last=counters_last, may_backorder=all(wish.may_backorder for wish, _ in granted))
