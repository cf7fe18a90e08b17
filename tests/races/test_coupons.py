"""Coupons as scarce as stock: the last uses at one moment, and one customer in two tabs."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from inventory.models import StockItem
from orders import services
from orders.models import Cart, Coupon, CouponUse, Order
from orders.models.coupon import CouponQuerySet
from orders.services import checkout
from orders.services import coupon as coupon_module
from tests.factories import ACTOR, NOW, CouponFactory, StockItemFactory, guest_cart
from tests.races.threads import at_once, seen_within_rounds, without_checks

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]
GUEST = AnonymousUser()
USES_LEFT = 100
SHOPPERS = 300
# So many press Pay at the very same moment; the others follow as these are served.
AT_ONCE = 30


def cart_with(coupon: Coupon, item: StockItem, *, email: str) -> Cart:
    cart = guest_cart(lines={item.variant: 1})
    services.save_checkout(cart_id=cart.pk, email=email, coupon_code=coupon.code)
    return cart


def place(cart: Cart) -> Order:
    return services.place_order(cart_id=cart.pk, user=GUEST, now=NOW, actor=ACTOR)


def carts(coupon: Coupon, *, count: int) -> list[Cart]:
    """One shopper each, half of them for the same thing, so that stock and coupon are hot at once."""
    items = [StockItemFactory(on_hand=count), StockItemFactory(on_hand=count)]
    return [cart_with(coupon, items[number % 2], email=f"shopper{number}@example.com") for number in range(count)]


def uses(coupon: Coupon) -> tuple[int, int, int]:
    """What the coupon counts, what is written down, and how many orders say so."""
    coupon.refresh_from_db()
    return (
        coupon.used,
        CouponUse.objects.live().filter(coupon=coupon).count(),
        Order.objects.filter(coupon_code=coupon.code, discount_minor__gt=0).count(),
    )


# The last uses --------------------------------------------------------------------------------------------------------


def test_three_hundred_shoppers_and_a_hundred_uses_make_a_hundred_orders_with_it() -> None:
    coupon = CouponFactory(total_limit=USES_LEFT)
    waiting = carts(coupon, count=SHOPPERS)

    answers: list[Any] = []
    for start in range(0, SHOPPERS, AT_ONCE):
        answers += at_once(*[partial(place, cart) for cart in waiting[start : start + AT_ONCE]])

    assert uses(coupon) == (USES_LEFT, USES_LEFT, USES_LEFT)
    assert {type(answer) for answer in answers} == {Order, services.CouponUsedUp}
    assert sum(isinstance(answer, Order) for answer in answers) == USES_LEFT
    assert Order.objects.count() == USES_LEFT


def last_uses() -> tuple[Coupon, list[Any]]:
    """Six shoppers read "2 left" at one moment."""
    coupon = CouponFactory(total_limit=2)
    return coupon, at_once(*[without_checks(partial(place, cart)) for cart in carts(coupon, count=6)])


def test_the_last_uses_go_to_as_many_as_there_are(pause_before: Pause) -> None:
    pause_before(checkout, "take_use")
    for _ in range(3):
        coupon, answers = last_uses()

        assert uses(coupon) == (2, 2, 2)
        assert sum(isinstance(answer, services.CouponUsedUp) for answer in answers) == 4


def test_control_without_the_condition_more_are_used_than_there_are(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CouponQuerySet, "with_uses_left", lambda rows: rows.all())
    pause_before(checkout, "take_use")

    def overused() -> bool:
        coupon, _ = last_uses()
        return uses(coupon)[0] > 2

    assert seen_within_rounds(overused)


def test_the_database_itself_refuses_one_use_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CouponQuerySet, "with_uses_left", lambda rows: rows.all())
    coupon = CouponFactory(total_limit=2)

    at_once(*[partial(place, cart) for cart in carts(coupon, count=6)])

    assert uses(coupon) == (2, 2, 2)


# One customer in two tabs ---------------------------------------------------------------------------------------------


def two_tabs() -> tuple[Coupon, list[Any]]:
    """A coupon that counts once for each customer, in two carts of one customer."""
    coupon = CouponFactory(per_customer_limit=1)
    spellings = ["Ayu@example.com", "ayu@Example.com", "AYU@EXAMPLE.COM"]
    tabs = [cart_with(coupon, StockItemFactory(), email=email) for email in spellings]
    return coupon, at_once(*[partial(place, cart) for cart in tabs])


def test_one_customer_in_several_tabs_uses_a_coupon_once(pause_before: Pause) -> None:
    pause_before(checkout, "take_use")
    for _ in range(3):
        coupon, answers = two_tabs()

        assert uses(coupon) == (1, 1, 1)
        assert sum(isinstance(answer, services.CouponUsedByYou) for answer in answers) == 2


def test_control_without_the_lock_of_the_coupon_every_tab_uses_it(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting up is what locks the row: left out, each tab sees no use of the others."""
    monkeypatch.setattr(coupon_module, "_count_one", lambda coupon: True)
    pause_before(checkout, "take_use")

    def used_twice() -> bool:
        coupon, _ = two_tabs()
        return uses(coupon)[1] > 1

    assert seen_within_rounds(used_twice)


# An order that expires while its last use is wanted -------------------------------------------------------------------


def test_a_use_is_given_back_once_by_two_sweeps_at_one_moment() -> None:
    coupon = CouponFactory(total_limit=5)
    orders = [place(cart) for cart in carts(coupon, count=5)]
    assert uses(coupon)[0] == 5

    at_once(*[partial(services.expire_unpaid, now=orders[0].pay_by)] * 3)

    assert uses(coupon)[:2] == (0, 0)
