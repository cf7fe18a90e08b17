"""Which stock item gives how many units: by an unlocked look. The conditional UPDATE has the last word."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db import connection

from inventory import sold_out
from inventory.models import StockItem
from inventory.queries import next_end
from inventory.services.errors import StockUnavailable
from inventory.services.expiry import release_expired
from shop import rows

# With so many units in one place the next look finds enough as well; how long that is believed.
PLENTY = 200
BELIEVED_SECONDS = 1.0
COLUMNS = [field.attname for field in StockItem._meta.concrete_fields]

Lines = dict[str, int]  # SKU to units
Plan = list[tuple[int, str, int]]  # stock item, SKU, units


@dataclass(frozen=True, slots=True)
class Wanted:
    """Lines to plan; from ordinary locations or from one alone, with or without what is promised beyond stock."""

    lines: Lines
    may_backorder: bool = False
    location_id: int | None = None


def plan(wanted: Wanted, *, now: datetime) -> Plan:
    """Plan one reservation. :raises StockUnavailable: if a SKU cannot be promised."""
    (outcome,) = plan_all([wanted], now=now)
    if isinstance(outcome, StockUnavailable):
        raise outcome
    return outcome


def plan_all(wanted: Sequence[Wanted], *, now: datetime, may_remember: bool = False) -> list[Plan | StockUnavailable]:
    """Plan several reservations, the first comer first: each all or nothing.

    A look that finds too little is not believed before the expired holds of these SKUs were released. The second
    look is needed even if there was nothing to release: a neighbour may have released them since the first. What that
    one finds sold out is remembered if the caller `may_remember` it: who has taken units and may roll back, must not.
    """
    unseen = _from_plenty(wanted) if may_remember else None
    if unseen is not None:
        return unseen
    look = Look(wanted)
    plans = [look.plan(each) for each in wanted]
    short = _short_of(wanted, plans)
    if not short:
        return plans
    release_expired(skus=list({sku for sku, _ in short}), now=now)
    marks = {line: sold_out.marks_of(look.ids(line)) for line in short}
    look = Look(wanted)
    if may_remember:
        for line in filter(look.is_empty, short):
            sold_out.remember(line, marks=marks[line], now=now, next_end=next_end(sku=line[0], now=now))
    return [look.plan(each) for each in wanted]


class Look:
    """The counters as one read saw them, less what was planned since."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._items: dict[sold_out.Goods, list[StockItem]] = {}
        self._planned: dict[int, int] = defaultdict(int)
        places = sold_out.marks_of([])
        skus: dict[int | None, dict[str, None]] = defaultdict(dict)
        for each in wanted:
            skus[each.location_id].update(dict.fromkeys(each.lines))
        for location_id, asked in skus.items():
            self._items.update({(sku, location_id): [] for sku in asked})
            for item in _items(list(asked), location_id=location_id):
                self._items[item.sku, location_id].append(item)
        for goods, items in self._items.items():
            if len(items) == 1 and items[0].unpromised >= PLENTY:
                _plenty[goods] = (items[0].pk, time.monotonic() + BELIEVED_SECONDS, places)

    def plan(self, wanted: Wanted) -> Plan | StockUnavailable:
        """Units in the building first, wherever they are; then, where allowed, those that are promised beyond them."""
        plan: Plan = []
        shortages = []
        for sku, units in wanted.lines.items():
            items = self._items[sku, wanted.location_id]
            taken = self._take(items, units, may_backorder=wanted.may_backorder)
            if sum(taken.values()) < units:
                free = self._free(items, wanted.may_backorder)
                shortages.append({"sku": sku, "asked": units, "available": free})
            plan += [(item_id, sku, part) for item_id, part in taken.items() if part]
        if shortages:
            return StockUnavailable(shortages=shortages)
        for item_id, _, part in plan:
            self._planned[item_id] += part
        return plan

    def ids(self, goods: sold_out.Goods) -> list[int]:
        """The stock items that these are sold from."""
        return [item.pk for item in self._items[goods]]

    def is_empty(self, goods: sold_out.Goods) -> bool:
        """Whether nothing of these was left for anybody, when it was looked."""
        return not any(item.available for item in self._items[goods])

    def _take(self, items: list[StockItem], units: int, *, may_backorder: bool) -> dict[int, int]:
        taken = dict.fromkeys((item.pk for item in items), 0)
        missing = units
        for beyond in (False, True) if may_backorder else (False,):
            for item in items:
                part = min(max(self._room(item, beyond) - taken[item.pk], 0), missing)
                taken[item.pk] += part
                missing -= part
        return taken

    def _free(self, items: list[StockItem], beyond: bool) -> int:
        return sum(max(self._room(item, beyond), 0) for item in items)

    def _room(self, item: StockItem, beyond: bool) -> int:
        return (item.available if beyond else item.unpromised) - self._planned[item.pk]


# Where the one stock item of some goods was seen with plenty: its id, until when that is believed, the mark of places.
_plenty: dict[sold_out.Goods, tuple[int, float, sold_out.Marks]] = {}


def _from_plenty(wanted: Sequence[Wanted]) -> list[Plan | StockUnavailable] | None:
    """Plans without a look, where a second ago one stock item had plenty of it all; None if one has to look.

    The conditional UPDATE has the last word over these too. If it finds too few, `forget_plenty` lets the next look.
    """
    plans: list[Plan | StockUnavailable] = []
    for each in wanted:
        plan: Plan = []
        for sku, units in each.lines.items():
            known = _plenty.get((sku, each.location_id))
            if known is None or known[1] < time.monotonic() or known[2] != sold_out.marks_of([]):
                return None
            plan.append((known[0], sku, units))
        plans.append(plan)
    return plans


def forget_plenty(wanted: Sequence[Wanted]) -> None:
    """Let whoever plans these next look for them."""
    for each in wanted:
        for sku in each.lines:
            _plenty.pop((sku, each.location_id), None)


def _short_of(wanted: Sequence[Wanted], plans: Sequence[Plan | StockUnavailable]) -> list[sold_out.Goods]:
    """What was not enough for somebody."""
    short = {
        (str(shortage["sku"]), each.location_id): None
        for each, plan in zip(wanted, plans, strict=True)
        if isinstance(plan, StockUnavailable)
        for shortage in plan.facts["shortages"]
    }
    return list(short)


def _items(skus: list[str], *, location_id: int | None) -> list[StockItem]:
    """Those that sell these SKUs, in the order in which they are asked for units."""
    if len(skus) != 1:
        return list(StockItem.objects.of_skus(skus, location_id=location_id))
    found = _statement(location_id is None).fetch(sku=skus[0], location_id=location_id)
    return [StockItem.from_db(connection.alias, COLUMNS, row) for row in found]


@cache
def _statement(is_ordinary: bool) -> rows.Prepared:
    """The look at one SKU, which is what a sale asks for."""
    sku, location_id = "a sku", 1_000_000_001
    items = StockItem.objects.of_skus([sku], location_id=None if is_ordinary else location_id)
    return rows.prepare(items.values_list(*COLUMNS), names={sku: "sku", location_id: "location_id"})
