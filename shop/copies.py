"""What this process keeps of the catalogue, and shows only for as long as it is true.

A copy carries the stamp that the catalogue had before it was read. Every page asks for the stamp of this moment, in
the one statement that also asks for stock, and shows a copy of that stamp alone. The stamp changes in the transaction
that changes the catalogue (`shop.models.stamp`), so nothing old is shown after a commit, however many processes there
are and whoever wrote. Nothing of one shopper is kept, and no figure of stock.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

from inventory.queries import Availability, look
from shop.models import Category
from shop.queries import stamped_shelves

T = TypeVar("T")
MOST = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy(Generic[T]):
    """Something that was read of the catalogue, with the SKUs that it shows and the shelves beside it."""

    stamp: str
    value: T
    skus: tuple[str, ...]
    shelves: list[Category]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Generic[T]):
    """A copy that is true at this moment, with the stock of this moment."""

    copy: Copy[T]
    availability: Mapping[str, Availability]

    @property
    def value(self) -> T:
        return self.copy.value


class Copies:
    """The copies of this process, those that were not asked for longest given up first."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Copy[Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Copy[Any] | None:
        with self._lock:
            copy = self._kept.get(key)
            if copy is not None:
                self._kept.move_to_end(key)
            return copy

    def keep(self, key: Hashable, copy: Copy[Any]) -> None:
        """Keep it in place of the one before. A copy without a stamp could never be shown."""
        if not copy.stamp:
            return
        with self._lock:
            self._kept[key] = copy
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Start as a new process does."""
        with self._lock:
            self._kept.clear()


copies = Copies(most=MOST)


def show(
    key: Hashable | None, *, read: Callable[[list[Category]], T], skus_of: Callable[[T], list[str]], now: datetime
) -> Shown[T]:
    """The copy under this key with the stock of its SKUs: one query while the catalogue stays as it was.

    Otherwise `read` is given the shelves and reads it anew: two queries more than `read` makes, three where a copy has
    become old and shows other SKUs now. What `read` raises is not kept, and nothing is without a key.
    """
    copy = None if key is None else copies.get(key)
    availability: Mapping[str, Availability] = {}
    if copy is not None:
        seen = look(skus=copy.skus, now=now)
        availability = seen.availability
        if seen.stamp == copy.stamp:
            return Shown(copy=copy, availability=availability)
    # The stamp is read before what it stands for: a change in between makes the copy old, never wrong.
    stamp, shelves = stamped_shelves()
    value = read(shelves)
    copy = Copy(stamp=stamp, value=value, skus=tuple(dict.fromkeys(skus_of(value))), shelves=shelves)
    if key is not None:
        copies.keep(key, copy)
    if not availability.keys() >= set(copy.skus):
        availability = look(skus=copy.skus, now=now).availability
    return Shown(copy=copy, availability=availability)
