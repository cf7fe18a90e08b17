"""A small soak, from the first server to the last law: with every fault, and the worker killed three times."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.soak.options import Options
from tests.soak.play import TIMERS, soak

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

OPTIONS = Options(orders=60, seed=12, minutes=3, shoppers=12)
SHORT = TIMERS | {
    "HOLD_SECONDS": "20",
    "PAYMENT_WINDOW_SECONDS": "8",
    "PAYMENT_SILENCE_SECONDS": "8",
    "EXPIRY_INTERVAL_SECONDS": "1",
    "REFUND_RETRY_SECONDS": "0.1",
}


def test_no_money_is_lost_in_a_small_soak(clean_environment: None, tmp_path: Path) -> None:
    is_exact = asyncio.run(soak(OPTIONS, timers=SHORT, folder=tmp_path))

    result = json.loads((tmp_path / "result.json").read_text())
    assert [law for law in result["laws"] if not law["met"]] == []
    assert is_exact
