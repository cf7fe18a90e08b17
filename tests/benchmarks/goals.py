"""The goals for a hot row, line by line, and whether the figures of a run meet them."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.benchmarks import figures as names
from tests.benchmarks.figures import Figures, median_ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One figure of a goal. `limit` is a floor, or a ceiling where `is_ceiling`."""

    name: str
    limit: float
    value: float
    is_ceiling: bool = False
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.value <= self.limit if self.is_ceiling else self.value >= self.limit

    @property
    def goal(self) -> str:
        return f"{self.name} {'≤' if self.is_ceiling else '≥'} {as_figure(self.limit)}{self.unit}"

    @property
    def said(self) -> str:
        return f"{self.name} {as_figure(self.value)}{self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One line of the table: met when each of its figures is. `short` is its name where there is little room."""

    name: str
    short: str
    yardstick: str
    parts: list[Part]

    @property
    def met(self) -> bool:
        return all(part.met for part in self.parts)

    def as_row(self) -> dict[str, Any]:
        """For result.json: the line as text, and its figures as numbers."""
        return {
            "name": self.name,
            "goal": ", ".join(part.goal for part in self.parts),
            "value": ", ".join(part.said for part in self.parts),
            "yardstick": self.yardstick,
            "met": self.met,
            "parts": [
                {"name": part.name, "goal": part.goal, "value": round(part.value, 4), "met": part.met}
                for part in self.parts
            ],
        }


def goals_of(figures: Figures, *, levels: list[int], broken: int) -> list[Goal]:
    """Every line of the goals. `levels` are the numbers of live holds; `broken` the laws that did not hold."""
    l0, l0_binlog = figures.best_rates(names.L0), figures.best_rates(names.L0_BINLOG)
    raw = f"L0 {median(l0):,.0f}/s"
    return [
        _reserve(figures, l0, raw),
        Goal(
            name="64 waiting callers, binlog on",
            short="64 callers, binlog on",
            yardstick=f"L0 with the binlog on {median(l0_binlog):,.0f}/s",
            parts=[Part(name="of L0", limit=2.5, value=figures.ratio(names.RESERVE_BINLOG, 64, to=l0_binlog))],
        ),
        _hold(figures, l0, raw),
        _sold_out(figures),
        _flat(figures, levels),
        _of_nothing(figures, "Placing an order over HTTP, 8 clients", names.ORDER, 0.10),
        _of_nothing(figures, "HTML add-to-cart, 8 clients", names.ADD_BY_PAGE, 0.20),
        _product(figures),
        _sweep(figures),
        Goal(
            name="Always: no unit oversold, no false “sold out”, ledger = counters, a row behind every grant",
            short="always",
            yardstick="the books after the run",
            parts=[Part(name="laws broken", limit=0, value=broken, is_ceiling=True)],
        ),
    ]


def _reserve(figures: Figures, l0: list[float], raw: str) -> Goal:
    parts = []
    for callers, floor, ceiling in ((8, 0.50, 10), (32, 0.60, 40)):
        middle = figures.middle(names.RESERVE, callers)
        parts += [
            Part(name=f"{callers} callers", limit=floor, value=figures.ratio(names.RESERVE, callers, to=l0)),
            Part(name=f"p99 at {callers}", limit=ceiling, value=middle.p99, is_ceiling=True, unit=" ms"),
        ]
    return Goal(name="reserve(), one hot SKU, 8 / 32 callers", short="reserve()", yardstick=raw, parts=parts)


def _hold(figures: Figures, l0: list[float], raw: str) -> Goal:
    nothing = figures.rates(names.BARE, 32)
    return Goal(
        name="POST of a hold over the whole HTTP API, 32 connections",
        short="hold over the API",
        yardstick=f"{raw}, {_nothing(figures, 32)}",
        parts=[
            Part(name="of L0", limit=0.25, value=figures.ratio(names.HOLD, 32, to=l0)),
            Part(name="of the no-op view", limit=0.60, value=figures.ratio(names.HOLD, 32, to=nothing)),
            Part(name="p99", limit=50, value=figures.middle(names.HOLD, 32).p99, is_ceiling=True, unit=" ms"),
        ],
    )


def _sold_out(figures: Figures) -> Goal:
    ratio = figures.ratio(names.SOLD_OUT, 32, to=figures.rates(names.BARE, 32))
    return Goal(
        name="A hundredfold demand, after sell-out, 32 connections",
        short="after sell-out",
        yardstick=_nothing(figures, 32),
        parts=[
            Part(name="of the no-op view", limit=0.90, value=ratio),
            _statements(figures, names.SOLD_OUT, 32, limit=0.1),
        ],
    )


def _flat(figures: Figures, levels: list[int]) -> Goal:
    few = figures.rates(names.held(levels[0]), 8)
    return Goal(
        name=f"{', '.join(f'{level:,}' for level in levels)} live holds",
        short="live holds",
        yardstick=f"reserve() at 8 callers beside {levels[0]:,}: {median(few):,.0f}/s",
        parts=[
            Part(name=f"beside {level:,}", limit=0.90, value=median_ratio(figures.rates(names.held(level), 8), few))
            for level in levels[1:]
        ],
    )


def _of_nothing(figures: Figures, name: str, key: str, floor: float) -> Goal:
    ratio = figures.ratio(key, 8, to=figures.rates(names.BARE, 8))
    return Goal(
        name=name,
        short=key,
        yardstick=_nothing(figures, 8),
        parts=[Part(name="of the no-op view", limit=floor, value=ratio)],
    )


def _product(figures: Figures) -> Goal:
    parts = []
    for key, word, floor, most in ((names.WARM, "warm", 0.40, 1), (names.COLD, "cold", 0.12, 6)):
        ratio = figures.ratio(key, 8, to=figures.rates(names.BARE, 8))
        parts += [
            Part(name=f"{word}, of the no-op view", limit=floor, value=ratio),
            _statements(figures, key, 8, limit=most, when=f"{word}, "),
        ]
    return Goal(
        name="Product page, guest, warm / cold, 8 clients",
        short="product page",
        yardstick=_nothing(figures, 8),
        parts=parts,
    )


def _sweep(figures: Figures) -> Goal:
    alone, swept = figures.points[names.ALONE, 8], figures.points[names.SWEPT, 8]
    slower = median_ratio([point.p99 for point in swept], [point.p99 for point in alone])
    return Goal(
        name="Sweep of expired holds under live traffic",
        short="sweep",
        yardstick=f"p99 of a hold without a sweep {median(point.p99 for point in alone):.0f} ms",
        parts=[
            Part(name="released", limit=5000, value=median(figures.sweeps), unit="/s"),
            Part(name="p99 of live traffic", limit=1.5, value=slower, is_ceiling=True, unit=" ×"),
        ],
    )


def _statements(figures: Figures, key: str, callers: int, *, limit: float, when: str = "") -> Part:
    counted = figures.middle(key, callers).statements
    assert counted is not None, f"nobody counted the statements of {key}"
    return Part(name=f"{when}statements a request", limit=limit, value=counted, is_ceiling=True)


def _nothing(figures: Figures, callers: int) -> str:
    return f"no-op view {figures.middle(names.BARE, callers).rate:,.0f}/s"


def as_figure(value: float) -> str:
    """As much of a number as can be trusted: 0.052, 0.31, 2.4, 17, 1,234."""
    if value >= 10 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 2 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
