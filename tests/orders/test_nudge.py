"""Nudges: one that waits is enough, one that has begun is not, and a cache that is away costs nothing."""

from typing import Any

import pytest
from celery import current_app
from django.core.cache import cache
from redis.exceptions import ConnectionError as CacheAway

from orders import tasks
from orders.services import begin_nudged
from orders.services.nudge import nudge_after_commit

pytestmark = pytest.mark.django_db(transaction=True)
REFUNDS, MESSAGES = "orders.tasks.send_due_refunds", "orders.tasks.send_due_messages"


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[str]:
    """What the broker was given, and keeps: no worker takes it."""
    settings.NUDGES_ARE_JOINED = True
    cache.clear()
    waiting: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: waiting.append(name))
    return waiting


def test_nudges_join_the_one_that_waits(queue: list[str]) -> None:
    for _ in range(3):
        nudge_after_commit(REFUNDS)
    nudge_after_commit(MESSAGES)

    assert queue == [REFUNDS, MESSAGES]


@pytest.mark.parametrize(("name", "task"), [(REFUNDS, tasks.send_due_refunds), (MESSAGES, tasks.send_due_messages)])
def test_nudge_after_the_task_began_is_one_more(queue: list[str], name: str, task: Any) -> None:
    nudge_after_commit(name)
    task()
    nudge_after_commit(name)

    assert queue == [name, name]


def test_nudges_do_not_join_where_web_and_worker_share_no_cache(queue: list[str], settings: Any) -> None:
    settings.NUDGES_ARE_JOINED = False
    for _ in range(2):
        nudge_after_commit(REFUNDS)

    assert queue == [REFUNDS, REFUNDS]


def test_cache_that_is_away_keeps_no_nudge_back(queue: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **options: object) -> None:
        raise CacheAway("the cache is away")

    monkeypatch.setattr(cache, "add", away)
    monkeypatch.setattr(cache, "delete", away)
    nudge_after_commit(REFUNDS)
    begin_nudged(REFUNDS)
    nudge_after_commit(REFUNDS)

    assert queue == [REFUNDS, REFUNDS]
