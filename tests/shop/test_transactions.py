"""A service's transaction: whole, retried as a whole, and joined to the caller's."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError, transaction

from shop.errors import Busy
from shop.models import Category
from shop.transactions import ATTEMPTS, TryAgain, before_commit, transactional

DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock")
CHANGED = OperationalError(1020, "Record has changed since last read")
LOCK_WAIT = OperationalError(1205, "Lock wait timeout exceeded")
SQLITE_LOCKED = OperationalError("database is locked")
SYNTAX = OperationalError(1064, "You have an error in your SQL syntax")

pytestmark = pytest.mark.django_db


def a_service_that_fails(*, times: int, error: Exception) -> tuple[Callable[[], int], list[int]]:
    """A service that writes a row and then fails so many times, and the list of its runs."""
    runs: list[int] = []

    @transactional
    def service() -> int:
        runs.append(len(runs) + 1)
        Category.objects.create(slug=f"run-{len(runs)}", name="Run")
        if len(runs) <= times:
            raise error
        return len(runs)

    return service, runs


@pytest.mark.parametrize("error", [DEADLOCK, CHANGED])
def test_transactional_runs_the_whole_service_again_after_a_deadlock(error: OperationalError) -> None:
    service, runs = a_service_that_fails(times=2, error=error)

    assert service() == 3
    assert runs == [1, 2, 3]
    assert list(Category.objects.values_list("slug", flat=True)) == ["run-3"]


def test_transactional_says_busy_when_every_attempt_lost() -> None:
    service, runs = a_service_that_fails(times=ATTEMPTS, error=DEADLOCK)

    with pytest.raises(Busy) as refusal:
        service()

    assert len(runs) == ATTEMPTS
    assert refusal.value.status == 503
    assert refusal.value.retry_after_seconds is not None
    assert not Category.objects.exists()


@pytest.mark.parametrize("error", [LOCK_WAIT, SQLITE_LOCKED])
def test_transactional_says_busy_at_once_when_a_lock_was_not_granted_in_time(error: OperationalError) -> None:
    service, runs = a_service_that_fails(times=1, error=error)

    with pytest.raises(Busy):
        service()

    assert runs == [1]
    assert not Category.objects.exists()


@pytest.mark.parametrize("error", [SYNTAX, IntegrityError(1062, "Duplicate entry"), ValueError("a bug")])
def test_transactional_leaves_other_errors_alone_and_rolls_back(error: Exception) -> None:
    service, runs = a_service_that_fails(times=1, error=error)

    with pytest.raises(type(error)):
        service()

    assert runs == [1]
    assert not Category.objects.exists()


def test_transactional_joins_the_transaction_of_a_calling_service() -> None:
    inner, _ = a_service_that_fails(times=0, error=DEADLOCK)

    @transactional
    def outer() -> None:
        inner()
        raise ValueError("after the inner one is through")

    with pytest.raises(ValueError, match="after the inner one"):
        outer()

    assert not Category.objects.exists()


def test_transactional_retries_only_the_outermost_service() -> None:
    inner, runs = a_service_that_fails(times=1, error=DEADLOCK)
    outer_runs: list[int] = []

    @transactional
    def outer() -> int:
        outer_runs.append(1)
        return inner()

    assert outer() == 2
    assert len(outer_runs) == 2
    assert runs == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_transactional_inside_a_plain_atomic_block_joins_it() -> None:
    service, _ = a_service_that_fails(times=0, error=DEADLOCK)

    with pytest.raises(ValueError, match="the block fails"), transaction.atomic():
        service()
        raise ValueError("the block fails")

    assert not Category.objects.exists()


def a_service_that_leaves_work(said: list[str], *, fails: int = 0) -> Callable[[], str]:
    """A service within a service that leaves work for the end; the work says TryAgain so many times."""
    runs: list[int] = []

    def work() -> None:
        runs.append(1)
        said.append("work")
        if len(runs) <= fails:
            raise TryAgain

    @transactional
    def inner() -> None:
        before_commit(work)
        said.append("inner")

    @transactional
    def outer() -> str:
        inner()
        said.append("outer")
        return "answer"

    return outer


def test_before_commit_is_the_last_thing_of_the_outermost_service() -> None:
    said: list[str] = []

    assert a_service_that_leaves_work(said)() == "answer"
    assert said == ["inner", "outer", "work"]


def test_before_commit_that_says_try_again_runs_everything_again_and_itself_once_more() -> None:
    said: list[str] = []

    assert a_service_that_leaves_work(said, fails=1)() == "answer"
    assert said == ["inner", "outer", "work"] * 2


def test_before_commit_of_a_service_that_failed_is_forgotten() -> None:
    said: list[str] = []

    @transactional
    def failing() -> None:
        before_commit(lambda: said.append("work"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    transactional(lambda: None)()

    assert said == []


def test_before_commit_outside_a_service_is_now() -> None:
    said: list[str] = []

    before_commit(lambda: said.append("work"))

    assert said == ["work"]
