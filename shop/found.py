"""What search engines and feed readers are given: the map of the shop, what is new, and what a page is about."""

from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orders.opinions import Opinion
from shop import queries
from shop.choices import VariantChoice
from shop.models import Product, ProductImage

PER_MAP = 10_000
IN_THE_FEED = 30
HOUR = 3600
STATIC_PAGES = ("shop:home", "orders:terms", "orders:privacy", "orders:shipping", "orders:returns")


@require_safe
def sitemap_index(request: HttpRequest) -> HttpResponse:
    """Where the maps are: the first has the pages and shelves, the others ten thousand products each."""
    count = Product.objects.on_show().count()
    numbers = range(-(-count // PER_MAP) + 1)
    maps = [f"{settings.SITE_URL}{reverse('shop:sitemap', args=[number])}" for number in numbers]
    return _xml(render(request, "shop/sitemap_index.xml", {"maps": maps}))


@require_safe
def sitemap(request: HttpRequest, number: int) -> HttpResponse:
    """One map of it."""
    rows: list[tuple[str, Any]] = []
    if number == 0:
        rows = [(reverse(name), None) for name in STATIC_PAGES]
        rows += [(reverse("shop:category", args=[shelf.slug]), None) for shelf in queries.shelves()]
    else:
        products = Product.objects.on_show().order_by("pk").values_list("slug", "updated_at")
        rows = [
            (reverse("shop:product", args=[slug]), changed)
            for slug, changed in products[(number - 1) * PER_MAP : number * PER_MAP]
        ]
    if not rows:
        raise Http404
    pages = [(f"{settings.SITE_URL}{path}", changed) for path, changed in rows]
    return _xml(render(request, "shop/sitemap.xml", {"pages": pages}))


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """What came in last, for feed readers."""
    document = Atom1Feed(
        title=_("Tahan: new in"),
        link=f"{settings.SITE_URL}/",
        feed_url=f"{settings.SITE_URL}{reverse('shop:feed')}",
        description="What came in last.",
        language="en",
        author_name=settings.SELLER_NAME,
    )
    for product in Product.objects.on_show().order_by("-created_at", "pk")[:IN_THE_FEED]:
        document.add_item(
            title=product.name,
            link=f"{settings.SITE_URL}{reverse('shop:product', args=[product.slug])}",
            description=product.description,
            unique_id=f"urn:uuid:{product.pk}",
            pubdate=product.created_at,
            updateddate=product.updated_at,
        )
    answer = HttpResponse(document.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    patch_cache_control(answer, public=True, max_age=HOUR)
    return answer


def about_product(*, product: Product, choice: VariantChoice, opinion: Opinion) -> list[dict[str, Any]]:
    """What the page of a product is about, in the words of schema.org: the offer of now, and published reviews."""
    url = f"{settings.SITE_URL}{reverse('shop:product', args=[product.slug])}"
    shelf = f"{settings.SITE_URL}{reverse('shop:category', args=[product.category.slug])}"
    thing: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "description": product.description,
        "sku": choice.chosen.sku,
        "url": url,
        "image": [_absolute(picture) for picture in choice.pictures],
        "offers": {
            "@type": "Offer",
            "url": url,
            "price": str(choice.price_minor),
            "priceCurrency": choice.chosen.currency,
            "availability": f"https://schema.org/{'InStock' if choice.availability.free else 'OutOfStock'}",
        },
    }
    if product.brand:
        thing["brand"] = {"@type": "Brand", "name": product.brand}
    if opinion.count:
        thing["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": opinion.rounded,
            "reviewCount": opinion.count,
        }
        thing["review"] = [
            {
                "@type": "Review",
                "reviewRating": {"@type": "Rating", "ratingValue": said.stars, "bestRating": 5},
                "author": {"@type": "Person", "name": said.author or "A buyer"},
                "datePublished": said.written_at.date().isoformat(),
                "reviewBody": said.text,
            }
            for said in opinion.latest
        ]
    steps = [(product.category.name, shelf), (product.name, url)]
    way = {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": name, "item": address}
            for position, (name, address) in enumerate(steps, start=1)
        ],
    }
    return [thing, way]


def _absolute(picture: ProductImage) -> str:
    address = default_storage.url(f"{picture.stem}-960.webp")
    return address if "://" in address else f"{settings.SITE_URL}{address}"


def _xml(answer: HttpResponse) -> HttpResponse:
    answer["Content-Type"] = "application/xml; charset=utf-8"
    patch_cache_control(answer, public=True, max_age=HOUR)
    return answer
