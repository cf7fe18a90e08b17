"""The one statement behind every figure of stock that a shopper sees.

It is asked by every page, so it is written by the ORM once for each number of SKUs and places, and kept as text.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import BooleanField, Case, DateTimeField, F, IntegerField, Min, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime

from inventory.models import ReservationLine, ReservationState, StockItem
from shop.models import CatalogueStamp

# What a row of the statement is about.
STAMP, COUNTERS, HOLDS = range(3)


class Row(NamedTuple):
    """What the statement says of one SKU at one location; a stamp stands in place of the SKU of its own row."""

    kind: int
    sku: str
    location_id: int
    is_for_drop: bool
    units: int
    beyond: int
    held: int
    awaited: int
    moment: datetime | None


# Stand for what is asked when the statement is written. No SKU has small letters, and no place such a key.
_MOMENT = datetime(1000, 1, 1, tzinfo=UTC)
_FIRST_PLACE = -1000


def rows_of_stock(*, skus: list[str], places: Mapping[str, Collection[int | None]], now: datetime) -> list[Row]:
    """All that is known of these SKUs at all locations that count for any of them, in rows to add up. One query.

    `COUNTERS`: what is on hand and promised to nobody (below zero where promises go beyond it), how many may go
    beyond it where staff named a day, what is held and what is waited for. `HOLDS`: units in holds past their time,
    which can be promised and are not held, and when the next hold ends. `STAMP`: the stamp of the catalogue.
    """
    named = sorted({place for each in places.values() for place in each if place is not None})
    # A few widths, so that a few statements are enough: the last one is asked for again and again.
    width, extent = _width(len(skus)), _width(len(named)) if named else 0
    statement = _statement(connection.vendor, width, extent)
    asked = [*skus, *[skus[-1]] * (width - len(skus))] if skus else [""]
    wanted = [*named, *[named[-1]] * (extent - len(named))] if named else []
    values = [*asked, *wanted, connection.ops.adapt_datetimefield_value(now)]
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.filled(values))
        rows = cursor.fetchall()
    # MariaDB's sums are decimals.
    return [Row._make((*row[:4], *map(int, row[4:-1]), _moment(row[-1]))) for row in rows]


@dataclass(frozen=True, slots=True)
class _Statement:
    """Its text, its parameters, and which of them are asked: position of the parameter to position of the value."""

    sql: str
    parameters: tuple[Any, ...]
    slots: tuple[tuple[int, int], ...]

    def filled(self, values: list[Any]) -> list[Any]:
        parameters = list(self.parameters)
        for position, value in self.slots:
            parameters[position] = values[value]
        return parameters


def _width(count: int) -> int:
    return 1 << max(count - 1, 0).bit_length()


@lru_cache(maxsize=64)
def _statement(vendor: str, width: int, extent: int) -> _Statement:
    skus = [f"sku {number}" for number in range(width)]
    places = [_FIRST_PLACE - number for number in range(extent)]
    sql, parameters = _query(skus, places).query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    asked: list[Any] = [*skus, *places, connection.ops.adapt_datetimefield_value(_MOMENT)]
    slots = tuple(
        (position, asked.index(value)) for position, value in enumerate(parameters) if _is_asked(value, asked)
    )
    return _Statement(sql=sql, parameters=tuple(parameters), slots=slots)


def _is_asked(value: Any, asked: list[Any]) -> bool:
    return not isinstance(value, bool) and value in asked


def _query(skus: list[str], places: list[int]) -> QuerySet[Any, Any]:
    nothing, zero, no = Value(None, DateTimeField()), Value(0, IntegerField()), Value(False, BooleanField())
    within = Q(location__is_for_drop=False) | Q(location__in=places) if places else Q(location__is_for_drop=False)
    stamp = CatalogueStamp.objects.values_list(Value(STAMP), "stamp", zero, no, zero, zero, zero, zero, nothing)
    room = F("on_hand") - F("held") - F("allocated")
    beyond = Case(When(arrives_on__isnull=False, then=F("backorder_limit")), default=zero)
    counters = StockItem.objects.filter(within, variant_id__in=skus, location__is_active=True).values_list(
        Value(COUNTERS), "variant_id", "location_id", "location__is_for_drop", room, beyond, "held", "awaited", nothing
    )
    is_due = Q(reservation__expires_at__lte=_MOMENT, reservation__set_aside_at=None)
    place = ("sku", "stock_item__location_id", "stock_item__location__is_for_drop")
    holds = (
        ReservationLine.objects.filter(
            sku__in=skus, reservation__state=ReservationState.HELD, stock_item__location__is_active=True
        )
        .values(*place)
        .annotate(
            due=Coalesce(Sum("quantity", filter=is_due), zero),
            end=Min("reservation__expires_at", filter=Q(reservation__expires_at__gt=_MOMENT)),
        )
        .values_list(Value(HOLDS), *place, "due", zero, -F("due"), zero, "end")
    )
    return stamp.union(counters, holds, all=True)


def _moment(value: Any) -> datetime | None:
    moment = parse_datetime(value) if isinstance(value, str) else value
    return moment if moment is None else moment.replace(tzinfo=UTC)
