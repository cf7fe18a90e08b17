"""What a ticket is worth at this moment: computed from one reading of the room, without asking anybody."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.conf import settings

from shop.room.stores.base import Reading
from shop.room.tokens import Ticket

EXACT_UP_TO = 100
ROUNDED_TO = 10
BASIS_SECONDS = 60
SHORTEST_BASIS_SECONDS = 15
SOONEST_SECONDS, LATEST_SECONDS = 5, 60
LOOKS_ON_THE_WAY = 6


class Standing(StrEnum):
    """Where somebody stands with a room."""

    SHUT = "shut"
    """Too early: one cannot wait yet."""
    OUTSIDE = "outside"
    """No place."""
    BEFORE = "before"
    """In time for the draw."""
    IN_LINE = "in_line"
    TURN = "turn"
    MISSED = "missed"
    OVER = "over"
    """The sale is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a shopper is told. `before` is people in front, exact up to a hundred and rounded to ten beyond."""

    standing: Standing
    number: int = 0
    before: int = 0
    is_exact: bool = True
    seconds: int | None = None
    """How long it will take at the pace of the last minute; None where there is no pace to go by."""
    pace_per_minute: int | None = None
    kept_until: datetime | None = None
    is_stopped: bool = False
    ask_again_seconds: int = SOONEST_SECONDS
    waiting: int = 0
    """How many wait in all."""
    is_open: bool = True
    """Whether the sale has started."""

    @property
    def minutes(self) -> int | None:
        """The estimate in minutes, rounded up."""
        return None if self.seconds is None else max(1, -(-self.seconds // 60))


def is_over(reading: Reading, *, now: datetime) -> bool:
    """Whether nobody is let in any more."""
    facts = reading.facts
    return facts.ended_at is not None or (facts.ends_at is not None and facts.ends_at <= now)


def place_outside(reading: Reading, *, now: datetime) -> Place:
    """What somebody without a ticket is told."""
    standing = Standing.OUTSIDE
    if is_over(reading, now=now):
        standing = Standing.OVER
    elif now < reading.facts.doors_at:
        standing = Standing.SHUT
    return Place(
        standing=standing,
        waiting=_waiting(reading),
        is_stopped=reading.facts.is_stopped,
        is_open=now >= reading.facts.opens_at,
    )


def place_of(ticket: Ticket, reading: Reading, *, now: datetime) -> Place:
    """What this ticket is worth. A number that is 0 was not drawn yet."""
    if is_over(reading, now=now):
        return Place(standing=Standing.OVER)
    if ticket.number == 0:
        return _before_the_draw(reading, now=now)
    if ticket.number <= reading.serving:
        kept_until = called_at(ticket.number, reading) + timedelta(seconds=settings.ROOM_KEPT_SECONDS)
        standing = Standing.TURN if now < kept_until else Standing.MISSED
        return Place(standing=standing, number=ticket.number, kept_until=kept_until)
    return _in_line(ticket.number, reading, now=now)


def called_at(number: int, reading: Reading) -> datetime:
    """When this number came up. One that came up before the oldest step is as old as that step, or older."""
    for moment, serving in reading.steps:
        if serving >= number:
            return datetime.fromtimestamp(moment, tz=UTC)
    return reading.ticked_at


def pace(reading: Reading, *, now: datetime) -> float | None:
    """People a second in the last minute; None if there is too little to go by."""
    since = max(now.timestamp() - BASIS_SECONDS, reading.facts.opens_at.timestamp(), reading.restored_at.timestamp())
    seconds = now.timestamp() - since
    if seconds < SHORTEST_BASIS_SECONDS:
        return None
    earlier = [serving for moment, serving in reading.steps if moment <= since]
    came_up = reading.serving - (earlier[-1] if earlier else _first_serving(reading))
    return came_up / seconds if came_up > 0 else None


def rounded(people: int) -> int:
    """As it is told: exact when small, rounded to ten when large."""
    return people if people <= EXACT_UP_TO else round(people / ROUNDED_TO) * ROUNDED_TO


def _first_serving(reading: Reading) -> int:
    """What had come up before the first step that is still known."""
    return reading.steps[0][1] if reading.steps and reading.steps[0][0] <= reading.restored_at.timestamp() else 0


def _waiting(reading: Reading) -> int:
    return max(reading.issued - reading.serving - len(reading.left), 0) if reading.is_drawn else reading.early


def _before_the_draw(reading: Reading, *, now: datetime) -> Place:
    left = (reading.facts.opens_at - now).total_seconds()
    # Far away rarely, and then just after the doors open.
    ask_again = left / 3 if left > 3 * SOONEST_SECONDS else left + 1
    return Place(
        standing=Standing.BEFORE,
        ask_again_seconds=_bounded(ask_again) if left > 0 else SOONEST_SECONDS,
        waiting=reading.early,
        is_open=left <= 0,
        is_stopped=reading.facts.is_stopped,
    )


def _in_line(number: int, reading: Reading, *, now: datetime) -> Place:
    gone = bisect_left(reading.left, number)
    before = max(number - reading.serving - 1 - gone, 0)
    speed = None if reading.facts.is_stopped else pace(reading, now=now)
    seconds = None if speed is None else int((before + 1) / speed)
    return Place(
        standing=Standing.IN_LINE,
        number=number,
        before=rounded(before),
        is_exact=before <= EXACT_UP_TO,
        seconds=seconds,
        pace_per_minute=None if speed is None else round(speed * 60),
        is_stopped=reading.facts.is_stopped,
        ask_again_seconds=_bounded((before if seconds is None else seconds) / LOOKS_ON_THE_WAY),
        waiting=_waiting(reading),
    )


def _bounded(seconds: float) -> int:
    return int(min(max(seconds, SOONEST_SECONDS), LATEST_SECONDS))
