"""What is left of a drill: the tables on the terminal, result.json and report.html."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.drill.answers import Answer, count_kinds, latencies_by_step
from tests.drill.books import Books
from tests.drill.laws import Law
from tests.drill.opening import Opening
from tests.drill.options import Options
from tests.drill.report import Sale, write_report
from tests.drill.sale import Crowd
from tests.drill.screen import Screen, print_latencies, print_laws
from tests.drill.shoppers import Habit

FOLDER = Path(__file__).resolve().parent.parent.parent / "var" / "drill"


def write_outcome(
    *,
    options: Options,
    settings: dict[str, str],
    opening: Opening,
    crowd: Crowd,
    sale: Sale,
    laws: list[Law],
    books: Books,
    sold: int,
    screen: Screen,
    room: dict[str, Any] | None = None,
    folder: Path = FOLDER,
) -> bool:
    """Print and write everything; whether every law held."""
    latencies = latencies_by_step([*opening.answers, *sale.answers])
    is_exact = all(law.ok for law in laws)
    result = {
        "ok": is_exact,
        "started": f"{datetime.fromtimestamp(crowd.started_at, tz=UTC).astimezone():%-d %B %Y, %H:%M %Z}",
        "sentence": _sentence(options, sale, sold=sold),
        "options": asdict(options) | {"staff_password": ""},
        "settings": settings,
        "figures": _figures(options, sale.answers, laws, latencies, sold=sold),
        "original": {"sentence": opening.sentence, "rows": opening.rows},
        "room": room or {},
        "answers": count_kinds(sale.answers),
        "shoppers": _shoppers(crowd),
        "latencies": latencies,
        "laws": [law.as_row() for law in laws],
        "troubles": Counter(shopper.trouble for shopper in crowd.shoppers if shopper.trouble).most_common(20),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(answer.as_row()) + "\n" for answer in sale.answers)
    (folder / "books.json").write_text(json.dumps(asdict(books)) + "\n", encoding="utf-8")
    write_report(folder / "report.html", result=result, sale=sale)
    _print(screen, result, laws=laws, latencies=latencies)
    return is_exact


def _sentence(options: Options, sale: Sale, *, sold: int) -> str:
    seconds = sale.ended_at - sale.started_at
    wanted = f"{options.shoppers:,} shoppers wanted {options.stock:,} units."
    return f"{wanted} {sold:,} were sold within {seconds:.0f} seconds."


def _figures(
    options: Options, answers: list[Answer], laws: list[Law], latencies: dict[str, dict[str, float]], *, sold: int
) -> dict[str, str]:
    kinds = count_kinds(answers)
    return {
        "shoppers": f"{options.shoppers:,}",
        "units": f"{options.stock:,}",
        "units sold": f"{sold:,}",
        "laws held": f"{sum(law.ok for law in laws)} of {len(laws)}",
        "answers": f"{len(answers):,}",
        "told \u201csold out\u201d": f"{kinds['sold out']:,}",
        "server errors": f"{kinds['server error']:,}",
        "p95 of an add": f"{latencies['add']['p95_ms']:.0f} ms",
    }


def _shoppers(crowd: Crowd) -> dict[str, dict[str, int]]:
    """By habit at the door: how many came, held a unit, ordered, and were told that it is paid."""
    table = {}
    for habit in Habit:
        those = [shopper for shopper in crowd.shoppers if shopper.came_as == habit]
        table[str(habit)] = {
            "came": len(those),
            "held": sum(shopper.has_held for shopper in those),
            "ordered": sum(shopper.has_ordered for shopper in those),
            "bought": sum(shopper.has_bought for shopper in those),
        }
    return table


def _print(screen: Screen, result: dict[str, Any], *, laws: list[Law], latencies: dict[str, dict[str, float]]) -> None:
    console = screen.console
    print_latencies(console, latencies)
    print_laws(console, laws)
    for trouble, times in result["troubles"]:
        console.print(f"{times} \u00d7 {trouble}", markup=False)
    verdict = "[bold green]Exact.[/bold green]" if result["ok"] else "[bold red]A law is broken.[/bold red]"
    console.print(f"{verdict} {result['sentence']}")
    console.print("var/drill/report.html  var/drill/result.json  var/drill/answers.jsonl  var/drill/books.json")
