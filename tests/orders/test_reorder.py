"""The same again: what can be held goes into the cart, and the rest says why."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from orders import services
from orders.models import Cart, CartLine, Order
from orders.services import CartClosed, NothingHeld, Reordered
from shop.models import Variant
from tests.books import counters, laws_hold, nothing_changes
from tests.factories import ACTOR, NOW, CartFactory, StockItemFactory, UserFactory, placed_order

pytestmark = pytest.mark.django_db


def again(order: Order, *, cart: Cart | None = None, user: User | AnonymousUser | None = None) -> Reordered:
    return services.reorder(
        order_id=order.pk, cart_id=cart.pk if cart else None, user=user or AnonymousUser(), now=NOW, actor=ACTOR
    )


def cancelled(*, lines: dict[Variant, int]) -> Order:
    order = placed_order(lines=lines)
    return services.cancel_order(order_id=order.pk, now=NOW, actor=ACTOR)


def held(cart: Cart) -> dict[str, int]:
    return dict(CartLine.objects.filter(cart=cart).values_list("variant__sku", "quantity"))


@pytest.mark.parametrize("count", [1, 3])
def test_reorder_holds_every_line_at_todays_price(count: int) -> None:
    items = [StockItemFactory() for _ in range(count)]
    order = cancelled(lines={item.variant: 2 for item in items})
    Variant.objects.update(price_minor=300_000)

    with laws_hold():
        done = again(order)

    assert held(done.cart) == {item.sku: 2 for item in items}
    assert {line.unit_price_minor for line in done.held} == {300_000}
    assert done.not_held == []
    assert [counters(item)[1] for item in items] == [2] * count


def test_reorder_adds_to_the_cart_that_is_there() -> None:
    item, user = StockItemFactory(), UserFactory()
    order = cancelled(lines={item.variant: 1})
    cart = services.open_cart(user=user)
    services.add_to_cart(cart_id=cart.pk, variant_id=item.variant.pk, quantity=1, now=NOW, actor=ACTOR)

    done = again(order, cart=cart, user=user)

    assert (done.cart, held(cart)) == (cart, {item.sku: 2})


def test_reorder_says_what_is_missing_and_why() -> None:
    there, gone, off = StockItemFactory(), StockItemFactory(on_hand=2), StockItemFactory()
    order = cancelled(lines={there.variant: 1, gone.variant: 2, off.variant: 1})
    services.add_to_cart(cart_id=CartFactory().pk, variant_id=gone.variant.pk, quantity=1, now=NOW, actor=ACTOR)
    Variant.objects.filter(pk=off.variant.pk).update(is_active=False)

    with laws_hold():
        done = again(order)

    assert held(done.cart) == {there.sku: 1}
    assert [(each.line.sku, each.refusal.code) for each in done.not_held] == [
        (gone.sku, "stock_unavailable"),
        (off.sku, "not_found"),
    ]
    assert counters(gone) == (2, 1, 0)


def test_reorder_into_a_cart_that_was_ordered_is_refused() -> None:
    order = placed_order()
    assert order.cart is not None

    with nothing_changes(), pytest.raises(CartClosed):
        again(order, cart=order.cart)


def test_reorder_of_which_nothing_can_be_held_is_refused() -> None:
    item = StockItemFactory()
    order = cancelled(lines={item.variant: 1})
    Variant.objects.update(is_active=False)

    with nothing_changes(), pytest.raises(NothingHeld) as refusal:
        again(order)

    (line,) = refusal.value.facts["lines"]
    assert (line["sku"], line["qty"], line["code"]) == (item.sku, 1, "not_found")
    assert line["name"] in refusal.value.detail
