"""What search engines, feed readers and chat previews are given, and that it is true."""

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from orders import services
from shop.models import Product
from tests.factories import NOW, StockItemFactory, UserFactory, paid_order

pytestmark = pytest.mark.django_db
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


def facts(client: Client, product: Product) -> list[dict[str, Any]]:
    body = client.get(reverse("shop:product", args=[product.slug])).content.decode()
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', body)
    assert found is not None
    return json.loads(found[1])  # type: ignore[no-any-return]


def locations(client: Client, address: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(client.get(address).content).iter(LOC)]  # noqa: S314


def test_sitemap_has_every_page_that_is_on_show(client: Client) -> None:
    shown = StockItemFactory().variant.product
    hidden = StockItemFactory().variant.product
    Product.objects.filter(pk=hidden.pk).update(is_published=False)

    maps = locations(client, reverse("shop:sitemap_index"))
    pages = [page for each in maps for page in locations(client, each.removeprefix("http://testserver"))]

    assert f"http://testserver/p/{shown.slug}/" in pages
    assert f"http://testserver/c/{shown.category.slug}/" in pages
    assert "http://testserver/terms/" in pages
    assert hidden.slug not in " ".join(pages)
    assert client.get(reverse("shop:sitemap", args=[9])).status_code == 404
    assert "Sitemap: http://testserver/sitemap.xml" in client.get("/robots.txt").content.decode()


def test_every_page_of_the_sitemap_is_there(client: Client) -> None:
    StockItemFactory()

    for each in locations(client, reverse("shop:sitemap_index")):
        for page in locations(client, each.removeprefix("http://testserver")):
            assert client.get(page.removeprefix("http://testserver")).status_code == 200


def test_feed_tells_what_is_new(client: Client) -> None:
    product = StockItemFactory().variant.product

    answer = client.get(reverse("shop:feed"))

    assert answer["Content-Type"].startswith("application/atom+xml")
    assert product.name in answer.content.decode()


@pytest.mark.parametrize(("units", "state"), [(1, "InStock"), (0, "OutOfStock")])
def test_offer_says_what_is_free(client: Client, units: int, state: str) -> None:
    variant = StockItemFactory(on_hand=units).variant

    thing, way = facts(client, variant.product)

    assert thing["offers"]["availability"] == f"https://schema.org/{state}"
    assert (thing["offers"]["price"], thing["offers"]["priceCurrency"]) == ("250000", "IDR")
    assert [each["name"] for each in way["itemListElement"]] == [variant.product.category.name, variant.product.name]
    assert "aggregateRating" not in thing


def test_rating_is_of_published_reviews_alone(client: Client) -> None:
    item, buyer, other = StockItemFactory(), UserFactory(name="Maya Lestari"), UserFactory()
    for user, stars in ((buyer, 4), (other, 1)):
        paid_order(lines={item.variant: 1}, user=user)
        review = services.write_review(
            user=user, product_id=item.variant.product_id, stars=stars, text="</script><b>Fits", now=NOW
        )
        if user == buyer:
            services.decide_review(review_id=review.pk, publish=True, actor="staff", now=NOW)

    thing = facts(client, item.variant.product)[0]

    assert thing["aggregateRating"] == {"@type": "AggregateRating", "ratingValue": "4.0", "reviewCount": 1}
    assert [each["reviewBody"] for each in thing["review"]] == ["</script><b>Fits"]


def test_page_names_its_one_address(client: Client) -> None:
    variant = StockItemFactory().variant
    page = client.get(reverse("shop:product", args=[variant.product.slug]), {"sku": variant.sku}).content.decode()

    address = f"http://testserver/p/{variant.product.slug}/"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'<meta property="og:url" content="{address}">' in page
    assert f'<meta property="og:title" content="{variant.product.name}">' in page
