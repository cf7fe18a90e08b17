"""Races of drops: one customer in two browsers, and the end of a drop against the last hold in it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from inventory import services as inventory
from inventory.models import StockItem, StockItemQuerySet
from inventory.queries import prove
from inventory.services import counters as counters_module
from orders import services
from orders.models import Cart, CartLine, Order
from orders.services import limit
from shop.models import Drop
from tests.books import counters
from tests.factories import ACTOR, NOW, CartFactory, StockItemFactory, guest_cart, placed_order, published_drop
from tests.races.threads import at_once, seen_within_rounds, without_checks

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

END = NOW + timedelta(hours=1)
Pause = Callable[[Any, str], None]


def place(cart: Cart) -> Order:
    return services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=NOW, actor=ACTOR)


def one_customer_in_two_browsers() -> list[Any]:
    """Two guests' carts of two units each, with one address, in a drop of two a customer. Both press at one moment."""
    item = StockItemFactory(on_hand=9)
    published_drop(quotas={item.variant: 9})
    # Somebody known: the first order of an address makes its rows, and whoever makes them waits for each other anyway.
    services.cancel_order(order_id=placed_order(lines={item.variant: 1}).pk, now=NOW, actor=ACTOR)
    carts = [guest_cart(lines={item.variant: 2}) for _ in range(2)]
    return at_once(*[partial(place, cart) for cart in carts])


def orders_in(answers: list[Any]) -> int:
    return sum(isinstance(answer, Order) for answer in answers)


def test_one_customer_in_two_browsers_orders_within_the_limit(pause_before: Pause) -> None:
    pause_before(limit, "units_ordered")

    for _ in range(3):
        answers = one_customer_in_two_browsers()

        assert orders_in(answers) == 1
        assert sum(isinstance(answer, services.LimitReached) for answer in answers) == 1
    assert prove() == []


def test_control_without_the_lock_one_customer_orders_twice_the_limit(no_locks: None, pause_before: Pause) -> None:
    pause_before(limit, "units_ordered")

    assert seen_within_rounds(lambda: orders_in(one_customer_in_two_browsers()) == 2)


def two_new_browsers_of_one_customer() -> list[Any]:
    """The same, by an address that nobody knows yet."""
    item = StockItemFactory(on_hand=9)
    published_drop(quotas={item.variant: 9})
    carts = [guest_cart(lines={item.variant: 2}) for _ in range(2)]
    return at_once(*[partial(place, cart) for cart in carts])


def test_an_address_that_nobody_knows_yet_is_limited_as_well(pause_before: Pause) -> None:
    pause_before(limit, "units_ordered")

    for _ in range(3):
        answers = two_new_browsers_of_one_customer()

        assert orders_in(answers) == 1
        assert sum(isinstance(answer, services.LimitReached) for answer in answers) == 1


def the_last_second(make: Callable[[Callable[[], Any]], Callable[[], Any]]) -> tuple[Drop, StockItem, list[Any]]:
    """A shopper holds the last unit in the last second of a drop, while the clock takes it home."""
    item = StockItemFactory(on_hand=1)
    drop = published_drop(quotas={item.variant: 1})
    cart = CartFactory()

    def hold() -> CartLine:
        return services.add_to_cart(
            cart_id=cart.pk, variant_id=item.variant.pk, quantity=1, now=END - timedelta(seconds=1), actor=ACTOR
        )

    answers = at_once(make(hold), make(partial(services.give_back_quotas, now=END)))
    return drop, StockItem.objects.get(location=drop.location_id), answers


def test_the_last_unit_is_held_or_goes_home_and_never_both(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")

    for _ in range(5):
        _, quota, (line, _) = the_last_second(lambda call: call)

        is_held = isinstance(line, CartLine)
        assert is_held or isinstance(line, inventory.StockUnavailable)
        assert counters(quota) == ((1, 1, 0) if is_held else (0, 0, 0))
    assert prove() == []


def test_control_without_the_condition_the_last_unit_is_held_and_goes_home(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_before(counters_module, "_shift")
    monkeypatch.setattr(StockItemQuerySet, "able_to_hand_over", lambda items, *, quantity: items)
    monkeypatch.setattr(StockItemQuerySet, "awaited_by_nobody", lambda items: items)

    def both() -> bool:
        _, quota, (line, _) = the_last_second(without_checks)
        return isinstance(line, CartLine) and counters(quota)[:2] == (0, 1)

    assert seen_within_rounds(both)
