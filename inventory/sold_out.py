"""What is known to be sold out, for a second at most: a refusal that costs no query.

Most requests of a sale are refused. Whoever finds, by a look at the counters, that nothing of a SKU is left, writes it
down in this process, and until then + 1 s nobody here has to look again. What frees a unit ends it earlier: every stock
item has a mark in a file that all processes of this machine share, freeing changes the mark, and what was written down
under another mark does not count any more. A hold that ends within the second ends it at that moment. Another machine
learns of it within the second.
"""

import hashlib
import mmap
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

LASTS = timedelta(seconds=1)
SLOTS = 8192
MARK_BYTES = 8
# The slot of everything that is not a counter: a new stock item, a location that is opened.
PLACES = 0

Marks = tuple[tuple[int, bytes], ...]  # slot, what stood there
# A SKU, and the one location that it is sold from; None stands for every ordinary location.
Goods = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class SoldOut:
    """What was seen: nothing left of a SKU, under these marks."""

    since: datetime
    until: datetime
    marks: Marks

    def holds(self, *, now: datetime) -> bool:
        """Whether it is still so, for all that this machine knows."""
        marks = _shared()
        return self.since <= now < self.until and all(_read(marks, slot) == mark for slot, mark in self.marks)

    def is_fresh(self, *, now: datetime) -> bool:
        """Whether it holds, and nobody has to look again yet."""
        return now < self.since + (self.until - self.since) * 4 / 5 and self.holds(now=now)


_remembered: dict[Goods, SoldOut] = {}
# What somebody was sent to look at again.
_looked_again: set[Goods] = set()


def remember(goods: Goods, *, marks: Marks, now: datetime, next_end: datetime | None) -> None:
    """Write down that nothing of these is left. `marks` were taken before the look; `next_end` is when a hold ends."""
    until = now + LASTS if next_end is None else min(now + LASTS, next_end)
    _remembered[goods] = SoldOut(since=now, until=until, marks=marks)
    _looked_again.discard(goods)


def known(goods: Goods, *, now: datetime) -> SoldOut | None:
    """What is remembered of these and still holds; None if one has to look.

    Towards its end one caller is sent to look again, while it goes on for the others: not all of them at once.
    """
    seen = _remembered.get(goods)
    if seen is None or not seen.holds(now=now):
        _remembered.pop(goods, None)
        _looked_again.discard(goods)
        return None
    if not seen.is_fresh(now=now) and goods not in _looked_again:
        _looked_again.add(goods)
        return None
    return seen


def remembered(goods: Goods) -> SoldOut | None:
    """What was written down of these last, whether it holds or not."""
    return _remembered.get(goods)


def marks_of(stock_item_ids: Iterable[int]) -> Marks:
    """What stands at these stock items now. Taken before a look, it tells whether something was freed since."""
    marks = _shared()
    return tuple((slot, _read(marks, slot)) for slot in [PLACES, *sorted({_slot(pk) for pk in stock_item_ids})])


def units_freed(stock_item_ids: Iterable[int]) -> None:
    """Let nobody rely on what was known of these stock items, from now on and again from the commit on.

    Now, because this transaction sees what it freed; at the commit, because before it others look and see nothing.
    """
    slots = {_slot(pk) for pk in stock_item_ids}
    _change(slots)
    transaction.on_commit(partial(_change, slots))


def places_changed() -> None:
    """Let nobody rely on anything that was known: units are sold from another place than before."""
    _change({PLACES})
    transaction.on_commit(partial(_change, {PLACES}))


def forget() -> None:
    """Know nothing."""
    _remembered.clear()
    _looked_again.clear()


def _slot(stock_item_id: int) -> int:
    return 1 + stock_item_id % (SLOTS - 1)


def _read(marks: mmap.mmap, slot: int) -> bytes:
    start = slot * MARK_BYTES
    return marks[start : start + MARK_BYTES]


def _change(slots: set[int]) -> None:
    marks = _shared()
    for slot in slots:
        start = slot * MARK_BYTES
        # Not a count: two processes that count at one moment would write the same number.
        marks[start : start + MARK_BYTES] = os.urandom(MARK_BYTES)


@cache
def _shared() -> mmap.mmap:
    return _map_file()


def _map_file() -> mmap.mmap:
    # Of this database: the ids of another one's stock items mean other things.
    database = connection.settings_dict
    name = hashlib.sha256(f"{database['HOST']}:{database['PORT']}/{database['NAME']}".encode()).hexdigest()
    path = Path(settings.VAR_DIR) / f"stock-marks-{name[:12]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        os.ftruncate(file.fileno(), SLOTS * MARK_BYTES)
        return mmap.mmap(file.fileno(), SLOTS * MARK_BYTES)
