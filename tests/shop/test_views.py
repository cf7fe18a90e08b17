"""The shop's own pages, as a shopper's browser sees them."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.views.defaults import server_error

from inventory import services as inventory_services
from shop.models import Category, Product
from shop.stylesheet import stylesheet
from tests.factories import (
    CategoryFactory,
    LocationFactory,
    ProductFactory,
    StockItemFactory,
    VariantFactory,
    stock,
)

pytestmark = pytest.mark.django_db


def _product(*, units: int = 9, variants: int = 1, **fields: Any) -> Product:
    product = ProductFactory(**fields)
    for position in range(variants):
        variant = VariantFactory(product=product, position=position, options={"Size": str(40 + position)})
        StockItemFactory(variant=variant, on_hand=units)
    return product


def _hold(product: Product, *, units: int, minutes: int = 10) -> None:
    now = timezone.now()
    sku = product.variants.get().sku
    inventory_services.reserve(
        lines={sku: units},
        token=f"somebody-{sku}",
        expires_at=now + timedelta(minutes=minutes),
        now=now,
        actor="tests",
    )


@pytest.fixture
def shelf() -> Category:
    return CategoryFactory(slug="shoes", name="Shoes")


def test_home_shows_an_empty_shop(client: Client) -> None:
    assert client.get(reverse("shop:home")).status_code == 200


def test_category_leaves_out_what_is_not_for_sale(client: Client, shelf: Category) -> None:
    _product(category=shelf, is_published=False)
    ProductFactory(category=shelf)
    withdrawn = _product(category=shelf)
    withdrawn.variants.update(is_active=False)

    answer = client.get(reverse("shop:category", args=["shoes"]))

    assert answer.context["cards"] == []


def test_category_filters_by_price_and_what_is_free(client: Client, shelf: Category) -> None:
    _product(category=shelf, name="Free")
    taken = _product(category=shelf, name="Taken", units=1)
    _hold(taken, units=1)
    dear = ProductFactory(category=shelf, name="Dear")
    stock(variant=VariantFactory(product=dear, price_minor=900_000), location=LocationFactory(), on_hand=1)

    answer = client.get(reverse("shop:category", args=["shoes"]), {"stock": "free", "highest": "300000"})

    assert [card.name for card in answer.context["cards"]] == ["Free"]


@pytest.mark.parametrize(
    ("states", "names"),
    [(["held"], ["Taken"]), (["gone"], ["Gone"]), (["free", "gone"], ["Free", "Gone"])],
)
def test_category_narrows_down_by_stock(client: Client, shelf: Category, states: list[str], names: list[str]) -> None:
    _product(category=shelf, name="Free")
    _hold(_product(category=shelf, name="Taken", units=1), units=1)
    _product(category=shelf, name="Gone", units=0)

    answer = client.get(reverse("shop:category", args=["shoes"]), {"stock": states, "sort": "name"})

    assert [card.name for card in answer.context["cards"]] == names


def test_category_narrows_down_by_traits(client: Client, shelf: Category) -> None:
    for name, brand, colour in (("A", "Langkah", "Lilac"), ("B", "Langkah", "Fern"), ("C", "Tenun", "Lilac")):
        VariantFactory(product=ProductFactory(category=shelf, name=name, brand=brand), options={"Colour": colour})

    def names(*traits: str) -> list[str]:
        answer = client.get(reverse("shop:category", args=["shoes"]), {"trait": traits, "sort": "name"})
        return [card.name for card in answer.context["cards"]]

    assert names("Colour:Lilac") == ["A", "C"]
    assert names("Colour:Lilac", "Colour:Fern") == ["A", "B", "C"]
    assert names("Colour:Lilac", "brand:Langkah") == ["A"]
    assert names("Colour:Nothing") == []


def test_category_counts_what_each_trait_would_find(client: Client, shelf: Category) -> None:
    for colour in ("Lilac", "Fern", "Fern"):
        VariantFactory(product=ProductFactory(category=shelf), options={"Colour": colour})
    VariantFactory(product=ProductFactory(category=shelf, is_published=False), options={"Colour": "Unseen"})

    answer = client.get(reverse("shop:category", args=["shoes"]))

    colours = next(facet for facet in answer.context["facets"] if facet.name == "Colour")
    assert [(value.value, value.products) for value in colours.values] == [("Fern", 2), ("Lilac", 1)]


def test_chip_takes_off_its_own_filter_alone(client: Client, shelf: Category) -> None:
    page = client.get(
        reverse("shop:category", args=["shoes"]), {"stock": ["free", "held"], "page": "3"}
    ).content.decode()

    assert 'href="/c/shoes/?stock=held"' in page
    assert 'href="/c/shoes/?stock=free"' in page


def test_category_counts_an_expired_hold_as_free(client: Client, shelf: Category) -> None:
    product = _product(category=shelf, units=1)
    _hold(product, units=1, minutes=-1)

    answer = client.get(reverse("shop:category", args=["shoes"]), {"stock": "free"})

    assert [card.free for card in answer.context["cards"]] == [1]


def test_category_sorts_by_lowest_price(client: Client, shelf: Category) -> None:
    for name, price in (("B", 300), ("A", 100), ("C", 200)):
        VariantFactory(product=ProductFactory(category=shelf, name=name), price_minor=price)

    answer = client.get(reverse("shop:category", args=["shoes"]), {"sort": "price"})

    assert [card.name for card in answer.context["cards"]] == ["A", "C", "B"]


def test_category_tells_a_filter_that_cannot_be_used(client: Client, shelf: Category) -> None:
    _product(category=shelf)

    answer = client.get(reverse("shop:category", args=["shoes"]), {"lowest": "cheap", "sort": "colour", "page": "x"})

    assert len(answer.context["cards"]) == 1
    assert answer.context["form"].errors.keys() == {"lowest", "sort"}


def test_category_shows_24_and_the_last_page_for_one_too_high(client: Client, shelf: Category) -> None:
    for _ in range(26):
        VariantFactory(product=ProductFactory(category=shelf))

    first = client.get(reverse("shop:category", args=["shoes"]))
    last = client.get(reverse("shop:category", args=["shoes"]), {"page": "99"})

    assert len(first.context["cards"]) == 24
    assert len(last.context["cards"]) == 2


@pytest.mark.parametrize("address", ["/c/nowhere/", "/p/nothing/", "/nowhere"])
def test_missing_page_is_404_and_shows_products(client: Client, address: str) -> None:
    _product(is_popular=True, name="Something else")

    answer = client.get(address)

    assert answer.status_code == 404
    assert "Something else" in answer.content.decode()


def test_unpublished_product_is_404(client: Client) -> None:
    product = _product(is_published=False)

    assert client.get(reverse("shop:product", args=[product.slug])).status_code == 404


def test_product_tells_free_and_held_apart(client: Client) -> None:
    product = _product(units=5)
    _hold(product, units=2)

    answer = client.get(reverse("shop:product", args=[product.slug]))

    assert "3 left · 2 more are in other carts" in answer.content.decode()


@pytest.mark.parametrize(("units", "words"), [(5, "5 left"), (80, "80 free now")])
def test_product_and_card_have_one_wording_for_what_is_free(client: Client, units: int, words: str) -> None:
    product = _product(units=units, is_popular=True)

    for address in [reverse("shop:product", args=[product.slug]), reverse("shop:search") + f"?q={product.name}"]:
        assert words in client.get(address).content.decode()


def test_robots_are_kept_from_what_is_one_shoppers(client: Client) -> None:
    answer = client.get("/robots.txt")

    assert answer["Content-Type"].startswith("text/plain")
    rules = answer.content.decode().splitlines()
    assert rules[0] == "User-agent: *"
    assert {"Disallow: /cart/", "Disallow: /orders/", "Disallow: /admin/"} < set(rules)


def test_favicon_is_where_browsers_look_for_it(client: Client) -> None:
    answer = client.get("/favicon.ico")

    assert answer.status_code == 302
    assert answer["Location"].endswith(".svg")


def test_a_shared_link_has_a_picture_with_a_whole_address(client: Client, settings: Any) -> None:
    page = client.get(reverse("shop:home")).content.decode()

    assert f'property="og:image" content="{settings.SITE_URL}/static/img/share' in page


@pytest.mark.parametrize("method", ["get", "head"])
def test_theme_in_the_address_bar_leads_home(client: Client, method: str) -> None:
    answer = getattr(client, method)(reverse("shop:theme"))

    assert (answer.status_code, answer["Location"]) == (302, reverse("shop:home"))


def test_product_says_when_the_next_may_be_free(client: Client) -> None:
    product = _product(units=1)
    _hold(product, units=1, minutes=5)

    page = client.get(reverse("shop:product", args=[product.slug])).content.decode()

    said = " ".join(strip_tags(page).split())
    assert "All held: 1 in another cart. The next may be free in about 5 minutes, at " in said
    assert "Add to cart" in page


def test_product_says_sold_out_and_offers_no_add(client: Client) -> None:
    product = _product(units=0)

    page = client.get(reverse("shop:product", args=[product.slug])).content.decode()

    assert "Sold out" in page
    assert "Add to cart" not in page


def test_product_does_not_count_the_own_hold_as_somebody_elses(client: Client) -> None:
    product = _product(units=2)
    client.post(reverse("orders:cart_add"), {"variant": product.variants.get().pk, "quantity": "2"})

    page = client.get(reverse("shop:product", args=[product.slug])).content.decode()

    assert "The last ones are yours" in page
    assert "other cart" not in page
    assert "Held for you" in page


def test_product_chooses_the_variant_of_the_address(client: Client) -> None:
    product = _product(variants=2, option_names=["Size"])
    second = product.variants.get(position=1)

    answer = client.get(reverse("shop:product", args=[product.slug]), {"sku": second.sku})

    assert answer.context["choice"].chosen == second


def test_product_chooses_something_free_for_an_unknown_sku(client: Client) -> None:
    product = ProductFactory()
    for position, units in enumerate((0, 3)):
        StockItemFactory(variant=VariantFactory(product=product, position=position), on_hand=units)

    answer = client.get(reverse("shop:product", args=[product.slug]), {"sku": "NOT-HERE"})

    assert answer.context["choice"].chosen.position == 1


def test_product_answers_htmx_with_the_part_that_changed(client: Client) -> None:
    product = _product()

    answer = client.get(
        reverse("shop:product", args=[product.slug]), headers={"HX-Request": "true", "HX-Target": "buy"}
    )

    assert not answer.content.decode().count("<html")
    assert "HX-Request" in answer["Vary"].split(", ")


def test_search_of_words_that_nothing_has_together_finds_what_has_some(client: Client) -> None:
    _product(name="Red Scarf")
    _product(name="Lilac Shoes")
    _product(name="Green Kite")

    answer = client.get(reverse("shop:search"), {"q": "red shoes"})

    assert {card.name for card in answer.context["cards"]} == {"Red Scarf", "Lilac Shoes"}
    assert "Nothing has all of these words" in answer.content.decode()


def test_search_suggests_the_word_that_was_meant(client: Client) -> None:
    _product(name="Lilac Runner")

    page = client.get(reverse("shop:search"), {"q": "lilca"}).content.decode()

    assert "Nothing for “lilca”" in page
    assert 'Did you mean <a href="/search/?q=lilac">lilac</a>?' in page


def test_search_finds_every_word_in_any_order(client: Client) -> None:
    _product(name="Lilac Runner", brand="Langkah")
    _product(name="Lilac Scarf", brand="Tenun")

    answer = client.get(reverse("shop:search"), {"q": "  LANGKAH, lílac "})

    assert [card.name for card in answer.context["cards"]] == ["Lilac Runner"]


def test_search_puts_a_name_that_begins_so_first(client: Client) -> None:
    _product(name="Old Runner", is_popular=True)
    _product(name="Runner One")

    answer = client.get(reverse("shop:search"), {"q": "runner"})

    assert [card.name for card in answer.context["cards"]] == ["Runner One", "Old Runner"]


@pytest.mark.parametrize("text", ["%", "_", "'; --", "\x00", "a" * 5000, "🦊", "<script>alert(1)</script>", "   "])
def test_search_survives_any_text(client: Client, text: str) -> None:
    _product(name="Lilac Runner")

    answer = client.get(reverse("shop:search"), {"q": text})

    assert answer.status_code == 200
    assert answer.context.get("cards", []) == []
    assert "<script>alert" not in answer.content.decode()


def test_search_offers_the_shelves_when_nothing_is_found(client: Client, shelf: Category) -> None:
    page = client.get(reverse("shop:search"), {"q": "zzz"}).content.decode()

    assert "Nothing for “zzz”" in page
    assert reverse("shop:category", args=["shoes"]) in page


def test_theme_is_kept_in_a_cookie_and_forgotten_again(client: Client) -> None:
    chosen = client.post(reverse("shop:theme"), {"theme": "dark", "next": "/search/"})

    assert (chosen.status_code, chosen["Location"]) == (303, "/search/")
    assert 'data-theme="dark"' in client.get("/search/").content.decode()

    client.post(reverse("shop:theme"), {"theme": "device"})

    assert "data-theme" not in client.get("/search/").content.decode()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_theme_never_leads_to_another_site(client: Client, target: str) -> None:
    answer = client.post(reverse("shop:theme"), {"theme": "dark", "next": target})

    assert answer["Location"] == reverse("shop:home")


def test_unknown_theme_in_the_cookie_is_ignored(client: Client) -> None:
    client.cookies["theme"] = '"><script>'

    assert "data-theme" not in client.get(reverse("shop:home")).content.decode()


def test_healthz_asks_no_database(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get(reverse("shop:healthz"))

    assert answer.json() == {"status": "ok"}


def test_readyz_is_ready(client: Client) -> None:
    assert client.get(reverse("shop:readyz")).status_code == 200


def test_readyz_names_a_cache_that_keeps_nothing(client: Client, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    answer = client.get(reverse("shop:readyz"))

    assert cache.get("readyz") is None
    assert answer.status_code == 503
    assert answer.json()["problems"] == {"cache": "does not keep what it is given"}


def test_stylesheet_may_be_kept_under_its_own_name_only(client: Client) -> None:
    own = client.get(reverse("shop:stylesheet", args=[stylesheet().digest]))
    old = client.get(reverse("shop:stylesheet", args=["0123456789ab"]))

    assert own["Cache-Control"] == "public, max-age=31536000, immutable"
    assert old["Cache-Control"] == "no-cache"
    assert old.content == own.content


def test_stale_form_says_that_the_cart_is_safe() -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("orders:cart_add"), {})

    assert answer.status_code == 403
    assert "your cart is safe" in answer.content.decode()


def test_failure_page_needs_no_database(rf: RequestFactory, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = server_error(rf.get("/"))

    assert "Something broke on our side" in answer.content.decode()
