"""The shop as gunicorn serves it, and on the same workers a view that does nothing.

`/nothing/bare/` passes no middleware at all: the hardest yardstick that Django has. `/nothing/` passes the shop's.
"""

import os
from collections.abc import Iterable
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from shop.wsgi import application as shop

_middleware, settings.MIDDLEWARE = settings.MIDDLEWARE, []
_bare = WSGIHandler()
settings.MIDDLEWARE = _middleware


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """One request."""
    handler = _bare if environ["PATH_INFO"] == "/nothing/bare/" else shop
    answer: Iterable[bytes] = handler(environ, start_response)
    return answer
