"""Writing the catalogue: what is on show, and what is said of it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from shop.models import Product, relist
from shop.transactions import transactional


@transactional
def set_published(*, product_ids: Iterable[UUID], is_published: bool, now: datetime) -> int:
    """Put products on show or take them off; returns how many changed. Orders and holds stay as they are."""
    chosen = list(product_ids)
    products = Product.objects.filter(pk__in=chosen).exclude(is_published=is_published)
    changed = products.update(is_published=is_published, updated_at=now)
    relist(chosen)
    return changed


@transactional
def set_opinion(*, product_id: UUID, read: Callable[[], dict[str, Any]]) -> None:
    """Write down what the product's page says of its reviews. `read` is asked under the lock of the product, so that of
    two decisions at one moment the later one counts both.
    """
    Product.objects.select_for_update().get(pk=product_id)
    Product.objects.filter(pk=product_id).update(opinion=read())
