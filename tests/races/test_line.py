"""Races for the turn: who waits is served in order, each freed unit once, and nobody waits for a unit that is free."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings

from inventory import services
from inventory.models import PlaceInLine, PlaceState, Reservation, StockItem, StockItemQuerySet
from inventory.queries import prove
from inventory.services import counters as counters_module
from tests.books import counters
from tests.factories import ACTOR, NOW, StockItemFactory, hold
from tests.races.threads import at_once, seen_within_rounds

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]


def join(item: StockItem) -> PlaceInLine:
    who = str(uuid4())
    return services.join_line(sku=item.sku, quantity=1, token=who, holder=who, now=NOW)


def let_go(held: Reservation) -> None:
    services.release(reservation_id=held.pk, reason="", actor=ACTOR, now=NOW)


def test_fifty_holds_end_and_the_first_fifty_of_two_hundred_are_served() -> None:
    item = StockItemFactory(on_hand=50)
    for _ in range(50):
        hold(lines={item.sku: 1})
    places = [join(item).pk for _ in range(200)]
    late = NOW + settings.HOLD_TIME

    reports = at_once(*[partial(services.expire_due, now=late, limit=limit) for limit in (3, 5, 7, 50)] * 2)
    while services.expire_due(now=late).total:
        pass

    assert [report for report in reports if isinstance(report, AssertionError)] == []
    served = list(PlaceInLine.objects.filter(state=PlaceState.OFFERED).order_by("number").values_list("pk", flat=True))
    assert served == places[:50]
    assert Reservation.objects.held().count() == 50
    assert counters(item) == (50, 50, 0)
    assert prove() == []


def somebody_joins_while_the_last_unit_is_let_go() -> StockItem:
    item = StockItemFactory(on_hand=1)
    held = hold(lines={item.sku: 1})
    at_once(partial(let_go, held), partial(join, item))
    return item


def waits_for_nothing(item: StockItem) -> bool:
    """Whether somebody waits although a unit is free."""
    row = StockItem.objects.get(pk=item.pk)
    return bool(row.awaited and row.room)


def test_nobody_waits_for_a_unit_that_is_let_go_meanwhile(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")

    for _ in range(5):
        assert not waits_for_nothing(somebody_joins_while_the_last_unit_is_let_go())
    assert prove() == []


def test_control_without_the_conditions_somebody_waits_for_a_free_unit(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_before(counters_module, "_shift")
    monkeypatch.setattr(StockItemQuerySet, "awaited_by_nobody", lambda items: items)
    monkeypatch.setattr(StockItemQuerySet, "with_room", lambda items, units: items)

    assert seen_within_rounds(lambda: waits_for_nothing(somebody_joins_while_the_last_unit_is_let_go()))
