"""How badly the provider behaves, on demand: SANDBOX_FAULTS="lose=0.3,drop=0.3,seed=7". By default not at all.

Whether a fault strikes is decided by the seed and by what it would strike, not by a die: the same payment, call or
refund is struck again when everything is played again, and two processes agree without talking.
"""

import hashlib
from dataclasses import dataclass, fields
from functools import cache
from typing import Self

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SETTING = "SANDBOX_FAULTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Shares from 0 (never) to 1 (always), by what goes wrong."""

    lose: float = 0.0
    """A webhook is never posted; whoever asks is told."""
    delay: float = 0.0
    """A webhook is posted some seconds late."""
    double: float = 0.0
    """A webhook is posted twice, with some seconds in between."""
    reorder: float = 0.0
    """A webhook waits until what happens after it has been told."""
    forget: float = 0.0
    """The merchant took a webhook, but its answer gets lost: it is posted again."""
    error: float = 0.0
    """The API answers 503 and does nothing."""
    drop: float = 0.0
    """The API does what it was asked, and its answer gets lost."""
    slow: float = 0.0
    """The API takes its time."""
    decline: float = 0.0
    """The bank says no to a shopper who wants to pay."""
    refund_pend: float = 0.0
    """A refund takes some seconds, and is reported by webhook when it is through."""
    refund_fail: float = 0.0
    """A refund fails twice, then goes through."""
    refund_refuse: float = 0.0
    """A refund is refused, however often it is asked for."""
    seed: int = 1

    @classmethod
    def read(cls, text: str) -> Self:
        """From `name=share,name=share`.

        :raises ImproperlyConfigured: naming the setting, what is wrong with it and how to write it.
        """
        values: dict[str, float | int] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = (word.strip() for word in part.partition("="))
            if name not in KINDS and name != "seed":
                raise _wrong(f"there is no {name!r}", f"Use some of {', '.join(KINDS)}, and seed")
            values[name] = _whole(name, value) if name == "seed" else _share(name, value)
        return cls(**values)  # type: ignore[arg-type]  # seed is whole, the rest are shares

    def strikes(self, kind: str, *subject: object) -> bool:
        """Whether this fault strikes this thing: always the same answer for the same thing."""
        share: float = getattr(self, kind)
        return share > 0 and self.chance(kind, *subject) < share

    def chance(self, *subject: object) -> float:
        """A number from 0 up to 1 that belongs to this thing."""
        digest = hashlib.sha256("\n".join(map(str, (self.seed, *subject))).encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64


KINDS = tuple(field.name for field in fields(Faults) if field.name != "seed")


def current_faults() -> Faults:
    """The faults of this process. :raises ImproperlyConfigured: if the setting cannot be read."""
    return _read(settings.SANDBOX_FAULTS)


_read = cache(Faults.read)


def _share(name: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise _wrong(f"{name}={value} is not a share", f"Write {name}=0.3 for three of ten")
    return share


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 10):
        raise _wrong(f"{name}={value} is not a whole number", f"Write {name}=7, or leave it out")
    return int(value)


def _wrong(problem: str, repair: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{SETTING} cannot be used: {problem}. {repair}. Leave it empty to behave well.")
