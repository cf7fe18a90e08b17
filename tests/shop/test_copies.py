"""Pages come from copies, and no copy outlives a change: by whomever, in bulk or alone, committed or not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory import services as inventory_services
from shop.catalogue import set_published
from shop.copies import Lru, copies
from shop.models import CatalogueStamp, Category, Product, ProductImage, Variant
from shop.transactions import transactional
from tests.factories import CategoryFactory, ProductFactory, StockItemFactory, VariantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf() -> Category:
    return CategoryFactory(slug="shoes", name="Shoes")


def _product(shelf: Category, *, variants: int = 2, **fields: Any) -> Product:
    product = ProductFactory(category=shelf, is_popular=True, is_new=True, **fields)
    for position in range(variants):
        options = {"Colour": "Lilac", "Size": str(40 + position)}
        variant = VariantFactory(product=product, position=position, options=options)
        ProductImage.objects.create(product=product, stem="demo/runner", alt="A runner", position=position)
        StockItemFactory(variant=variant, on_hand=9)
    return product


# What a page asks: as a new process, after a change of the catalogue, and while it stays as it was.
PAGES = {
    "home": ("/", 5, 5, 1),
    "shelf": ("/c/shoes/", 5, 5, 1),
    "shelf, narrowed down": ("/c/shoes/?trait=Colour:Lilac&lowest=1&sort=price", 5, 5, 1),
    "search": ("/search/?q=runner", 5, 5, 1),
    "product": ("/p/first/", 6, 6, 1),
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("address", "cold", "changed", "warm"), PAGES.values(), ids=PAGES)
def test_pages_of_a_guest_ask_little(
    client: Client,
    shelf: Category,
    django_assert_num_queries: Any,
    count: int,
    address: str,
    cold: int,
    changed: int,
    warm: int,
) -> None:
    for number in range(count):
        _product(shelf, name=f"Runner {number}", slug=f"runner-{number}" if number else "first")

    with django_assert_num_queries(cold):
        assert client.get(address).status_code == 200
    with django_assert_num_queries(warm):
        client.get(address)
    Category.objects.update(description="Changed")
    with django_assert_num_queries(changed):
        client.get(address)
    with django_assert_num_queries(warm):
        client.get(address)


CHANGES: dict[str, Callable[[Product], Any]] = {
    "a price, saved": lambda product: _saved(product.variants.first(), price_minor=65_432),
    "a price, in bulk": lambda product: product.variants.update(price_minor=65_432),
    "a price, by bulk_update": lambda product: Variant.objects.bulk_update(
        [_with(variant, price_minor=65_432) for variant in product.variants.all()], ["price_minor"]
    ),
    "a new variant": lambda product: VariantFactory(product=product, price_minor=65_432),
    "new variants, in bulk": lambda product: Variant.objects.bulk_create(
        [Variant(product=product, sku="NEW-1", price_minor=65_432)]
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_page_shows_an_old_price(client: Client, shelf: Category, change: Callable[[Product], Any]) -> None:
    product = _product(shelf)
    addresses = ["/", "/c/shoes/", f"/search/?q={product.name}", reverse("shop:product", args=[product.slug])]
    for address in addresses:
        assert "65.432" not in client.get(address).content.decode()

    change(product)

    for address in addresses[:3]:
        assert "Rp\xa065.432" in client.get(address).content.decode()
    page = client.get(addresses[3], {"sku": product.variants.order_by("price_minor", "-pk")[0].sku})
    assert "Rp\xa065.432" in page.content.decode()


def test_what_is_taken_off_is_gone_at_once(client: Client, shelf: Category) -> None:
    product = _product(shelf)
    for address in ("/c/shoes/", f"/p/{product.slug}/"):
        assert client.get(address).status_code == 200

    set_published(product_ids=[product.pk], is_published=False, now=timezone.now())

    shelf_now = client.get("/c/shoes/")
    assert shelf_now.context["cards"] == shelf_now.context["facets"] == []
    assert client.get(f"/p/{product.slug}/").status_code == 404
    assert client.get("/search/", {"q": product.name}).context["cards"] == []


def test_a_copy_holds_no_figure_of_stock(client: Client, shelf: Category) -> None:
    product = _product(shelf, variants=1)
    sku = product.variants.get().sku
    address = f"/p/{product.slug}/"
    assert "9 free now" in client.get(address).content.decode()

    now = timezone.now()
    expires_at = now + timedelta(minutes=5)
    inventory_services.reserve(lines={sku: 6}, token="a", expires_at=expires_at, now=now, actor="tests")

    assert "3 left" in client.get(address).content.decode()
    assert client.get("/c/shoes/").context["cards"][0].free == 3


def test_the_stamp_changes_once_in_a_service_and_last(django_assert_num_queries: Any, shelf: Category) -> None:
    seen: list[str] = []

    @transactional
    def rename_twice() -> None:
        before = CatalogueStamp.objects.get().stamp
        Category.objects.update(name="Boots")
        Category.objects.update(name="Socks")
        seen.append(before)
        assert CatalogueStamp.objects.get().stamp == before

    rename_twice()

    assert CatalogueStamp.objects.get().stamp != seen[0]


def test_nothing_is_kept_where_the_catalogue_has_no_stamp(client: Client, shelf: Category) -> None:
    _product(shelf)
    CatalogueStamp.objects.all().delete()
    client.get("/c/shoes/")

    assert len(copies) == 0


def test_the_longest_unasked_copies_are_given_up() -> None:
    kept: Lru[int] = Lru(most=2)
    for key in ("a", "b"):
        kept.keep(key, 1)
    kept.get("a")
    kept.keep("c", 1)

    assert [key for key in ("a", "b", "c") if kept.get(key)] == ["a", "c"]


def test_seeding_again_leaves_the_copies_alone() -> None:
    call_command("seed", "--anyway", verbosity=0)
    before = CatalogueStamp.objects.get().stamp

    call_command("seed", "--anyway", verbosity=0)

    assert CatalogueStamp.objects.get().stamp == before


def _with(row: Any, **fields: Any) -> Any:
    for name, value in fields.items():
        setattr(row, name, value)
    return row


def _saved(row: Any, **fields: Any) -> None:
    _with(row, **fields).save()
