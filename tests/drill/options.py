"""What the caller of the drill may set, read from the environment and refused in one clear sentence."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST, LONGEST_WITH_ROOM = 480, 900
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


class BadOption(ValueError):
    """A value that the drill cannot use; the sentence names the variable and the repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One drill, described."""

    shoppers: int = 500
    stock: int = 100
    seed: int = 1212
    duration_seconds: int = 480
    connections: int = 24
    has_room: bool = False
    """Whether a waiting room stands in front of the sale."""
    bots: int = 0
    """How many come besides, to get more than their place."""
    base_url: str = ""
    sku: str = ""
    staff_email: str = ""
    staff_password: str = ""

    @property
    def is_private(self) -> bool:
        """Whether the drill starts its own servers, and so may read their database."""
        return not self.base_url


def read_options(environ: Mapping[str, str] = os.environ) -> Options:
    """The options in `environ`; what is not set, or set to nothing, has its default.

    :raises BadOption: if a value is not a number, is out of range or asks for traffic to a stranger.
    """
    shoppers = read_number(environ, "SHOPPERS", default=500, least=3, most=5000)
    stock = read_number(environ, "STOCK", default=100, least=1, most=5000)
    if stock > shoppers:
        raise BadOption(
            f"STOCK={stock} is more than SHOPPERS={shoppers}: nothing would sell out. "
            f"Set STOCK to at most {shoppers}, or raise SHOPPERS."
        )
    has_room = read_number(environ, "ROOM", default=0, least=0, most=1) == 1
    bots = round(_read_share(environ, "BOTS", most=0.5) * shoppers)
    if bots and not has_room:
        raise BadOption("BOTS come to a waiting room. Add ROOM=1, or leave BOTS out.")
    if has_room and environ.get("BASE_URL", "").strip():
        raise BadOption("ROOM=1 opens a drop in a shop of its own. Leave BASE_URL out.")
    longest = LONGEST_WITH_ROOM if has_room else LONGEST
    return Options(
        has_room=has_room,
        bots=bots,
        shoppers=shoppers,
        stock=stock,
        seed=read_number(environ, "SEED", default=1212, least=0, most=2**31),
        duration_seconds=read_number(environ, "DURATION", default=longest, least=60, most=longest),
        connections=read_number(environ, "CONNECTIONS", default=24, least=3, most=64),
        base_url=_base_url(environ),
        sku=environ.get("SKU", "").strip(),
        staff_email=environ.get("DRILL_STAFF_EMAIL", "").strip(),
        staff_password=environ.get("DRILL_STAFF_PASSWORD", ""),
    )


def _read_share(environ: Mapping[str, str], name: str, *, most: float) -> float:
    text = environ.get(name, "").strip()
    try:
        share = float(text or 0)
    except ValueError:
        share = -1
    if not 0 <= share <= most:
        raise BadOption(f"{name}={text} is no share. Set {name} to a number from 0 to {most}.")
    return share


def read_number(environ: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    """The whole number under `name`. :raises BadOption: if it is none, or out of range."""
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        raise BadOption(f"{name}={text} is not a whole number. {_repair(name, least, most)}") from None
    if not least <= number <= most:
        raise BadOption(f"{name}={number} is out of range. {_repair(name, least, most)}")
    return number


def _repair(name: str, least: int, most: int) -> str:
    return f"Set {name} to a number from {least} to {most}."


def _base_url(environ: Mapping[str, str]) -> str:
    """A drill is load: it goes to this machine, unless the caller says in so many words that another one is theirs."""
    text = environ.get("BASE_URL", "").strip().rstrip("/")
    if not text:
        return ""
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise BadOption(f"BASE_URL={text} is not an address. Write it as BASE_URL=http://127.0.0.1:8000.")
    if address.hostname not in LOOPBACK_HOSTS and environ.get("ALLOW_REMOTE", "") != "1":
        raise BadOption(
            f"BASE_URL={text} is another machine, and a drill is heavy traffic. "
            "Add ALLOW_REMOTE=1 if that shop is yours and may be drilled."
        )
    if not environ.get("DRILL_STAFF_EMAIL", "").strip() or not environ.get("DRILL_STAFF_PASSWORD", ""):
        raise BadOption(
            "BASE_URL needs a member of staff who sets the stock and reads the ledger. "
            "Set DRILL_STAFF_EMAIL and DRILL_STAFF_PASSWORD."
        )
    if not environ.get("SKU", "").strip():
        raise BadOption("BASE_URL needs something to sell out. Set SKU to one that the catalogue of that shop shows.")
    return text
