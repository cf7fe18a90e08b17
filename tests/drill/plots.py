"""The geometry of the report's plots. Every number leaves here as text, ready for an SVG attribute."""

from bisect import bisect_right
from dataclasses import dataclass, field
from math import ceil, log10

from tests.drill.answers import KINDS, Answer, percentile
from tests.drill.ledger import Moment

TOP, BOTTOM, LEFT, RIGHT = 14, 28, 38, 10
SLOWEST_MS, FASTEST_MS = 10_000, 1


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: its place along the axis, and what is written there."""

    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled path and the class that colours it."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Note:
    """A moment worth a line and a few words."""

    x: str
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing: its box, its axes, what is in it. The same data is drawn once for phones and once for desks."""

    name: str
    width: str
    height: str
    left: str
    right: str
    bottom: str
    label_y: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    shapes: list[Shape]
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the latency plot: its silhouette and the places of its percentiles."""

    label: str
    label_y: str
    base: str
    path: str
    marks: list[Tick]


@dataclass(frozen=True, slots=True)
class LatencyPlot:
    """Silhouettes above each other on one logarithmic axis."""

    name: str
    width: str
    height: str
    left: str
    right: str
    bottom: str
    label_y: str
    x_ticks: list[Tick]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels of the drawing area, and the values at its far ends."""

    width: int
    height: int
    x_most: float
    y_most: float

    def x(self, value: float) -> float:
        return LEFT + (self.width - LEFT - RIGHT) * min(max(value, 0), self.x_most) / self.x_most

    def y(self, value: float) -> float:
        return self.height - BOTTOM - (self.height - TOP - BOTTOM) * min(max(value, 0), self.y_most) / self.y_most


def draw_units(moments: list[Moment], *, start: float, end: float, stock: int, name: str, width: int) -> Plot:
    """Sold, held and available units, stacked, as steps over the seconds of the sale."""
    frame = Frame(width, 260, max(end - start, 1), max(stock, 1))
    points = _sample(moments, start=start, end=end, count=frame.width)
    bands = [
        ("sold", [0 for _ in points], [moment.allocated for _, moment in points]),
        ("held", [moment.allocated for _, moment in points], [moment.allocated + moment.held for _, moment in points]),
        ("free", [moment.allocated + moment.held for _, moment in points], [moment.on_hand for _, moment in points]),
    ]
    seconds = [second for second, _ in points]
    shapes = [Shape(kind, _band(frame, seconds, lows, highs)) for kind, lows, highs in bands]
    return _plot(frame, name=name, shapes=shapes, y_step=_round_step(stock / 4), notes=_unit_notes(frame, points))


def draw_answers(answers: list[Answer], *, start: float, end: float, name: str, width: int) -> Plot:
    """Answers a second by kind, as stacked columns."""
    columns = 24 if width < 500 else 48
    span = max(end - start, 1)
    counts = [dict.fromkeys(KINDS, 0) for _ in range(columns)]
    for answer in answers:
        column = int((answer.ended_at - start) / span * columns)
        if 0 <= column < columns:
            counts[column][answer.kind] += 1
    per_second = columns / span
    highest = max((sum(kinds.values()) for kinds in counts), default=0) * per_second
    frame = Frame(width, 220, span, max(highest * 1.05, 1))
    paths = dict.fromkeys(KINDS, "")
    for column, kinds in enumerate(counts):
        low = 0.0
        for kind, count in kinds.items():
            if count:
                high = low + count * per_second
                paths[kind] += _box(frame, column / per_second, (column + 0.86) / per_second, low, high)
                low = high
    shapes = [Shape(f"k{KINDS.index(kind)}", path) for kind, path in paths.items() if path]
    return _plot(frame, name=name, shapes=shapes, y_step=_round_step(highest / 4))


def draw_latencies(answers: list[Answer], *, steps: list[str], name: str, width: int) -> LatencyPlot:
    """Per step, how the times spread on a logarithmic axis from 1 ms to 10 s, with p50, p95 and p99."""
    bins = 44 if width < 500 else 76
    row_height, label_height = 50, 18
    left, right = 4, width - RIGHT
    height = len(steps) * row_height + BOTTOM

    def x(milliseconds: float) -> float:
        share = log10(min(max(milliseconds, FASTEST_MS), SLOWEST_MS)) / log10(SLOWEST_MS)
        return left + (right - left) * share

    rows = []
    for position, step in enumerate(steps):
        values = sorted(answer.seconds * 1000 for answer in answers if answer.step == step)
        base = (position + 1) * row_height
        counts = [0] * bins
        for value in values:
            counts[min(int((x(value) - left) / (right - left) * bins), bins - 1)] += 1
        marks = [Tick(_text(x(percentile(values, share))), label) for share, label in PERCENTILES]
        path = _silhouette(counts, left=left, right=right, base=base, height=row_height - label_height - 4)
        rows.append(Row(step, _text(base - row_height + 14), _text(base), path, marks))
    ticks = [Tick(_text(x(value)), label) for value, label in ((1, "1 ms"), (10, "10"), (100, "100"), (1000, "1 s"))]
    return LatencyPlot(
        name=name,
        width=str(width),
        height=str(height),
        left=str(left),
        right=_text(right),
        bottom=_text(len(steps) * row_height),
        label_y=_text(height - 8),
        x_ticks=ticks,
        rows=rows,
    )


