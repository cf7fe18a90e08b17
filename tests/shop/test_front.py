"""A guest may get the page of the guest before: only while it is true, and never what is one shopper's."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory import services as inventory_services
from shop.front import PERSONAL, pages
from shop.models import Product
from tests.factories import ProductFactory, StockItemFactory, VariantFactory

pytestmark = pytest.mark.django_db

ADDRESSES = ["/", "/c/shoes/", "/search/?q=runner", "/p/runner/"]


@pytest.fixture
def product() -> Product:
    product = ProductFactory(name="Runner", slug="runner", category__slug="shoes", is_popular=True)
    StockItemFactory(variant=VariantFactory(product=product, sku="RUN"), on_hand=9)
    return product


def _hold(units: int, *, minutes: int = 10) -> Any:
    now = timezone.now()
    return inventory_services.reserve(
        lines={"RUN": units}, token=f"t{units}", expires_at=now + timedelta(minutes=minutes), now=now, actor="tests"
    )


@pytest.mark.parametrize("address", ADDRESSES)
def test_next_guest_gets_the_same_page_with_a_token_and_keys_of_their_own(product: Product, address: str) -> None:
    first, second = Client().get(address), Client().get(address)

    assert len(pages) == 1
    assert PERSONAL.sub(b"", second.content) == PERSONAL.sub(b"", first.content)
    assert set(PERSONAL.findall(second.content)).isdisjoint(PERSONAL.findall(first.content))
    assert second.cookies["csrftoken"].value != first.cookies["csrftoken"].value
    different = {"Content-Length", "Set-Cookie"}
    assert {n: v for n, v in second.items() if n not in different} == {
        n: v for n, v in first.items() if n not in different
    }


@pytest.mark.parametrize("address", ADDRESSES)
def test_two_pages_made_anew_differ_in_nothing_but_what_is_personal(product: Product, address: str) -> None:
    first = Client().get(address)
    pages.clear()
    second = Client().get(address)

    assert PERSONAL.sub(b"", second.content) == PERSONAL.sub(b"", first.content)


def test_the_form_of_a_page_that_was_handed_out_works(product: Product) -> None:
    Client().get("/p/runner/")
    guest = Client(enforce_csrf_checks=True)

    page = guest.get("/p/runner/").content.decode()
    fields = dict(re.findall(r'name="(csrfmiddlewaretoken|key)" value="([^"]+)"', page.split("buy-form")[1]))
    answer = guest.post(reverse("orders:cart_add"), {**fields, "variant": product.variants.get().pk, "quantity": "1"})

    assert answer.status_code == 303
    assert "Held for you" in guest.get("/p/runner/").content.decode()


def test_a_token_is_kept_from_page_to_page(product: Product) -> None:
    guest = Client()
    first = guest.get("/p/runner/").cookies["csrftoken"].value

    assert guest.get("/p/runner/").cookies["csrftoken"].value == first


def test_page_is_handed_out_with_one_query(product: Product, django_assert_num_queries: Any) -> None:
    Client().get("/p/runner/")

    with django_assert_num_queries(1):
        answer = Client().get("/p/runner/")

    assert answer.context is None


def test_page_is_made_anew_when_stock_moves(product: Product) -> None:
    for address in ADDRESSES:
        Client().get(address)

    _hold(6)

    for address in ADDRESSES:
        assert "3 left" in Client().get(address).content.decode()


def test_page_is_made_anew_when_a_hold_passes_its_time(product: Product) -> None:
    _hold(9, minutes=1)
    assert "All held" in Client().get("/p/runner/").content.decode()

    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert "9 free now" in Client().get("/p/runner/").content.decode()


def test_whoever_has_a_cart_or_a_session_passes_by(product: Product) -> None:
    holder, member = Client(), Client()
    holder.post(reverse("orders:cart_add"), {"variant": product.variants.get().pk, "quantity": "1"})
    member.cookies["sessionid"] = "something"
    Client().get("/p/runner/")

    assert "Held for you" in holder.get("/p/runner/").content.decode()
    assert member.get("/p/runner/").context is not None
    assert "Held for you" not in Client().get("/p/runner/").content.decode()


def test_scheme_and_address_have_pages_of_their_own(product: Product) -> None:
    night = Client()
    night.cookies["theme"] = "dark"
    Client().get("/c/shoes/")

    assert 'data-theme="dark"' in night.get("/c/shoes/").content.decode()
    assert Client().get("/c/shoes/", {"sort": "new"}).context is not None
    assert "data-theme" not in Client().get("/c/shoes/").content.decode()


def test_language_has_pages_of_its_own(product: Product) -> None:
    reader = Client()
    reader.cookies["language"] = "id"
    Client().get("/c/shoes/")

    assert '<html lang="id"' in reader.get("/c/shoes/").content.decode()
    assert '<html lang="id"' in reader.get("/c/shoes/").content.decode()
    assert '<html lang="en"' in Client().get("/c/shoes/").content.decode()
    assert len(pages) == 2


def test_a_part_is_no_page(product: Product) -> None:
    Client().get("/p/runner/")

    part = Client().get("/p/runner/", headers={"HX-Request": "true", "HX-Target": "buy"})

    assert "<html" not in part.content.decode()


def test_what_is_not_there_is_not_kept() -> None:
    Client().get("/p/nothing/")

    assert len(pages) == 0
