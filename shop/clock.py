"""How a moment is written for people: absolute, 24 hours, with its zone, in the language that is active."""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.dateformat import format as written
from django.utils.translation import get_language

# Indonesian puts a full stop between hours and minutes.
CLOCK = {"en": "H:i", "id": "H.i"}


def clock_time(moment: datetime) -> str:
    """ "20:15 WIB" in the shop's zone."""
    local = timezone.localtime(moment)
    return f"{written(local, CLOCK.get(get_language() or '', 'H:i'))} {local.tzname()}"


def clock_time_with_seconds(moment: datetime) -> str:
    """ "20:06:40 WIB" in the shop's zone, for what is kept for a minute or two."""
    local = timezone.localtime(moment)
    separator = "." if get_language() == "id" else ":"
    return f"{written(local, f'H{separator}i{separator}s')} {local.tzname()}"


def day_words(day: date) -> str:
    """ "Fri 21 Aug 2026"."""
    return written(day, "D j M Y")


def day_and_time(moment: datetime) -> str:
    """ "Fri 21 Aug 2026, 20:15 WIB" in the shop's zone."""
    return f"{written(timezone.localtime(moment), 'D j M Y')}, {clock_time(moment)}"


def going_on(now: datetime) -> Callable[[], datetime]:
    """A clock for a batch that starts at `now`: later, as many whole seconds later as have really passed.

    Whoever claims rows for a time claims the last one at the moment at which it comes to it, not at the first.
    """
    began = time.monotonic()
    return lambda: now + timedelta(seconds=int(time.monotonic() - began))
