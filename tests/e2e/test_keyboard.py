"""A purchase with Tab, Enter and Space alone, on a phone: the focus is always seen, and nothing ever covers it."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.conftest import PATIENCE_MS, PHONE
from tests.servers import Shop

pytestmark = pytest.mark.e2e

MOST_STOPS = 120
# What has the focus: a name for it, whether a ring is drawn around it or what stands for it, and whether it is on top
# where it is. A radio that a label stands for is seen by its label; a link that covers its card, by the card.
LOOK = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const seen = [element, ...element.labels ?? [], element.closest(".card, .tile, .hero-product")].filter(Boolean);
    const ringed = seen.flatMap((each) => [getComputedStyle(each), getComputedStyle(each, "::after")])
        .some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
    const onTop = seen.some((each) => {
        const box = each.getClientRects()[0];
        if (!box || box.width < 2) return false;
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return each.contains(top);
    });
    const words = (element.getAttribute("aria-label") ?? element.innerText ?? element.name ?? "").trim().slice(0, 40);
    return { name: `${element.tagName} ${element.id} ${words}`, ringed, onTop };
}"""


@pytest.fixture
def window(browser: Browser, running: Shop) -> BrowserContext:
    # Without motion, so that a place is looked at when the page has come to it.
    return browser.new_context(base_url=running.url, viewport=PHONE, reduced_motion="reduce")  # type: ignore[arg-type]


def test_buy_with_the_keyboard_alone(window: BrowserContext) -> None:
    page = window.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/")

    _press_on(page, page.get_by_role("link", name="Kitchen").first)
    _press_on(page, page.get_by_role("link", name="Morning Cup"))
    _press_on(page, page.get_by_role("button", name="Add to cart"), key="Space")
    expect(page.get_by_role("heading", name="Held for you").first).to_be_visible()
    _press_on(page, page.get_by_role("link", name="See your cart"))
    _press_on(page, page.locator("#check-out"))

    _type(page, page.get_by_label("E-mail"), "keys@example.com")
    _type(page, page.get_by_label("Full name"), "Maya Lestari")
    _type(page, page.get_by_label("Phone"), "0812 3456 7890")
    _press_on(page, page.locator("#continue"))
    _type(page, page.get_by_label("Street and house number"), "Jl. Kemang Raya 12")
    _type(page, page.get_by_label("City or regency"), "Jakarta Selatan")
    _type(page, page.get_by_label("Postcode"), "12730")
    _press_on(page, page.locator("input[name=shipping_method]").first, key="Space")
    _press_on(page, page.locator("#continue"))
    _press_on(page, page.locator("input[name=gateway]").first, key="Space")
    _press_on(page, page.locator("#continue"))
    _press_on(page, page.locator("#pay"))
    _press_on(page, page.get_by_role("button", name=re.compile("^Pay Rp")))

    expect(page.get_by_role("heading", name="Paid. It is yours.")).to_be_visible(timeout=30_000)
    _press_on(page, page.get_by_role("link", name="See order"))
    expect(page.get_by_role("heading", name=re.compile("Order T-"))).to_be_visible()
    window.close()


def test_bar_below_never_covers_the_focus(window: BrowserContext) -> None:
    page = window.new_page()
    # A phone with its keyboard open: the bar takes a good part of the height.
    page.set_viewport_size({"width": 390, "height": 420})
    page.goto("/p/morning-cup/")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#hold-bar")).to_be_visible()
    page.goto("/p/morning-cup/")

    stops = _walk(page)

    assert len(stops) > 20
    assert any("Check out" in stop for stop in stops)
    # The control: where the page does not keep the focus clear of the bar, the same walk finds it covered.
    page.goto("/p/morning-cup/")
    page.evaluate("document.documentElement.style.scrollPadding = '0'")
    with pytest.raises(AssertionError, match="'onTop': False"):
        _walk(page)
    window.close()


def _press_on(page: Page, wanted: Locator, *, key: str = "Enter") -> None:
    """Tab to it, and press."""
    _tab_to(page, wanted)
    before = page.url
    page.keyboard.press(key)
    if key == "Enter":
        page.wait_for_url(lambda url: url != before)


def _type(page: Page, wanted: Locator, text: str) -> None:
    _tab_to(page, wanted)
    page.keyboard.type(text)


def _tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus; every stop on the way is seen."""
    expect(wanted).to_be_attached()
    for _ in range(MOST_STOPS):
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
        _look(page)
    raise AssertionError(f"no way to {wanted} with Tab")


def _walk(page: Page) -> list[str]:
    """Press Tab from the first stop of the page to the last: their names."""
    stops: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        name = _look(page)
        if name is None:
            return stops
        stops.append(name)
    raise AssertionError("the page has no end")


def _look(page: Page) -> str | None:
    """The name of what has the focus, after a look at whether it is seen; None when the page is left."""
    stop = page.evaluate(LOOK)
    if stop is None:
        return None
    assert (stop["ringed"], stop["onTop"]) == (True, True), f"{page.url}: {stop}"
    return str(stop["name"])
