"""Pressed twice, gone back, in two tabs, called again: one order, and one charge in the provider's own books."""

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import APIResponse, Page, expect

from tests.e2e.conftest import Shopper, ask, walk_to_review
from tests.servers import Shop

pytestmark = pytest.mark.e2e

PAY = re.compile("^Pay Rp")
ONE_OF_EACH = {"orders": 1, "attempts": 1, "sessions": 1, "charges": 1, "events": 1, "is_paid": True}


@pytest.fixture
def email() -> str:
    """An address that nobody has ordered with."""
    return f"maya-{uuid4().hex[:8]}@example.com"


def books(running: Shop, email: str) -> dict[str, object]:
    """What the shop and the provider have under this address."""
    return ask(
        running,
        "from orders.models import Order, Payment, PaymentEvent\n"
        "from orders.sandbox.models import SandboxPayment\n"
        f"orders = Order.objects.filter(email={email!r})\n"
        "sessions = SandboxPayment.objects.filter(description__in=list(orders.values_list('number', flat=True)))\n"
        "answer = {\n"
        "    'orders': orders.count(),\n"
        "    'attempts': Payment.objects.filter(order__in=orders).count(),\n"
        "    'sessions': sessions.count(),\n"
        "    'charges': sessions.exclude(captured_at=None).count(),\n"
        "    'events': PaymentEvent.objects.filter(payment__order__in=orders).count(),\n"
        "    'is_paid': all(order.is_paid for order in orders),\n"
        "}",
    )


def to_review(page: Page, email: str) -> None:
    page.goto("/p/forest-honey/")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", name="Held for you").first).to_be_visible()
    walk_to_review(page, email=email)


def wait_until_paid(page: Page) -> None:
    """The result page asks by itself; without a script somebody reloads it."""
    paid = page.get_by_role("heading", name="Paid. It is yours.")
    for _ in range(60):
        if paid.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(paid).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_pay_double_clicked_is_one_order_and_one_charge(
    shopper: Shopper, running: Shop, email: str, javascript: bool
) -> None:
    page = shopper(javascript=javascript)
    to_review(page, email)

    page.locator("#pay").dblclick()
    expect(page.get_by_role("button", name=PAY)).to_be_visible()
    page.get_by_role("button", name=PAY).dblclick()

    wait_until_paid(page)
    assert books(running, email) == ONE_OF_EACH


@pytest.mark.parametrize("javascript", [True, False])
def test_pay_and_back_and_pay_again_is_one_order_and_one_charge(
    shopper: Shopper, running: Shop, email: str, javascript: bool
) -> None:
    page = shopper(javascript=javascript)
    to_review(page, email)
    page.locator("#pay").click()
    expect(page.get_by_role("button", name=PAY)).to_be_visible()

    # The order is placed: Back shows it, and not the form once more.
    page.go_back()
    expect(page.get_by_role("heading", name="Held while you pay")).to_be_visible()
    page.locator("#continue-payment").dblclick()
    page.get_by_role("button", name=PAY).click()
    wait_until_paid(page)
    # Back to the provider's page, and pressed there once more.
    page.go_back()
    if page.get_by_role("button", name=PAY).count():
        page.get_by_role("button", name=PAY).click()
        wait_until_paid(page)

    assert books(running, email) == ONE_OF_EACH


def test_pay_in_two_tabs_is_one_order_and_one_charge(shopper: Shopper, running: Shop, email: str) -> None:
    first = shopper()
    to_review(first, email)
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator("#pay")).to_be_visible()

    for tab in (first, second):
        tab.locator("#pay").click()
        expect(tab.get_by_role("button", name=PAY)).to_be_visible()
    assert first.url == second.url
    for tab in (first, second):
        tab.get_by_role("button", name=PAY).click()

    for tab in (first, second):
        wait_until_paid(tab)
    assert books(running, email) == ONE_OF_EACH


def test_api_called_again_with_one_key_is_one_order_and_one_charge(shopper: Shopper, running: Shop, email: str) -> None:
    page = shopper()
    product = page.request.get("/api/v1/products?search=honey").json()["items"][0]["id"]
    (cart, *_) = twice(page, "/api/v1/cart", {"product_id": product, "qty": 1})
    token = {"Cart-Token": cart["cart_token"]}
    details = {
        "email": email,
        "name": "Maya Lestari",
        "phone": "0812 3456 7890",
        "address": "Jl. Kemang Raya 12",
        "city": "Jakarta Selatan",
        "postal_code": "12730",
        "shipping_method": "regular",
        "gateway": "sandbox",
    }

    placed, placed_again = twice(page, f"/api/v1/cart/{cart['id']}/checkout", details, **token)
    started, started_again = twice(page, f"/api/v1/orders/{placed['id']}/payments", {}, **token)

    assert (placed_again, started_again) == (placed, started)
    assert started["id"] == placed["payment"]["id"]
    page.goto(started["redirect_url"])
    page.get_by_role("button", name=PAY).dblclick()
    for _ in range(60):
        order = page.request.get(f"/api/v1/orders/{placed['id']}", headers=token).json()
        if order["status"] == "PAID":
            break
        page.wait_for_timeout(500)
    assert books(running, email) == ONE_OF_EACH


def twice(page: Page, address: str, body: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
    """The same call with one key, two times: both answers."""
    key = {"Idempotency-Key": uuid4().hex}
    answers: list[APIResponse] = [page.request.post(address, data=body, headers=headers | key) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]
    return [answer.json() for answer in answers]
