"""The three journeys that the shop exists for: bought, expired, refused. One of them without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, Shopper, ask, walk_to_review
from tests.servers import Shop

pytestmark = pytest.mark.e2e


def test_buy_from_home_to_paid_order(shopper: Shopper, running: Shop) -> None:
    page = shopper(viewport=PHONE)
    page.goto("/")
    page.get_by_role("link", name="Merah Teapot").first.click()
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", name="Held for you").first).to_be_visible()

    number = _check_out_and_pay(page)

    expect(page.get_by_role("heading", name="Paid. It is yours.")).to_be_visible(timeout=30_000)
    assert _books_of(running, number) == {"status": "PAID", "allocated": 1, "kinds": ["RESERVE", "COMMIT"]}
    assert "All counters agree" in running.manage("prove_stock")


def test_buy_without_javascript(shopper: Shopper, running: Shop) -> None:
    page = shopper(javascript=False, viewport=PHONE)
    page.goto("/")
    page.get_by_role("link", name="Kitchen").first.click()
    page.get_by_role("link", name="Forest Honey").click()
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", name="Held for you").first).to_be_visible()

    number = _check_out_and_pay(page)

    for _ in range(30):
        if page.get_by_role("heading", name="Paid. It is yours.").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_role("heading", name="Paid. It is yours.")).to_be_visible()
    assert _books_of(running, number)["status"] == "PAID"


def test_hold_that_runs_out_says_so_and_can_be_held_again(shopper: Shopper, running: Shop) -> None:
    page = shopper(viewport=PHONE)
    page.goto("/p/kitchen-radio/")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", name="Held for you").first).to_be_visible()
    _let_live_holds_end_in(running, seconds=6)

    page.goto("/cart/")
    expect(page.get_by_role("timer").first).to_have_text(re.compile(r"0:0\d"))

    # Nobody presses anything: at zero the page asks the server, and shows what it answers.
    expect(page.get_by_role("heading", name="No longer held")).to_be_visible()
    expect(page.get_by_text("Kitchen Radio").first).to_be_visible()
    page.get_by_role("button", name=re.compile("Hold it again")).click()
    expect(page.get_by_role("heading", name="Held for you").first).to_be_visible()


def test_second_shopper_is_refused_the_last_unit(shopper: Shopper, running: Shop) -> None:
    first, second = shopper(), shopper(viewport=PHONE)
    for page in (first, second):
        page.goto("/p/apple-iphone-13-pro-max/")
    first.get_by_role("button", name="Add to cart").click()
    expect(first.get_by_role("heading", name="Held for you").first).to_be_visible()

    # The second page still shows the unit as free: it was, when the page was made.
    second.get_by_role("button", name="Add to cart").click()
    expect(second.get_by_text("All of these are in carts").first).to_be_visible()
    assert _live_units(running, "IPH-13PM") == 1

    first.goto("/cart/")
    first.get_by_role("button", name=re.compile("Let it go")).click()
    expect(first.get_by_text("Nothing here yet.")).to_be_visible()
    second.goto("/p/apple-iphone-13-pro-max/")
    second.get_by_role("button", name="Add to cart").click()
    expect(second.get_by_role("heading", name="Held for you").first).to_be_visible()
    assert _live_units(running, "IPH-13PM") == 1


def _check_out_and_pay(page: Page) -> str:
    """Walk through the four steps and the provider's page; the number of the order."""
    walk_to_review(page)
    page.locator("#pay").click()
    number = re.search(r"T-\w{4}-\w{4}", page.get_by_role("heading").first.inner_text())
    assert number is not None
    page.get_by_role("button", name=re.compile("^Pay Rp")).click()
    return number.group()


def _books_of(running: Shop, number: str) -> dict[str, object]:
    return ask(
        running,
        "from orders.models import Order\n"
        "from inventory.models import StockItem, StockMovement\n"
        f"order = Order.objects.get(number={number!r})\n"
        "line = order.lines.get()\n"
        "moves = StockMovement.objects.filter(reservation_id=line.reservation_id).order_by('pk')\n"
        "allocated = sum(StockItem.objects.filter(variant_id=line.sku).values_list('allocated', flat=True))\n"
        "answer = {'status': order.status, 'kinds': [move.kind for move in moves], 'allocated': allocated}",
    )


def _let_live_holds_end_in(running: Shop, *, seconds: int) -> None:
    ask(
        running,
        "from datetime import timedelta\n"
        "from django.utils import timezone\n"
        "from inventory.models import Reservation\n"
        f"soon = timezone.now() + timedelta(seconds={seconds})\n"
        "answer = Reservation.objects.held().update(expires_at=soon)",
    )


def _live_units(running: Shop, sku: str) -> int:
    return ask(
        running,
        "from inventory.models import StockItem\n"
        f"answer = sum(StockItem.objects.filter(variant_id={sku!r}).values_list('held', flat=True))",
    )
