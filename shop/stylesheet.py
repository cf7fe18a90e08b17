"""One stylesheet out of many small files: one file per component to read, one request to load, and no build step."""

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

from shop.bundle import Bundle, bundle_of

FIRST = ("tokens.css", "base.css", "layout.css")
LAST = ("utilities.css", "print.css")


def stylesheet() -> Bundle:
    """The stylesheet: read once, or at every request while DEBUG is on."""
    return _read() if settings.DEBUG else _read_once()


def _read() -> Bundle:
    folder = Path(settings.BASE_DIR) / "static" / "css"
    paths = [
        *(folder / name for name in FIRST),
        *sorted((folder / "components").glob("*.css")),
        *(folder / name for name in LAST),
    ]
    text = "\n".join(path.read_text() for path in paths)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*\n\s*", "\n", text)
    text = re.sub(r'url\("(?:\.\./)+([^"]+)"\)', lambda match: f'url("{static(match[1])}")', text)
    return bundle_of(text)


_read_once = lru_cache(maxsize=1)(_read)
