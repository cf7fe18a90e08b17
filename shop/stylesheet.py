"""One stylesheet out of many small files: one file per component to read, one request to load, and no build step."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

FIRST = ("tokens.css", "base.css", "layout.css")
LAST = ("utilities.css", "print.css")


@dataclass(frozen=True, kw_only=True)
class Stylesheet:
    """All of the shop's CSS, under a name that changes when a byte of it does."""

    digest: str
    body: bytes
    body_gzipped: bytes


def stylesheet() -> Stylesheet:
    """The stylesheet: read once, or at every request while DEBUG is on."""
    return _read() if settings.DEBUG else _read_once()


def _read() -> Stylesheet:
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
    body = text.encode()
    return Stylesheet(
        digest=hashlib.sha256(body).hexdigest()[:12],
        body=body,
        body_gzipped=gzip.compress(body, mtime=0),
    )


_read_once = lru_cache(maxsize=1)(_read)
