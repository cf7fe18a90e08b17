"""Several shoppers at one moment, each with a database connection of their own, on MariaDB.

Every race test has a control: the same scenario with the lock or the condition off must show the race. A pause widens
the gap between look and write, in the test and in its control alike, so that both meet the same interleavings.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

PAUSE_SECONDS = 0.03
ROUNDS = 20


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls in threads that start together. What each returned, or the exception that it raised, in order."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=10)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(calls)) as threads:
        return list(threads.map(run, calls))


def seen_within_rounds(scenario: Callable[[], bool]) -> bool:
    """Whether the scenario showed its race at least once in ROUNDS tries."""
    return any(scenario() for _ in range(ROUNDS))


def without_checks(call: Callable[[], Any]) -> Callable[[], Any]:
    """The call on a connection that does not enforce CHECK constraints: what the application alone would do."""

    def unchecked() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET check_constraint_checks = 0")
        return call()

    return unchecked


class Inside:
    """How many threads were inside a piece of code at one moment."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                time.sleep(PAUSE_SECONDS)
                return function(*args, **kwargs)
            finally:
                self.now -= 1

        return watched
