"""The catalogue over the API: open to everybody, with what is free at this moment."""

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from shop.models import Product, ProductImage
from tests.api.conftest import API, add, fields_of
from tests.factories import CategoryFactory, ProductFactory, StockItemFactory, VariantFactory


def _product(name: str, *, slug: str = "", units: int = 5, price: int = 250_000) -> Product:
    product = ProductFactory(name=name, **({"slug": slug} if slug else {}))
    StockItemFactory(variant=VariantFactory(product=product, price_minor=price), on_hand=units)
    ProductImage.objects.create(product=product, stem="demo/runner", alt="A runner", option_value="Lilac")
    return product


def test_product_by_slug_and_by_id(guest: APIClient) -> None:
    product = _product("Lilac Runner", slug="lilac-runner")
    VariantFactory(product=product, is_active=False)

    by_slug, by_id = (guest.get(f"{API}/products/{reference}") for reference in ("lilac-runner", product.pk))

    assert by_slug.json() == by_id.json()
    body = by_slug.json()
    assert (body["name"], body["price"], len(body["variants"])) == ("Lilac Runner", 250_000, 1)
    assert (body["variants"][0]["free"], body["variants"][0]["held"]) == (5, 0)
    assert body["variants"][0]["price_money"]["formatted"] == "Rp\u00a0250.000"
    assert body["pictures"][0]["urls"]["320"].endswith("demo/runner-320.webp")


def test_product_tells_what_is_held(guest: APIClient) -> None:
    product = _product("Runner", slug="runner", units=1)
    item = product.variants.get().stock_items.get()
    add(APIClient(), item)

    variant = guest.get(f"{API}/products/runner").json()["variants"][0]

    assert (variant["free"], variant["held"]) == (0, 1)
    assert variant["next_free_at"] is not None


@pytest.mark.parametrize("reference", ["nothing-here", "\u00e4%00", "00000000-0000-0000-0000-000000000000", "hidden"])
def test_unknown_and_unpublished_products_do_not_exist(guest: APIClient, reference: str) -> None:
    VariantFactory(product=ProductFactory(slug="hidden", is_published=False))

    answer = guest.get(f"{API}/products/{reference}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_products_are_searched_filtered_and_sorted(guest: APIClient) -> None:
    lilac, sand = _product("Lilac Runner", price=300_000), _product("Sand Runner")
    _product("Teapot")

    def names(query: str) -> list[str]:
        return [row["name"] for row in guest.get(f"{API}/products?{query}").json()["items"]]

    assert names("search=runner&sort=price") == ["Sand Runner", "Lilac Runner"]
    assert names("search=LILAC%20run") == ["Lilac Runner"]
    assert names(f"category={sand.category.slug}") == ["Sand Runner"]
    assert names(f"category={lilac.category.slug}&search=sand") == []
    assert names("search=%F0%9F%98%80") == []
    assert len(names("limit=2")) == 2


@pytest.mark.parametrize(
    "query", ["category=nowhere", "sort=by-luck", "limit=1000", "search=" + "x" * 101, "search=%00"]
)
def test_products_refuse_a_bad_question(guest: APIClient, query: str) -> None:
    answer = guest.get(f"{API}/products?{query}")

    assert (answer.status_code, fields_of(answer)) == (422, [query.split("=")[0]])


def test_categories_count_what_is_on_show(guest: APIClient) -> None:
    shelf = CategoryFactory(slug="shoes", description="To run in")
    VariantFactory.create_batch(2, product=ProductFactory(category=shelf))
    VariantFactory(product=ProductFactory(category=shelf, is_published=False))

    rows = guest.get(f"{API}/categories").json()

    assert [(row["slug"], row["products"], row["description"]) for row in rows] == [("shoes", 1, "To run in")]


@pytest.mark.parametrize("count", [1, 3])
def test_catalogue_query_counts(
    guest: APIClient, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for position in range(count):
        product = _product(f"Runner {position}")
        VariantFactory.create_batch(count, product=product)

    with django_assert_num_queries(5):
        assert len(guest.get(f"{API}/products").json()["items"]) == count
    with django_assert_num_queries(4):
        guest.get(f"{API}/products/{product.slug}")
    with django_assert_num_queries(1):
        guest.get(f"{API}/categories")


def test_live_stock_tells_free_and_held_and_304_for_what_was_seen(guest: APIClient) -> None:
    sku = _product("Runner").variants.get().sku

    seen = guest.get(f"{API}/live-stock", {"sku": [sku, "NOTHING"]})
    same = guest.get(f"{API}/live-stock", {"sku": [sku, "NOTHING"]}, headers={"If-None-Match": seen["ETag"]})

    assert seen.json() == {"items": [{"sku": sku, "free": 5, "held": 0, "next_free_at": None}]}
    assert (same.status_code, same.content) == (304, b"")


def test_live_stock_wants_a_sku(guest: APIClient) -> None:
    assert guest.get(f"{API}/live-stock").status_code == 422
