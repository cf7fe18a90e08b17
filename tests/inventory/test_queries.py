"""What can be promised, what is held, and the proof."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from pytest_django import DjangoAssertNumQueries

from inventory import services
from inventory.models import ReservationLine, ReservationState, StockItem, StockMovement
from inventory.queries import (
    PreorderOffer,
    allocated_by_sku,
    available_to_promise,
    holds,
    preorder_offer,
    prove,
    rows_behind,
)
from tests.factories import (
    ACTOR,
    ARRIVES_ON,
    NOW,
    LocationFactory,
    StockItemFactory,
    VariantFactory,
    allocation,
    hold,
    stock,
)

pytestmark = pytest.mark.django_db

INSTANT = timedelta(microseconds=1)


def test_available_to_promise_is_on_hand_less_held_and_allocated_and_says_what_may_be_pre_ordered() -> None:
    item = StockItemFactory(on_hand=9, backorder_limit=2)
    hold(lines={item.sku: 3})
    allocation(lines={item.sku: 4})

    answer = available_to_promise(skus=[item.sku], now=NOW)[item.sku]

    assert (answer.free, answer.held, answer.beyond) == (2, 3, 2)
    assert not answer.is_preorder
    assert not answer.is_sold_out
    assert not answer.is_all_held


def test_available_to_promise_answers_for_every_sku_that_was_asked_for() -> None:
    variant = VariantFactory()

    answers = available_to_promise(skus=["NO-SUCH-SKU", variant.sku], now=NOW)

    assert set(answers) == {"NO-SUCH-SKU", variant.sku}
    assert all(answer.free == 0 and answer.is_sold_out for answer in answers.values())


def test_available_to_promise_counts_an_expired_hold_as_free_to_the_instant() -> None:
    item = StockItemFactory(on_hand=1)
    end = hold(lines={item.sku: 1}).expires_at

    before = available_to_promise(skus=[item.sku], now=end - INSTANT)[item.sku]
    after = available_to_promise(skus=[item.sku], now=end)[item.sku]

    assert (before.free, before.held, before.next_free_at) == (0, 1, end)
    assert before.is_all_held
    assert (after.free, after.held, after.next_free_at) == (1, 0, None)


def test_available_to_promise_says_when_the_first_of_several_holds_ends() -> None:
    item = StockItemFactory(on_hand=2)
    hold(lines={item.sku: 1}, minutes=20)
    first = hold(lines={item.sku: 1}, minutes=5)

    assert available_to_promise(skus=[item.sku], now=NOW)[item.sku].next_free_at == first.expires_at


def test_available_to_promise_sums_open_locations_and_leaves_out_closed_ones() -> None:
    variant = VariantFactory()
    for code, on_hand, is_active in [("A", 2, True), ("B", 3, True), ("C", 7, False)]:
        StockItemFactory(variant=variant, location=LocationFactory(code=code, is_active=is_active), on_hand=on_hand)

    assert available_to_promise(skus=[variant.sku], now=NOW)[variant.sku].free == 5


@pytest.mark.parametrize("count", [1, 3])
def test_available_to_promise_takes_one_query(count: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    skus = [StockItemFactory(on_hand=1).sku for _ in range(count)]

    with django_assert_num_queries(1):
        available_to_promise(skus=skus, now=NOW)
    hold(lines=dict.fromkeys(skus, 1))
    with django_assert_num_queries(1):
        available_to_promise(skus=skus, now=NOW)


def test_available_to_promise_takes_a_generator() -> None:
    items = [StockItemFactory(on_hand=2) for _ in range(2)]

    answers = available_to_promise(skus=(item.sku for item in items), now=NOW)

    assert [answer.free for answer in answers.values()] == [2, 2]


def test_holds_tell_a_holder_where_it_stands() -> None:
    reservation = hold(lines={StockItemFactory().sku: 2})
    end = reservation.expires_at

    answer = holds(reservation_ids=[reservation.pk], now=end - INSTANT)[reservation.pk]

    assert (answer.state, answer.is_live, answer.expires_at, answer.units) == (ReservationState.HELD, True, end, 2)
    assert answer.extensions_left == settings.HOLD_EXTENSION_LIMIT
    assert answer.offered_from == end - settings.HOLD_EXTENSION_OFFER
    assert not holds(reservation_ids=[reservation.pk], now=end)[reservation.pk].is_live


@pytest.mark.parametrize("count", [1, 3])
def test_holds_takes_one_query_and_leaves_out_unknown_ids(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    item = StockItemFactory()
    ids = [hold(lines={item.sku: 1}).pk for _ in range(count)]

    with django_assert_num_queries(1):
        answers = holds(reservation_ids=[*ids, uuid4()], now=NOW)

    assert set(answers) == set(ids)


def test_prove_finds_nothing_in_a_life_that_went_by_the_services() -> None:
    item, other = StockItemFactory(on_hand=9, backorder_limit=1), StockItemFactory()
    paid = allocation(lines={item.sku: 4, other.sku: 1})
    services.fulfil(reservation_id=paid.pk, lines={item.sku: 2}, actor=ACTOR, now=NOW)
    services.give_back(reservation_id=paid.pk, lines={item.sku: 1}, reason="changed mind", actor=ACTOR, now=NOW)
    let_go, late = hold(lines={item.sku: 2}), hold(lines={item.sku: 1}, minutes=1)
    services.release(reservation_id=let_go.pk, reason="", actor=ACTOR, now=NOW)
    services.expire_due(now=late.expires_at)
    hold(lines={item.sku: 1}, minutes=1)

    assert prove() == []
    assert allocated_by_sku() == {item.sku: 1, other.sku: 1}


@pytest.mark.parametrize("count", [1, 3])
def test_prove_takes_the_same_queries_however_many_items(
    count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        hold(lines={StockItemFactory().sku: 1})

    with django_assert_max_num_queries(9):
        assert prove() == []


@pytest.mark.parametrize(
    ("planted", "laws"),
    [
        ({"on_hand": 6}, ["on hand = sum of the ledger"]),
        ({"held": 2}, ["held = sum of the ledger", "held = sum of live reservations"]),
        ({"allocated": 0}, ["allocated = sum of the ledger", "allocated = sum of committed lines"]),
        ({"awaited": 1}, ["awaited = sum of the places that wait"]),
    ],
)
def test_prove_shows_a_counter_that_was_changed_past_the_services(planted: dict[str, int], laws: list[str]) -> None:
    item, healthy = StockItemFactory(), StockItemFactory()
    hold(lines={item.sku: 1, healthy.sku: 1})
    allocation(lines={item.sku: 1})
    StockItem.objects.filter(pk=item.pk).update(**planted)

    drifts = prove()

    assert [drift.law for drift in drifts] == laws
    assert {drift.stock_item_id for drift in drifts} == {item.pk}
    assert {drift.counter for drift in drifts} == set(planted.values())


def test_prove_shows_a_reservation_line_that_was_changed_past_the_services() -> None:
    item = StockItemFactory()
    hold(lines={item.sku: 1})
    ReservationLine.objects.update(quantity=2)

    assert [(drift.law, drift.counter, drift.rows) for drift in prove()] == [("held = sum of live reservations", 1, 2)]


def test_prove_shows_a_movement_that_nobody_acted_on() -> None:
    item = StockItemFactory()
    StockMovement.objects.create(stock_item=item, kind="ADJUST", on_hand_change=-1, actor="a script", created_at=NOW)

    assert [(drift.law, drift.counter, drift.rows) for drift in prove()] == [("on hand = sum of the ledger", 5, 4)]


def test_prove_changes_nothing_and_says_it_again() -> None:
    item = StockItemFactory()
    StockItem.objects.filter(pk=item.pk).update(on_hand=6)

    assert prove() == prove() != []


def test_rows_behind_a_drift_are_the_movements_and_the_open_reservations() -> None:
    item = StockItemFactory()
    open_one, ended = hold(lines={item.sku: 1}), hold(lines={item.sku: 2})
    services.release(reservation_id=ended.pk, reason="", actor=ACTOR, now=NOW)
    StockItem.objects.filter(pk=item.pk).update(on_hand=6)

    rows = rows_behind(prove()[0])

    assert sum(row.startswith("movement") for row in rows) == 4
    assert [str(open_one.pk) in row for row in rows if row.startswith("reservation")] == [True]


def test_available_to_promise_leaves_out_what_shoppers_in_line_wait_for() -> None:
    variant = VariantFactory()
    for code, units in (("NEAR", 2), ("FAR", 3)):
        StockItemFactory(variant=variant, location=LocationFactory(code=code), on_hand=units)
    StockItem.objects.filter(variant=variant).update(awaited=4)

    assert available_to_promise(skus=[variant.sku], now=NOW)[variant.sku].free == 1


def test_what_is_promised_beyond_one_location_takes_nothing_from_another() -> None:
    near = StockItemFactory(on_hand=1, backorder_limit=3)
    hold(lines={near.sku: 3}, may_backorder=True)
    stock(variant=near.variant, location=LocationFactory(code="FAR", priority=200), on_hand=2)

    answer = available_to_promise(skus=[near.sku], now=NOW)[near.sku]

    assert (answer.free, answer.held, answer.beyond) == (2, 3, 1)


def test_a_limit_without_a_day_offers_nobody_a_pre_order() -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=3)
    assert preorder_offer(sku=item.sku, now=NOW) == PreorderOffer(sku=item.sku, units=3, arrives_on=ARRIVES_ON)

    services.set_backorder_limit(stock_item_id=item.pk, limit=3, reason="no day", actor=ACTOR, now=NOW)

    assert available_to_promise(skus=[item.sku], now=NOW)[item.sku].beyond == 0
    assert preorder_offer(sku=item.sku, now=NOW) is None


def test_available_to_promise_counts_in_whole_numbers_where_the_database_sums() -> None:
    item = StockItemFactory()
    end = hold(lines={item.sku: 2}).expires_at

    answer = available_to_promise(skus=[item.sku], now=end)[item.sku]

    assert (type(answer.free), type(answer.held)) == (int, int)
