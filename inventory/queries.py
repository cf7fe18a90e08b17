"""What can be promised, what is held, and the proof that the counters are true."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Min, Q, QuerySet, Sum
from django.db.models.expressions import Combinable

from inventory.line import LineSums
from inventory.looking import STAMP, rows_of_stock
from inventory.models import (
    Reservation,
    ReservationLine,
    ReservationState,
    StockItem,
    StockMovement,
)
from shop.transactions import consistent_snapshot

# SKU to the keys of the locations that it is sold from at a moment. None stands for every ordinary location.
Places = Mapping[str, Collection[int | None]]


@dataclass(frozen=True, slots=True)
class Availability:
    """What a shopper may know of a SKU: units free now, in live holds and waited for, and when the next hold ends.

    `next_free_at` is known where something is held. `beyond` are units that may be pre-ordered when none is free.
    """

    sku: str
    free: int
    held: int
    next_free_at: datetime | None = None
    awaited: int = 0
    beyond: int = 0

    @property
    def is_preorder(self) -> bool:
        """Whether a pre-order is what can be had."""
        return self.free == 0 and self.beyond > 0

    @property
    def is_sold_out(self) -> bool:
        """Nothing free and nothing that could become free by time alone."""
        return self.free == 0 and self.held == 0

    @property
    def is_all_held(self) -> bool:
        """Nothing free, but somebody may let go."""
        return self.free == 0 and self.held > 0


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation as its holder sees it."""

    reservation_id: UUID
    state: str
    is_live: bool
    expires_at: datetime
    created_at: datetime
    units: int
    renewals: int
    most_renewals: int
    reason: str
    ended_at: datetime | None

    @property
    def has_run_out(self) -> bool:
        """Whether its time was over before anything came of it, swept or not."""
        return self.state == ReservationState.EXPIRED or (self.state == ReservationState.HELD and not self.is_live)

    @property
    def extensions_left(self) -> int:
        return max(self.most_renewals - self.renewals, 0)

    @property
    def offered_from(self) -> datetime:
        """The moment from which an extension is granted."""
        return self.expires_at - settings.HOLD_EXTENSION_OFFER


def new_hold(
    *,
    reservation_id: UUID,
    units: int,
    now: datetime,
    expires_at: datetime,
    renewal_limit: int | None = None,
) -> Hold:
    """A hold as it will look when it is taken, for who has to tell of it before."""
    return Hold(
        reservation_id=reservation_id,
        state=ReservationState.HELD,
        is_live=True,
        expires_at=expires_at,
        created_at=now,
        units=units,
        renewals=0,
        most_renewals=settings.HOLD_EXTENSION_LIMIT if renewal_limit is None else renewal_limit,
        reason="",
        ended_at=None,
    )


@dataclass(frozen=True, slots=True)
class Look:
    """Availability by SKU, and the stamp that the catalogue had at the same moment: "" where it has none."""

    stamp: str
    availability: dict[str, Availability]


def available_to_promise(*, skus: Iterable[str], now: datetime, at: Places | None = None) -> dict[str, Availability]:
    """Free and held units of each SKU that was asked for; one nobody stocks is simply not free. One query.

    Holds past their time count as free, because the next shopper who asks for them gets them. What shoppers in line
    wait for is not free, wherever it comes back. A SKU counts at its places in `at`, else at every ordinary location.
    """
    return look(skus=skus, now=now, at=at).availability


