"""A guest logs in: every unit that was held is held afterwards, and none of them twice."""

from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from inventory import queries as stock
from inventory import services as inventory
from inventory.models import Location, Reservation
from orders import services
from orders.models import Cart, CartLine, CartStatus, Checkout
from tests.books import counters, nothing_changes
from tests.factories import (
    ACTOR,
    NOW,
    CartFactory,
    LocationFactory,
    StockItemFactory,
    UserFactory,
    VariantFactory,
    hold,
    placed_order,
)

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)
ENDED = ["expired", "swept", "released"]


@pytest.fixture
def user() -> User:
    return UserFactory()


@pytest.fixture
def guest() -> Cart:
    return CartFactory()


def add(cart: Cart, item: object, quantity: int, *, now: object = NOW) -> CartLine:
    return services.add_to_cart(cart_id=cart.pk, variant_id=item.variant.pk, quantity=quantity, now=now, actor=ACTOR)


def end(line: CartLine, how: str) -> None:
    """Let the hold of the line be over at LATER: by the clock, by the sweep or by hand."""
    reservation = Reservation.objects.filter(pk=line.reservation_id)
    if how == "released":
        inventory.release(reservation_id=line.reservation_id, reason="by staff", actor=ACTOR, now=NOW)
    else:
        reservation.update(expires_at=LATER)
    if how == "swept":
        inventory.expire_due(now=LATER)


def merge(guest: Cart, user: User, *, now: object = LATER) -> Cart:
    return services.merge_carts(guest_cart_id=guest.pk, user=user, now=now)


def live_units(cart: Cart, *, now: object = LATER) -> int:
    lines = list(cart.lines.all())
    holds = stock.holds(reservation_ids=[line.reservation_id for line in lines], now=now)
    return sum(hold.units for hold in holds.values() if hold.is_live)


def test_merge_gives_the_whole_cart_to_a_member_who_had_none(guest: Cart, user: User) -> None:
    item = StockItemFactory()
    line = add(guest, item, 2)

    cart = merge(guest, user)

    assert (cart.pk, cart.user, cart.status) == (guest.pk, user, CartStatus.OPEN)
    assert cart.lines.get() == line
    assert counters(item) == (5, 2, 0)
    assert services.find_cart(user=user, token=None) == cart
    assert services.find_cart(user=AnonymousUser(), token=services.cart_token(cart)) is None


def test_merge_moves_other_lines_with_their_holds_and_their_prices(guest: Cart, user: User) -> None:
    own, theirs, item = services.open_cart(user=user), StockItemFactory(), StockItemFactory()
    add(own, theirs, 1)
    line = add(guest, item, 2)

    cart = merge(guest, user)

    assert cart.pk == own.pk
    moved = cart.lines.get(variant=item.variant)
    assert (moved.pk, moved.reservation_id, moved.quantity) == (line.pk, line.reservation_id, 2)
    assert (counters(theirs), counters(item)) == ((5, 1, 0), (5, 2, 0))
    guest.refresh_from_db()
    assert guest.status == CartStatus.MERGED
    assert not guest.lines.exists()


@pytest.mark.parametrize("guest_first", [True, False])
def test_merge_of_the_same_variant_joins_the_units_under_the_hold_that_ends_last(
    guest: Cart, user: User, guest_first: bool
) -> None:
    item, own = StockItemFactory(on_hand=3), services.open_cart(user=user)
    first, second = (guest, own) if guest_first else (own, guest)
    add(first, item, 1)
    last = add(second, item, 2, now=NOW + timedelta(minutes=1))

    cart = merge(guest, user)

    line = cart.lines.get()
    assert (line.quantity, line.reservation_id) == (3, last.reservation_id)
    assert live_units(cart) == 3
    assert counters(item) == (3, 3, 0)
    assert stock.prove() == []


@pytest.mark.parametrize(("own_end", "guest_end"), list(product(["live", *ENDED], repeat=2)))
def test_merge_neither_loses_nor_doubles_a_hold_whatever_has_ended(
    guest: Cart, user: User, own_end: str, guest_end: str
) -> None:
    item, own = StockItemFactory(on_hand=5), services.open_cart(user=user)
    lines = {"own": add(own, item, 2), "guest": add(guest, item, 3)}
    for line, how in ((lines["own"], own_end), (lines["guest"], guest_end)):
        if how != "live":
            end(line, how)

    cart = merge(guest, user)

    live = {name: units for name, how, units in (("own", own_end, 2), ("guest", guest_end, 3)) if how == "live"}
    assert live_units(cart) == sum(live.values())
    assert cart.lines.get().quantity == (sum(live.values()) or 2)
    inventory.expire_due(now=LATER)
    assert counters(item) == (5, sum(live.values()), 0)
    assert stock.prove() == []


