"""A drop from its preview to a paid order: the clock opens it by itself, and a second shopper is told the truth."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, Shopper, ask, walk_to_review
from tests.servers import Shop

pytestmark = pytest.mark.e2e

PUBLISH = """
from datetime import timedelta
from django.utils import timezone
from orders import services
from shop.models import Drop, Variant
now = timezone.now()
drop = Drop.objects.create(
    slug="last-lantern", name="Last lantern", limit_per_customer=1,
    starts_at=now + timedelta(seconds=12), ends_at=now + timedelta(hours=1),
)
variant = Variant.objects.get(sku="{sku}")
drop.items.create(variant=variant, quota=1, price_minor=99_000)
services.publish_drop(drop_id=drop.pk, override="test", actor="test", now=now)
answer = True
"""
SKU = "GLV-LXL"


def test_preview_opens_by_itself_and_the_last_one_is_held_and_paid(shopper: Shopper, running: Shop) -> None:
    ask(running, PUBLISH.format(sku=SKU))
    first, second = shopper(viewport=PHONE), shopper()
    for page in (first, second):
        page.goto("/drops/last-lantern/")
        expect(page.get_by_text(re.compile("^Opens")).first).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Add to cart"))).to_be_hidden()

    # Nobody asks the shop: the clock of the page shows the button at the second.
    button = first.get_by_role("button", name=re.compile("Add to cart"))
    expect(button).to_be_visible(timeout=30_000)
    button.click()
    expect(first.get_by_text("Held until").first).to_be_visible()
    second.get_by_role("button", name=re.compile("Add to cart")).click()
    expect(second.get_by_role("heading", name="All of these are in carts")).to_be_visible()

    _pay(first)
    expect(first.get_by_role("heading", name="Paid. It is yours.")).to_be_visible(timeout=30_000)
    second.goto("/drops/last-lantern/")
    expect(second.get_by_text("1 of 1 sold").first).to_be_visible()
    assert "All counters agree" in running.manage("prove_stock")


def _pay(page: Page) -> None:
    walk_to_review(page)
    page.locator("#pay").click()
    page.get_by_role("button", name=re.compile("^Pay Rp")).click()
