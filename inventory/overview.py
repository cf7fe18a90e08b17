"""What staff have to look at first: units that run out, holds that need a person, and the last proof."""

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import F

from inventory.models import Reservation, StockItem

LOW_STOCK_UNITS = 5
_PROOF_KEY = "inventory.last_proof"


@dataclass(frozen=True, slots=True)
class LowStock:
    """A stock item that has few units left to promise, or none."""

    stock_item_id: int
    sku: str
    product: str
    location: str
    available: int


@dataclass(frozen=True, slots=True)
class Proof:
    """When the counters were last recomputed, and how many did not agree."""

    proved_at: datetime
    drifts: int


def low_stock(*, limit: int) -> list[LowStock]:
    """The stock items on sale with the fewest units available, up to five each. One query."""
    available = F("on_hand") + F("backorder_limit") - F("held") - F("allocated") - F("awaited")
    items = (
        StockItem.objects.filter(location__is_active=True, variant__is_active=True, variant__product__is_published=True)
        .annotate(units_available=available)
        .filter(units_available__lte=LOW_STOCK_UNITS)
        .select_related("variant__product", "location")
        .order_by("units_available", "variant", "pk")[:limit]
    )
    return [
        LowStock(item.pk, item.sku, item.variant.product.name, item.location.name, item.available) for item in items
    ]


def count_set_aside() -> int:
    """Reservations that the sweep could not end."""
    return Reservation.objects.held().exclude(set_aside_at=None).count()


def remember_proof(*, drifts: int, now: datetime) -> None:
    """Keep when the counters were proved. The cache may forget it: then staff prove them again."""
    cache.set(_PROOF_KEY, (now, drifts), timeout=None)


def last_proof() -> Proof | None:
    """The last proof on record, if there is one."""
    kept = cache.get(_PROOF_KEY)
    return Proof(*kept) if kept else None
