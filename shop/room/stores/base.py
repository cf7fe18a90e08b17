"""What a room asks of its store. Nothing in a store is the only copy of anything: it may be lost at any moment."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shop.room.pace import Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the row of a room says. A copy lies in the store, so that looking needs no SQL."""

    key: str
    name: str
    address: str
    opens_at: datetime
    doors_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    is_stopped: bool
    cap_per_minute: int | None
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A room at one moment, in one round trip."""

    facts: Facts
    is_drawn: bool
    issued: int
    """The highest number that anybody has."""
    serving: int
    """The highest number that has come up."""
    early: int
    """How many lots lie in the box."""
    rate: float
    """People a second."""
    credit: float
    """What the pace has saved up of the next person."""
    ticked_at: datetime
    restored_at: datetime
    """When this store began to know the room. Whoever has an older ticket may not be in it."""
    steps: list[tuple[float, int]] = field(default_factory=list)
    """Seconds since the epoch, and the highest number that came up then; oldest first."""
    left: list[int] = field(default_factory=list)
    """Numbers of people who gave up their place, ascending, as far as they have not come up."""
    figures: dict[str, int] = field(default_factory=dict)
    """left, refused."""
    inside: int = 0
    """Passes that are not over."""


class Store(Protocol):
    """One contract for every store; `tests/room/test_stores.py` holds each to it."""

    def restore(
        self, facts: Facts, *, reserved: int, serving: int, issued: int, lots: list[str], now: datetime
    ) -> bool:
        """Begin anew with what the database knows. False, and nothing changed, if the room is known already."""

    def keep(self, facts: Facts) -> None:
        """Keep new facts of a room that is known."""

    def forget(self, key: str) -> None:
        """Drop everything about a room."""

    def read(self, key: str, *, now: datetime) -> Reading | None:
        """The room as it is; None if this store knows nothing of it."""

    def put_lot(self, key: str, lot: str) -> None:
        """Put a lot into the box, once."""

    def lots_before(self, key: str, lot: str) -> int:
        """How many lots in the box come before this one."""

    def lots(self, key: str) -> list[str]:
        """The box, in the order of the draw."""

    def close_box(self, key: str, *, issued: int, reserved: int) -> None:
        """Lots are drawn: numbers up to `issued` are taken, and up to `reserved` may be given away."""

    def number_for(self, key: str, ticket: str) -> int | None:
        """The number of this ticket, the next one if it has none; None if numbers must be reserved first."""

    def allow(self, key: str, *, reserved: int) -> None:
        """Numbers up to `reserved` may be given away."""

    def next_tick(self, key: str, *, now: datetime, every_ms: int) -> bool:
        """Whether the caller is the one who moves the room on at this moment."""

    def advance(
        self, key: str, *, serving: int, rate: float, credit: float, steps: list[tuple[float, int]], now: datetime
    ) -> None:
        """Move the room on. A number that has come up never goes back."""

    def leave(self, key: str, number: int) -> None:
        """Somebody gave this number up."""

    def count(self, key: str, figure: str, *, by: int = 1) -> None:
        """Count for the staff."""

    def come_in(self, key: str, ticket: str, *, until: datetime) -> None:
        """A pass was given out; it is over at `until`."""

    def go_out(self, key: str, ticket: str) -> None:
        """Its holder left the sale."""

    def take_seat(self, key: str, address: str, ticket: str, *, limit: int) -> bool:
        """Whether this address may have one more place; the same ticket asks twice and takes one."""

    def take_units(self, address: str, hold: str, units: int, *, limit: int, now: datetime) -> bool:
        """Whether this address may hold so many units more, or less, in this hold; then they are counted."""

    def units_of(self, address: str) -> dict[str, tuple[int, datetime]]:
        """Hold to its units and when they were counted last. It may be over since: the store does not know."""

    def give_units(self, address: str, holds: list[str]) -> None:
        """These holds are over."""

    def tries(self, who: str, *, now: datetime, seconds: int) -> int:
        """Count one more try, and say how many there were in these seconds."""

    def measure(self, *, second: int, measured: Measured) -> None:
        """Add what one process did in this second."""

    def measured(self, *, until: int, seconds: int) -> Measured:
        """What all processes did in so many seconds before `until`."""


def facts_as_json(facts: Facts) -> dict[str, Any]:
    """Facts for a store that keeps text."""
    return {
        "key": facts.key,
        "name": facts.name,
        "address": facts.address,
        "opens_at": facts.opens_at.isoformat(),
        "doors_at": facts.doors_at.isoformat(),
        "ends_at": facts.ends_at.isoformat() if facts.ends_at else None,
        "ended_at": facts.ended_at.isoformat() if facts.ended_at else None,
        "is_stopped": facts.is_stopped,
        "cap_per_minute": facts.cap_per_minute,
        "secret": facts.secret,
    }


def facts_of_json(kept: dict[str, Any]) -> Facts:
    """The other way round."""
    moments = {name: kept[name] and datetime.fromisoformat(kept[name]) for name in MOMENTS}
    return Facts(**{**kept, **moments})


MOMENTS = ("opens_at", "doors_at", "ends_at", "ended_at")
FIGURES = ("left", "refused")
