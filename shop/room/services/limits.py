"""The record of who was limited and why, for staff. A row counts an hour: a thousand tries are one row."""

import threading
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from shop.room.errors import LimitRefusal
from shop.room.models import Limited

# A process writes one of its rows at most so often, and counts in between: whoever hammers pays for it.
WRITTEN_EVERY = timedelta(seconds=5)
MOST_COUNTED = 1000

_lock = threading.Lock()
_counted: dict[tuple[str, str, str], tuple[datetime, int]] = {}


def note_limit(refusal: LimitRefusal, *, who: str, now: datetime) -> None:
    """Write down that somebody was refused: outside of the transaction that was, or it would be gone with it."""
    about = str(refusal.facts.get("sku") or refusal.facts.get("room") or "")
    times = _times_to_write((refusal.rule, who, about), now=now)
    if times:
        _write(rule=refusal.rule, who=who, about=about, times=times, told=f"{refusal.title}. {refusal.detail}", now=now)


def forget_counts() -> None:
    """Count anew: a test begins."""
    with _lock:
        _counted.clear()


def _times_to_write(what: tuple[str, str, str], *, now: datetime) -> int:
    with _lock:
        written_at, waiting = _counted.get(what, (datetime.min.replace(tzinfo=now.tzinfo), 0))
        if timedelta(0) <= now - written_at < WRITTEN_EVERY:
            _counted[what] = (written_at, waiting + 1)
            return 0
        if len(_counted) >= MOST_COUNTED:
            _counted.clear()
        _counted[what] = (now, 0)
        return waiting + 1


def _write(*, rule: str, who: str, about: str, times: int, told: str, now: datetime) -> None:
    row = {
        "rule": rule,
        "who": who[:254],
        "about": about[:100],
        "hour_at": now.replace(minute=0, second=0, microsecond=0),
    }
    changes = {"times": F("times") + times, "told": told, "last_at": now}
    if Limited.objects.filter(**row).update(**changes):
        return
    try:
        with transaction.atomic():
            Limited.objects.create(**row, times=times, told=told, first_at=now, last_at=now)
    except IntegrityError:
        # Another process was first by a moment.
        Limited.objects.filter(**row).update(**changes)
