"""Stock at a glance: what many people ask again and again while they look, answered from one look a second.

A page says what is true while it is made. Between two pages a browser asks how stock moved since, and a crowd in front
of one product asks the same thing at the same time: then a process looks once, and tells everybody who asks within the
second what it saw. Nothing is decided by it.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock
from time import monotonic

from shop.copies import Lru

KEPT_SECONDS = 1.0
MOST = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What was seen, written down for whoever asks; `etag` is its fingerprint."""

    body: bytes
    etag: str


@dataclass(slots=True)
class _Place:
    """Where those who ask the same wait for one to look."""

    lock: Lock = field(default_factory=Lock)
    glance: Glance | None = None
    until: float = 0


places: Lru[_Place] = Lru(most=MOST)


def glance(key: Hashable, *, look: Callable[[], str]) -> Glance:
    """What `look` wrote down at most a second ago. Of all who ask at once in this process, one looks."""
    place = places.get(key)
    if place is None:
        place = _Place()
        places.keep(key, place)
    with place.lock:
        if place.glance is None or monotonic() >= place.until:
            body = look().encode()
            place.glance = Glance(body=body, etag=f'"{blake2b(body, digest_size=12).hexdigest()}"')
            place.until = monotonic() + KEPT_SECONDS
        return place.glance
