"""How fast the room lets people in: more while the shop answers quickly, less as soon as it does not.

The rule is that of a network that shares a road: while answers come within the target and people wait, a tenth more
each second; when they do not, or somebody was told that the shop is busy, a third less at once.
"""

from dataclasses import dataclass

MORE = 1.10
LEAST_STEP = 0.25
LESS = 0.67
BUSY_SHARE = 0.01
FEW = 5
"""So many answers say something about the shop; fewer may be chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the shop did in the last seconds, room excluded."""

    requests: int = 0
    seconds: float = 0.0
    """How long all answers took together."""
    busy: int = 0
    """Answers that said the shop was too busy, or failed."""

    @property
    def mean_seconds(self) -> float:
        """How long an answer took; 0.0 when there was none."""
        return self.seconds / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Between what the rate moves. Rates are people a second."""

    first: float
    least: float
    most: float
    target_seconds: float
    most_inside: int
    """0: as many as the pace brings in."""


def next_rate(rate: float, *, measured: Measured, limits: Limits, cap: float | None, is_wanted: bool) -> float:
    """The rate for the next second. `cap` is the staff's; `is_wanted` says whether anybody waits.

    With nobody waiting it stays: a pace that was not tried is no pace that was measured.
    """
    if rate <= 0:
        rate = limits.first
    if measured.requests >= FEW and _is_strained(measured, limits=limits):
        rate *= LESS
    elif is_wanted:
        rate = max(rate * MORE, rate + LEAST_STEP)
    rate = min(max(rate, limits.least), limits.most)
    return rate if cap is None else min(rate, cap)


def _is_strained(measured: Measured, *, limits: Limits) -> bool:
    return measured.mean_seconds > limits.target_seconds or measured.busy > measured.requests * BUSY_SHARE


def called_now(*, credit: float, waiting: int, inside: int, limits: Limits) -> int:
    """How many numbers come up at this moment: what the pace has saved up, as far as there are people and room."""
    called = min(int(credit), waiting)
    if limits.most_inside:
        called = min(called, max(limits.most_inside - inside, 0))
    return called
