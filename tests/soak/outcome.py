"""What is left of a soak: tables on the terminal, result.json and report.html."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.drill.answers import Answer, count_kinds, latencies_by_step, percentile
from tests.drill.books import Books
from tests.drill.report import labelled, page_context, write_page
from tests.drill.screen import Screen, print_latencies
from tests.soak.crowd import Crowd
from tests.soak.laws import SHOP_CURRENCY, Facts, Law
from tests.soak.options import Options
from tests.soak.shoppers import Habit

FOLDER = Path(__file__).resolve().parent.parent.parent / "var" / "soak"
STEPS = ("look", "add", "details", "check out", "open payment", "pay", "pay again", "cancel", "see result")
FAULT_WORDS = {
    "lose": "webhook never posted",
    "forget": "answer to a webhook lost, posted again",
    "delay": "webhook delayed",
    "double": "webhook doubled",
    "reorder": "webhook overtaken",
    "drop": "API answer lost after the work",
    "error": "API out of order (503)",
    "slow": "API slow",
    "decline": "declined by the bank",
    "refund_pend": "refund takes its time",
    "refund_fail": "refund fails at first",
    "refund_refuse": "refund refused, each try",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What had become of everything when the dust had settled."""

    facts: Facts
    crowd: Crowd
    kills: dict[str, int]
    ended_at: float


def write_outcome(
    *,
    options: Options,
    ends: Ends,
    laws: list[Law],
    answers: list[Answer],
    settings: dict[str, str],
    logs: Mapping[str, str],
    screen: Screen,
    folder: Path,
) -> bool:
    """Print and write everything; whether every law was met."""
    is_exact = all(law.met for law in laws)
    result = {
        "met": is_exact,
        "orders": len(ends.facts.books.orders),
        "seed": options.seed,
        "seconds": round(ends.ended_at - ends.crowd.started_at),
        "started": f"{datetime.fromtimestamp(ends.crowd.started_at, tz=UTC).astimezone():%-d %B %Y, %H:%M %Z}",
        "laws": [law.as_row() for law in laws],
        "kills": ends.kills,
        "faults": ends.facts.provider.faults,
        "provider": {"calls": ends.facts.provider.calls, "webhooks": ends.facts.provider.webhooks},
        "money": money_of(ends.facts),
        "swept_after_seconds": swept_after(ends.facts.books),
        "order_ends": Counter(order.status for order in ends.facts.books.orders),
        "refund_ends": Counter(refund.status for refund in ends.facts.books.refunds),
        "timeline": Counter(kind for order in ends.facts.books.orders for kind in order.events),
        "shoppers": {str(habit): ends.crowd.by_habit[habit] for habit in Habit if ends.crowd.by_habit[habit]},
        "answers": count_kinds(answers),
        "latencies": latencies_by_step(answers),
        "troubles": ends.crowd.troubles.most_common(20),
        "options": asdict(options),
        "settings": settings,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "books.json").write_text(json.dumps(asdict(ends.facts)) + "\n", encoding="utf-8")
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(answer.as_row()) + "\n" for answer in answers)
    for name, text in logs.items():
        (folder / f"{name}.log").write_text(text, encoding="utf-8")
    write_report(
        folder / "report.html",
        result=result,
        answers=answers,
        started_at=ends.crowd.started_at,
        ended_at=ends.crowd.ended_at,
    )
    _print(screen.console, result, laws)
    screen.console.print(f"{folder}/report.html and result.json, books.json, answers.jsonl, the logs", soft_wrap=True)
    return is_exact


def money_of(facts: Facts) -> dict[str, int]:
    """The provider's books in the shop's currency, minor units: what came, what went, what is left and for what."""
    charges = [charge for charge in facts.provider.charges if charge.currency == SHOP_CURRENCY]
    captured = sum(charge.amount for charge in charges)
    charged_back = sum(charge.amount for charge in charges if charge.is_charged_back)
    refunded = sum(one.amount for one in facts.provider.refunds if one.is_through and one.currency == SHOP_CURRENCY)
    return {
        "captured": captured,
        "refunded": refunded,
        "charged back": charged_back,
        "kept": captured - refunded - charged_back,
        "live orders": sum(facts.live.values()),
        "on the staff queue": sum(one.amount_minor for one in facts.on_the_queue if one.currency == SHOP_CURRENCY),
    }