PERCENTILES = ((0.50, "p50"), (0.95, "p95"), (0.99, "p99"))


def _sample(moments: list[Moment], *, start: float, end: float, count: int) -> list[tuple[float, Moment]]:
    """The counters at `count` even moments of the sale, each with its second."""
    times = [moment.at for moment in moments]
    nothing = Moment(start, 0, 0, 0)
    samples = []
    for index in range(count + 1):
        second = (end - start) * index / count
        position = bisect_right(times, start + second) - 1
        samples.append((second, moments[position] if position >= 0 else nothing))
    return samples


def _band(frame: Frame, seconds: list[float], lows: list[int], highs: list[int]) -> str:
    """Out along the upper edge in steps, back along the lower one."""
    out = f"M{_text(frame.x(seconds[0]))} {_text(frame.y(highs[0]))}"
    for index in range(1, len(seconds)):
        if highs[index] != highs[index - 1] or index == len(seconds) - 1:
            out += f"H{_text(frame.x(seconds[index]))}V{_text(frame.y(highs[index]))}"
    out += f"V{_text(frame.y(lows[-1]))}"
    for index in range(len(seconds) - 2, -1, -1):
        if lows[index] != lows[index + 1] or index == 0:
            out += f"H{_text(frame.x(seconds[index + 1]))}V{_text(frame.y(lows[index]))}"
    return out + f"H{_text(frame.x(seconds[0]))}Z"


def _unit_notes(frame: Frame, points: list[tuple[float, Moment]]) -> list[Note]:
    """When the last free unit was taken for the first time, and when the last unit was paid for."""
    notes = []
    gone = next((second for second, moment in points if moment.on_hand and moment.available <= 0), None)
    if gone is not None:
        notes.append(_note(frame, gone, f"all held after {gone:.1f} s"))
    sold = next((second for second, moment in points if moment.on_hand and moment.allocated >= moment.on_hand), None)
    if sold is not None:
        notes.append(_note(frame, sold, f"all sold after {sold:.0f} s"))
    return notes


def _note(frame: Frame, second: float, label: str) -> Note:
    is_right = frame.x(second) > frame.width / 2
    x = frame.x(second)
    return Note(_text(x), label, "end" if is_right else "start")


def _plot(frame: Frame, *, name: str, shapes: list[Shape], y_step: int, notes: list[Note] | None = None) -> Plot:
    x_step = _round_step(frame.x_most / (4 if frame.width < 500 else 8))
    x_values = range(0, int(frame.x_most) + 1, x_step)
    y_values = range(0, int(frame.y_most) + 1, y_step)
    return Plot(
        name=name,
        width=str(frame.width),
        height=str(frame.height),
        left=str(LEFT),
        right=str(frame.width - RIGHT),
        bottom=str(frame.height - BOTTOM),
        label_y=str(frame.height - 8),
        x_ticks=[Tick(_text(frame.x(value)), f"{value} s") for value in x_values],
        y_ticks=[Tick(_text(frame.y(value)), str(value)) for value in y_values],
        shapes=shapes,
        notes=notes or [],
    )


def _box(frame: Frame, start: float, end: float, low: float, high: float) -> str:
    left, right = _text(frame.x(start)), _text(frame.x(end))
    return f"M{left} {_text(frame.y(low))}V{_text(frame.y(high))}H{right}V{_text(frame.y(low))}Z"


def _silhouette(counts: list[int], *, left: float, right: float, base: float, height: float) -> str:
    """Steps as high as the counts, the highest `height` pixels; what occurred at all is at least a pixel and a half."""
    most = max(counts, default=0) or 1
    step = (right - left) / len(counts)
    path = f"M{_text(left)} {_text(base)}"
    for index, count in enumerate(counts):
        rise = max(count / most * height, 1.5) if count else 0
        path += f"V{_text(base - rise)}H{_text(left + step * (index + 1))}"
    return path + f"V{_text(base)}Z"


def _round_step(rough: float) -> int:
    """The next step up from `rough` that people count in: 1, 2, 5, 10, 20 …"""
    rough = max(rough, 1)
    power = 10 ** int(log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= ceil(rough) or factor == 10)


def _text(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
