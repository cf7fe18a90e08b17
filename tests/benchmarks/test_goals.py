"""The arithmetic of the goals: ratios inside one round, medians over rounds, every line with its figures."""

from collections import Counter
from xml.etree import ElementTree

import pytest

from tests.benchmarks import figures as names
from tests.benchmarks.callers import Cell, divide
from tests.benchmarks.chart import draw_goals, draw_rates
from tests.benchmarks.figures import CONNECTIONS, Figures, Point, median_ratio
from tests.benchmarks.goals import Part, as_figure, goals_of
from tests.benchmarks.laws import laws_of
from tests.benchmarks.options import read_options
from tests.benchmarks.outcome import BEGIN, END, as_document, with_results
from tests.drill.options import BadOption

LEVELS = [10, 1000, 100_000]
LINES = [
    "reserve",
    "waiting",
    "hold",
    "sold out",
    "live holds",
    "order",
    "add-to-cart",
    "product page",
    "sweep",
    "always",
]


def _figures() -> Figures:
    """A run of three rounds on a machine that halves its speed from round to round and meets every goal."""
    rates = {
        names.L0: 1000,
        names.L0_BINLOG: 400,
        names.RESERVE: 700,
        names.RESERVE_BINLOG: 1100,
        names.BARE: 500,
        names.NOTHING: 450,
        names.HOLD: 320,
        names.SOLD_OUT: 460,
        names.ORDER: 60,
        names.ADD_BY_PAGE: 110,
        names.WARM: 210,
        names.COLD: 70,
        names.ALONE: 300,
        names.SWEPT: 290,
        **{names.held(level): 650 for level in LEVELS},
    }
    figures = Figures(sweeps=[6000.0, 5500.0, 7000.0])
    for name, rate in rates.items():
        for callers in CONNECTIONS:
            figures.points[name, callers] = [
                Point(rate=rate / slower, p50=2, p99=8, statements=0.05) for slower in (1, 2, 4)
            ]
    return figures


def _missed(figures: Figures, *, broken: int = 0) -> list[str]:
    goals = goals_of(figures, levels=LEVELS, broken=broken)
    return [line for line, goal in zip(LINES, goals, strict=True) if not goal.met]


def test_a_machine_that_slows_down_between_rounds_changes_no_ratio() -> None:
    assert _missed(_figures()) == []


@pytest.mark.parametrize(
    ("name", "callers", "point", "line"),
    [
        (names.RESERVE, 8, {"rate": 490}, "reserve"),
        (names.RESERVE, 32, {"rate": 590}, "reserve"),
        (names.RESERVE, 8, {"p99": 10.1}, "reserve"),
        (names.RESERVE, 32, {"p99": 41}, "reserve"),
        (names.RESERVE_BINLOG, 64, {"rate": 990}, "waiting"),
        (names.HOLD, 32, {"rate": 240}, "hold"),
        (names.HOLD, 32, {"p99": 51}, "hold"),
        (names.SOLD_OUT, 32, {"rate": 440}, "sold out"),
        (names.SOLD_OUT, 32, {"statements": 0.2}, "sold out"),
        (names.held(100_000), 8, {"rate": 580}, "live holds"),
        (names.ORDER, 8, {"rate": 49}, "order"),
        (names.ADD_BY_PAGE, 8, {"rate": 99}, "add-to-cart"),
        (names.WARM, 8, {"rate": 190}, "product page"),
        (names.WARM, 8, {"statements": 1.5}, "product page"),
        (names.COLD, 8, {"rate": 59}, "product page"),
        (names.COLD, 8, {"statements": 6.5}, "product page"),
        (names.SWEPT, 8, {"p99": 12.5}, "sweep"),
    ],
)
def test_one_figure_below_its_goal_misses_its_line_alone(
    name: str, callers: int, point: dict[str, float], line: str
) -> None:
    figures = _figures()
    worse = {"rate": figures.points[name, callers][0].rate, "p50": 2, "p99": 8, "statements": 0.05} | point
    figures.points[name, callers] = [
        Point(**worse | {"rate": worse["rate"] / slower})  # type: ignore[arg-type]
        for slower in (1, 2, 4)
    ]

    assert _missed(figures) == [line]


def test_a_slow_sweep_and_a_broken_law_are_missed() -> None:
    figures = _figures()
    figures.sweeps = [6000.0, 4000.0, 4900.0]

    assert _missed(figures, broken=1) == ["sweep", "always"]


def test_l0_is_the_best_of_all_connections_round_by_round() -> None:
    figures = Figures()
    for callers, rates in zip(CONNECTIONS, ([9, 1], [5, 4], [1, 7], [2, 2]), strict=True):
        figures.points[names.L0, callers] = [Point(rate=rate, p50=1, p99=1) for rate in rates]

    assert figures.best_rates(names.L0) == [9, 7]


def test_a_ratio_is_the_median_of_the_rounds_and_nothing_of_nothing() -> None:
    assert median_ratio([1, 30, 2], [10, 10, 10]) == 0.2
    assert median_ratio([5], [0]) == 0


def test_a_row_says_the_line_as_text_and_its_figures_as_numbers() -> None:
    row = goals_of(_figures(), levels=LEVELS, broken=0)[2].as_row()

    assert row["goal"] == "of L0 ≥ 0.25, of the no-op view ≥ 0.60, p99 ≤ 50 ms"
    assert row["value"] == "of L0 0.32, of the no-op view 0.64, p99 8 ms"
    assert row["yardstick"] == "L0 500/s, no-op view 250/s"
    assert row["met"] is True
    assert [part["value"] for part in row["parts"]] == [0.32, 0.64, 8]