def look(*, skus: Iterable[str], now: datetime, at: Places | None = None) -> Look:
    """What `available_to_promise` tells, with the stamp of the catalogue, in one query."""
    asked = list(skus)
    places = _places(asked, at=at)
    room: dict[tuple[str, int, bool], int] = defaultdict(int)
    limit: dict[tuple[str, int, bool], int] = defaultdict(int)
    awaited: dict[tuple[str, int | None], int] = defaultdict(int)
    held, ends = dict.fromkeys(asked, 0), dict.fromkeys(asked)
    stamp = ""
    for row in rows_of_stock(skus=asked, places=places, now=now):
        if row.kind == STAMP:
            stamp = row.sku
            continue
        # MariaDB takes "abc" for "ABC"; nobody asked for that one.
        if not _counts(row.location_id, row.is_for_drop, places.get(row.sku, [])):
            continue
        line = (row.sku, row.location_id if row.is_for_drop else None)
        place = (row.sku, row.location_id, row.is_for_drop)
        room[place] += row.units
        limit[place] += row.beyond
        held[row.sku] += row.held
        # Every stock item of a line says the same: how many units it waits for, wherever they come from.
        awaited[line] = max(awaited[line], row.awaited)
        if row.moment:
            ends[row.sku] = min(row.moment, ends[row.sku] or row.moment)
    # What is promised beyond stock at one place takes nothing from another.
    here: dict[tuple[str, int | None], int] = defaultdict(int)
    all_told: dict[tuple[str, int | None], int] = defaultdict(int)
    for (sku, location_id, is_for_drop), units in room.items():
        line = (sku, location_id if is_for_drop else None)
        here[line] += max(units, 0)
        all_told[line] += max(units + limit[sku, location_id, is_for_drop], units, 0)
    free, beyond, in_line = (dict.fromkeys(asked, 0) for _ in range(3))
    for line, units in here.items():
        free[line[0]] += max(units - awaited[line], 0)
        beyond[line[0]] += max(all_told[line] - awaited[line], 0) - max(units - awaited[line], 0)
        in_line[line[0]] += awaited[line]
    availability = {
        sku: Availability(
            sku=sku,
            free=free[sku],
            held=max(held[sku], 0),
            next_free_at=ends[sku] if held[sku] > 0 else None,
            beyond=beyond[sku],
            awaited=in_line[sku],
        )
        for sku in asked
    }
    return Look(stamp=stamp, availability=availability)


def _places(skus: list[str], *, at: Places | None) -> dict[str, Collection[int | None]]:
    return {sku: (at or {}).get(sku, [None]) for sku in skus}


def _counts(location_id: int, is_for_drop: bool, places: Collection[int | None]) -> bool:
    return location_id in places or (None in places and not is_for_drop)


def skus_free(*, now: datetime) -> QuerySet[Any, Any]:
    """SKUs of which an ordinary location has a unit for anybody, as a subquery. Holds past their time count as free."""
    due = ReservationLine.objects.filter(
        reservation__state=ReservationState.HELD, reservation__expires_at__lte=now, reservation__set_aside_at=None
    )
    sold_from = StockItem.objects.filter(location__is_active=True, location__is_for_drop=False)
    free = sold_from.able_to_hand_over(quantity=1) | sold_from.filter(pk__in=due.values("stock_item_id"))
    return free.values("variant_id")


def skus_held(*, now: datetime) -> QuerySet[Any, Any]:
    """SKUs with a unit in a live hold at an ordinary location, as a subquery."""
    live = ReservationLine.objects.filter(
        reservation__state=ReservationState.HELD, reservation__expires_at__gt=now, stock_item__location__is_active=True
    )
    return live.filter(stock_item__location__is_for_drop=False).values("sku")


