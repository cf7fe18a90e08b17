"""A guest makes an account for an order, and buys it again."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PHONE, Shopper, ask, walk_to_review
from tests.servers import Shop

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("javascript", [True, False])
def test_guest_makes_an_account_for_an_order_and_buys_it_again(
    shopper: Shopper, running: Shop, javascript: bool
) -> None:
    email = f"maya-{uuid4().hex[:8]}@example.com"
    page = shopper(javascript=javascript, viewport=PHONE)
    page.goto("/p/forest-honey/")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", name="Held for you").first).to_be_visible()
    walk_to_review(page, email=email)
    page.locator("#pay").click()
    page.get_by_role("button", name=re.compile("^Pay Rp")).click()
    paid = page.get_by_role("heading", name="Paid. It is yours.")
    for _ in range(60):
        if paid.count():
            break
        page.wait_for_timeout(500)
        page.reload()

    page.locator("#keep").click()
    expect(page.get_by_label("E-mail")).to_have_value(email)
    page.get_by_label("Password", exact=True).fill("teapot-on-the-stove")
    page.locator("#sign-up").click()

    expect(page.get_by_text("Added to an account.")).to_be_visible()
    page.locator("#buy-again").dblclick()
    expect(page.get_by_role("heading", name="Your cart")).to_be_visible()
    expect(page.get_by_text("Held for you: everything of order")).to_be_visible()
    page.goto("/orders/")
    expect(page.locator(".order-row")).to_have_count(1)
    assert _books_of(running, email) == {"orders": 1, "units_in_cart": 1}


def _books_of(running: Shop, email: str) -> object:
    return ask(
        running,
        "from orders.models import CartLine, Order\n"
        f"lines = CartLine.objects.filter(cart__user__email={email!r}, cart__status='OPEN')\n"
        "answer = {\n"
        f"    'orders': Order.objects.filter(user__email={email!r}).count(),\n"
        "    'units_in_cart': sum(lines.values_list('quantity', flat=True)),\n"
        "}",
    )
