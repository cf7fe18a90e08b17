"""Catalogue reads: what shelves, listings and product pages show. Stock is not known here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, prefetch_related_objects

from shop.errors import NotFound
from shop.models import BRAND, CatalogueStamp, Category, Drop, Product, ProductImage, ProductQuerySet, Trait, Variant

SORTS = {
    "popular": ("-is_popular", "-created_at", "pk"),
    "new": ("-created_at", "pk"),
    "price": ("lowest_price_minor", "pk"),
    "price-down": ("-lowest_price_minor", "-pk"),
    "name": ("name", "pk"),
}
DEFAULT_SORT = "popular"
MOST_VALUES = 40


def shelves() -> list[Category]:
    """Every category, in the order that staff gave them."""
    return list(Category.objects.order_by("position", "slug"))


@dataclass(frozen=True, slots=True)
class StampedShelves:
    """Every category, with the stamp of the catalogue at that moment ("" where it has none)."""

    stamp: str
    shelves: list[Category]
    # Whether any drop was ever published: without one, nobody has to ask for them.
    has_drops: bool


def stamped_shelves() -> StampedShelves:
    """The categories in the order of staff, under the stamp of this moment. One query."""
    stamp = Subquery(CatalogueStamp.objects.values("stamp")[:1])
    drops = Exists(Drop.objects.published())
    rows: list[Any] = list(Category.objects.annotate(stamp=stamp, has_drops=drops).order_by("position", "slug"))
    if not rows:
        return StampedShelves(stamp="", shelves=[], has_drops=True)
    return StampedShelves(stamp=rows[0].stamp or "", shelves=rows, has_drops=rows[0].has_drops)


def on_show() -> ProductQuerySet:
    """Products that can be shown and bought: published, with at least one active variant."""
    return Product.objects.on_show()


def listing(
    *,
    products: ProductQuerySet,
    sort: str,
    lowest_minor: int | None = None,
    highest_minor: int | None = None,
    traits: Mapping[str, Collection[str]] | None = None,
) -> ProductQuerySet:
    """`products` within a price range (both ends included), sorted. Of each trait it has one of the values given."""
    if lowest_minor is not None:
        products = products.filter(lowest_price_minor__gte=lowest_minor)
    if highest_minor is not None:
        products = products.filter(lowest_price_minor__lte=highest_minor)
    for name, values in (traits or {}).items():
        products = products.filter(
            Exists(Trait.objects.filter(product=OuterRef("pk"), name=name, value__in=list(values)))
        )
    return products.order_by(*SORTS[sort])


def in_stock(
    products: ProductQuerySet, *, free: QuerySet[Any], held: QuerySet[Any], states: Collection[str]
) -> ProductQuerySet:
    """Those in any of these states: "free", "held" (nothing is free, something is in carts), "gone" (neither).

    `free` and `held` are querysets of SKUs: the catalogue knows no stock, so whoever asks brings them.
    """
    variants = Variant.objects.filter(product=OuterRef("pk"), is_active=True)
    is_free, is_held = Exists(variants.filter(sku__in=free)), Exists(variants.filter(sku__in=held))
    wanted = {"free": Q(is_free), "held": ~Q(is_free) & Q(is_held), "gone": ~Q(is_free) & ~Q(is_held)}
    condition = Q()
    for state in states:
        condition |= wanted[state]
    return products.filter(condition)


def traits_of(*, traits: QuerySet[Trait]) -> dict[str, list[tuple[str, int]]]:
    """Name to its values with the number of products, the brand first; most products first. One query."""
    rows = traits.values_list("name", "value").annotate(products=Count("pk")).order_by("name", "-products", "value")
    found: dict[str, list[tuple[str, int]]] = {}
    for name, value, products in rows:
        found.setdefault(name, []).append((value, products))
    names = sorted(found, key=lambda name: (name != BRAND, name))
    return {name: found[name][:MOST_VALUES] for name in names}


def cards_by_slug(*, slugs: Collection[str]) -> list[Product]:
    """Those of these products that are on show, as their cards read them. One query."""
    return list(on_show().for_cards().filter(slug__in=list(slugs)).order_by("slug"))


def active_skus(*, skus: Collection[str]) -> list[str]:
    """Those of these SKUs that are on show, in order. One query."""
    shown = Variant.objects.filter(
        sku__in=list(skus), is_active=True, product__is_published=True, product__lowest_price_minor__isnull=False
    )
    return list(shown.order_by("sku").values_list("sku", flat=True))


def product_and_related(*, slug: str, limit: int = 4) -> tuple[Product, list[Product]]:
    """The published product with this slug and others from its shelf, popular ones first. Four queries.

    :raises NotFound: if there is none, if it is not published, or if none of its variants is for sale.
    """
    product = on_show().select_related("category").filter(slug=slug).first()
    if product is None:
        raise NotFound()
    prefetch_related_objects([product], "variants", "images")
    others = on_show().for_cards().filter(category=product.category_id).order_by(*SORTS[DEFAULT_SORT])
    return product, [other for other in others[: limit + 1] if other != product][:limit]


def active_variants(product: Product) -> list[Variant]:
    """The variants that are for sale, in the order that staff gave them. Reads what was prefetched."""
    active = [variant for variant in product.variants.all() if variant.is_active]
    return sorted(active, key=lambda variant: (variant.position, variant.sku))


def pictures(product: Product) -> list[ProductImage]:
    """Its pictures in the order that staff gave them. Reads what was prefetched."""
    return sorted(product.images.all(), key=lambda picture: (picture.position, picture.pk))


def front_window(*, limit: int) -> tuple[list[Product], list[Product]]:
    """Popular products and new ones, the newest first, up to `limit` of each. Two queries."""
    window = on_show().for_cards()
    popular = window.filter(is_popular=True).order_by("-created_at", "pk")[:limit]
    new = window.filter(is_new=True).order_by("-created_at", "pk")[:limit]
    return list(popular), list(new)
