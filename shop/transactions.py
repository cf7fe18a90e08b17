"""How a service owns its transaction: durable, retried as a whole, and honest when the database is the wall."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from shop.errors import Busy

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
# 1213 deadlock (with Galera also at COMMIT) and 1020 record changed: InnoDB rolled back, the same work may run again.
RETRYABLE = {1020, 1213}
LOCK_WAIT_TIMEOUT = 1205

# What the service of this thread does right before COMMIT.
_pending = threading.local()


class TryAgain(Exception):
    """Somebody changed a row between our look and our write: roll back, and run the whole transaction once more."""


def transactional(service: Callable[P, R]) -> Callable[P, R]:
    """Run the service in one transaction: its own when it is called from a door, the caller's when from a service.

    The outermost is durable and is retried *whole*, up to five times with 2-20 ms jitter, when InnoDB picks it as a
    deadlock victim or the service says TryAgain; therefore a service does nothing outside the database before it
    returns (`on_commit` does).

    :raises Busy: if a lock was not granted in time, or every retry lost.
    """

    @retried
    @wraps(service)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic(durable=True), _last_things():
            return service(*args, **kwargs)

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return service(*args, **kwargs) if joins_a_transaction() else alone(*args, **kwargs)

    return run


def retried(work: Callable[P, R]) -> Callable[P, R]:
    """Run work that owns its transaction again when the database undid it. See `transactional`, for what writes late.

    :raises Busy: if a lock was not granted in time, or every retry lost.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return work(*args, **kwargs)
            except (OperationalError, TryAgain) as error:
                if not _may_retry(error):
                    raise
                if attempt == ATTEMPTS or is_lock_wait(error):
                    raise Busy() from error
                time.sleep(random.uniform(0.002, 0.020))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable: the loop returns or raises")

    return run


def before_commit(work: Callable[[], None]) -> None:
    """Do this as the last thing of the outermost service's transaction. It may say TryAgain, like everything in it.

    It is for the statement that others wait for: what came after it would be read and written while they wait. Asked
    for twice, the same is done once. Where no service owns the transaction, it is done now.
    """
    pending: list[Callable[[], None]] | None = getattr(_pending, "works", None)
    if pending is None:
        work()
    elif work not in pending:
        pending.append(work)


def joins_a_transaction() -> bool:
    """Whether whoever asks is inside a transaction that somebody else has opened."""
    # The blocks that Django's TestCase opens around a test do not count, as in Atomic's own check for durable=True.
    blocks = connection.atomic_blocks
    return bool(blocks) and not getattr(blocks[-1], "_from_testcase", False)


@contextmanager
def _last_things() -> Iterator[None]:
    _pending.works = []
    try:
        yield
        for work in _pending.works:
            work()
    finally:
        _pending.works = None


def is_lock_wait(error: Exception) -> bool:
    """Whether the database gave up waiting for a lock that somebody else holds."""
    return _code(error) == LOCK_WAIT_TIMEOUT or "database is locked" in str(error)


@contextmanager
def consistent_snapshot() -> Iterator[None]:
    """Read several tables as they were at one moment, while others go on writing.

    On MariaDB by REPEATABLE READ for this one transaction; SQLite's transactions are snapshots anyway. Inside another
    transaction it reads what that one sees.
    """
    if connection.vendor == "mysql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    with transaction.atomic():
        yield


def _may_retry(error: Exception) -> bool:
    return isinstance(error, TryAgain) or is_lock_wait(error) or _code(error) in RETRYABLE


def _code(error: Exception) -> object:
    return error.args[0] if error.args else None
