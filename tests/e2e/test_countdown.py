"""The countdown and the clocks: a device that is wrong by ten minutes shows the server's seconds."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, Shopper, ask
from tests.servers import Shop

pytestmark = pytest.mark.e2e

SHOWN = re.compile(r"^(\d):(\d\d)$")


@pytest.mark.parametrize("off", [timedelta(minutes=-10), timedelta(minutes=10)], ids=["slow", "fast"])
def test_countdown_agrees_with_the_server_on_a_device_whose_clock_is_wrong(
    shopper: Shopper, running: Shop, off: timedelta
) -> None:
    page = shopper(viewport=PHONE)
    # The page's Date and its timers, started ten minutes away from here; performance.now() counts from its own start.
    page.clock.install(time=datetime.now(UTC) + off)
    page.goto("/p/dotted-notebook/")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", name="Held for you").first).to_be_visible()
    cart = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "cart")
    ends_at = _let_it_end_in(running, cart=cart, seconds=90)

    page.goto("/cart/")
    device_is_off = page.evaluate("Date.now()") / 1000 - datetime.now(UTC).timestamp()
    assert abs(device_is_off - off.total_seconds()) < 5
    first = _agreement(page, ends_at=ends_at)
    page.wait_for_timeout(5_000)
    later = _agreement(page, ends_at=ends_at)

    # A second: that is also the size of the step in which the seconds are shown.
    assert abs(first) <= 1
    assert abs(later) <= 1


def _agreement(page: Page, *, ends_at: float) -> float:
    """Seconds that the page shows, less the seconds that are left by the server's clock, which is this machine's."""
    shown = page.get_by_role("timer").first
    before = datetime.now(UTC).timestamp()
    words = shown.inner_text()
    after = datetime.now(UTC).timestamp()
    minutes, seconds = SHOWN.fullmatch(words).groups()  # type: ignore[union-attr]
    left = int(minutes) * 60 + int(seconds)
    # Somewhere between before and after it was read: the nearer of the two is what it is held to.
    return min((left - (ends_at - moment) for moment in (before, after)), key=abs)


def _let_it_end_in(running: Shop, *, cart: str, seconds: int) -> float:
    """Move the end of this cart's hold; its moment, in seconds since 1970."""
    return float(
        str(
            ask(
                running,
                "from datetime import timedelta\n"
                "from django.contrib.auth.models import AnonymousUser\n"
                "from django.utils import timezone\n"
                "from inventory.models import Reservation\n"
                "from orders.models import CartLine\n"
                "from orders.services import find_cart\n"
                f"cart = find_cart(user=AnonymousUser(), token={cart!r})\n"
                f"soon = timezone.now() + timedelta(seconds={seconds})\n"
                "held = list(CartLine.objects.filter(cart=cart).values_list('reservation_id', flat=True))\n"
                "Reservation.objects.filter(pk__in=held).update(expires_at=soon)\n"
                "answer = soon.timestamp()",
            )
        )
    )
