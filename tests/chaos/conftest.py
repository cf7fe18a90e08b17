"""A small private shop with short timers, for those who take parts of it away."""

import os
from collections.abc import Iterator

import pytest

from tests.drill.house import TIMERS, House, private_house

SHORT = TIMERS | {"HOLD_SECONDS": "5", "PAYMENT_WINDOW_SECONDS": "6", "EXPIRY_INTERVAL_SECONDS": "1"}


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test run's own settings and servers must not reach into a shop that a test starts."""
    for name in [name for name in os.environ if name.startswith(("DJANGO_", "DEMO", "SITE_URL"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def house(clean_environment: None) -> Iterator[House]:
    """The house of the drill."""
    with private_house(timers=SHORT) as running:
        yield running
