"""What a product card shows: the product, its lowest price, and what is free and held over all its variants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from inventory.queries import Availability, available_to_promise
from shop.models import Product, ProductImage
from shop.queries import active_variants, pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCard:
    """`free` and `held` are units over all variants; `is_from` means that the variants' prices differ."""

    name: str
    brand: str
    url: str
    picture: ProductImage | None
    price_minor: int
    compare_at_minor: int | None
    currency: str
    is_from: bool
    is_new: bool
    free: int
    held: int


def cards_of(*, products: list[Product], now: datetime) -> list[ProductCard]:
    """A card for each product, in order. Their variants and pictures are prefetched; stock is asked for once."""
    skus = [variant.sku for product in products for variant in active_variants(product)]
    return cards_with(products=products, availability=available_to_promise(skus=skus, now=now))


def cards_with(*, products: list[Product], availability: Mapping[str, Availability]) -> list[ProductCard]:
    """The same, with the availability of every SKU at hand. A product without an active variant has no card."""
    return [_card(product, availability) for product in products if active_variants(product)]


def _card(product: Product, availability: Mapping[str, Availability]) -> ProductCard:
    variants = active_variants(product)
    cheapest = min(variants, key=lambda variant: variant.price_minor)
    stock = [availability[variant.sku] for variant in variants]
    return ProductCard(
        name=product.name,
        brand=product.brand,
        url=reverse("shop:product", args=[product.slug]),
        picture=next(iter(pictures(product)), None),
        price_minor=cheapest.price_minor,
        compare_at_minor=cheapest.compare_at_minor,
        currency=cheapest.currency,
        is_from=len({variant.price_minor for variant in variants}) > 1,
        is_new=product.is_new,
        free=sum(each.free for each in stock),
        held=sum(each.held for each in stock),
    )
