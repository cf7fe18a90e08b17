"""The plots of docs/benchmarks.md: SVG that stands alone, by day and by night."""

from dataclasses import dataclass
from math import log10
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from tests.benchmarks import figures as names
from tests.benchmarks.figures import CONNECTIONS, Figures
from tests.benchmarks.goals import Goal
from tests.drill.plots import Tick

FOLDER = Path(__file__).parent
WIDTH = 760
SERIES = (names.L0, names.L0_BINLOG, names.BARE, names.RESERVE, names.RESERVE_BINLOG, names.HOLD)
SLOWEST, FASTEST = 10, 20_000
FURTHEST = 100
"""A figure a hundred times away from its goal is drawn at the edge."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its path, its points, and its name at the end of it."""

    kind: str
    path: str
    dots: list[tuple[str, str]]
    name: str
    legend_y: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure: from the line of its goal to where it is."""

    kind: str
    x: str
    y: str
    width: str
    label: str
    label_y: str


def draw_rates(figures: Figures) -> str:
    """Calls a second over connections, on a logarithmic axis."""
    left, right, top, bottom = 60, 500, 20, 300

    def y(rate: float) -> float:
        share = log10(min(max(rate, SLOWEST), FASTEST) / SLOWEST) / log10(FASTEST / SLOWEST)
        return bottom - (bottom - top) * share

    places = [left + 30 + (right - left - 60) * index / (len(CONNECTIONS) - 1) for index in range(len(CONNECTIONS))]
    lines = []
    for position, name in enumerate(SERIES):
        rates = [figures.middle(name, count).rate for count in CONNECTIONS]
        dots = [(_text(x), _text(y(rate))) for x, rate in zip(places, rates, strict=True)]
        path = "M" + "L".join(f"{x} {y}" for x, y in dots)
        lines.append(Line(f"k{position}", path, dots, name, _text(top + 20 + 24 * position)))
    return _render(
        "rates.svg",
        height=bottom + 40,
        left=left,
        right=right,
        bottom=bottom,
        lines=lines,
        x_ticks=[Tick(_text(x), str(count)) for x, count in zip(places, CONNECTIONS, strict=True)],
        y_ticks=[Tick(_text(y(value)), f"{value:,}") for value in (10, 100, 1000, 10_000)],
    )


def draw_goals(goals: list[Goal]) -> str:
    """How many times better or worse than its goal each figure is, on a logarithmic axis; the line is the goal."""
    left, right, row_height = 330, WIDTH - 20, 22
    middle = (left + right) / 2
    rows = [(goal, part) for goal in goals for part in goal.parts if part.limit]
    bars = []
    for position, (goal, part) in enumerate(rows):
        times = part.limit / part.value if part.is_ceiling and part.value else part.value / part.limit
        share = log10(min(max(times, 1 / FURTHEST), FURTHEST)) / log10(FURTHEST)
        end = middle + (right - middle) * share
        top = 8 + row_height * position
        bars.append(
            Bar(
                "met" if part.met else "missed",
                _text(min(middle, end)),
                _text(top),
                _text(max(abs(end - middle), 1)),
                f"{goal.short}: {part.name}",
                _text(top + 12),
            )
        )
    bottom = 8 + row_height * len(rows)
    ticks = [(1 / 100, "100 × worse"), (1 / 10, "10 ×"), (1, "goal"), (10, "10 ×"), (100, "better")]
    return _render(
        "goals.svg",
        height=bottom + 30,
        left=left,
        right=right,
        bottom=bottom,
        middle=_text(middle),
        bars=bars,
        x_ticks=[
            Tick(_text(middle + (right - middle) * log10(times) / log10(FURTHEST)), label) for times, label in ticks
        ],
    )


def _render(template: str, *, height: float, left: float, right: float, bottom: float, **content: Any) -> str:
    box = {"width": WIDTH, "height": height, "left": left, "right": right, "bottom": bottom, "label_y": bottom + 20}
    context = Context({name: _text(place) for name, place in box.items()} | content)
    return Engine(dirs=[str(FOLDER)]).get_template(template).render(context)


def _text(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
