"""The demo's sale events: one that runs and one that comes, from the first start on; and one thing to pre-order."""

from datetime import datetime, timedelta
from typing import Any

from inventory import services as inventory
from inventory.queries import stock_item_of
from orders import services as orders
from shop.models import Drop, DropItem, Variant
from shop.transactions import transactional

ACTOR = "demo"
# SKU, units, and the price in thousands of rupiah.
RUNNING = [("RUN-CRL-43", 24, 899), ("RUN-CRL-42", 5, 949), ("RUN-FRN-42", 6, 949)]
COMING = [("TEE-LEF-L", 30, 129), ("TEE-SKY-M", 30, 129), ("GLV-SM", 20, 149)]
PREORDER = "RUN-LIL-43"
STORY_NOW = (
    "The Lilac Runner in coral and fern, in the sizes that went first last time. Each pair comes from a quota that was "
    "set aside before the sale began.\n\nWhat you put in your cart is held for you. There is no need to hurry."
)
STORY_SOON = (
    "Tees in leaf and sky, and gloves for the hills of Bandung. Type your contact and address before it opens, and the "
    "timed part is one press.\n\nThe code DULUAN lets you in half an hour earlier."
)


def plan_drops(*, now: datetime) -> int:
    """Publish what is missing of the two; returns how many. A drop that is there stays as it is, over or not."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    planned: list[dict[str, Any]] = [
        {
            "slug": "runner-evening",
            "name": "Runner evening",
            "story": STORY_NOW,
            "starts_at": hour,
            "ends_at": hour + timedelta(days=2),
            "limit_per_customer": 2,
            "items": RUNNING,
        },
        {
            "slug": "soft-launch",
            "name": "Soft launch",
            "story": STORY_SOON,
            "starts_at": hour + timedelta(days=1, hours=3),
            "ends_at": hour + timedelta(days=2, hours=3),
            "limit_per_customer": 3,
            "early_minutes": 30,
            "early_code": "DULUAN",
            "items": COMING,
        },
    ]
    return sum(_plan(**drop, now=now) for drop in planned)


def take_preorders(*, now: datetime) -> None:
    """Let the lilac runner in 43, of which there is none, be pre-ordered: it comes in three weeks. Once."""
    if stock_item_of(sku=PREORDER) is not None or not Variant.objects.filter(sku=PREORDER).exists():
        return
    item = inventory.receive(sku=PREORDER, location="JKT", quantity=1, reason="the sample", actor=ACTOR, now=now)
    inventory.adjust(stock_item_id=item.pk, change=-1, reason="the sample is not for sale", actor=ACTOR, now=now)
    inventory.set_backorder_limit(
        stock_item_id=item.pk,
        limit=12,
        arrives_on=(now + timedelta(weeks=3)).date(),
        reason="on its way",
        actor=ACTOR,
        now=now,
    )


@transactional
def _plan(*, items: list[tuple[str, int, int]], slug: str, now: datetime, **fields: Any) -> bool:
    drop, is_new = Drop.objects.get_or_create(slug=slug, defaults=fields)
    if not is_new:
        return False
    for position, (sku, quota, thousands) in enumerate(items):
        variant = Variant.objects.get(sku=sku)
        DropItem.objects.create(
            drop=drop, variant=variant, quota=quota, price_minor=thousands * 1000, position=position
        )
    orders.publish_drop(drop_id=drop.pk, override="The demo.", actor=ACTOR, now=now)
    return True
