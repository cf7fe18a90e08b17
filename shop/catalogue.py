"""Writing the catalogue: what is on show."""

from collections.abc import Iterable
from datetime import datetime
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
