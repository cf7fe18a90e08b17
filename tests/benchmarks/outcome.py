"""What is left of a run: tables on the terminal, result.json, and the generated part of docs/benchmarks.md."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks.chart import draw_goals, draw_rates
from tests.benchmarks.figures import Figures
from tests.benchmarks.goals import as_figure, goals_of
from tests.benchmarks.options import Options
from tests.drill.laws import Law
from tests.drill.screen import Screen, print_laws

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "var" / "bench"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
PLOTS = ROOT / "docs" / "images"
BEGIN, END = "<!-- From here to the end: written by `make bench DOCS=1`. -->\n", "<!-- The end. -->\n"


def write_outcome(
    *,
    options: Options,
    settings: dict[str, str],
    figures: Figures,
    laws: list[Law],
    screen: Screen,
    folder: Path = FOLDER,
) -> bool:
    """Print and write everything; whether every law held."""
    is_exact = all(law.ok for law in laws)
    broken = sum(not law.ok for law in laws)
    goals = goals_of(figures, levels=[10, 1000, options.holds], broken=broken)
    result = {
        "exact": is_exact,
        "goals": [goal.as_row() for goal in goals],
        "laws": [law.as_row() for law in laws],
        "figures": [
            {"name": name, "callers": callers} | asdict(figures.middle(name, callers))
            for name, callers in figures.points
        ],
        "rounds": [
            {"name": name, "callers": callers, "points": [asdict(point) for point in points]}
            for (name, callers), points in figures.points.items()
        ],
        "sweeps": figures.sweeps,
        "outcomes": figures.outcomes,
        "settings": settings,
        "options": asdict(options),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "tables.md").write_text(as_document(result), encoding="utf-8")
    plots = {"bench-rates.svg": draw_rates(figures), "bench-goals.svg": draw_goals(goals)}
    _write(folder, plots)
    if options.writes_docs:
        _write(PLOTS, plots)
        document = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(with_results(document, as_document(result)), encoding="utf-8")
    _print(screen.console, result, laws)
    screen.console.print("var/bench/result.json  var/bench/tables.md  var/bench/bench-*.svg")
    return is_exact


def with_results(document: str, results: str) -> str:
    """The document with everything between its two marks replaced.

    :raises ValueError: if it lacks a mark
    """
    before, rest = document.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{results}\n{END}{after}"


def as_document(result: dict[str, Any]) -> str:
    """The tables in Markdown."""
    settings = result["settings"]
    options = result["options"]
    goals = result["goals"]
    met = sum(row["met"] for row in goals)
    return "\n".join(
        [
            "## The last run",
            "",
            f"{settings['started']}; {settings['cores']} cores, load average {settings['load before']} before; "
            f"MariaDB {settings['database']}, Python {settings['python']}; {settings['server']}; the crowd is "
            f"{settings['crowd']}. Medians of {settings['rounds']} rounds, {options['cell_ms'] / 1000:g} s a cell.",
            "",
            *_warning(settings),
            f"**{met} of {len(goals)} goals met.**",
            "",
            "![Calls a second by connections](images/bench-rates.svg)",
            "",
            "![How far each figure is from its goal](images/bench-goals.svg)",
            "",
            *_table(
                ["", "line", "goal", "measured", "yardstick of the same run"],
                [
                    ["met" if row["met"] else "missed", row["name"], row["goal"], row["value"], row["yardstick"]]
                    for row in goals
                ],
            ),
            "",
            "## All figures",
            "",
            *_table(
                ["what", "callers", "a second", "p50 ms", "p99 ms", "SQL statements a call", "web CPU ms a call"],
                [_figure_row(row) for row in result["figures"]],
            ),
            "",
            f"Sweep, released a second, round by round: {', '.join(f'{rate:,.0f}' for rate in result['sweeps'])}.",
            "",
            "## The laws",
            "",
            *_table(
                ["", "law", "figures"],
                [["held" if law["ok"] else "BROKEN", law["name"], law["detail"]] for law in result["laws"]],
            ),
            "",
        ]
    )


def _warning(settings: dict[str, str]) -> list[str]:
    """A sentence for a run on a machine that was busy before it began, and its empty line."""
    if float(settings["load before"]) < int(settings["cores"]) / 2:
        return []
    return [
        "**Measured under load: others used the machine all the time.** Rates and latencies vary widely from round to "
        "round; statements and CPU a call are what to trust.",
        "",
    ]


def _figure_row(row: dict[str, Any]) -> list[str]:
    return [
        row["name"],
        str(row["callers"]),
        as_figure(row["rate"]),
        as_figure(row["p50"]),
        as_figure(row["p99"]),
        *("" if row[cost] is None else as_figure(row[cost]) for cost in ("statements", "cpu")),
    ]


def _table(headings: list[str], rows: list[list[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]


def _write(folder: Path, plots: dict[str, str]) -> None:
    for name, plot in plots.items():
        (folder / name).write_text(plot, encoding="utf-8")


def _print(console: Console, result: dict[str, Any], laws: list[Law]) -> None:
    table = Table(title="Goals", title_justify="left", title_style="bold")
    for heading in ("", "Line", "Goal", "Measured", "Yardstick"):
        table.add_column(heading, overflow="fold")
    for row in result["goals"]:
        mark = Text("met", style="green") if row["met"] else Text("missed", style="yellow")
        table.add_row(mark, row["name"], row["goal"], row["value"], row["yardstick"])
    console.print(table)
    print_laws(console, laws)
