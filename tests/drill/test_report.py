"""The report of a sale that never happened: complete, self-contained, and it says when a law is broken."""

import random
import re
from pathlib import Path
from typing import Any

import pytest

from tests.drill.answers import Answer, latencies_by_step
from tests.drill.laws import Law, laws_of_answers, laws_of_books
from tests.drill.ledger import counters_over_time
from tests.drill.report import Sale, write_report
from tests.drill.sample import SKU, SampleSale, refusal

UNITS = 20


def _played() -> tuple[SampleSale, list[Answer]]:
    """Forty shoppers after twenty units: half of the first twenty abandon, the rest and the late ones pay."""
    chance = random.Random(7)
    sale = SampleSale(units=UNITS, hold_seconds=10)
    answers = []
    for number in range(UNITS):
        at = 1 + number * 0.05
        sale.reserve(f"a{number}", at=at)
        answers.append(_answer("add", at, chance))
    for number in range(0, UNITS, 2):
        at = 4 + number * 0.2
        sale.pay(f"a{number}", at=at)
        answers += [_answer(step, at + 0.1, chance) for step in ("check out", "pay", "see result")]
    answers += [refusal(start=2 + i * 0.05, end=2 + i * 0.05 + chance.lognormvariate(-4, 0.6)) for i in range(120)]
    for number in range(1, UNITS, 2):
        sale.expire(f"a{number}", at=11.5 + number * 0.05)
        sale.reserve(f"b{number}", at=11.6 + number * 0.05)
        sale.pay(f"b{number}", at=15 + number * 0.2)
        answers.append(_answer("pay", 15 + number * 0.2, chance))
    return sale, answers


def _answer(step: str, at: float, chance: random.Random) -> Answer:
    seconds = chance.lognormvariate(-3.4, 0.7)
    return Answer(shopper="s", step=step, started_at=at - seconds, ended_at=at, status=201)


def _write(path: Path, *, further: list[Law]) -> str:
    played, answers = _played()
    books = played.books()
    judged = laws_of_books(books, answers, stocks={SKU: UNITS}, scarce=SKU, wanting=20)
    laws = [*judged, *laws_of_answers(answers), *further]
    result: dict[str, Any] = {
        "started": "1 January 2026, 20:00:00",
        "sentence": "40 shoppers wanted 20 units. 20 were sold, each to one of them, in 20 seconds.",
        "figures": {"shoppers": "40", "units": "20", "sold": "20", "sold twice": "0"},
        "settings": {"Seed": "1", "Hold": "10 s"},
        "shoppers": {"pays": {"came": 30, "held": 20, "ordered": 20, "bought": 20}},
        "latencies": latencies_by_step(answers),
        "laws": [law.as_row() for law in laws],
        "original": {
            "sentence": "Three shoppers asked for the last unit within a millisecond.",
            "rows": [{"who": "user1", "sent": "0.00 ms", "status": "201", "words": "held"}],
        },
    }
    moments = counters_over_time(books, sku=SKU)
    sale = Sale(moments=moments, answers=answers, started_at=0, ended_at=20, stock=UNITS)
    write_report(path, result=result, sale=sale)
    return path.read_text()


def test_report_says_exact_and_loads_nothing(tmp_path: Path) -> None:
    page = _write(tmp_path / "report.html", further=[])

    assert '<h1 class="held">Exact.</h1>' in page
    assert re.findall(r"(?:src|href)=", page) == []
    assert [link for link in re.findall(r"url\((.{5})", page) if link != "data:"] == []
    assert page.count('<svg class="plot') == 6
    assert "nan" not in re.sub(r"base64,[^)]*", "", page)


@pytest.mark.parametrize(("breaches", "verdict"), [(1, "One law broken."), (2, "2 laws broken.")])
def test_report_says_what_is_broken(tmp_path: Path, breaches: int, verdict: str) -> None:
    page = _write(tmp_path / "report.html", further=[Law("Nothing <odd>", False, "it was odd")] * breaches)

    assert f'<h1 class="gone">{verdict}</h1>' in page
    assert "Nothing &lt;odd&gt;: broken" in page
