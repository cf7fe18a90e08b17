"""Units over time, read from the ledger: was more promised than there is, was anybody refused a free unit?

A movement carries the moment at which its request began to work; its effect is seen when the transaction commits, a
little later, and the order of the rows is not the order of the commits (rows are written first, the counter last).
So neither question is asked of one exact curve, but of two that err on the safe side:

* `free_floor` is the *least* that can have been free at a moment. Units count as taken from the moment at which the
  taker began, and as given back COMMIT_MARGIN_SECONDS after the giver began. A hold that ran out is the exception:
  time itself frees it (an expired hold counts for nothing), so its units are free from `expires_at` on, whether or
  not anything has tidied it up. A refusal is false if the floor was at least what was asked, all through the request.
* `promised_floor` is the *least* that can have been promised at a moment: taken COMMIT_MARGIN_SECONDS after the taker
  began, given back when the giver began or the hold ran out. If it exceeds what is on hand, a unit was sold twice.

`counters_over_time` is the plain ledger, for the eye.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from tests.drill.answers import SOLD_OUT, Answer
from tests.drill.books import Books, Movement, Reservation

# A lock is waited for at most three seconds; what takes longer was answered with 503 and undone.
COMMIT_MARGIN_SECONDS = 3.5
# The driver and the shop read the same clock; this covers the reading of it.
CLOCK_MARGIN_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Moment:
    """The counters of one SKU from a moment on."""

    at: float
    on_hand: int
    held: int
    allocated: int

    @property
    def available(self) -> int:
        return self.on_hand - self.held - self.allocated


@dataclass(frozen=True, slots=True)
class Steps:
    """A step function: `values[i]` holds from `times[i]` until the next; before the first it is 0."""

    times: list[float]
    values: list[int]

    def least_between(self, start: float, end: float) -> int:
        """The smallest value that it has anywhere from `start` to `end`, both included."""
        first = bisect_right(self.times, start) - 1
        last = bisect_right(self.times, end) - 1
        inside = self.values[max(first, 0) : last + 1]
        return min([*inside, 0] if first < 0 else inside)


@dataclass(frozen=True, slots=True)
class FalseRefusal:
    """Somebody was told "sold out" although `free` units were free from the first to the last moment of the request."""

    answer: Answer
    free: int


def counters_over_time(books: Books, *, sku: str) -> list[Moment]:
    """The counters of `sku` after each ledger line, in time order."""
    moments: list[Moment] = []
    on_hand, held, allocated = 0, 0, 0
    for movement in sorted(_movements_of(books, sku=sku), key=lambda movement: (movement.created_at, movement.id)):
        on_hand += movement.on_hand_change
        held += movement.held_change
        allocated += movement.allocated_change
        moments.append(Moment(movement.created_at, on_hand, held, allocated))
    return moments


def free_floor(books: Books, *, sku: str) -> Steps:
    """The least number of units of `sku` that can have been free, over time."""
    return _steps(
        books, sku=sku, taken_after=0.0, given_after=COMMIT_MARGIN_SECONDS, expired_after=CLOCK_MARGIN_SECONDS
    )


def promised_floor(books: Books, *, sku: str) -> Steps:
    """What is on hand less the least number of units of `sku` that can have been promised, over time."""
    return _steps(
        books, sku=sku, taken_after=COMMIT_MARGIN_SECONDS, given_after=0.0, expired_after=-CLOCK_MARGIN_SECONDS
    )


def find_false_refusals(books: Books, answers: Iterable[Answer], *, skus: list[str]) -> list[FalseRefusal]:
    """Every "sold out" that was given while enough units were certainly free, for the whole of the request."""
    floors = {sku: free_floor(books, sku=sku) for sku in skus}
    found = []
    for answer in answers:
        if answer.kind != SOLD_OUT or answer.sku not in floors:
            continue
        free = floors[answer.sku].least_between(answer.started_at, answer.ended_at)
        if free >= max(answer.quantity, 1):
            found.append(FalseRefusal(answer, free))
    return found


def _movements_of(books: Books, *, sku: str) -> list[Movement]:
    sku_of = books.sku_of_item()
    return [movement for movement in books.movements if sku_of[movement.stock_item_id] == sku]


def _steps(books: Books, *, sku: str, taken_after: float, given_after: float, expired_after: float) -> Steps:
    """What is free over time, where taking, giving and running out take effect so many seconds after the row says."""
    reservations = {reservation.id: reservation for reservation in books.reservations}
    held: dict[str, int] = {}
    changes: list[tuple[float, int]] = []
    for movement in sorted(_movements_of(books, sku=sku), key=lambda movement: movement.id):
        holds = movement.reservation_id in reservations
        if holds and movement.kind == "EXPIRE":
            continue  # time freed it, see below
        if holds:
            held[movement.reservation_id] = held.get(movement.reservation_id, 0) + movement.held_change
        change = movement.on_hand_change - movement.held_change - movement.allocated_change
        if change:
            changes.append((movement.created_at + (given_after if change > 0 else taken_after), change))
    for reservation_id, units in held.items():
        changes += _run_out(reservations[reservation_id], units=units, after=expired_after)
    return _accumulate(changes)


def _run_out(reservation: Reservation, *, units: int, after: float) -> list[tuple[float, int]]:
    """What a hold still keeps when its time is over is free again from then on."""
    return [(reservation.expires_at + after, units)] if units else []


def _accumulate(changes: list[tuple[float, int]]) -> Steps:
    """Add the changes up in time order; at one moment, what takes comes first."""
    times: list[float] = []
    values: list[int] = []
    value = 0
    for at, change in sorted(changes):
        value += change
        times.append(at)
        values.append(value)
    return Steps(times, values)
