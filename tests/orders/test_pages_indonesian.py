"""A purchase in Indonesian, page by page: nothing that the catalogue can translate is said in English."""

import re
from html.parser import HTMLParser

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.urls import reverse

from inventory.models import StockItem
from tests.factories import ShippingMethodFactory
from tests.orders.pages import ADDRESS, CONTACT, add, cart_of, end_holds, on_sale, place_order

pytestmark = pytest.mark.django_db

SPOKEN = {"aria-label", "alt", "placeholder", "title"}


class Said(HTMLParser):
    """The texts of a page, one each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.texts.append(" ".join(data.split()))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value for name, value in attrs if value and name in SPOKEN]


@pytest.fixture(scope="session")
def sentences() -> list[re.Pattern[str]]:
    """Every English text of the catalogue that is another one in Indonesian, with anything in its placeholders."""
    source = settings.LOCALE_PATHS[0] / "id" / "LC_MESSAGES" / "django.po"
    with source.open("rb") as file:
        catalog = read_po(file, locale="id")
    found = []
    for message in catalog:
        for text in [message.id] if isinstance(message.id, str) else message.id or ():
            plain = re.sub(r"%\(\w+\)s|{\w+}", "", text)
            if text != message.string and re.search(r"[a-z]{3}", plain):
                parts = re.split(r"%\(\w+\)s|{\w+}", text.replace("%%", "%"))
                found.append(re.compile(".+".join(re.escape(part) for part in parts)))
    return found


@pytest.fixture
def client() -> Client:
    shopper = Client()
    shopper.cookies[settings.LANGUAGE_COOKIE_NAME] = "id"
    return shopper


@pytest.fixture
def english_on(client, sentences):
    def english_on(url: str) -> list[str]:
        answer = client.get(url, follow=True)
        page = answer.content.decode()
        assert '<html lang="id"' in page
        # Products, gateways and the timeline of an order are data: as somebody wrote them down.
        page = re.sub(r'(?s)<ol class="timeline".*?</ol>', "", page)
        return [text for text in Said(page).texts if any(one.fullmatch(text) for one in sentences)]

    return english_on


def test_shelves_and_product_are_in_indonesian(english_on):
    variant = on_sale(units=3)

    for url in [
        reverse("shop:home"),
        reverse("shop:product", args=[variant.product.slug]),
        reverse("shop:category", args=[variant.product.category.slug]),
        reverse("shop:search") + "?q=nothing-has-this-name",
        reverse("account_login"),
        reverse("account_signup"),
        reverse("orders:order_find"),
        reverse("orders:wishlist"),
    ]:
        assert english_on(url) == []


def test_a_purchase_is_in_indonesian_from_cart_to_order(client, english_on):
    variant = on_sale(units=3)
    assert english_on(reverse("orders:cart")) == []
    add(client, variant, quantity=2)
    method = ShippingMethodFactory(description="")

    assert english_on(reverse("orders:cart")) == []
    assert english_on(reverse("shop:product", args=[variant.product.slug])) == []
    assert english_on(reverse("orders:checkout_contact")) == []
    client.post(reverse("orders:checkout_contact"), CONTACT)
    assert english_on(reverse("orders:checkout_delivery")) == []
    client.post(reverse("orders:checkout_delivery"), {**ADDRESS, "shipping_method": method.pk})
    assert english_on(reverse("orders:checkout_payment")) == []
    client.post(reverse("orders:checkout_payment"), {"gateway": "sandbox"})
    assert english_on(reverse("orders:checkout_review")) == []
    order = place_order(client)
    assert english_on(reverse("orders:order", args=[order.pk])) == []


def test_a_hold_that_ended_is_told_in_indonesian(client, english_on):
    add(client, on_sale())
    end_holds()

    assert english_on(reverse("orders:cart")) == []


def test_a_refusal_is_told_in_indonesian(client):
    variant = on_sale(units=1)
    StockItem.objects.update(on_hand=0)

    answer = add(client, variant)

    assert "Habis" in answer.content.decode()
    assert "Sold out" not in answer.content.decode()


def test_without_a_choice_the_page_is_english(sentences):
    page = Client().get(reverse("shop:home")).content.decode()

    assert '<html lang="en"' in page
    assert any(one.fullmatch(text) for text in Said(page).texts for one in sentences)


def test_the_api_answers_in_english_whatever_the_cookie_says(client):
    answer = client.get("/api/v1/products/nothing-has-this-slug")

    assert answer.json()["title"] == "Not found"
    assert answer.headers["Content-Language"] == "en"


def test_the_cart_belongs_to_both_languages(client):
    add(client, on_sale())
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"

    page = client.get(reverse("orders:cart")).content.decode()

    assert cart_of(client).lines.count() == 1
    assert "Held for you" in page or "held" in page
