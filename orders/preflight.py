"""What is looked at before a drop is published: each check with its figures, and whether it is as it should be."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from inventory import queries as stock
from orders.models import PAID_STATES, OrderLine
from shop.clock import day_and_time
from shop.models import Drop, DropItem
from shop.money import format_money

# How long the usual price must have been higher for a lower one to be called lower.
USUAL = timedelta(days=30)
# The least minutes of a hold at which nobody is hurried, and the least extensions that WCAG 2.2.1 asks for.
CALM_MINUTES = 10
CALM_RENEWALS = 10


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the preflight. What `is_needed` cannot be overridden by a reason."""

    name: str
    text: str
    is_green: bool
    is_needed: bool = False


def preflight(*, drop: Drop, now: datetime) -> list[Check]:
    """Every check of a drop that is not published yet, in the order in which staff read them."""
    items = list(DropItem.objects.filter(drop=drop).select_related("variant__product").order_by("position", "pk"))
    return [
        _window(drop, now=now),
        _things(items),
        *_units(items, now=now),
        *_overlaps(drop, items),
        *_prices(items, now=now),
        _limit(drop),
        _hold(drop),
        _renewals(drop),
        _early(drop),
    ]


def _window(drop: Drop, *, now: datetime) -> Check:
    window = f"{day_and_time(drop.starts_at)} to {day_and_time(drop.ends_at)}"
    if drop.ends_at <= now:
        return Check("Window", f"It would be over already: {window}.", is_green=False, is_needed=True)
    if drop.starts_at <= now:
        return Check("Window", f"It would open at this moment: {window}.", is_green=False)
    return Check("Window", f"{window}.", is_green=True)


def _things(items: list[DropItem]) -> Check:
    if not items:
        return Check("Things", "There is nothing in it.", is_green=False, is_needed=True)
    hidden = [item.variant.sku for item in items if not (item.variant.is_active and item.variant.product.is_published)]
    if hidden:
        return Check("Things", f"Not on show, so nobody can buy it: {', '.join(hidden)}.", is_green=False)
    units = sum(item.quota for item in items)
    return Check("Things", f"{len(items)} in it, {units} units.", is_green=True)


def _units(items: list[DropItem], *, now: datetime) -> list[Check]:
    free = stock.unpromised(skus=[item.variant.sku for item in items])
    return [
        Check(
            f"Units of {item.variant.sku}",
            f"{item.quota} of {free[item.variant.sku]} that are on hand and promised to nobody.",
            is_green=item.quota <= free[item.variant.sku],
            is_needed=True,
        )
        for item in items
    ]


def _overlaps(drop: Drop, items: list[DropItem]) -> list[Check]:
    others = (
        DropItem.objects.filter(
            variant__in=[item.variant_id for item in items],
            drop__published_at__isnull=False,
            drop__starts_at__lt=drop.ends_at,
            drop__ends_at__gt=drop.starts_at,
        )
        .exclude(drop=drop)
        .select_related("drop", "variant")
        .order_by("pk")
    )
    return [
        Check(
            f"Only here: {other.variant.sku}",
            f"It is in {other.drop.name} at the same time.",
            is_green=False,
            is_needed=True,
        )
        for other in others
    ]


def _prices(items: list[DropItem], *, now: datetime) -> list[Check]:
    """The evidence for "lower than usual": the price on the shelf, and the lowest that was paid in thirty days."""
    rows = (
        OrderLine.objects.filter(
            variant__in=[item.variant_id for item in items],
            order__status__in=PAID_STATES,
            order__placed_at__gt=now - USUAL,
        )
        .values_list("variant_id")
        .annotate(Min("unit_price_minor"), Count("pk"))
    )
    paid = {variant_id: (lowest, count) for variant_id, lowest, count in rows}
    return [_price(item, *paid.get(item.variant_id, (None, 0))) for item in items]


def _price(item: DropItem, lowest_minor: int | None, orders: int) -> Check:
    currency = item.variant.currency
    usual_minor = item.variant.price_minor if lowest_minor is None else min(lowest_minor, item.variant.price_minor)
    evidence = (
        f"sold {orders} times in 30 days, for {format_money(lowest_minor, currency)} at the lowest"
        if lowest_minor is not None
        else "not sold in 30 days"
    )
    return Check(
        f"Price of {item.variant.sku}",
        f"{format_money(item.price_minor, currency)} in the drop; "
        f"{format_money(item.variant.price_minor, currency)} on the shelf, {evidence}.",
        is_green=item.price_minor < usual_minor,
    )


def _limit(drop: Drop) -> Check:
    if drop.limit_per_customer is None:
        return Check("Limit", "No limit per customer: one shopper may buy everything.", is_green=False)
    return Check("Limit", f"{drop.limit_per_customer} per customer.", is_green=True)


def _hold(drop: Drop) -> Check:
    return Check(
        "Hold",
        f"{drop.hold_minutes} minutes."
        if drop.hold_minutes >= CALM_MINUTES
        else f"{drop.hold_minutes} minutes: less than {CALM_MINUTES} hurries people who read or type slowly.",
        is_green=drop.hold_minutes >= CALM_MINUTES,
    )


def _renewals(drop: Drop) -> Check:
    return Check(
        "Extensions",
        f"Up to {drop.renewals}."
        if drop.renewals >= CALM_RENEWALS
        else f"Up to {drop.renewals}: fewer than {CALM_RENEWALS} hurries people, and the rules of the drop say so.",
        is_green=drop.renewals >= CALM_RENEWALS,
    )


def _early(drop: Drop) -> Check:
    if not drop.early_minutes:
        return Check("Early access", "Nobody.", is_green=True)
    if not drop.opens_early:
        return Check("Early access", "Neither a code nor a group is set, so nobody can use it.", is_green=False)
    who = " or ".join(
        [*(["the code"] if drop.early_code else []), *([f"the group {drop.early_group}"] if drop.early_group else [])]
    )
    return Check("Early access", f"From {day_and_time(drop.early_at)}, by {who}.", is_green=True)
