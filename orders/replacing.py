"""What can replace what comes back: variants of the same product that cost the same."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from inventory import queries as stock
from orders.models import OrderLine, ReturnLine, ReturnRequest
from shop.models import Variant


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant that may be chosen, and whether so many units of it are free at this moment."""

    variant: Variant
    is_free: bool
    is_same: bool

    @property
    def words(self) -> str:
        """What tells it from the others, and what there is to know."""
        name = self.variant.label or self.variant.sku
        remarks = [_("the same again")] * self.is_same + [_("sold out")] * (not self.is_free)
        return f"{name} ({', '.join(remarks)})" if remarks else name


def costs_the_same(line: OrderLine, variant: Variant) -> bool:
    """Whether a variant is as dear as what comes back: by the price that was paid, or by what that costs today.

    The second is for what was bought at a price that has ended: another size is no other bargain.
    """
    return variant.currency == line.variant.currency and variant.price_minor in {
        line.unit_price_minor,
        line.variant.price_minor,
    }


def offers(asked: ReturnRequest, *, now: datetime) -> list[tuple[ReturnLine, list[Offer]]]:
    """What each part of a return can be exchanged for, in the product's own order. Four queries, or five."""
    parts = list(asked.lines.select_related("order_line__variant__product").order_by("order_line_id"))
    products = [part.order_line.variant.product_id for part in parts]
    variants = list(
        Variant.objects.filter(product__in=products, product__is_published=True, is_active=True).order_by(
            "position", "pk"
        )
    )
    free = stock.available_to_promise(skus=[variant.sku for variant in variants], now=now)
    return [
        (
            part,
            [
                Offer(variant, free[variant.sku].free >= part.quantity, variant.pk == part.order_line.variant_id)
                for variant in variants
                if variant.product_id == part.order_line.variant.product_id and costs_the_same(part.order_line, variant)
            ],
        )
        for part in parts
    ]
