"""What every test gets. The shop's own objects come from `factories.py`, the servers from `servers.py`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from inventory import sold_out
from inventory.services.plan import _plenty
from shop.copies import copies, parts
from shop.front import pages
from shop.glance import places

SERIAL = {"e2e": "browser", "chaos": "processes"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On SQLite, leave out what needs MariaDB; keep what is heavy in one xdist worker, one after another."""
    needless = [item for item in items if connection.vendor != "mysql" and item.get_closest_marker("mariadb")]
    if needless:
        config.hook.pytest_deselected(items=needless)
        items[:] = [item for item in items if item not in set(needless)]
    for item in items:
        for marker, group in SERIAL.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    """Pictures and e-mails of a test end with it."""
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """No throttle, session, flag, copy or picture of one test reaches the next."""
    from shop.room.measure import rest
    from shop.room.services import forget_pictures

    cache.clear()
    # A room that was looked at is measured for a while, with writes of its own.
    rest()
    copies.clear()
    parts.clear()
    sold_out.forget()
    _plenty.clear()
    pages.clear()
    forget_pictures()
    places.clear()
    yield
    cache.clear()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright. One for each file of tests; each test opens its own context.

    Not one for the whole session: Playwright keeps an event loop running in this thread, and the next file may want
    to start one of its own.
    """
    from playwright.sync_api import sync_playwright

    # Playwright runs an event loop in this thread, and Django would take that for asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield chromium
        chromium.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before
