"""Switches: the locks off, and a pause between look and write."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet

from inventory.services.grant import Queue, grant_alone
from shop import rows
from tests.races.threads import PAUSE_SECONDS


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn SELECT … FOR UPDATE into a plain SELECT, everywhere."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **options: rows.all())


@pytest.fixture
def pause_before(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """`pause_before(module, "name")`: whoever calls module.name waits a moment first."""

    def pause(owner: Any, name: str) -> None:
        function = getattr(owner, name)

        def paused(*args: Any, **kwargs: Any) -> Any:
            time.sleep(PAUSE_SECONDS)
            return function(*args, **kwargs)

        monkeypatch.setattr(owner, name, paused)

    return pause


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every thread be a process of its own, as far as the grant goes: nobody is granted together with anybody.

    And statement by statement: between those of a single round trip no test can pause.
    """
    monkeypatch.setattr(Queue, "grant", lambda queue, wish: grant_alone(wish=wish))
    monkeypatch.setattr(rows, "one_transaction", transaction.atomic)