def test_merge_twice_has_one_effect(guest: Cart, user: User) -> None:
    item, own = StockItemFactory(on_hand=5), services.open_cart(user=user)
    add(own, item, 1)
    add(guest, item, 2)
    merge(guest, user)

    with nothing_changes():
        assert merge(guest, user).pk == own.pk


def test_merge_does_not_take_the_cart_of_another_member(user: User) -> None:
    other = UserFactory()
    theirs = services.open_cart(user=other)
    add(theirs, StockItemFactory(), 1)

    cart = merge(theirs, user)

    assert cart.pk != theirs.pk
    assert theirs.lines.count() == 1
    theirs.refresh_from_db()
    assert (theirs.user, theirs.status) == (other, CartStatus.OPEN)


def test_merge_does_not_take_back_what_was_ordered_as_a_guest(user: User) -> None:
    order = placed_order()

    cart = merge(order.cart, user)

    assert cart.pk != order.cart_id
    order.cart.refresh_from_db()
    assert order.cart.status == CartStatus.ORDERED


def test_merge_works_when_nothing_else_is_free(guest: Cart, user: User) -> None:
    item, own = StockItemFactory(on_hand=3), services.open_cart(user=user)
    add(own, item, 1)
    add(guest, item, 1)
    hold(lines={item.sku: 1}, minutes=60)

    assert live_units(merge(guest, user)) == 2
    assert counters(item) == (3, 3, 0)


def test_merge_loses_nothing_when_the_location_was_closed_meanwhile(guest: Cart, user: User) -> None:
    item, own = StockItemFactory(on_hand=3), services.open_cart(user=user)
    add(own, item, 1)
    add(guest, item, 2)
    Location.objects.update(is_active=False)

    assert live_units(merge(guest, user)) == 3
    assert counters(item) == (3, 3, 0)
    assert stock.prove() == []


def test_merge_joins_holds_at_different_locations(guest: Cart, user: User) -> None:
    variant, own = VariantFactory(), services.open_cart(user=user)
    near, far = [
        StockItemFactory(variant=variant, location=LocationFactory(code=code, priority=priority), on_hand=1)
        for code, priority in [("NEAR", 10), ("FAR", 20)]
    ]
    add(own, near, 1)
    add(guest, near, 1)

    assert live_units(merge(guest, user)) == 2
    assert (counters(near), counters(far)) == ((1, 1, 0), (1, 1, 0))
    assert stock.prove() == []


def test_merge_lets_no_unit_go_even_beyond_what_one_request_may_ask_for(guest: Cart, user: User) -> None:
    item, own = StockItemFactory(on_hand=300), services.open_cart(user=user)
    add(own, item, 60)
    add(guest, item, 60)

    cart = merge(guest, user)

    assert live_units(cart) == cart.lines.get().quantity == 120
    assert counters(item) == (300, 120, 0)


def test_merge_brings_the_checkout_along_unless_the_member_has_one(guest: Cart, user: User) -> None:
    own = services.open_cart(user=user)
    services.save_checkout(cart_id=guest.pk, city="Bandung")
    merge(guest, user)
    assert Checkout.objects.get(cart=own).city == "Bandung"

    second = CartFactory()
    services.save_checkout(cart_id=second.pk, city="Medan")
    merge(second, user)
    assert Checkout.objects.get(cart=own).city == "Bandung"


@pytest.mark.parametrize(("guests", "own", "kept"), [("TAHAN10", "", "TAHAN10"), ("TAHAN10", "HEMAT50", "HEMAT50")])
def test_the_coupon_comes_along_where_the_member_has_none(
    user: User, guest: Cart, guests: str, own: str, kept: str
) -> None:
    cart = services.open_cart(user=user)
    services.save_checkout(cart_id=cart.pk, city="Bandung", coupon_code=own)
    services.save_checkout(cart_id=guest.pk, city="Jakarta", coupon_code=guests)

    services.merge_carts(guest_cart_id=guest.pk, user=user, now=NOW)

    checkout = Checkout.objects.get(cart=cart)
    assert (checkout.city, checkout.coupon_code) == ("Bandung", kept)
