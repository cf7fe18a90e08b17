"""Writing the catalogue: what a product is found by, and what is on show."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime

from shop.models import Product


def normalise(text: str) -> str:
    """Text as it is searched: lower case, without accents, one space between words. "Café  XL" becomes "cafe xl"."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


def refresh_search_text(product: Product) -> None:
    """Rebuild what a product is found by: its name, brand, shelf, and the SKUs and options of its variants."""
    words = [product.name, product.brand, product.category.name]
    for variant in product.variants.order_by("position", "pk"):
        words += [variant.sku, *map(str, variant.options.values())]
    product.search_text = normalise(" ".join(words))
    product.save(update_fields=["search_text"])


def set_published(*, product_ids: Iterable[object], is_published: bool, now: datetime) -> int:
    """Put products on show or take them off; returns how many changed. Orders and holds stay as they are."""
    products = Product.objects.filter(pk__in=list(product_ids)).exclude(is_published=is_published)
    return products.update(is_published=is_published, updated_at=now)