def swept_after(books: Books) -> dict[str, float]:
    """How many seconds after its end a hold was tidied up: it counted for nothing meanwhile."""
    late = sorted(
        row.ended_at - row.expires_at
        for row in books.reservations
        if row.state == "EXPIRED" and row.ended_at is not None
    )
    return {name: round(percentile(late, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95), ("most", 1))}


def write_report(
    path: Path, *, result: dict[str, Any], answers: list[Answer], started_at: float, ended_at: float
) -> None:
    """Write the report of a soak to `path`. `result` is the document that goes to result.json."""
    laws = [{"name": law["name"], "ok": law["met"], "detail": _detail(law)} for law in result["laws"]]
    shown = result | {"laws": laws, "sentence": sentence(result), "figures": _figures(result)}
    context = page_context(shown, answers, steps=STEPS, started_at=started_at, ended_at=ended_at) | {
        "money": labelled(result["money"]),
        "faults": labelled(
            {words: result["faults"].get(kind, 0) for kind, words in FAULT_WORDS.items()}
            | {f"{part} killed": times for part, times in result["kills"].items()}
        ),
        "orders": labelled(
            {kind.replace("_", " ").lower(): count for kind, count in result["order_ends"].most_common()}
        ),
        "habits": labelled(result["shoppers"]),
        "timeline": labelled({kind.replace("_", " ").lower(): n for kind, n in result["timeline"].most_common()}),
    }
    write_page(path, "report.html", context, folder=Path(__file__).parent)


def sentence(result: dict[str, Any]) -> str:
    """What happened, in one breath."""
    money = result["money"]
    return (
        f"{result['orders']:,} orders in {result['seconds'] / 60:.0f} minutes, through a provider that lost three of "
        f"ten messages and answers, with the worker killed {result['kills']['worker']} times. The provider took "
        f"{money['captured']:,} {SHOP_CURRENCY} and sent {money['refunded']:,} back; live orders are worth "
        f"{money['live orders']:,}."
    )


def _detail(law: dict[str, Any]) -> str:
    value, expected = (f"{one:,}" if isinstance(one, int) else one for one in (law["value"], law["expected"]))
    if not law["met"]:
        return "; ".join([f"{value}; should be {expected}", *law.get("breaches", [])])
    if value == expected:
        return "none" if value == "0" else value
    return f"{value} ({expected})"


def _figures(result: dict[str, Any]) -> dict[str, str]:
    met = sum(law["met"] for law in result["laws"])
    return {
        "orders": f"{result['orders']:,}",
        "laws held": f"{met} of {len(result['laws'])}",
        "faults played": f"{sum(result['faults'].values()):,}",
        "refunds": f"{sum(result['refund_ends'].values()):,}",
        "wait for staff": f"{result['refund_ends']['FAILED']:,}",
        "server errors": f"{result['answers']['server error']:,}",
        "p95 until a hold was swept": f"{result['swept_after_seconds']['p95']:.0f} s",
    }


def _print(console: Console, result: dict[str, Any], laws: list[Law]) -> None:
    print_latencies(console, result["latencies"])
    for heading, counts in (("Faults", result["faults"]), ("Orders", result["order_ends"]), ("Money", result["money"])):
        table = Table(title=heading, title_justify="left", title_style="bold", show_header=False)
        for name, count in counts.items():
            table.add_row(name, Text(f"{count:,}", justify="right"))
        console.print(table)
    table = Table(title="The laws", title_justify="left", title_style="bold")
    for heading in ("", "Law", "Found", "Should be"):
        table.add_column(heading, overflow="fold")
    for law in laws:
        mark = Text("held", style="green") if law.met else Text("BROKEN", style="bold red")
        table.add_row(mark, Text(law.name), Text("\n".join([str(law.value), *law.breaches])), Text(str(law.expected)))
    console.print(table)
    for trouble, times in result["troubles"]:
        console.print(f"{times} × {trouble}", markup=False)
    verdict = "[bold green]Exact.[/bold green]" if result["met"] else "[bold red]A law is broken.[/bold red]"
    console.print(f"{verdict} {sentence(result)}")
