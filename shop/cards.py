"""What a product card shows: the product, its lowest price, and what is free and held over all its variants."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from inventory.queries import Availability
from shop.models import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCard:
    """`free` and `held` are units over all variants; `is_from` means that the variants' prices differ."""

    slug: str
    name: str
    brand: str
    url: str
    picture: str
    alt: str
    price_minor: int
    compare_at_minor: int | None
    currency: str
    is_from: bool
    is_new: bool
    free: int
    held: int


def cards_of(*, products: list[Product], availability: Mapping[str, Availability]) -> list[ProductCard]:
    """A card for each product, in order, with the availability of every SKU at hand."""
    return [_card(product, availability) for product in products if product.lowest_price_minor is not None]


def skus_of(*, products: list[Product]) -> list[str]:
    """The SKUs whose stock their cards show."""
    return [sku for product in products for sku in product.card.get("skus", [])]


def _card(product: Product, availability: Mapping[str, Availability]) -> ProductCard:
    card = product.card
    stock = [availability[sku] for sku in card["skus"]]
    return ProductCard(
        slug=product.slug,
        name=product.name,
        brand=product.brand,
        url=reverse("shop:product", args=[product.slug]),
        picture=card["stem"],
        alt=card["alt"],
        price_minor=product.lowest_price_minor or 0,
        compare_at_minor=card["compare_at_minor"],
        currency=card["currency"],
        is_from=card["is_from"],
        is_new=product.is_new,
        free=sum(each.free for each in stock),
        held=sum(each.held for each in stock),
    )
