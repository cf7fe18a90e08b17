"""What was seen sold out is refused without a look, until something is freed, a hold ends, or a second is over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from inventory import services, sold_out
from inventory.models import Location, StockItem
from tests.books import nothing_changes
from tests.factories import ACTOR, NOW, LocationFactory, StockItemFactory, allocation, hold, stock

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def item() -> StockItem:
    """A stock item of two units that was seen sold out: one is paid for, the other one is held for ten minutes."""
    item = StockItemFactory(on_hand=2)
    allocation(lines={item.sku: 1})
    hold(lines={item.sku: 1}, token="the last one")
    refused(item)
    return item


def refused(item: StockItem, *, now: Any = LATER) -> None:
    with pytest.raises(services.StockUnavailable) as refusal:
        hold(lines={item.sku: 1}, now=now)
    assert refusal.value.facts == {"shortages": [{"sku": item.sku, "asked": 1, "available": 0}]}


def is_known(item: StockItem, *, now: Any = LATER) -> bool:
    seen = sold_out.remembered((item.sku, None))
    return seen is not None and seen.holds(now=now)


def test_what_was_seen_sold_out_is_refused_by_a_look_at_the_token_alone(
    item: StockItem, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with nothing_changes(), django_assert_num_queries(1):
        refused(item)


def test_a_token_that_was_granted_gets_its_answer_all_the_same(item: StockItem) -> None:
    assert hold(lines={item.sku: 1}, token="the last one", now=LATER).token == "the last one"


def test_it_is_known_for_a_second(item: StockItem) -> None:
    assert is_known(item, now=LATER + sold_out.LASTS - INSTANT)
    assert not is_known(item, now=LATER + sold_out.LASTS)


def test_one_is_sent_to_look_again_before_the_second_is_over(item: StockItem) -> None:
    late = LATER + sold_out.LASTS * 9 / 10

    known = [sold_out.known((item.sku, None), now=late) is not None for _ in range(3)]

    assert known == [False, True, True]


def test_who_looks_again_writes_it_down_anew(item: StockItem) -> None:
    late = LATER + sold_out.LASTS * 9 / 10

    refused(item, now=late)

    assert is_known(item, now=late + sold_out.LASTS - INSTANT)


def test_it_is_known_no_longer_than_the_next_hold_lasts() -> None:
    item = StockItemFactory(on_hand=1)
    hold(lines={item.sku: 1}, minutes=5)
    refused(item, now=LATER - timedelta(milliseconds=300))

    assert is_known(item, now=LATER - INSTANT)
    assert not is_known(item, now=LATER)
    assert hold(lines={item.sku: 1}, now=LATER)


def test_few_are_not_sold_out() -> None:
    item = StockItemFactory(on_hand=1)

    with pytest.raises(services.StockUnavailable):
        hold(lines={item.sku: 2}, now=LATER)

    assert not is_known(item)
    assert hold(lines={item.sku: 1}, now=LATER)


def test_what_one_location_has_not_others_may_have(item: StockItem) -> None:
    quota = LocationFactory(is_for_drop=True)
    stock(variant=item.variant, location=quota, on_hand=1)

    assert sold_out.known((item.sku, quota.pk), now=LATER) is None
    assert services.reserve(
        lines={item.sku: 1}, token="t", expires_at=LATER + timedelta(1), now=LATER, actor=ACTOR, location_id=quota.pk
    )


def release(item: StockItem) -> None:
    reservation = item.reservation_lines.order_by("-pk")[0].reservation
    services.release(reservation_id=reservation.pk, reason="", actor=ACTOR, now=LATER)


def receive(item: StockItem) -> None:
    services.receive(sku=item.sku, location=item.location.code, quantity=1, reason="delivery", actor=ACTOR, now=LATER)


def receive_elsewhere(item: StockItem) -> None:
    services.receive(
        sku=item.sku, location=LocationFactory().code, quantity=1, reason="delivery", actor=ACTOR, now=LATER
    )


def adjust(item: StockItem) -> None:
    services.adjust(stock_item_id=item.pk, change=1, reason="found one", actor=ACTOR, now=LATER)


def give_back(item: StockItem) -> None:
    reservation = item.reservation_lines.order_by("pk")[0].reservation
    services.give_back(reservation_id=reservation.pk, lines={item.sku: 1}, reason="", actor=ACTOR, now=LATER)


FREEING = [release, receive, receive_elsewhere, adjust, give_back]


@pytest.mark.parametrize("free", FREEING)
def test_whatever_frees_a_unit_ends_it(item: StockItem, free: Callable[[StockItem], None]) -> None:
    free(item)

    assert hold(lines={item.sku: 1}, now=LATER)


@pytest.mark.parametrize("free", FREEING)
def test_control_without_the_marks_a_unit_is_free_and_called_sold_out(
    item: StockItem, free: Callable[[StockItem], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sold_out, "_change", lambda slots: None)
    free(item)

    refused(item)


def test_another_process_that_frees_a_unit_ends_it(item: StockItem) -> None:
    """Its own map of the same file is all that it shares with this one."""
    elsewhere = sold_out._map_file()
    assert is_known(item)

    slot = sold_out._slot(item.pk) * sold_out.MARK_BYTES
    elsewhere[slot : slot + sold_out.MARK_BYTES] = b"changed!"

    assert not is_known(item)


def test_a_unit_that_is_freed_while_somebody_looks_is_not_overlooked(
    item: StockItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written down was seen under the marks from before the look."""
    sold_out.forget()
    remember = sold_out.remember

    def freed_before(*args: Any, **options: Any) -> None:
        release(item)
        remember(*args, **options)

    monkeypatch.setattr(sold_out, "remember", freed_before)
    with pytest.raises(services.StockUnavailable):
        hold(lines={item.sku: 1}, now=LATER)

    assert not is_known(item)
    monkeypatch.undo()
    assert hold(lines={item.sku: 1}, now=LATER)


def test_who_has_taken_the_last_one_and_may_roll_back_writes_nothing_down() -> None:
    item = StockItemFactory(on_hand=1)

    with pytest.raises(services.StockUnavailable), transaction.atomic():
        hold(lines={item.sku: 1}, now=LATER)
        hold(lines={item.sku: 1}, now=LATER)

    assert not is_known(item)
    assert hold(lines={item.sku: 1}, now=LATER)


def test_a_location_that_staff_open_ends_it(item: StockItem) -> None:
    shut = LocationFactory()
    stock(variant=item.variant, location=shut, on_hand=1)
    Location.objects.filter(pk=shut.pk).update(is_active=False)
    refused(item)

    Location.objects.filter(pk=shut.pk).update(is_active=True)
    sold_out.places_changed()

    assert hold(lines={item.sku: 1}, now=LATER)
