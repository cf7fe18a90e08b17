"""The quota of a drop: out of general stock into a location of its own, and back."""

from datetime import timedelta

import pytest

from inventory import services
from inventory.models import Location, StockItem
from inventory.queries import available_to_promise, prove
from tests.books import counters, ledger, nothing_changes
from tests.factories import ACTOR, NOW, LocationFactory, StockItemFactory, hold, stock

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def drop_location() -> Location:
    return services.open_drop_location(code="drop-1", name="12.12")


def quota_of(item: StockItem, place: Location) -> StockItem:
    return StockItem.objects.get(variant=item.variant_id, location=place)


def move_in(lines: dict[str, int], place: Location) -> None:
    services.move_in(lines=lines, location_id=place.pk, reason="12.12", actor=ACTOR, now=NOW)


def move_home(place: Location) -> int:
    return services.move_home(location_id=place.pk, reason="12.12 is over", actor=ACTOR, now=LATER)


def test_the_location_of_a_drop_is_opened_once() -> None:
    place = drop_location()

    assert place.is_for_drop
    assert drop_location() == place


def test_move_in_takes_units_out_of_general_stock_by_the_ledger() -> None:
    item, place = StockItemFactory(on_hand=5), drop_location()

    move_in({item.sku: 3}, place)

    quota = quota_of(item, place)
    assert counters(item) == (2, 0, 0)
    assert counters(quota) == (3, 0, 0)
    assert ledger(item) == [("RECEIVE", 5, 0, 0), ("MOVE", -3, 0, 0)]
    assert ledger(quota) == [("MOVE", 3, 0, 0)]
    assert item.movements.get(kind="MOVE").other_item_id == quota.pk
    assert prove() == []


def test_move_in_takes_from_several_locations_by_priority_and_only_what_is_free() -> None:
    near = StockItemFactory(on_hand=3)
    far = stock(variant=near.variant, location=LocationFactory(code="FAR", priority=200), on_hand=4)
    hold(lines={near.sku: 1})

    move_in({near.sku: 5}, place := drop_location())

    assert counters(near) == (1, 1, 0)
    assert counters(far) == (1, 0, 0)
    assert counters(quota_of(near, place)) == (5, 0, 0)


def test_move_in_is_all_or_nothing() -> None:
    much, little = StockItemFactory(on_hand=5), StockItemFactory(on_hand=1, backorder_limit=9)
    place = drop_location()

    with nothing_changes(), pytest.raises(services.StockUnavailable) as refusal:
        move_in({much.sku: 3, little.sku: 2}, place)

    assert refusal.value.facts == {"shortages": [{"sku": little.sku, "asked": 2, "available": 1}]}


def test_move_in_counts_expired_holds_as_free() -> None:
    item, place = StockItemFactory(on_hand=1), drop_location()
    hold(lines={item.sku: 1}, minutes=10)

    services.move_in(lines={item.sku: 1}, location_id=place.pk, reason="12.12", actor=ACTOR, now=LATER)

    assert counters(quota_of(item, place)) == (1, 0, 0)


def test_nobody_is_given_the_quota_who_does_not_name_its_location() -> None:
    item, place = StockItemFactory(on_hand=3), drop_location()
    move_in({item.sku: 3}, place)

    with nothing_changes(), pytest.raises(services.StockUnavailable):
        hold(lines={item.sku: 1})


def test_reserve_at_a_location_asks_that_one_alone() -> None:
    item, place = StockItemFactory(on_hand=5), drop_location()
    move_in({item.sku: 1}, place)
    times = {"expires_at": LATER, "now": NOW, "actor": ACTOR, "location_id": place.pk}

    services.reserve(lines={item.sku: 1}, token="first", **times)

    assert counters(quota_of(item, place)) == (1, 1, 0)
    assert counters(item) == (4, 0, 0)
    with nothing_changes(), pytest.raises(services.StockUnavailable) as refusal:
        services.reserve(lines={item.sku: 1}, token="second", **times)
    assert refusal.value.facts == {"shortages": [{"sku": item.sku, "asked": 1, "available": 0}]}


def test_resize_grows_at_the_location_that_is_named() -> None:
    item, place = StockItemFactory(on_hand=5), drop_location()
    move_in({item.sku: 2}, place)
    held = services.reserve(
        lines={item.sku: 1}, token="t", expires_at=LATER, now=NOW, actor=ACTOR, location_id=place.pk
    )

    services.resize(reservation_id=held.pk, lines={item.sku: 2}, now=NOW, actor=ACTOR, location_id=place.pk)

    assert counters(quota_of(item, place)) == (2, 2, 0)
    with nothing_changes(), pytest.raises(services.StockUnavailable):
        services.resize(reservation_id=held.pk, lines={item.sku: 3}, now=NOW, actor=ACTOR, location_id=place.pk)


def test_resize_without_backorder_takes_only_what_is_in_the_building() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=5)
    held = hold(lines={item.sku: 1})

    with nothing_changes(), pytest.raises(services.StockUnavailable):
        services.resize(reservation_id=held.pk, lines={item.sku: 2}, now=NOW, actor=ACTOR, may_backorder=False)


def test_a_reservation_can_have_a_renewal_limit_of_its_own() -> None:
    item = StockItemFactory()
    held = services.reserve(
        lines={item.sku: 1}, token="t", expires_at=NOW + timedelta(minutes=2), now=NOW, actor=ACTOR, renewal_limit=1
    )
    services.extend(reservation_id=held.pk, now=NOW)

    with nothing_changes(), pytest.raises(services.ExtensionLimitReached):
        services.extend(reservation_id=held.pk, now=NOW + timedelta(minutes=4))


def test_move_home_gives_back_what_nobody_was_promised_where_it_came_from() -> None:
    near = StockItemFactory(on_hand=2)
    far = stock(variant=near.variant, location=LocationFactory(code="FAR", priority=200), on_hand=4)
    move_in({near.sku: 5}, place := drop_location())

    assert move_home(place) == 5

    assert counters(near) == (2, 0, 0)
    assert counters(far) == (4, 0, 0)
    assert counters(quota_of(near, place)) == (0, 0, 0)
    assert prove() == []
    with nothing_changes():
        assert move_home(place) == 0


def test_move_home_leaves_what_is_held_until_it_is_resolved() -> None:
    item, place = StockItemFactory(on_hand=3), drop_location()
    move_in({item.sku: 3}, place)
    held = services.reserve(
        lines={item.sku: 2},
        token="t",
        expires_at=LATER + timedelta(hours=1),
        now=NOW,
        actor=ACTOR,
        location_id=place.pk,
    )

    assert move_home(place) == 1
    services.release(reservation_id=held.pk, reason="", actor=ACTOR, now=LATER)

    assert move_home(place) == 2
    assert counters(item) == (3, 0, 0)


def test_a_sku_is_free_at_its_places_alone() -> None:
    item, place = StockItemFactory(on_hand=5), drop_location()
    move_in({item.sku: 2}, place)

    def free(at: dict[str, list[int | None]] | None) -> int:
        return available_to_promise(skus=[item.sku], now=NOW, at=at)[item.sku].free

    assert free(None) == 3
    assert free({item.sku: [place.pk]}) == 2
    assert free({item.sku: [None, place.pk]}) == 5
