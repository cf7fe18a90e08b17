"""A drop as a page or a program shows it at one moment: which of its four states, what is left of each thing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from inventory.queries import Availability, available_to_promise
from orders.queries import sold_in_drops
from shop.copies import Shown
from shop.drops import NOBODY, ORDINARY, Access
from shop.errors import NotFound
from shop.models import Drop, DropItem, Product, ProductImage
from shop.queries import pictures
from shop.room.sales import key_of

# From when on a running drop is shown as ending.
ENDING = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleItem:
    """A thing of a drop with what is left of it. `sold` are units that are paid; `last_paid_at`: when the last was."""

    item: DropItem
    product: Product
    availability: Availability
    usual_minor: int
    sold: int = 0
    last_paid_at: datetime | None = None

    @property
    def free(self) -> int:
        return self.availability.free

    @property
    def held(self) -> int:
        return self.availability.held

    @property
    def picture(self) -> ProductImage | None:
        """The first picture of its colour, or the first there is."""
        own = pictures(self.product)
        values = set(map(str, self.item.variant.options.values()))
        return next((each for each in own if each.option_value in values), own[0] if own else None)

    @property
    def is_gone(self) -> bool:
        """Every unit is paid for."""
        return self.sold >= self.item.quota

    @property
    def compare_at_minor(self) -> int | None:
        return self.usual_minor if self.item.price_minor < self.usual_minor else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A drop at one moment. It is in exactly one of `is_before`, `is_open`, `is_ending` and `is_over`."""

    drop: Drop
    items: list[SaleItem]
    now: datetime
    is_early: bool = False

    @property
    def room_key(self) -> str:
        """The name of the waiting room in front of it, if it has one."""
        return key_of(self.drop)

    @property
    def is_before(self) -> bool:
        """Not open for this shopper."""
        return not self.is_early and not self.drop.has_started(now=self.now)

    @property
    def is_over(self) -> bool:
        """Past its end, or everything is sold and nothing is held: nothing can become free by time alone."""
        return self.drop.has_ended(now=self.now) or (not self.is_before and self.is_sold_out)

    @property
    def is_ending(self) -> bool:
        return not self.is_before and not self.is_over and self.drop.ends_at - self.now <= ENDING

    @property
    def is_open(self) -> bool:
        return not (self.is_before or self.is_over or self.is_ending)

    @property
    def state(self) -> str:
        """The same for programs."""
        if self.is_before:
            return "BEFORE"
        if self.is_over:
            return "OVER"
        return "ENDING" if self.is_ending else "OPEN"

    @property
    def is_running(self) -> bool:
        """Whether something could be had in it: open or ending."""
        return self.is_open or self.is_ending

    @property
    def is_sold_out(self) -> bool:
        return bool(self.items) and not self.free and not self.held

    @property
    def units(self) -> int:
        return sum(each.item.quota for each in self.items)

    @property
    def free(self) -> int:
        return sum(each.free for each in self.items)

    @property
    def held(self) -> int:
        return sum(each.held for each in self.items)

    @property
    def sold(self) -> int:
        return sum(each.sold for each in self.items)

    @property
    def turns_at(self) -> datetime | None:
        """When the clock of the page runs out: it opens, or it ends. None once it is over."""
        if self.is_over:
            return None
        return self.drop.starts_at if self.is_before else self.drop.ends_at

    @property
    def seconds_left(self) -> int:
        """Whole seconds to that moment, rounded up, so that a page that asks then is not too early."""
        left = (self.turns_at - self.now).total_seconds() if self.turns_at else 0
        return max(int(-(-left // 1)), 0)

    @property
    def lead(self) -> SaleItem | None:
        """The thing in front."""
        return self.items[0] if self.items else None


def sale_of(*, slug: str, now: datetime, access: Access = NOBODY, sees_drafts: bool = False) -> Sale:
    """The drop with this slug. Five queries. With `sees_drafts` one that is not published, as it would be.

    :raises NotFound: if there is none.
    """
    drops = Drop.objects.all() if sees_drafts else Drop.objects.published()
    drop = drops.filter(slug=slug).first()
    if drop is None:
        raise NotFound()
    return sales_of(drops=[drop], now=now, access=access)[0]


def front_sale(*, items: list[DropItem], shown: Shown[Any], now: datetime, access: Access = NOBODY) -> Sale | None:
    """The drop for the front window: the one that runs and started first, else the next to come. No query.

    `items` are those of `items_in_front`, kept with a copy whose SKUs are theirs, too. What such a drop has `sold` is
    what it does not have any more: paid for or, for a moment, given up.
    """
    current = {item.drop.pk: item.drop for item in items if not item.drop.has_ended(now=now)}
    order = sorted(current.values(), key=lambda drop: (not drop.has_started(now=now), drop.starts_at, drop.pk))
    sales = (_front(drop, items, shown, now=now, access=access) for drop in order)
    return next((sale for sale in sales if not sale.is_over), None)


def items_in_front(*, now: datetime) -> list[DropItem]:
    """The things of every drop that runs or comes. One query, and one more for their pictures if there are any."""
    return _items_of(Q(drop__published_at__isnull=False, drop__ends_at__gt=now))


def _front(drop: Drop, items: list[DropItem], shown: Shown[Any], *, now: datetime, access: Access) -> Sale:
    own = []
    for item in items:
        running = shown.terms.get(item.variant.sku, ORDINARY).running
        is_sold = running is not None and running.pk == item.pk
        left = shown.availability[item.variant.sku] if is_sold else _untouched(item)
        if item.drop_id == drop.pk:
            own.append(
                SaleItem(
                    item=item,
                    product=item.variant.product,
                    availability=left,
                    usual_minor=item.variant.price_minor,
                    sold=max(item.quota - left.free - left.held, 0),
                )
            )
    is_early = not drop.has_started(now=now) and access.opens(drop, now=now)
    return Sale(drop=drop, items=own, now=now, is_early=is_early)


def _untouched(item: DropItem) -> Availability:
    """Before anybody may buy in it, all of a quota is free."""
    return Availability(sku=item.variant.sku, free=item.quota, held=0)


def _items_of(wanted: Q) -> list[DropItem]:
    return list(
        DropItem.objects.filter(wanted)
        .select_related("drop", "variant__product__category")
        .prefetch_related("variant__product__images")
        .order_by("position", "pk")
    )


def sales_of(*, drops: list[Drop], now: datetime, access: Access = NOBODY) -> list[Sale]:
    """These drops with what is left of each thing, in order. Four queries and one for each drop."""
    items = _items_of(Q(drop__in=drops))
    sold = sold_in_drops(item_ids=[item.pk for item in items])
    sales = []
    for drop in drops:
        own = [item for item in items if item.drop_id == drop.pk]
        left = _left(drop, own, now=now)
        sales.append(
            Sale(
                drop=drop,
                now=now,
                is_early=not drop.has_started(now=now) and access.opens(drop, now=now),
                items=[
                    SaleItem(
                        item=item,
                        product=item.variant.product,
                        availability=left[item.variant.sku],
                        usual_minor=item.variant.price_minor,
                        sold=sold.get(item.pk, (0, None))[0],
                        last_paid_at=sold.get(item.pk, (0, None))[1],
                    )
                    for item in own
                ],
            )
        )
    return sales


def _left(drop: Drop, items: list[DropItem], *, now: datetime) -> Mapping[str, Availability]:
    """What lies at the location of the drop. Before it is published nothing does, and all of it is as good as free."""
    if not drop.is_published:
        return {item.variant.sku: _untouched(item) for item in items}
    skus = [item.variant.sku for item in items]
    return available_to_promise(skus=skus, now=now, at={sku: [drop.location_id] for sku in skus})
