"""What was measured: one point a cell and round, and how rounds are put together."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

L0, L0_BINLOG, RESERVE, RESERVE_BINLOG = "L0", "L0, binlog on", "reserve()", "reserve(), binlog on"
BARE, NOTHING = "no-op view", "no-op view behind the middleware"
HOLD, SOLD_OUT, ORDER, ADD_BY_PAGE = "hold over the API", "hold of what is sold out", "order", "add to cart by page"
WARM, COLD = "product page, warm", "product page, cold"
ALONE, SWEPT = "holds without a sweep", "holds during the sweep"
CONNECTIONS = (1, 8, 32, 64)


def held(count: int) -> str:
    """The name of reserve() beside so many live holds."""
    return f"reserve() beside {count:,} live holds"


def listing(count: int) -> str:
    """The name of the first page of a shelf with so many products."""
    return f"listing of {count:,} products"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One cell in one round: calls a second, milliseconds, and what a call costs where somebody counted.

    `cpu` is the web server's time on a core for one call, in milliseconds: unlike a rate it says the same on a machine
    that others use too.
    """

    rate: float
    p50: float
    p99: float
    statements: float | None = None
    cpu: float | None = None


Key = tuple[str, int]


@dataclass(slots=True)
class Figures:
    """All points by what was done and by how many; sweeps; what the callers were told."""

    points: dict[Key, list[Point]] = field(default_factory=dict)
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    sweeps: list[float] = field(default_factory=list)
    """Released a second, one a round."""

    def rates(self, name: str, callers: int) -> list[float]:
        return [point.rate for point in self.points[name, callers]]

    def best_rates(self, name: str) -> list[float]:
        """Round by round, the best of all numbers of connections."""
        return [max(rates) for rates in zip(*(self.rates(name, count) for count in CONNECTIONS), strict=True)]

    def ratio(self, name: str, callers: int, *, to: list[float]) -> float:
        """The median over the rounds of this rate to the yardstick's of the same round."""
        return median_ratio(self.rates(name, callers), to)

    def middle(self, name: str, callers: int) -> Point:
        """The medians over the rounds, each figure for itself."""
        points = self.points[name, callers]
        return Point(
            rate=median(point.rate for point in points),
            p50=median(point.p50 for point in points),
            p99=median(point.p99 for point in points),
            statements=_middle_of(point.statements for point in points),
            cpu=_middle_of(point.cpu for point in points),
        )


def _middle_of(values: Iterable[float | None]) -> float | None:
    counted = [value for value in values if value is not None]
    return median(counted) if counted else None


def median_ratio(values: list[float], yardsticks: list[float]) -> float:
    """The median of value by yardstick, pair by pair. A yardstick of nothing gives nothing."""
    pairs = zip(values, yardsticks, strict=True)
    return median(value / yardstick if yardstick else 0.0 for value, yardstick in pairs)
