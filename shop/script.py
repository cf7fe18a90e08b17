"""One script out of many: one file for each behaviour to read, one request to load, and no build step."""

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from shop.bundle import Bundle, bundle_of

# What only a page of its own needs is loaded there.
APART = {"room.js", "passkey.js", "line.js"}


def script() -> Bundle:
    """The behaviours of every page: read once, or at every request while DEBUG is on."""
    return _read() if settings.DEBUG else _read_once()


def _read() -> Bundle:
    folder = Path(settings.BASE_DIR) / "static" / "js"
    files = [path.read_text() for path in sorted(folder.glob("*.js")) if path.name not in APART]
    # A module is strict, so what a file declares between braces is its own.
    text = "\n".join(f"{{\n{each}\n}}" for each in files)
    text = re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)
    return bundle_of(re.sub(r"\s*\n\s*", "\n", text))


_read_once = lru_cache(maxsize=1)(_read)
