"""A whole shop on real servers, and shoppers with browsers."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.servers import Shop, mariadb, production_like, redis, shop, temporary_folder

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)

Shopper = Callable[..., Page]


@pytest.fixture(scope="session")
def running() -> Iterator[Shop]:
    """Web server, worker and beat on a MariaDB and a Redis of their own, with the demo's goods."""
    with (
        temporary_folder() as folder,
        mariadb(folder=folder) as database,
        redis(folder=folder) as cache,
        shop(
            env=production_like(database=database, cache=cache, folder=folder) | {"SERVE_MEDIA": "1", "STYLEGUIDE": "1"}
        ) as house,
    ):
        yield house


@pytest.fixture
def shopper(browser: Browser, running: Shop) -> Iterator[Shopper]:
    """A new person with a browser of their own: `shopper(javascript=False, viewport=PHONE)`.

    What the browser complains about (a script error, something that the security policy refused) fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def arrive(*, javascript: bool = True, viewport: dict[str, int] = DESKTOP) -> Page:
        context = browser.new_context(base_url=running.url, java_script_enabled=javascript, viewport=viewport)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield arrive
    for context in contexts:
        context.close()
    # A refusal is an answer of 422, and the browser notes every such answer as an error. A busy browser leaves out the
    # animation between two pages, and says that too: it was skipped, or aborted because a page was not styled in time.
    notes = [text for text in complaints if "status of 4" in text or text.startswith("Transition was ")]
    assert [text for text in complaints if text not in notes] == []


def walk_to_review(page: Page, *, email: str = "maya@example.com") -> None:
    """Fill in the first three steps of the checkout; the last one is on the screen then."""
    page.goto("/checkout/contact/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Full name").fill("Maya Lestari")
    page.get_by_label("Phone").fill("0812 3456 7890")
    page.locator("#continue").click()
    page.get_by_label("Street and house number").fill("Jl. Kemang Raya 12")
    page.get_by_label("City or regency").fill("Jakarta Selatan")
    page.get_by_label("Postcode").fill("12730")
    page.get_by_role("radio", name=re.compile("Regular")).check()
    page.locator("#continue").click()
    page.get_by_role("radio", name=re.compile("Sandbox")).check()
    page.locator("#continue").click()
    expect(page.locator("#pay")).to_be_visible()


def ask(running: Shop, code: str) -> Any:
    """The value of `answer` after this code ran inside the shop, as JSON brings it."""
    program = f"import json\n{code}\nprint(json.dumps(answer))"
    printed = running.manage("shell", "--no-imports", "-v", "0", "-c", program)
    return json.loads(printed.strip().splitlines()[-1])
