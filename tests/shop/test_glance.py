"""What moved since the page was made: one look a second for everybody who asks, 304 for whoever has seen it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory import services as inventory_services
from shop import glance
from shop.models import Product
from tests.factories import ProductFactory, StockItemFactory, VariantFactory

pytestmark = pytest.mark.django_db
STOCK = reverse("shop:stock")


@pytest.fixture
def product() -> Product:
    product = ProductFactory(name="Runner", slug="runner", category__slug="shoes")
    StockItemFactory(variant=VariantFactory(product=product, sku="RUN"), on_hand=5)
    return product


def _hold(units: int) -> None:
    now = timezone.now()
    inventory_services.reserve(
        lines={"RUN": units}, token=f"t{units}", expires_at=now + timedelta(minutes=5), now=now, actor="tests"
    )


def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second be over."""
    monkeypatch.setattr(glance, "KEPT_SECONDS", -1)
    glance.places.clear()


def test_lines_come_as_the_page_shows_them(client: Client, product: Product) -> None:
    _hold(2)

    lines = client.get(STOCK, {"sku": "RUN", "p": "runner"}).content.decode()

    for address in (reverse("shop:product", args=["runner"]), "/c/shoes/"):
        page = client.get(address).content.decode()
        place = "stock-now" if "/p/" in address else "stock-runner"
        assert _element(lines, place) == _element(page, place)
    assert "3 left · 2 more are in other carts" in lines
    assert "3 left · 2 in carts" in lines


def test_a_crowd_costs_three_queries_a_second(client: Client, product: Product, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):
        for _ in range(50):
            client.get(STOCK, {"sku": "RUN"})


@pytest.mark.parametrize("count", [1, 3])
def test_cards_cost_three_queries_however_many(client: Client, django_assert_num_queries: Any, count: int) -> None:
    slugs = [VariantFactory().product.slug for _ in range(count)]

    with django_assert_num_queries(3):
        client.get(STOCK, {"p": slugs})


def test_whoever_has_seen_the_same_gets_304(client: Client, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get(STOCK, {"p": "runner"})
    same = client.get(STOCK, {"p": "runner"}, headers={"If-None-Match": first["ETag"]})
    _hold(1)
    _later(monkeypatch)
    moved = client.get(STOCK, {"p": "runner"}, headers={"If-None-Match": first["ETag"]})

    assert (same.status_code, same.content) == (304, b"")
    assert (moved.status_code, moved["ETag"] != first["ETag"]) == (200, True)
    assert "4 left" in moved.content.decode()


def test_what_is_not_on_show_is_not_told(client: Client, product: Product) -> None:
    Product.objects.update(is_published=False)

    lines = client.get(STOCK, {"sku": ["RUN", "NOTHING"], "p": ["runner", "nothing"]}).content.decode()

    assert "stock-" not in lines


def test_own_units_are_not_asked_for_again(client: Client, product: Product) -> None:
    client.post(reverse("orders:cart_add"), {"variant": product.variants.get().pk, "quantity": "1"})

    page = client.get(reverse("shop:product", args=["runner"])).content.decode()

    assert 'data-live="sku=RUN"' not in page


def _element(page: str, place: str) -> str:
    start = page.index(f'id="{place}"')
    return " ".join(page[start : page.index("</p>", start)].split())