def unpromised(*, skus: Iterable[str]) -> dict[str, int]:
    """SKU to the units at ordinary locations that nobody was promised, as the counters say now. One query."""
    free = dict.fromkeys(skus, 0)
    for item in StockItem.objects.of_skus(list(free)):
        free[item.sku] += max(item.unpromised, 0)
    return free


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A reservation as a row of a chart: when it was placed, and what became of it."""

    state: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    renewals: int

    def is_live(self, *, now: datetime) -> bool:
        return self.state == ReservationState.HELD and self.expires_at > now

    @property
    def is_paid(self) -> bool:
        return self.state == ReservationState.COMMITTED


def holds_at(*, location_id: int) -> list[HoldRow]:
    """Every reservation that ever kept units of this location, by when it was placed. One query."""
    rows = Reservation.objects.filter(lines__stock_item__location=location_id).distinct().order_by("created_at", "pk")
    return [HoldRow(*row) for row in rows.values_list("state", "created_at", "expires_at", "ended_at", "renewals")]


def stock_item_of(*, sku: str) -> int | None:
    """The key of the stock item that is asked first for this SKU, if there is one. One query."""
    return StockItem.objects.of_skus([sku]).values_list("pk", flat=True).first()


def with_idle_units(*, location_ids: Iterable[int]) -> set[int]:
    """Those of these locations that have units in the building which nobody was promised. One query."""
    items = StockItem.objects.filter(location_id__in=list(location_ids)).able_to_hand_over(quantity=1)
    return set(items.values_list("location_id", flat=True))


@dataclass(frozen=True, slots=True)
class PreorderOffer:
    """What can be had of a SKU beyond the units in the building: `units` in all, and the day that goes with them."""

    sku: str
    units: int
    arrives_on: date


def preorder_offer(*, sku: str, now: datetime) -> PreorderOffer | None:
    """The pre-order that staff allow of this SKU at ordinary locations, the last day of several. None without a day."""
    days = [item.arrives_on for item in StockItem.objects.of_skus([sku]) if item.backorder_limit and item.arrives_on]
    if not days:
        return None
    seen = available_to_promise(skus=[sku], now=now)[sku]
    return PreorderOffer(sku=sku, units=seen.free + seen.beyond, arrives_on=max(days)) if seen.beyond else None


def may_be_beyond(*, reservation_ids: Iterable[UUID]) -> bool:
    """Whether any of these was taken where promises may go beyond what is on hand. services.has_arrived says which."""
    lines = ReservationLine.objects.filter(reservation_id__in=list(reservation_ids))
    return lines.filter(stock_item__backorder_limit__gt=0).exists()


def are_due(*, skus: Iterable[str], now: datetime) -> bool:
    """Whether a hold of any of these SKUs is past its time and still keeps its units. One query."""
    return Reservation.objects.due(now=now).of_skus(list(skus)).exists()


def may_be_backordered(*, skus: Iterable[str]) -> bool:
    """Whether staff allow any of these SKUs to be promised beyond what is on hand."""
    return StockItem.objects.of_skus(list(skus)).filter(backorder_limit__gt=0).exists()


def holds(*, reservation_ids: Iterable[UUID], now: datetime) -> dict[UUID, Hold]:
    """The holds with these ids; `is_live` as of `now`. Unknown ids are left out. One query."""
    rows = Reservation.objects.filter(pk__in=list(reservation_ids)).annotate(units=Sum("lines__quantity"))
    return {
        row.pk: Hold(
            reservation_id=row.pk,
            state=row.state,
            is_live=row.is_live(now=now),
            expires_at=row.expires_at,
            created_at=row.created_at,
            units=row.units or 0,
            renewals=row.renewals,
            most_renewals=row.most_renewals,
            reason=row.reason,
            ended_at=row.ended_at,
        )
        for row in rows
    }


def promised_ahead(*, stock_item_ids: Iterable[int], now: datetime) -> dict[tuple[int, UUID], int]:
    """Stock item and reservation to the units promised up to and including that reservation, in the order of promises.

    Live holds and committed units that have not left count; a hold past its time counts for nothing. One query.
    """
    lines = (
        ReservationLine.objects.filter(
            Q(reservation__state=ReservationState.COMMITTED)
            | Q(reservation__state=ReservationState.HELD, reservation__expires_at__gt=now),
            stock_item_id__in=list(stock_item_ids),
            quantity__gt=F("fulfilled") + F("given_back") + F("written_off"),
        )
        .order_by("reservation__created_at", "reservation_id")
        .only("stock_item_id", "reservation_id", "quantity", "fulfilled", "given_back", "written_off")
    )
    sums: dict[int, int] = defaultdict(int)
    ahead: dict[tuple[int, UUID], int] = {}
    for line in lines:
        sums[line.stock_item_id] += line.outstanding
        ahead[line.stock_item_id, line.reservation_id] = sums[line.stock_item_id]
    return ahead


def arrived(*, reservation_ids: Iterable[UUID], now: datetime) -> set[UUID]:
    """Those of these committed reservations whose units seem to be in the building, by an unlocked look.

    Three queries, however many. services.has_arrived has the last word.
    """
    lines = list(ReservationLine.objects.filter(reservation_id__in=list(reservation_ids)))
    on_hand = dict(StockItem.objects.filter(pk__in=[line.stock_item_id for line in lines]).values_list("pk", "on_hand"))
    ahead = promised_ahead(stock_item_ids=on_hand, now=now)
    waiting = {
        line.reservation_id
        for line in lines
        if line.outstanding and ahead.get((line.stock_item_id, line.reservation_id), 0) > on_hand[line.stock_item_id]
    }
    return {line.reservation_id for line in lines} - waiting


def next_end(*, sku: str, now: datetime, within: timedelta = timedelta(seconds=1)) -> datetime | None:
    """When the first of the holds of a SKU ends that end within so short a time, wherever its units are."""
    soon = Reservation.objects.held().filter(expires_at__gt=now, expires_at__lte=now + within, set_aside_at=None)
    return soon.of_skus([sku]).aggregate(end=Min("expires_at"))["end"]


@dataclass(frozen=True, slots=True)
class Drift:
    """A counter that is not what its rows say. An incident: it is shown, never rewritten."""

    stock_item_id: int
    sku: str
    location: str
    law: str
    counter: int
    rows: int

    @property
    def sentence(self) -> str:
        return f"{self.sku} at {self.location}: {self.law}: the counter says {self.counter}, the rows say {self.rows}"


def prove() -> list[Drift]:
    """Recompute the first and second law for every stock item, at one moment, and return whatever does not agree.

    Seven queries, however many items. Held is the sum of reservations in state HELD, those past their time included;
    allocated is what was committed and neither sent, given back nor written off; awaited is what the places of its
    line wait for, and every offer to one of them is a hold.
    """
    with consistent_snapshot():
        items = list(StockItem.objects.select_related("location").order_by("pk"))
        ledger = _ledger_sums()
        held = _line_sums(Q(reservation__state=ReservationState.HELD), total=F("quantity"))
        allocated = _line_sums(
            Q(reservation__state=ReservationState.COMMITTED),
            total=F("quantity") - F("fulfilled") - F("given_back") - F("written_off"),
        )
        lines = LineSums.read()
    drifts = []
    for item in items:
        on_hand_sum, held_sum, allocated_sum = ledger.get(item.pk, (0, 0, 0))
        claims = [
            ("on hand = sum of the ledger", item.on_hand, on_hand_sum),
            ("held = sum of the ledger", item.held, held_sum),
            ("allocated = sum of the ledger", item.allocated, allocated_sum),
            ("held = sum of live reservations", item.held, held.get(item.pk, 0)),
            ("allocated = sum of committed lines", item.allocated, allocated.get(item.pk, 0)),
            ("awaited = sum of the places that wait", item.awaited, lines.awaited(item)),
            ("offered in line = held for turns", *lines.offered(item)),
            ("held + allocated within stock", max(-item.room, 0), 0),
        ]
        drifts += [
            Drift(item.pk, item.sku, item.location.code, law, counter, rows)
            for law, counter, rows in claims
            if counter != rows
        ]
    return drifts


def rows_behind(drift: Drift, *, limit: int = 20) -> list[str]:
    """The rows that were summed, the newest first, as sentences for whoever has to find out."""
    movements = StockMovement.objects.filter(stock_item_id=drift.stock_item_id).order_by("-pk")[:limit]
    lines = (
        ReservationLine.objects.filter(
            stock_item_id=drift.stock_item_id,
            reservation__state__in=[ReservationState.HELD, ReservationState.COMMITTED],
        )
        .select_related("reservation")
        .order_by("-reservation_id")[:limit]
    )
    return [
        *(
            f"movement {row.pk} {row.created_at:%Y-%m-%d %H:%M:%S} {row} reservation={row.reservation_id} {row.actor}"
            for row in movements
        ),
        *(
            f"reservation {row.reservation_id} {row.reservation.state} {row} "
            f"fulfilled={row.fulfilled} given_back={row.given_back} "
            f"written_off={row.written_off} returned={row.returned} until {row.reservation.expires_at:%H:%M:%S}"
            for row in lines
        ),
    ]


def allocated_by_sku() -> dict[str, int]:
    """Units that each SKU owes to paid orders, over all locations. SKUs that owe nothing are left out."""
    sums = StockItem.objects.values_list("variant_id").annotate(Sum("allocated"))
    return {sku: units for sku, units in sums if units}


def _ledger_sums() -> dict[int, tuple[int, int, int]]:
    sums: dict[int, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    rows = StockMovement.objects.values_list("stock_item_id").annotate(
        Sum("on_hand_change"), Sum("held_change"), Sum("allocated_change")
    )
    for item_id, on_hand, held, allocated in rows:
        sums[item_id] = (on_hand, held, allocated)
    return sums


def _line_sums(condition: Q, *, total: Combinable) -> dict[int, int]:
    return dict(ReservationLine.objects.filter(condition).values_list("stock_item_id").annotate(units=Sum(total)))
