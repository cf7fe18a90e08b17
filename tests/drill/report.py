"""The report: one HTML file with everything in it, readable by day and by night, on paper and on a phone."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from django.template import Context, Engine

from tests.drill.answers import KINDS, Answer, count_kinds
from tests.drill.books import Books
from tests.drill.ledger import Moment, counters_over_time
from tests.drill.plots import draw_answers, draw_latencies, draw_units
from tests.drill.sale import Crowd

FOLDER = Path(__file__).parent
FONT = FOLDER.parent.parent / "static" / "fonts" / "plus-jakarta-sans-latin-wght-normal.woff2"
NARROW, WIDE = 358, 1088
# The order in which a shopper meets them.
STEPS = (
    "sign in",
    "take a place",
    "wait",
    "come in",
    "look",
    "add",
    "details",
    "check out",
    "open payment",
    "pay",
    "see result",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What the plots are drawn from."""

    moments: list[Moment]
    answers: list[Answer]
    started_at: float
    ended_at: float
    stock: int

    @classmethod
    def of(cls, *, books: Books, sku: str, answers: list[Answer], crowd: Crowd, stock: int) -> Self:
        """The sale of this SKU, until the last shopper had left and the last unit had moved."""
        moments = counters_over_time(books, sku=sku)
        ended_at = max([crowd.ended_at, *(moment.at for moment in moments)])
        return cls(moments=moments, answers=answers, started_at=crowd.started_at, ended_at=ended_at, stock=stock)


def write_report(path: Path, *, result: dict[str, Any], sale: Sale) -> None:
    """Write the report of a drill to `path`. `result` is the document that goes to result.json."""
    shared = page_context(result, sale.answers, steps=STEPS, started_at=sale.started_at, ended_at=sale.ended_at)
    write_page(path, "report.html", shared | _context(result, sale), folder=FOLDER)


def write_page(path: Path, template: str, context: dict[str, Any], *, folder: Path) -> None:
    """Render a template of `folder`, which may extend `page.html`, to `path`."""
    engine = Engine(dirs=[str(folder), str(FOLDER)])
    path.write_text(engine.get_template(template).render(Context(context)), encoding="utf-8")


def page_context(
    result: dict[str, Any], answers: list[Answer], *, steps: Sequence[str], started_at: float, ended_at: float
) -> dict[str, Any]:
    """Everything that `page.html` prints, as text: it does no arithmetic. `steps` are drawn if they were taken."""
    kinds = count_kinds(answers)
    taken = [step for step in steps if step in result["latencies"]]
    broken = sum(not law["ok"] for law in result["laws"])
    return {
        "verdict": "Exact." if not broken else "One law broken." if broken == 1 else f"{broken} laws broken.",
        "is_exact": not broken,
        "font": b64encode(FONT.read_bytes()).decode(),
        "result": result,
        "figures": labelled(result["figures"]),
        "settings": labelled(result["settings"]),
        "answers": [
            draw_answers(answers, start=started_at, end=ended_at, name=name, width=width) for name, width in _sizes()
        ],
        "kinds": [
            {"key": f"k{index}", "label": kind, "count": f"{kinds[kind]:,}"}
            for index, kind in enumerate(KINDS)
            if kinds[kind]
        ],
        "latencies": [draw_latencies(answers, steps=taken, name=name, width=width) for name, width in _sizes()],
        "latency_rows": [{"step": step, **as_text(result["latencies"][step])} for step in taken],
    }


def labelled(values: dict[str, Any]) -> list[dict[str, Any]]:
    """For a list of labels and values."""
    return [{"label": label, "value": value} for label, value in as_text(values).items()]


def _context(result: dict[str, Any], sale: Sale) -> dict[str, Any]:
    """What only the drill prints."""
    span = {"start": sale.started_at, "end": sale.ended_at}
    sizes = _sizes() if sale.moments else ()
    return {
        "shoppers": [{"label": label, **counts} for label, counts in as_text(result["shoppers"]).items()],
        "room": labelled(result.get("room", {})),
        "units": [draw_units(sale.moments, **span, stock=sale.stock, name=name, width=width) for name, width in sizes],
    }


def _sizes() -> tuple[tuple[str, int], tuple[str, int]]:
    return ("narrow", NARROW), ("wide", WIDE)


def as_text(values: dict[str, Any]) -> dict[str, Any]:
    """Numbers with thousands separators, at every depth."""
    return {key: as_text(value) if isinstance(value, dict) else _number(value) for key, value in values.items()}


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
