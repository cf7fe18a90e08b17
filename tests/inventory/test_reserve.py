"""Reserve: all or nothing, from the nearest place, once a token."""

from datetime import timedelta
from uuid import uuid4

import pytest

from inventory import services
from inventory.models import Reservation, ReservationState
from shop.errors import InvalidInput
from tests.books import counters, ledger, nothing_changes
from tests.factories import ACTOR, NOW, LocationFactory, StockItemFactory, VariantFactory, allocation, hold

pytestmark = pytest.mark.django_db

BAD_QUANTITIES = [0, -1, 10**9, "3", "abc", None, 1.0, True, float("nan")]
INSTANT = timedelta(microseconds=1)


def units_at(reservation: Reservation) -> dict[str, int]:
    """Location code to the units that the reservation keeps there."""
    return dict(reservation.lines.values_list("stock_item__location__code", "quantity"))


def test_reserve_keeps_the_units_and_writes_the_ledger() -> None:
    item = StockItemFactory(on_hand=5)

    reservation = hold(lines={item.sku: 2}, minutes=10)

    assert reservation.state == ReservationState.HELD
    assert (reservation.expires_at, reservation.created_at) == (NOW + timedelta(minutes=10), NOW)
    assert (reservation.renewals, reservation.ended_at) == (0, None)
    assert counters(item) == (5, 2, 0)
    assert ledger(item) == [("RECEIVE", 5, 0, 0), ("RESERVE", 0, 2, 0)]
    movement = item.movements.get(kind="RESERVE")
    assert (movement.reservation_id, movement.actor, movement.created_at) == (reservation.pk, ACTOR, NOW)


def test_reserve_takes_the_id_that_the_caller_minted() -> None:
    item, minted = StockItemFactory(), uuid4()

    reservation = services.reserve(
        lines={item.sku: 1}, token="t", expires_at=NOW + timedelta(1), now=NOW, actor=ACTOR, reservation_id=minted
    )

    assert reservation.pk == minted


def test_reserve_gives_the_last_unit_and_then_says_sold_out() -> None:
    item = StockItemFactory(on_hand=1)
    hold(lines={item.sku: 1})

    with nothing_changes(), pytest.raises(services.StockUnavailable) as refusal:
        hold(lines={item.sku: 1})

    assert refusal.value.facts == {"shortages": [{"sku": item.sku, "asked": 1, "available": 0}]}
    assert (refusal.value.code, refusal.value.status, refusal.value.title) == (
        "stock_unavailable",
        422,
        "stock unavailable",
    )


def test_reserve_counts_allocated_units_as_taken() -> None:
    item = StockItemFactory(on_hand=2)
    allocation(lines={item.sku: 2})

    with nothing_changes(), pytest.raises(services.StockUnavailable):
        hold(lines={item.sku: 1})


def test_reserve_names_every_shortage_and_takes_nothing() -> None:
    plenty, few, none = StockItemFactory(on_hand=9), StockItemFactory(on_hand=2), StockItemFactory(on_hand=0)

    with nothing_changes(), pytest.raises(services.StockUnavailable) as refusal:
        hold(lines={plenty.sku: 1, few.sku: 3, none.sku: 1})

    assert refusal.value.facts["shortages"] == [
        {"sku": few.sku, "asked": 3, "available": 2},
        {"sku": none.sku, "asked": 1, "available": 0},
    ]


def test_reserve_takes_several_skus_in_one_reservation() -> None:
    items = [StockItemFactory(on_hand=3) for _ in range(3)]

    reservation = hold(lines={item.sku: 2 for item in items})

    assert dict(reservation.lines.values_list("sku", "quantity")) == {item.sku: 2 for item in items}
    assert [counters(item) for item in items] == [(3, 2, 0)] * 3


def test_reserve_of_an_unknown_sku_is_sold_out() -> None:
    with nothing_changes(), pytest.raises(services.StockUnavailable):
        hold(lines={"NO-SUCH-SKU": 1})


