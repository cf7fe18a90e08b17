"""Double clicks as the doors see them: two requests at one moment, each on a connection of its own."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import StockItem
from orders import services
from orders.models import Cart, CartLine, Order, OrderEvent, OrderEventKind
from orders.services import checkout
from shop.models import Variant
from tests.factories import StockItemFactory, guest_cart
from tests.races.threads import at_once, seen_within_rounds

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]


def held(item: StockItem) -> int:
    return StockItem.objects.values_list("held", flat=True).get(pk=item.pk)


def press_add(variant: Variant, *, key: str) -> HttpResponse:
    """A first press, by a browser that has no cart yet."""
    return Client().post(reverse("orders:cart_add"), {"variant": variant.pk, "quantity": 1, "key": key})


def test_add_pressed_twice_at_one_moment_is_one_cart_with_one_unit() -> None:
    for _ in range(3):
        item, key = StockItemFactory(), str(uuid4())
        carts = Cart.objects.count()

        answers = at_once(*[partial(press_add, item.variant, key=key)] * 2)

        assert [answer.status_code for answer in answers] == [303, 303]
        assert held(item) == CartLine.objects.get(variant=item.variant).quantity == 1
        assert Cart.objects.count() == carts + 1
        tokens = [answer.cookies["cart"].value for answer in answers]
        assert len({services.find_cart(user=AnonymousUser(), token=token) for token in tokens}) == 1


def test_control_without_a_common_key_two_presses_hold_two_units() -> None:
    def two_holds() -> bool:
        item = StockItemFactory()
        at_once(*[partial(press_add, item.variant, key=str(uuid4())) for _ in range(2)])
        return held(item) == 2

    assert seen_within_rounds(two_holds)


def press_check_out(cart: Cart) -> HttpResponse:
    return Client().post(
        f"/api/v1/cart/{cart.pk}/checkout",
        json.dumps({}),
        content_type="application/json",
        headers={"Cart-Token": services.cart_token(cart)},
    )


def check_out_twice_at_once() -> tuple[Cart, list[Any]]:
    cart = guest_cart(lines={StockItemFactory().variant: 1}, now=timezone.now())
    return cart, at_once(*[partial(press_check_out, cart)] * 2)


def test_check_out_pressed_twice_at_one_moment_is_one_order(pause_before: Pause) -> None:
    pause_before(checkout, "_write_order")
    for _ in range(3):
        cart, answers = check_out_twice_at_once()

        order = Order.objects.get(cart=cart)
        assert {answer.json()["id"] for answer in answers} == {str(order.pk)}
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert order.payments.count() == 1
        assert OrderEvent.objects.filter(order=order, kind=OrderEventKind.PLACED).count() == 1


def test_control_without_the_lock_one_of_two_clicks_is_refused_or_retried(
    no_locks: None, pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read an open cart and both write an order: the second meets the unique constraint of the cart."""
    written: list[Order] = []
    write = checkout._write_order

    def counted(*args: Any, **kwargs: Any) -> Order:
        written.append(args[0])
        return write(*args, **kwargs)

    monkeypatch.setattr(checkout, "_write_order", counted)
    pause_before(checkout, "_write_order")

    def both_wrote() -> bool:
        written.clear()
        check_out_twice_at_once()
        return len(written) > 1

    assert seen_within_rounds(both_wrote)
