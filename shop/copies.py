"""What this process keeps of the catalogue, and shows only for as long as it is true.

A copy carries the stamp that the catalogue had before it was read. Every page asks for the stamp of this moment, in
the one statement that also asks for stock, and shows a copy of that stamp alone. The stamp changes in the transaction
that changes the catalogue (`shop.models.stamp`), so nothing old is shown after a commit, however many processes there
are and whoever wrote. Nothing of one shopper is kept, and no figure of stock.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

from inventory.queries import Availability, Look, look
from shop.drops import NOBODY, Access, Terms, items_of, places_of, terms_at, turns_at
from shop.models import Category, DropItem
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
    drop_items: Mapping[str, list[DropItem]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What is known of the catalogue before anything else is read of it."""

    stamp: str
    shelves: list[Category]

    def part(self, key: Hashable, *, read: Callable[[], T]) -> T:
        """Something that several copies have in common, read once while the catalogue stays as it is."""
        kept = parts.get(key)
        if kept is not None and self.stamp and kept[0] == self.stamp:
            part: T = kept[1]
            return part
        part = read()
        parts.keep(key, (self.stamp, part))
        return part


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Generic[T]):
    """A copy that is true at this moment, with the stock of this moment, and what drops make of it now."""

    copy: Copy[T]
    availability: Mapping[str, Availability]
    terms: Mapping[str, Terms]
    # When a drop opens or ends next, and the terms are others.
    turns_at: datetime | None

    @property
    def value(self) -> T:
        return self.copy.value


class Lru(Generic[T]):
    """Things that this process keeps for all its threads; those that were not asked for longest are given up first."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            thing = self._kept.get(key)
            if thing is not None:
                self._kept.move_to_end(key)
            return thing

    def keep(self, key: Hashable, thing: T) -> None:
        """Keep it in place of the one before."""
        with self._lock:
            self._kept[key] = thing
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Begin as a new process does."""
        with self._lock:
            self._kept.clear()


copies: Lru[Copy[Any]] = Lru(most=MOST)
parts: Lru[tuple[str, Any]] = Lru(most=MOST)


def show(
    key: Hashable | None,
    *,
    read: Callable[[Catalogue], T],
    skus_of: Callable[[T], list[str]],
    now: datetime,
    seen: Look | None = None,
    access: Access = NOBODY,
) -> Shown[T]:
    """The copy under this key with the stock of its SKUs: one query while the catalogue stays as it was.

    Otherwise `read` is given the catalogue and reads it anew: two queries more than `read` makes, and one more each
    where a copy has become old and shows other SKUs, and where there are drops. What `read` raises is not kept, and
    nothing is without a key. What was `seen` of general stock for this request already is not asked for again.

    When a drop opens or ends no row changes: what its rows mean is found for each look, by `now`, and by `access`,
    which lets this shopper in early.
    """
    copy = None if key is None else copies.get(key)
    if copy is not None:
        terms = terms_at(copy.drop_items, now=now, access=access)
        if seen is None or terms or not _tells(seen, copy.skus):
            seen = look(skus=copy.skus, now=now, at=places_of(terms))
        if seen.stamp == copy.stamp:
            return _shown(copy, seen, terms, now=now)
        # What a drop sold from its own place is not what is sold from now on.
        seen = None if terms else seen
    # The stamp is read before what it stands for: a change in between makes the copy old, never wrong.
    stamped = stamped_shelves()
    value = read(Catalogue(stamp=stamped.stamp, shelves=stamped.shelves))
    skus = tuple(dict.fromkeys(skus_of(value)))
    drop_items = items_of(skus=skus) if stamped.has_drops else {}
    copy = Copy(stamp=stamped.stamp, value=value, skus=skus, shelves=stamped.shelves, drop_items=drop_items)
    # One without a stamp could never be shown.
    if key is not None and stamped.stamp:
        copies.keep(key, copy)
    terms = terms_at(copy.drop_items, now=now, access=access)
    if seen is None or terms or not _tells(seen, copy.skus):
        seen = look(skus=copy.skus, now=now, at=places_of(terms))
    return _shown(copy, seen, terms, now=now)


def _shown(copy: Copy[T], seen: Look, terms: Mapping[str, Terms], *, now: datetime) -> Shown[T]:
    turns = turns_at(copy.drop_items, now=now)
    return Shown(copy=copy, availability=seen.availability, terms=terms, turns_at=turns)


def _tells(seen: Look, skus: tuple[str, ...]) -> bool:
    return seen.availability.keys() >= set(skus)
