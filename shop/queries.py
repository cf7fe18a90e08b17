"""Catalogue reads: what shelves, listings, search and product pages show. Stock is not known here."""

import re
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Case, IntegerField, Min, Q, QuerySet, Value, When, prefetch_related_objects

from shop.catalogue import normalise
from shop.errors import NotFound
from shop.models import Category, Product, ProductImage, ProductQuerySet, Variant

SORTS = {
    "popular": ("-is_popular", "-created_at", "pk"),
    "new": ("-created_at", "pk"),
    "price": ("lowest_price_minor", "pk"),
    "price-down": ("-lowest_price_minor", "pk"),
    "name": ("name", "pk"),
}
DEFAULT_SORT = "popular"
MAX_TOKENS = 8


def shelves() -> list[Category]:
    """Every category, in the order that staff gave them."""
    return list(Category.objects.order_by("position", "slug"))


def on_show() -> ProductQuerySet:
    """Products that can be shown and bought: published, with at least one active variant. With their lowest price."""
    lowest_price = Min("variants__price_minor", filter=Q(variants__is_active=True))
    return Product.objects.published().annotate(lowest_price_minor=lowest_price).filter(lowest_price_minor__gt=0)


def listing(
    *,
    products: ProductQuerySet,
    sort: str,
    lowest_minor: int | None = None,
    highest_minor: int | None = None,
    only_ids: Collection[UUID] | None = None,
    is_ranked: bool = False,
) -> ProductQuerySet:
    """`products` within a price range (both ends included) and among `only_ids`, where given, sorted for a listing.

    `is_ranked` puts the rank of a search before the sort.
    """
    # The price is an annotation of `on_show`, which the type checker cannot know.
    if lowest_minor is not None:
        products = products.filter(lowest_price_minor__gte=lowest_minor)  # type: ignore[misc]
    if highest_minor is not None:
        products = products.filter(lowest_price_minor__lte=highest_minor)  # type: ignore[misc]
    if only_ids is not None:
        products = products.filter(pk__in=list(only_ids))
    return products.order_by(*(["rank"] if is_ranked else []), *SORTS[sort])


def search(*, text: str) -> ProductQuerySet:
    """Products on show that contain every word of `text`, annotated with `rank`: 0 where the name begins with it.

    Nothing is found for a text without a letter or digit.
    """
    tokens = tokens_of(text) or [""]
    found = on_show()
    for token in tokens:
        found = found.filter(search_text__icontains=token)
    found = found.annotate(
        rank=Case(
            When(name__istartswith=" ".join(tokens), then=Value(0)),
            When(name__istartswith=tokens[0], then=Value(1)),
            When(name__icontains=tokens[0], then=Value(2)),
            default=Value(3),
            output_field=IntegerField(),
        )
    )
    return found if tokens != [""] else found.none()


def tokens_of(text: str) -> list[str]:
    """The words of a search, written as `search_text` is, without punctuation; eight at most."""
    return re.findall(r"[^\W_]+", normalise(text))[:MAX_TOKENS]


def skus_by_product(*, products: QuerySet[Product]) -> dict[UUID, list[str]]:
    """Product id to the SKUs of its active variants."""
    skus: dict[UUID, list[str]] = {}
    rows = Variant.objects.filter(product__in=products, is_active=True).values_list("product_id", "sku")
    for product_id, sku in rows:
        skus.setdefault(product_id, []).append(sku)
    return skus


def product_and_related(*, slug: str, limit: int = 4) -> tuple[Product, list[Product]]:
    """The published product with this slug and others from its shelf, popular ones first. Four queries.

    :raises NotFound: if there is none, if it is not published, or if none of its variants is for sale.
    """
    product = on_show().select_related("category").filter(slug=slug).first()
    if product is None:
        raise NotFound()
    others = on_show().select_related("category").filter(category=product.category_id).exclude(pk=product.pk)
    related = list(others.order_by(*SORTS[DEFAULT_SORT])[:limit])
    prefetch_related_objects([product, *related], "variants", "images")
    return product, related


def active_variants(product: Product) -> list[Variant]:
    """The variants that are for sale, in the order that staff gave them. Reads what was prefetched."""
    active = [variant for variant in product.variants.all() if variant.is_active]
    return sorted(active, key=lambda variant: (variant.position, variant.sku))


def pictures(product: Product) -> list[ProductImage]:
    """Its pictures in the order that staff gave them. Reads what was prefetched."""
    return sorted(product.images.all(), key=lambda picture: (picture.position, picture.pk))


def front_window(*, limit: int) -> tuple[list[Product], list[Product]]:
    """Popular products and new ones, up to `limit` of each, read together."""
    window = on_show().filter(Q(is_popular=True) | Q(is_new=True)).for_cards().order_by("-created_at", "pk")
    products = list(window[: limit * 4])
    return _first(limit, (p for p in products if p.is_popular)), _first(limit, (p for p in products if p.is_new))


def _first(limit: int, products: Iterable[Product]) -> list[Product]:
    return [product for _, product in zip(range(limit), products, strict=False)]
