"""The shop's own pages in a real browser: reachable by everybody, on any width, with and without script."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from inventory.models import Reservation
from tests.factories import CategoryFactory, ProductFactory, StockItemFactory, VariantFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WATCH = """() => {
  window.said = [];
  for (const id of ["say", "say-now"]) {
    const region = document.getElementById(id);
    new MutationObserver(() => window.said.push([id, region.textContent])).observe(region, { childList: true });
  }
}"""


@pytest.fixture
def address(live_server: Any) -> str:
    """A shop with one product in two sizes, and where it stands."""
    product = ProductFactory(
        slug="runner",
        name="Runner",
        option_names=["Size"],
        category=CategoryFactory(slug="shoes", name="Shoes"),
        is_popular=True,
    )
    for position, size in enumerate(("41", "42")):
        variant = VariantFactory(product=product, sku=f"RUN-{size}", options={"Size": size}, position=position)
        StockItemFactory(variant=variant, on_hand=3)
    return str(live_server.url)


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A phone. Whatever the console complains of fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def _add(page: Any, address: str) -> None:
    page.goto(f"{address}/p/runner/?sku=RUN-41")
    page.click("#add")
    page.wait_for_selector("#hold-strip")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_barrier_and_fit_320_pixels(page: Any, address: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": 320, "height": 640})
    _add(page, address)

    for path in ("/", "/c/shoes/", "/p/runner/", "/search/?q=runner", "/search/?q=zzz"):
        page.goto(address + path)
        violations = [each["id"] for each in Axe().run(page, options=RULES).response["violations"]]

        assert violations == [], path
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0, path


def test_every_stop_of_the_keyboard_can_be_seen(page: Any, address: str) -> None:
    _add(page, address)
    page.goto(f"{address}/p/runner/?sku=RUN-41")
    hidden, stops = [], 0
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
              const stop = document.activeElement, box = stop.getBoundingClientRect();
              const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
              if (stop === document.body) return null;
              return [stop.outerHTML, stop.contains(there) || Boolean(there?.closest("label"))];
            }"""
        )
        if stop is None:
            break
        stops += 1
        if not stop[1]:
            hidden.append(stop[0])

    assert hidden == []
    assert stops > 15


def test_timer_speaks_at_four_marks_once_each(page: Any, address: str) -> None:
    page.clock.install()
    _add(page, address)
    page.evaluate(WATCH)

    for _ in range(118):
        page.clock.run_for(5000)

    assert page.evaluate("window.said") == [
        ["say", "5 minutes left on your hold."],
        ["say", "2 minutes left on your hold."],
        ["say-now", "One minute left on your hold. Press Keep it 3 more minutes to hold on."],
        ["say", "30 seconds left on your hold."],
    ]


def test_only_the_server_says_that_a_hold_has_ended(page: Any, address: str) -> None:
    page.clock.install()
    _add(page, address)
    page.evaluate(WATCH)

    # The page's own clock runs out, while the server still keeps the hold: its answer counts.
    page.clock.run_for(605_000)
    page.wait_for_selector("#hold-strip.strip-held")
    ended_before = [text for _, text in page.evaluate("window.said") if text.endswith("has ended.")]
    Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("#hold-strip.strip-gone")

    assert ended_before == []
    assert page.evaluate("window.said").pop() == ["say-now", "Your hold on Runner has ended."]
    assert page.inner_text(".hold-title") == "Your hold ended"


def test_choosing_a_size_changes_the_part_and_keeps_the_focus(page: Any, address: str) -> None:
    page.goto(f"{address}/p/runner/?sku=RUN-41")

    page.click("label[for=variant-RUN-42]")
    page.wait_for_url("**/p/runner/?sku=RUN-42")

    assert page.evaluate("document.activeElement.id") == "variant-RUN-42"


def test_shop_works_without_script(browser: Any, address: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()

    page.goto(f"{address}/p/runner/")
    page.click("label[for=variant-RUN-42]")
    page.fill("#quantity", "2")
    page.click("#add")
    held = page.inner_text(".hold")
    page.goto(f"{address}/c/shoes/")
    page.click("summary")
    page.check("[name=stock][value=free]")
    page.click("text=Show results")

    assert "2 × Runner, 42" in held
    assert "Keep it 3 more minutes" in held
    assert page.inner_text(".facets-count") == "1 product"
