"""The report of a soak that never happened: complete, self-contained, and it says when a law is broken."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.drill.answers import Answer, count_kinds, latencies_by_step
from tests.drill.options import BadOption
from tests.soak.laws import Law
from tests.soak.options import Options, read_options
from tests.soak.outcome import write_report

HELD = Law("Paid orders without stock or terms", 0, 0, True)
BROKEN = Law("Refunds <lost>", 2, 0, False, ["refund 1", "refund 2"])


def _write(path: Path, *laws: Law) -> str:
    answers = [
        Answer(shopper="s", step=step, started_at=second, ended_at=second + 0.02, status=201)
        for second in range(40)
        for step in ("add", "check out", "pay")
    ]
    result: dict[str, Any] = {
        "orders": 2000,
        "seconds": 300,
        "started": "1 January 2026, 20:00:00",
        "laws": [law.as_row() for law in laws],
        "kills": {"worker": 3, "beat": 1},
        "faults": {"lose": 612, "drop": 530},
        "money": {"captured": 3_000_000, "refunded": 1_000_000, "kept": 2_000_000, "live orders": 2_000_000},
        "swept_after_seconds": {"p50": 2.0, "p95": 7.2, "most": 9.1},
        "order_ends": Counter({"PAID": 1000, "EXPIRED": 400}),
        "refund_ends": Counter({"SUCCEEDED": 300, "FAILED": 7}),
        "timeline": Counter({"PLACED": 2000, "PAID_LATE_KEPT": 200}),
        "shoppers": {"pays": 700, "pays late": 200},
        "answers": count_kinds(answers),
        "latencies": latencies_by_step(answers),
        "settings": {"Seed": "1212"},
    }
    write_report(path, result=result, answers=answers, started_at=0, ended_at=40)
    return path.read_text()


def test_report_says_exact_and_loads_nothing(tmp_path: Path) -> None:
    page = _write(tmp_path / "report.html", HELD)

    assert '<h1 class="held">Exact.</h1>' in page
    assert "2,000 orders in 5 minutes" in page
    assert re.findall(r"(?:src|href)=", page) == []
    assert page.count('<svg class="plot') == 4
    for words in ("Webhook never posted", "612", "Worker killed", "Paid late kept", "3,000,000"):
        assert words in page


def test_report_says_what_is_broken(tmp_path: Path) -> None:
    page = _write(tmp_path / "report.html", HELD, BROKEN)

    assert '<h1 class="gone">One law broken.</h1>' in page
    assert "Refunds &lt;lost&gt;: broken" in page
    assert "2; should be 0; refund 1; refund 2" in page


def test_nothing_set_is_the_usual_soak() -> None:
    assert read_options({"ORDERS": ""}) == Options(orders=2000, seed=1212, minutes=30, shoppers=24)


def test_bad_option_is_refused_with_its_name_and_the_repair() -> None:
    with pytest.raises(BadOption) as refusal:
        read_options({"ORDERS": "5"})

    assert str(refusal.value) == "ORDERS=5 is out of range. Set ORDERS to a number from 20 to 20000."