@pytest.mark.parametrize("quantity", BAD_QUANTITIES)
def test_reserve_refuses_a_quantity_that_nobody_can_buy(quantity: int) -> None:
    item = StockItemFactory()

    with nothing_changes(), pytest.raises(InvalidInput) as refusal:
        hold(lines={item.sku: quantity})

    assert refusal.value.field == "quantity"


def test_reserve_with_the_same_token_gives_the_first_answer() -> None:
    item = StockItemFactory(on_hand=5)
    first = hold(lines={item.sku: 2}, token="intent")

    with nothing_changes():
        again = hold(lines={item.sku: 2}, token="intent", minutes=30)

    assert again == first
    assert again.expires_at == first.expires_at


def test_reserve_with_the_token_of_an_ended_hold_does_not_revive_it() -> None:
    item = StockItemFactory(on_hand=5)
    first = hold(lines={item.sku: 2}, token="intent")
    services.release(reservation_id=first.pk, reason="gone", actor=ACTOR, now=NOW)

    with nothing_changes():
        again = hold(lines={item.sku: 2}, token="intent")

    assert again.state == ReservationState.RELEASED


def test_reserve_fills_from_locations_in_the_order_of_priority_and_splits() -> None:
    variant = VariantFactory()
    for code, priority, on_hand in [("FAR", 30, 5), ("NEAR", 10, 2), ("MIDDLE", 20, 1)]:
        StockItemFactory(variant=variant, location=LocationFactory(code=code, priority=priority), on_hand=on_hand)

    near_only = hold(lines={variant.sku: 1})
    split = hold(lines={variant.sku: 4})

    assert units_at(near_only) == {"NEAR": 1}
    assert units_at(split) == {"NEAR": 1, "MIDDLE": 1, "FAR": 2}


def test_reserve_asks_no_closed_location() -> None:
    variant = VariantFactory()
    StockItemFactory(variant=variant, location=LocationFactory(code="SHUT", is_active=False), on_hand=5)
    StockItemFactory(variant=variant, location=LocationFactory(code="OPEN"), on_hand=1)

    with nothing_changes(), pytest.raises(services.StockUnavailable) as refusal:
        hold(lines={variant.sku: 2})

    assert refusal.value.facts["shortages"] == [{"sku": variant.sku, "asked": 2, "available": 1}]


def test_reserve_promises_up_to_the_backorder_limit_and_no_further() -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=2)
    hold(lines={item.sku: 2}, may_backorder=True)

    with nothing_changes(), pytest.raises(services.StockUnavailable):
        hold(lines={item.sku: 1}, may_backorder=True)

    assert counters(item) == (0, 2, 0)


def test_reserve_takes_only_what_is_in_the_building_unless_told_otherwise() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=5)

    with nothing_changes(), pytest.raises(services.StockUnavailable) as refusal:
        hold(lines={item.sku: 2})

    assert refusal.value.facts["shortages"] == [{"sku": item.sku, "asked": 2, "available": 1}]


def test_reserve_gets_the_unit_of_a_hold_that_ended_this_instant() -> None:
    item = StockItemFactory(on_hand=1)
    first = hold(lines={item.sku: 1})

    with nothing_changes(), pytest.raises(services.StockUnavailable):
        hold(lines={item.sku: 1}, now=first.expires_at - INSTANT)
    second = hold(lines={item.sku: 1}, now=first.expires_at)

    first.refresh_from_db()
    assert (first.state, first.ended_at) == (ReservationState.EXPIRED, first.expires_at)
    assert second.state == ReservationState.HELD
    assert ledger(item)[1:] == [("RESERVE", 0, 1, 0), ("EXPIRE", 0, -1, 0), ("RESERVE", 0, 1, 0)]


def test_reserve_gets_every_unit_back_when_the_worker_was_dead_for_an_hour() -> None:
    item = StockItemFactory(on_hand=5)
    abandoned = [hold(lines={item.sku: 1}) for _ in range(5)]

    reservation = hold(lines={item.sku: 5}, now=NOW + timedelta(hours=1))

    assert reservation.state == ReservationState.HELD
    assert counters(item) == (5, 5, 0)
    assert Reservation.objects.filter(pk__in=[row.pk for row in abandoned], state="EXPIRED").count() == 5
