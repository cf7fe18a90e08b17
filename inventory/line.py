"""The line as it is read: places with their position, the odds, and what the proof adds up."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from django.core.cache import cache
from django.db.models import Case, Count, OuterRef, Subquery, Sum, When

from inventory.models import (
    PlaceInLine,
    PlaceInLineQuerySet,
    PlaceState,
    Reservation,
    ReservationLine,
    ReservationState,
    StockItem,
    WaitingLine,
    line_key,
)

# Less than that says nothing about how often a hold ends unpaid.
ENOUGH_HOLDS = 30
# The latest holds of the SKU count; those of last year say little about this sale.
LATEST_HOLDS = 1000
RATE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A place in line as whoever waits may know it."""

    place_id: UUID
    holder: str
    sku: str
    location_id: int | None
    state: str
    number: int
    quantity: int
    offered: int
    joined_at: datetime
    ended_at: datetime | None
    reason: str
    # Who of the staff ended it, if somebody did.
    ended_by: str
    # Who waits before this place; 0 where it waits no more.
    people_before: int
    units_before: int
    # Until when the units of the offer are held, and whether they still are.
    held_until: datetime | None
    is_held: bool

    @property
    def is_waiting(self) -> bool:
        return self.state == PlaceState.WAITING

    @property
    def is_turn(self) -> bool:
        """Whether units are held for this place, and it may take them."""
        return self.state == PlaceState.OFFERED and self.is_held

    @property
    def is_missed(self) -> bool:
        """Whether its turn passed, whether or not anybody has written that down yet."""
        return self.state == PlaceState.MISSED or (self.state == PlaceState.OFFERED and not self.is_held)

    @property
    def position(self) -> int:
        """1 for whoever is next."""
        return self.people_before + 1

    @property
    def is_partial(self) -> bool:
        """Whether fewer units were offered than were asked for."""
        return 0 < self.offered < self.quantity

    @property
    def is_ended_by_staff(self) -> bool:
        """Whether somebody else ended it: their shopper is told, or was."""
        return self.state in (PlaceState.LEFT, PlaceState.DECLINED) and bool(self.ended_by)

    @property
    def is_over(self) -> bool:
        return not self.is_waiting and not self.is_turn


@dataclass(frozen=True, slots=True)
class Odds:
    """What can honestly be said of a line at this moment. No promise follows from it."""

    # Units in live holds, of which some may come back.
    held: int
    # Of so many holds of this SKU that have ended, so many ended unpaid. None, if too few have ended to say.
    ended: int | None
    ended_unpaid: int | None


NO_ODDS = Odds(held=0, ended=None, ended_unpaid=None)


def places(*, place_ids: Iterable[UUID], now: datetime) -> dict[UUID, Place]:
    """The places with these ids, in the order in which they were joined. Unknown ones are left out. One query."""
    return _read(PlaceInLine.objects.filter(pk__in=list(place_ids)), now=now)


def live_places(*, holders: Iterable[str], now: datetime) -> list[Place]:
    """The places of these holders that wait or are at their turn, in the order in which they were joined. One query."""
    return list(_read(PlaceInLine.objects.live().filter(holder__in=list(holders)), now=now).values())


def places_with_news(*, limit: int, now: datetime) -> list[Place]:
    """Places whose last step their shopper has yet to be told of, the oldest first. One query."""
    ids = list(PlaceInLine.objects.filter(has_news=True).order_by("pk").values_list("pk", flat=True)[:limit])
    return list(places(place_ids=ids, now=now).values())


def place_of(*, token: str) -> UUID | None:
    """The place that was joined with this token, if there is one. One query."""
    return PlaceInLine.objects.filter(token=token).values_list("pk", flat=True).first()


def count_live_places(*, holders: Iterable[str]) -> int:
    """In how many lines these holders wait or are at their turn."""
    return PlaceInLine.objects.live().filter(holder__in=list(holders)).count()


def is_open(*, sku: str, location_id: int | None = None) -> bool:
    """Whether the line of a SKU can be joined. One that nobody has ever touched can. One query."""
    lines = WaitingLine.objects.filter(key=line_key(sku=sku, location_id=location_id))
    return all(lines.values_list("is_open", flat=True))


def odds(*, lines: Iterable[tuple[str, int | None]], may_count: bool = True) -> dict[tuple[str, int | None], Odds]:
    """The odds of these lines (SKU and location of the drop, if it is one). Two queries, however many lines.

    How often holds ended unpaid is counted anew when it is older than a minute: it moves slowly. Unless the caller
    `may_count` it, what is not known at once is left out, and that is one query.
    """
    asked = set(lines)
    held = _held([sku for sku, _ in asked])
    rates = _rates(asked, may_count=may_count)
    return {line: Odds(held.get(line, 0), *rates.get(line, (None, None))) for line in asked}