def test_a_limit_is_met_when_it_is_reached() -> None:
    assert Part(name="", limit=0.5, value=0.5).met
    assert not Part(name="", limit=0.5, value=0.499).met
    assert Part(name="", limit=50, value=50, is_ceiling=True).met
    assert not Part(name="", limit=50, value=50.1, is_ceiling=True).met


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0523, "0.052"), (0.314, "0.31"), (1.5, "1.50"), (2.44, "2.4"), (17.2, "17"), (1234.5, "1,234")],
)
def test_figures_are_written_as_exact_as_they_are(value: float, text: str) -> None:
    assert as_figure(value) == text


def test_a_cell_counts_from_the_first_call_to_the_last_answer() -> None:
    cell = Cell(Counter(granted=4), [(10.0, 10.5), (10.5, 11.0), (10.0, 11.0), (11.0, 12.0)])

    assert cell.rate == 2
    assert cell.milliseconds(0.5) == 500
    assert cell.milliseconds(0.99) == 1000
    assert cell.until(10.6).calls == 3
    assert Cell(Counter(), []).rate == 0


@pytest.mark.parametrize(
    ("callers", "processes", "shares"),
    [(1, 2, [(0, 1), (1, 0)]), (8, 2, [(0, 4), (4, 4)]), (7, 3, [(0, 3), (3, 2), (5, 2)])],
)
def test_callers_are_divided_evenly(callers: int, processes: int, shares: list[tuple[int, int]]) -> None:
    assert divide(callers, processes) == shares


BOOKS = {"held": {"BENCH-RUSH": 30, "BENCH-HTTP": 5, "BENCH-PAGE": 1, "BENCH-SERVICE": 9}, "drifts": []}


def _run(**told: dict[str, int]) -> Figures:
    figures = Figures()
    every = {
        "rush": {"granted": 30, "sold out": 2970},
        names.SOLD_OUT: {"sold out": 400},
        names.HOLD: {"granted": 5},
        names.ADD_BY_PAGE: {"granted": 1},
        names.RESERVE: {"granted": 9},
        names.RESERVE_BINLOG: {"granted": 9},
    }
    figures.outcomes = {name: Counter(counts) for name, counts in (every | told).items()}
    return figures


def _broken(figures: Figures, **books: object) -> list[int]:
    laws = laws_of(figures, books=[BOOKS | books, BOOKS], units=30)
    return [position for position, law in enumerate(laws) if not law.ok]


def test_an_exact_run_breaks_no_law() -> None:
    assert _broken(_run()) == []


def test_each_law_breaks_alone() -> None:
    assert _broken(_run(rush={"granted": 31, "sold out": 2969})) == [0]
    assert _broken(_run(**{names.HOLD: {"granted": 5, "sold out": 1}})) == [1]
    assert _broken(_run(**{names.HOLD: {"granted": 6}})) == [2]
    assert _broken(_run(), drifts=["BENCH-HTTP at DRILL: held"]) == [3]
    assert _broken(_run(**{names.ORDER: {"granted": 2, "answered 500": 1}})) == [4]


def test_busy_is_an_honest_answer() -> None:
    assert _broken(_run(**{names.HOLD: {"granted": 5, "busy": 3}})) == []


def test_results_replace_what_stood_between_the_marks() -> None:
    document = f"# Benchmarks\n{BEGIN}\nold\n{END}after\n"

    assert with_results(document, "new") == f"# Benchmarks\n{BEGIN}\nnew\n{END}after\n"
    with pytest.raises(ValueError, match="unpack"):
        with_results("no marks", "new")


@pytest.mark.parametrize(("load", "is_busy"), [("0.2", False), ("9.5", True)])
def test_the_document_has_every_line_and_says_when_the_machine_was_busy(load: str, is_busy: bool) -> None:
    goals = [goal.as_row() for goal in goals_of(_figures(), levels=LEVELS, broken=0)]
    settings = dict.fromkeys(["started", "database", "python", "server", "crowd", "rounds"], "x")
    document = as_document(
        {
            "settings": settings | {"cores": "2", "load before": load},
            "options": {"cell_ms": 500},
            "goals": [*goals[1:], goals[0] | {"met": False}],
            "figures": [{"name": "L0", "callers": 1, "rate": 5.0, "p50": 1, "p99": 2, "statements": None, "cpu": 1.5}],
            "sweeps": [5000.0],
            "laws": [{"name": "a law", "ok": True, "detail": "none"}],
        }
    )

    assert all(f"| {goal['name']} | {goal['goal']} | {goal['value']} |" in document for goal in goals)
    assert "**9 of 10 goals met.**" in document
    assert "| L0 | 1 | 5 | 1 | 2 |  | 1.50 |" in document
    assert ("Measured under load" in document) is is_busy


def test_plots_are_well_formed() -> None:
    for plot in (draw_rates(_figures()), draw_goals(goals_of(_figures(), levels=LEVELS, broken=0))):
        assert ElementTree.fromstring(plot).tag.endswith("svg")  # noqa: S314 - our own


def test_options_are_read_and_refused() -> None:
    assert read_options({"ROUNDS": "2", "DOCS": "1"}).rounds == 2
    assert read_options({}).holds == 100_000
    with pytest.raises(BadOption, match="ROUNDS"):
        read_options({"ROUNDS": "21"})
