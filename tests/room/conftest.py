"""A room with nobody in it, a clock that the test moves, and no picture that is older than it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shop.room import measure, services
from shop.room.models import Room
from tests.factories import NOW

OPENS_AT = NOW + timedelta(minutes=20)


@pytest.fixture(autouse=True)
def _no_pictures(settings: Any) -> Iterator[None]:
    settings.ROOM_PICTURE_SECONDS = 0
    services.forget_pictures()
    yield
    services.forget_pictures()
    measure.rest()


@pytest.fixture
def room(db: None) -> Room:
    """Twenty minutes before the sale. One may wait already."""
    return plan()


def plan(**changes: Any) -> Room:
    facts: dict[str, Any] = {
        "key": "evening",
        "name": "Evening drop",
        "address": "/p/runner/",
        "opens_at": OPENS_AT,
        "ends_at": None,
        "now": NOW,
    }
    return services.plan_room(**{**facts, **changes})
