"""Faults at work: each one that strikes is written down, so that a report can say what a merchant had to bear."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from django.http import HttpResponseBase, JsonResponse, StreamingHttpResponse

from orders.sandbox.faults import current_faults
from orders.sandbox.models import SandboxFault

# The longest is longer than a merchant waits.
SLOW_FROM_SECONDS, SLOW_SPREAD_SECONDS = 1.0, 5.5


def strike(kind: str, *subject: object, now: datetime) -> bool:
    """Whether this fault strikes this thing; if so, it is written down."""
    if not current_faults().strikes(kind, *subject):
        return False
    SandboxFault.objects.create(kind=kind, subject=" ".join(map(str, subject))[:120], happened_at=now)
    return True


def answer_with_trouble(
    work: Callable[[], HttpResponseBase], *, call: tuple[str, int] | None, now: datetime
) -> HttpResponseBase:
    """The answer of `work`: late, or lost on the way, or a 503 instead of any work, as the faults of this call are.

    `call` is the payment's reference and the number of the call; where there is no payment, nothing goes wrong.
    """
    if call is None:
        return work()
    if strike("error", *call, now=now):
        return JsonResponse({"error": "The provider is out of order."}, status=503)
    if strike("slow", *call, now=now):
        time.sleep(SLOW_FROM_SECONDS + SLOW_SPREAD_SECONDS * current_faults().chance("how slow", *call))
    answer = work()
    if not strike("drop", *call, now=now):
        return answer
    if current_faults().chance("how lost", *call) < 0.5:
        return JsonResponse({"error": "The provider stumbled after its work."}, status=500)
    return StreamingHttpResponse(_break_off(), content_type="application/json")


def _break_off() -> Iterator[bytes]:
    """The beginning of an answer, and then no connection any more."""
    yield b"{"
    raise ConnectionAbortedError("the sandbox provider loses this answer on purpose")
