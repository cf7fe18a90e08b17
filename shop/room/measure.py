"""How the shop is doing, while a room is open: what each process answered, second by second.

On an ordinary day nobody asks, and a request pays one comparison.
"""

import logging
import threading
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from shop.errors import ShopError
from shop.room.pace import Measured
from shop.room.stores import current_store

logger = logging.getLogger(__name__)

# So long after somebody looked at a room its process goes on measuring.
WATCHED_SECONDS = 60
NOT_MEASURED = ("/rooms/", "/api/v1/rooms/", "/static/", "/media/", "/healthz", "/readyz", "/admin/")
BUSY = 500

Handler = Callable[[HttpRequest], HttpResponse]


class _Watch:
    """What this process has seen in the running second."""

    def __init__(self) -> None:
        self.until = 0.0
        self._lock = threading.Lock()
        self._second = 0
        self._seen = Measured()

    def add(self, *, second: int, seconds: float, is_busy: bool) -> tuple[int, Measured] | None:
        """Count one answer; the last second when it is over, for the store."""
        with self._lock:
            done = None
            if second != self._second:
                done = (self._second, self._seen) if self._seen.requests else None
                self._second, self._seen = second, Measured()
            self._seen = Measured(
                requests=self._seen.requests + 1,
                seconds=self._seen.seconds + seconds,
                busy=self._seen.busy + is_busy,
            )
            return done


_watch = _Watch()


def watch() -> None:
    """Measure from now on, for a while."""
    _watch.until = time.monotonic() + WATCHED_SECONDS


def rest() -> None:
    """Measure nothing until somebody watches again."""
    _watch.until = 0.0


class MeasureMiddleware:
    """Times every answer of the shop while a room is open."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if time.monotonic() > _watch.until or request.path.startswith(NOT_MEASURED):
            return self.get_response(request)
        started = time.monotonic()
        answer = self.get_response(request)
        took = time.monotonic() - started
        done = _watch.add(second=int(time.time()), seconds=took, is_busy=answer.status_code >= BUSY)
        if done is not None:
            second, measured = done
            try:
                current_store().measure(second=second, measured=measured)
            except ShopError:
                logger.warning("What the shop did in second %s could not be kept.", second)
        return answer
