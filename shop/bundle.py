"""Many small files to read, one file to load: under a name that changes when a byte of it does."""

import gzip
import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What browsers load, as it is and gzipped."""

    digest: str
    body: bytes
    body_gzipped: bytes


def bundle_of(text: str) -> Bundle:
    """The same text has the same name, in every process and after every start."""
    body = text.encode()
    return Bundle(digest=hashlib.sha256(body).hexdigest()[:12], body=body, body_gzipped=gzip.compress(body, mtime=0))
