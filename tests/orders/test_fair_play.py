"""Fair play: how much one shopper and one address may hold, and shorter holds for whoever lets many run out."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from inventory.models import Reservation, StockItem
from inventory.services import StockUnavailable
from orders import services
from orders.models import Cart, CartLine
from orders.services import fair_play
from shop.drops import Access
from shop.room.models import Limited, StoreEntry
from shop.room.services import forget_counts
from shop.room.stores import current_store
from tests.factories import ACTOR, NOW, CartFactory, StockItemFactory, UserFactory, placed_order

pytestmark = pytest.mark.django_db
HOME = Access(address="203.0.113.7")


@pytest.fixture
def item() -> StockItem:
    return StockItemFactory(on_hand=50)


def add(cart: Cart, item: StockItem, quantity: int, *, now: Any = NOW, access: Access = HOME) -> CartLine:
    return services.add_to_cart(
        cart_id=cart.pk, variant_id=item.variant.pk, quantity=quantity, now=now, actor=ACTOR, access=access
    )


def held(item: StockItem) -> int:
    item.refresh_from_db()
    return item.held


# One shopper --------------------------------------------------------------------------------------------------------


def test_one_shopper_holds_so_many_units_over_everything(item: StockItem, settings: Any) -> None:
    settings.LIVE_UNITS_PER_SHOPPER = 5
    cart, other = CartFactory(), StockItemFactory(on_hand=50)
    add(cart, item, 3)

    with pytest.raises(fair_play.HoldLimitShopper) as refusal:
        add(cart, other, 3)

    assert refusal.value.facts == {"limit": 5, "held": 3, "asked": 6}
    assert refusal.value.detail == (
        "One shopper can hold 5 units at a time, orders that wait for payment included. You hold 3. Ask for 2 or fewer."
    )
    assert (held(item), held(other), CartLine.objects.count()) == (3, 0, 1)
    add(cart, other, 2)


def test_one_shopper_holds_so_many_of_one_thing(item: StockItem, settings: Any) -> None:
    settings.LIVE_UNITS_PER_SKU = 4
    cart = CartFactory()
    line = add(cart, item, 4)

    with pytest.raises(fair_play.HoldLimitSku) as refusal:
        add(cart, item, 1)
    with pytest.raises(fair_play.HoldLimitSku):
        services.set_quantity(cart_id=cart.pk, line_id=line.pk, quantity=5, now=NOW, actor=ACTOR)

    assert refusal.value.facts["sku"] == item.sku
    assert held(item) == 4


def test_letting_go_makes_room(item: StockItem, settings: Any) -> None:
    settings.LIVE_UNITS_PER_SHOPPER = 5
    cart = CartFactory()
    line = add(cart, item, 5)
    services.set_quantity(cart_id=cart.pk, line_id=line.pk, quantity=1, now=NOW, actor=ACTOR)

    add(cart, StockItemFactory(), 4)


def test_holds_that_ran_out_do_not_count(item: StockItem, settings: Any) -> None:
    settings.LIVE_UNITS_PER_SHOPPER = 5
    cart = CartFactory()
    add(cart, item, 5)

    add(cart, StockItemFactory(), 5, now=NOW + timedelta(minutes=11))


def test_a_members_unpaid_orders_count(item: StockItem, settings: Any) -> None:
    user = UserFactory()
    placed_order(lines={item.variant: 3}, user=user)
    settings.LIVE_UNITS_PER_SKU = 4
    cart = services.open_cart(user=user)

    with pytest.raises(fair_play.HoldLimitSku) as refusal:
        add(cart, item, 2)

    assert refusal.value.facts["held"] == 3
    assert held(item) == 3


def test_without_limits_nothing_is_asked(item: StockItem, settings: Any) -> None:
    settings.LIVE_UNITS_PER_SHOPPER = settings.LIVE_UNITS_PER_SKU = 0

    add(CartFactory(), item, 50)

    assert held(item) == 50


# One address --------------------------------------------------------------------------------------------------------


def test_one_address_holds_so_many_units(item: StockItem, settings: Any) -> None:
    settings.LIVE_UNITS_PER_ADDRESS = 3
    for _ in range(3):
        add(CartFactory(), item, 1)

    with pytest.raises(fair_play.HoldLimitAddress) as refusal:
        add(CartFactory(), item, 1)

    assert refusal.value.facts == {"limit": 3, "held": 3, "asked": 4}
    assert held(item) == 3
    add(CartFactory(), item, 1, access=Access(address="198.51.100.1"))
    add(CartFactory(), item, 1, access=Access())


def test_holds_that_ended_are_looked_up_before_anybody_is_refused(item: StockItem, settings: Any) -> None:
    settings.LIVE_UNITS_PER_ADDRESS = 3
    cart = CartFactory()
    line = add(cart, item, 2)
    add(CartFactory(), item, 1)
    services.remove_line(cart_id=cart.pk, line_id=line.pk, now=NOW, actor=ACTOR)

    add(CartFactory(), item, 2, now=NOW + timedelta(minutes=1))

    assert sum(units for units, _ in current_store().units_of("203.0.113.7").values()) == 3
    with pytest.raises(fair_play.HoldLimitAddress):
        add(CartFactory(), item, 1, now=NOW + timedelta(minutes=2))


def test_what_came_to_nothing_is_not_counted(item: StockItem, settings: Any) -> None:
    settings.LIVE_UNITS_PER_ADDRESS = 100
    cart = CartFactory()
    line = add(cart, item, 10)

    with pytest.raises(StockUnavailable):
        add(CartFactory(), item, 41)
    with pytest.raises(StockUnavailable):
        services.set_quantity(cart_id=cart.pk, line_id=line.pk, quantity=60, now=NOW, actor=ACTOR, access=HOME)

    assert [units for units, _ in current_store().units_of("203.0.113.7").values()] == [10]


def test_without_a_limit_nothing_is_counted(item: StockItem, settings: Any) -> None:
    settings.LIVE_UNITS_PER_ADDRESS = 0

    add(CartFactory(), item, 5)

    assert StoreEntry.objects.count() == 0


# Tries --------------------------------------------------------------------------------------------------------------


def test_a_burst_from_one_address_has_to_wait(item: StockItem, settings: Any) -> None:
    settings.BURST_TRIES, settings.BURST_SECONDS = 3, 10
    for _ in range(3):
        add(CartFactory(), item, 1)

    with pytest.raises(fair_play.TooFast) as refusal:
        add(CartFactory(), item, 1)

    assert (refusal.value.status, refusal.value.retry_after_seconds) == (429, 10)
    assert held(item) == 3
    add(CartFactory(), item, 1, now=NOW + timedelta(seconds=10))


# Shorter holds ------------------------------------------------------------------------------------------------------


def let_run_out(cart: Cart, item: StockItem, *, times: int, now: Any = NOW) -> Any:
    """So many holds, each of which runs out; the moment after the last."""
    for _ in range(times):
        line = add(cart, item, 1, now=now)
        now += timedelta(minutes=11)
        services.remove_line(cart_id=cart.pk, line_id=line.pk, now=now, actor=ACTOR)
    return now


def minutes_held(line: CartLine, *, now: Any) -> float:
    return (Reservation.objects.get(pk=line.reservation_id).expires_at - now).total_seconds() / 60


def test_whoever_lets_many_holds_run_out_holds_for_half_the_time(item: StockItem) -> None:
    cart = CartFactory()
    now = let_run_out(cart, item, times=2)
    before = add(cart, item, 1, now=now)
    assert minutes_held(before, now=now) == 10

    now += timedelta(minutes=11)
    again = services.hold_again(cart_id=cart.pk, line_id=before.pk, now=now, actor=ACTOR)

    assert minutes_held(again, now=now) == 5
    cart.refresh_from_db()
    assert cart.lapses == 3


def test_lapses_are_forgotten_with_time(item: StockItem) -> None:
    cart = CartFactory()
    now = let_run_out(cart, item, times=3) + timedelta(hours=24)

    assert minutes_held(add(cart, item, 1, now=now), now=now) == 10


def test_letting_go_in_time_is_no_lapse(item: StockItem) -> None:
    cart = CartFactory()
    for _ in range(5):
        line = add(cart, item, 1)
        services.remove_line(cart_id=cart.pk, line_id=line.pk, now=NOW, actor=ACTOR)

    cart.refresh_from_db()
    assert cart.lapses == 0


def test_a_shorter_hold_is_never_too_short(settings: Any) -> None:
    settings.LAPSED_HOLD_PERCENT, settings.LAPSED_HOLD_LEAST_SECONDS = 10, 120
    cart = Cart(lapses=9, lapsed_at=NOW)

    assert fair_play.hold_time(cart, usual=timedelta(minutes=10), now=NOW) == timedelta(minutes=2)
    assert fair_play.hold_time(cart, usual=timedelta(minutes=1), now=NOW) == timedelta(minutes=1)


def test_nobody_is_held_to_it_where_it_is_off(settings: Any) -> None:
    settings.LAPSES_ALLOWED = 0

    assert not fair_play.is_shortened(Cart(lapses=9, lapsed_at=NOW), now=NOW)


# The record ---------------------------------------------------------------------------------------------------------


def test_staff_see_who_was_limited_how_often_and_what_they_were_told(
    client: Any, item: StockItem, settings: Any
) -> None:
    settings.LIVE_UNITS_PER_SKU = 2
    forget_counts()

    answers = [
        client.post("/cart/add/", {"variant": str(item.variant.pk), "quantity": "3", "key": uuid4().hex})
        for _ in range(3)
    ]

    assert [answer.status_code for answer in answers] == [429, 429, 429]
    row = Limited.objects.get()
    assert (row.rule, row.who, row.about) == ("SKU", "127.0.0.1", item.sku)
    assert row.told.endswith("Ask for 2 or fewer.")
    assert held(item) == 0