def _read(rows: PlaceInLineQuerySet, *, now: datetime) -> dict[UUID, Place]:
    before = (
        PlaceInLine.objects.waiting()
        .filter(line=OuterRef("line"), number__lt=OuterRef("number"))
        .order_by()
        .values("line")
        .annotate(people=Count("pk"), units=Sum("quantity"))
    )
    offer = Reservation.objects.filter(pk=OuterRef("pk"))
    found = (
        rows.select_related("line")
        .annotate(
            people_before=Case(When(state=PlaceState.WAITING, then=Subquery(before.values("people"))), default=None),
            units_before=Case(When(state=PlaceState.WAITING, then=Subquery(before.values("units"))), default=None),
            held_until=Subquery(offer.values("expires_at")),
            offer_state=Subquery(offer.values("state")),
        )
        .order_by("joined_at", "pk")
    )
    return {
        row.pk: Place(
            place_id=row.pk,
            holder=row.holder,
            sku=row.line.sku,
            location_id=row.line.location_id,
            state=row.state,
            number=row.number,
            quantity=row.quantity,
            offered=row.offered,
            joined_at=row.joined_at,
            ended_at=row.ended_at,
            reason=row.reason,
            ended_by=row.ended_by,
            people_before=row.people_before or 0,
            units_before=row.units_before or 0,
            held_until=row.held_until,
            is_held=row.offer_state == ReservationState.HELD and row.held_until > now,
        )
        for row in found
    }


def _held(skus: list[str]) -> dict[tuple[str, int | None], int]:
    units: dict[tuple[str, int | None], int] = defaultdict(int)
    rows = StockItem.objects.filter(variant_id__in=skus, location__is_active=True)
    for sku, location_id, is_for_drop, held in rows.values_list(
        "variant_id", "location_id", "location__is_for_drop", "held"
    ):
        units[str(sku), location_id if is_for_drop else None] += held
    return units


def _rates(lines: set[tuple[str, int | None]], *, may_count: bool) -> dict[tuple[str, int | None], tuple[int, int]]:
    """Holds that ended, and those of them that ended unpaid. Lines of which too little is known are left out."""
    keys = {f"inventory.rate:{line_key(sku=sku, location_id=place)}": (sku, place) for sku, place in lines}
    known: dict[str, tuple[int, int]] = cache.get_many(keys)
    missing = {line for key, line in keys.items() if key not in known} if may_count else set()
    counted = _count_ended(missing) if missing else {}
    fresh = {key: counted.get(line, (0, 0)) for key, line in keys.items() if line in missing}
    if fresh:
        cache.set_many(fresh, timeout=RATE_SECONDS)
    return {keys[key]: rate for key, rate in {**known, **fresh}.items() if rate[0] >= ENOUGH_HOLDS}


def _count_ended(lines: set[tuple[str, int | None]]) -> dict[tuple[str, int | None], tuple[int, int]]:
    latest = (
        ReservationLine.objects.filter(sku__in=[sku for sku, _ in lines])
        .exclude(reservation__state=ReservationState.HELD)
        .order_by("-pk")
        .values_list("sku", "stock_item__location_id", "stock_item__location__is_for_drop", "reservation__state")[
            : LATEST_HOLDS * len(lines)
        ]
    )
    sums: dict[tuple[str, int | None], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for sku, location_id, is_for_drop, state in latest:
        line = (sku, location_id if is_for_drop else None)
        ended, unpaid = sums[line]
        sums[line] = (ended + 1, unpaid + (state != ReservationState.COMMITTED))
    return sums


@dataclass(frozen=True, slots=True)
class LineSums:
    """What the places of all lines add up to, for the proof."""

    waiting: dict[str, int]
    offers: dict[str, int]
    turns: dict[str, int]

    @classmethod
    def read(cls) -> Self:
        """Three queries: units that wait, units that were offered, and units that are held for those offers."""
        waiting = dict(PlaceInLine.objects.waiting().values_list("line__key").annotate(Sum("quantity")))
        offered = PlaceInLine.objects.filter(state=PlaceState.OFFERED)
        held = dict(
            ReservationLine.objects.filter(
                reservation_id__in=offered.values("pk"), reservation__state=ReservationState.HELD
            )
            .values_list("reservation_id")
            .annotate(Sum("quantity"))
        )
        offers: dict[str, int] = defaultdict(int)
        turns: dict[str, int] = defaultdict(int)
        for place_id, key, units in offered.values_list("pk", "line__key", "offered"):
            offers[key] += units
            turns[key] += held.get(place_id, 0)
        return cls(waiting=waiting, offers=offers, turns=turns)

    def awaited(self, item: StockItem) -> int:
        """Units that the line of this stock item waits for."""
        return self.waiting.get(_key_of(item), 0)

    def offered(self, item: StockItem) -> tuple[int, int]:
        """Units that are offered in the line of this stock item, and those that are held for it."""
        key = _key_of(item)
        return self.offers.get(key, 0), self.turns.get(key, 0)


def _key_of(item: StockItem) -> str:
    return line_key(sku=item.sku, location_id=item.location_id if item.location.is_for_drop else None)
