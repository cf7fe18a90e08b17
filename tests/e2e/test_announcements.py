"""What a hold says aloud on its way to the end: the five marks of the brief, once each, and never a sixth."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, Shopper, ask
from tests.servers import Shop

pytestmark = pytest.mark.e2e

# Region and sentence, in order. `say` waits for a pause, `say-now` interrupts.
MARKS = [
    ("say", "5 minutes left on your hold."),
    ("say", "2 minutes left on your hold."),
    ("say-now", "One minute left on your hold. Press Keep it 3 more minutes to hold on."),
    ("say", "30 seconds left on your hold."),
]
LISTEN = """() => {
    window.heard = [];
    for (const id of ["say", "say-now"]) {
        const region = document.getElementById(id);
        new MutationObserver(() => region.textContent && window.heard.push([id, region.textContent.trim()]))
            .observe(region, { childList: true, characterData: true, subtree: true });
    }
}"""


def test_hold_speaks_at_its_marks_and_the_server_says_the_end(shopper: Shopper, running: Shop) -> None:
    page = shopper(viewport=PHONE)
    page.goto("/p/dotted-notebook/")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", name="Held for you").first).to_be_visible()
    page.clock.install()
    page.goto("/cart/")
    page.evaluate(LISTEN)

    # Nine and a half minutes and a little more, second by second: to just before the end.
    page.clock.run_for(590_000)
    assert _heard(page) == MARKS
    _end_on_the_server(running, cart=_cart(page))
    page.clock.run_for(15_000)

    expect(page.get_by_text("No longer held")).to_be_visible()
    heard = _heard(page)
    assert heard[:-1] == MARKS
    assert heard[-1] == ("say-now", "Your hold on Dotted Notebook has ended.")
    # Nothing vanished: the line is there, with what can be done.
    expect(page.get_by_role("button", name="Hold it again")).to_be_visible()


def _heard(page: Page) -> list[tuple[str, str]]:
    return [(region, sentence) for region, sentence in page.evaluate("window.heard")]


def _cart(page: Page) -> str:
    return str(next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "cart"))


def _end_on_the_server(running: Shop, *, cart: str) -> None:
    ask(
        running,
        "from datetime import timedelta\n"
        "from django.contrib.auth.models import AnonymousUser\n"
        "from django.utils import timezone\n"
        "from inventory.models import Reservation\n"
        "from orders.models import CartLine\n"
        "from orders.services import find_cart\n"
        f"cart = find_cart(user=AnonymousUser(), token={cart!r})\n"
        "held = list(CartLine.objects.filter(cart=cart).values_list('reservation_id', flat=True))\n"
        "past = timezone.now() - timedelta(seconds=1)\n"
        "answer = Reservation.objects.filter(pk__in=held).update(expires_at=past)",
    )
