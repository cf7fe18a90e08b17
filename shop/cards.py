"""What a product card shows: the product, its lowest price, and what is free and held over all its variants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from inventory.queries import Availability
from shop.drops import ORDINARY, Terms
from shop.models import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCard:
    """`free` and `held` are units over all variants; `is_from` means that the variants' prices differ.

    `opens_at` is when a drop with it opens, where nothing is free before.
    """

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
    is_in_drop: bool = False
    opens_at: datetime | None = None


def cards_of(
    *, products: list[Product], availability: Mapping[str, Availability], terms: Mapping[str, Terms]
) -> list[ProductCard]:
    """A card for each product, in order, with the availability and the terms of every SKU at hand."""
    return [_card(product, availability, terms) for product in products if product.lowest_price_minor is not None]


def skus_of(*, products: list[Product]) -> list[str]:
    """The SKUs whose stock their cards show."""
    return [sku for product in products for sku in product.card.get("skus", [])]


def _card(product: Product, availability: Mapping[str, Availability], terms: Mapping[str, Terms]) -> ProductCard:
    card = product.card
    stock = [availability[sku] for sku in card["skus"]]
    own = [terms.get(sku, ORDINARY) for sku in card["skus"]]
    usual_minor = product.lowest_price_minor or 0
    dropped = [each.running.price_minor for each in own if each.running is not None]
    price_minor = min([*dropped, usual_minor]) if len(dropped) < len(own) else min(dropped)
    compare_at_minor = card["compare_at_minor"]
    if price_minor < usual_minor:
        compare_at_minor = usual_minor
    free = sum(each.free for each in stock)
    opens = [each.coming.drop.starts_at for each in own if each.coming is not None]
    return ProductCard(
        slug=product.slug,
        name=product.name,
        brand=product.brand,
        url=reverse("shop:product", args=[product.slug]),
        picture=card["stem"],
        alt=card["alt"],
        price_minor=price_minor,
        compare_at_minor=compare_at_minor,
        currency=card["currency"],
        is_from=card["is_from"] or 0 < len(dropped) < len(own) or len(set(dropped)) > 1,
        is_new=product.is_new,
        free=free,
        is_in_drop=bool(dropped),
        opens_at=None if free or not opens else min(opens),
        held=sum(each.held for each in stock),
    )
