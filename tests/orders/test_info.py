"""Terms, privacy, delivery and returns: in both languages, with the shop's real figures, and linked from every page."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import ShippingMethodFactory, ShippingZoneFactory

pytestmark = pytest.mark.django_db
PAGES = {
    "/terms/": ("Terms", "Ketentuan"),
    "/privacy/": ("Privacy", "Privasi"),
    "/shipping/": ("Delivery", "Pengiriman"),
    "/returns/": ("Returns", "Pengembalian"),
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", [0, 1], ids=["en", "id"])
def test_page_is_there_in_both_languages(client: Client, path: str, language: int) -> None:
    client.cookies["language"] = ["en", "id"][language]

    body = client.get(path).content.decode()

    assert f"<h1>{PAGES[path][language]}</h1>" in body
    assert f'<html lang="{["en", "id"][language]}"' in body
    for linked in PAGES:
        assert f'href="{linked}"' in body


def test_both_languages_have_the_same_headings_and_anchors(client: Client) -> None:
    for path in PAGES:
        counts = []
        for language in ("en", "id"):
            client.cookies["language"] = language
            body = client.get(path).content.decode().split("<article")[1].split("</article>")[0]
            counts.append([body.count(each) for each in ("<h2", "<li", "<p", 'id="back-order"')])
        assert counts[0] == counts[1], path


def test_delivery_shows_what_the_checkout_offers(client: Client) -> None:
    method = ShippingMethodFactory(name="Regular", price_minor=18_000, min_days=2, max_days=4)
    method.zones.add(ShippingZoneFactory(name="Java"))
    ShippingMethodFactory(code="old", name="By pigeon", is_active=False)

    body = client.get("/shipping/").content.decode()

    assert "Regular" in body
    assert "Java · 2 to 4 days" in body
    assert "Rp\xa018.000" in body
    assert "By pigeon" not in body


def test_returns_say_the_days_that_the_shop_obeys(client: Client, settings: Any) -> None:
    settings.RETURN_DAYS = 30

    assert "Within 30 days" in client.get("/returns/").content.decode()


def test_languages_are_those_that_have_texts() -> None:
    assert [code for code, _ in settings.LANGUAGES] == ["en", "id"]
