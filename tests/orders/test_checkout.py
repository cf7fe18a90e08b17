"""From cart to order: frozen prices, one order a cart, and the end of an order that nobody pays."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from inventory import services as inventory
from inventory.models import Reservation, ReservationState
from inventory.queries import prove
from orders import services
from orders.models import (
    Cart,
    CartStatus,
    Checkout,
    Message,
    Order,
    OrderEventKind,
    OrderStatus,
    PaymentStatus,
    ShippingMethod,
)
from orders.services.checkout import NUMBER_ALPHABET
from shop.errors import NotFound
from shop.models import Product, Variant
from tests.books import counters, nothing_changes
from tests.factories import (
    ACTOR,
    NOW,
    CartFactory,
    StockItemFactory,
    UserFactory,
    guest_cart,
    paid_order,
    placed_order,
)

pytestmark = pytest.mark.django_db

GUEST = AnonymousUser()
WINDOW_ENDS = NOW + settings.PAYMENT_WINDOW


def place(cart: Cart, *, now: object = NOW) -> Order:
    return services.place_order(cart_id=cart.pk, user=GUEST, now=now, actor=ACTOR)


def kinds(order: Order) -> list[str]:
    return list(order.events.order_by("pk").values_list("kind", flat=True))


def test_save_checkout_keeps_what_was_typed_step_by_step() -> None:
    cart = CartFactory()

    services.save_checkout(cart_id=cart.pk, email="ayu@example.com")
    services.save_checkout(cart_id=cart.pk, city="Bandung")
    with nothing_changes():
        services.save_checkout(cart_id=cart.pk, city="Bandung")

    checkout = Checkout.objects.get(cart=cart)
    assert (checkout.email, checkout.city) == ("ayu@example.com", "Bandung")


def test_place_order_writes_the_order_and_moves_the_holds_to_the_payment_window() -> None:
    one, other = StockItemFactory(), StockItemFactory()
    cart = guest_cart(lines={one.variant: 2, other.variant: 1})

    order = place(cart)

    assert order.status == OrderStatus.AWAITING_PAYMENT
    assert (order.subtotal_minor, order.shipping_minor, order.total_minor) == (750_000, 20_000, 770_000)
    assert sum(line.total_minor for line in order.lines.all()) == order.subtotal_minor
    assert (order.placed_at, order.pay_by) == (NOW, WINDOW_ENDS)
    assert set(Reservation.objects.values_list("state", "expires_at")) == {("HELD", WINDOW_ENDS)}
    assert (counters(one), counters(other)) == ((5, 2, 0), (5, 1, 0))
    assert kinds(order) == [OrderEventKind.PLACED]
    cart.refresh_from_db()
    assert cart.status == CartStatus.ORDERED


def test_place_order_copies_names_prices_and_the_address() -> None:
    order = placed_order()
    line, product = order.lines.get(), Product.objects.get()
    name = product.name

    Variant.objects.update(price_minor=1)
    Product.objects.update(name="Something else")
    ShippingMethod.objects.update(price_minor=1, name="Something else")
    order.refresh_from_db()
    line.refresh_from_db()

    assert (line.unit_price_minor, line.quantity, line.total_minor, line.product_name) == (250_000, 2, 500_000, name)
    assert (order.total_minor, order.shipping_name) == (520_000, "Regular")
    assert (order.name, order.city, order.email) == ("Ayu Lestari", "Bandung", "ayu@example.com")


def test_place_order_charges_the_price_of_the_hold_and_not_todays() -> None:
    cart = guest_cart(lines={StockItemFactory().variant: 1})
    Variant.objects.update(price_minor=999_999)

    assert place(cart).subtotal_minor == 250_000


def test_place_order_gives_a_number_that_can_be_read_out() -> None:
    number = placed_order().number

    assert (number[:2], number[6], len(number)) == ("T-", "-", 11)
    assert set(number[2:6] + number[7:]) <= set(NUMBER_ALPHABET)


def test_place_order_belongs_to_the_member_who_placed_it() -> None:
    user = UserFactory()

    assert placed_order(user=user).user == user
    assert placed_order().user is None


def test_place_order_twice_is_one_order() -> None:
    cart = guest_cart(lines={StockItemFactory().variant: 1})
    first = place(cart)

    with nothing_changes():
        assert place(cart, now=NOW + timedelta(minutes=1)) == first
        assert place(cart, now=NOW + timedelta(days=1)) == first


def test_place_order_writes_one_message() -> None:
    order = placed_order()

    message = Message.objects.get()
    assert message.key.startswith(f"order_placed:{order.pk}")
    assert (message.to, message.sent_at) == (order.email, None)


def test_place_order_refuses_an_empty_cart() -> None:
    cart = guest_cart(lines={})

    with nothing_changes(), pytest.raises(services.CartEmpty):
        place(cart)


def test_place_order_refuses_a_cart_that_is_not_there_or_was_merged() -> None:
    merged = CartFactory(status=CartStatus.MERGED)

    with nothing_changes(), pytest.raises(NotFound):
        place(Cart(pk=uuid4()))
    with nothing_changes(), pytest.raises(services.CartClosed):
        place(merged)


@pytest.mark.parametrize(
    ("field", "step"),
    [
        ("email", "contact"),
        ("name", "contact"),
        ("phone", "contact"),
        ("address", "delivery"),
        ("city", "delivery"),
        ("postal_code", "delivery"),
        ("country", "delivery"),
        ("shipping_method", "delivery"),
        ("gateway", "payment"),
    ],
)
def test_place_order_names_the_detail_that_is_missing_and_its_step(field: str, step: str) -> None:
    cart = guest_cart(lines={StockItemFactory().variant: 1})
    services.save_checkout(cart_id=cart.pk, **{field: None if field == "shipping_method" else ""})

    with nothing_changes(), pytest.raises(services.CheckoutIncomplete) as refusal:
        place(cart)

    assert (refusal.value.facts["field"], refusal.value.facts["step"]) == (field, step)


def test_place_order_without_a_checkout_names_the_first_step() -> None:
    cart = guest_cart(lines={StockItemFactory().variant: 1})
    Checkout.objects.all().delete()

    with nothing_changes(), pytest.raises(services.CheckoutIncomplete) as refusal:
        place(cart)

    assert refusal.value.facts["step"] == "contact"


def test_place_order_refuses_when_a_hold_ended_this_instant_and_orders_nothing_in_part() -> None:
    ended, live = StockItemFactory(), StockItemFactory()
    cart = guest_cart(lines={ended.variant: 1})
    services.add_to_cart(
        cart_id=cart.pk, variant_id=live.variant.pk, quantity=1, now=NOW + timedelta(minutes=5), actor=ACTOR
    )

    with nothing_changes(), pytest.raises(services.HoldsEnded) as refusal:
        place(cart, now=NOW + settings.HOLD_TIME)

    line = cart.lines.get(variant=ended.variant)
    assert refusal.value.facts == {"line_ids": [str(line.pk)], "names": [ended.variant.product.name]}


def test_cancel_order_puts_the_units_back_on_sale() -> None:
    item = StockItemFactory()
    order = placed_order(lines={item.variant: 2})
    payment = services.start_payment(order_id=order.pk, now=NOW)

    services.cancel_order(order_id=order.pk, now=NOW, actor="ayu@example.com")
    with nothing_changes():
        services.cancel_order(order_id=order.pk, now=NOW, actor="ayu@example.com")

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, order.ended_at, payment.status) == (OrderStatus.CANCELLED, NOW, PaymentStatus.CANCELLED)
    assert counters(item) == (5, 0, 0)
    assert kinds(order)[-1] == OrderEventKind.CANCELLED
    assert prove() == []


def test_cancel_order_refuses_what_was_paid_or_is_over() -> None:
    paid, expired = paid_order(), placed_order()
    services.expire_unpaid(now=WINDOW_ENDS)

    for order in (paid, expired):
        with nothing_changes(), pytest.raises(services.OrderNotCancellable):
            services.cancel_order(order_id=order.pk, now=WINDOW_ENDS, actor=ACTOR)
    with pytest.raises(NotFound):
        services.cancel_order(order_id=uuid4(), now=NOW, actor=ACTOR)


def test_expire_unpaid_ends_orders_to_the_instant_and_tells_nobody_twice() -> None:
    item = StockItemFactory()
    order = placed_order(lines={item.variant: 2})
    payment = services.start_payment(order_id=order.pk, now=NOW)

    with nothing_changes():
        assert services.expire_unpaid(now=WINDOW_ENDS - timedelta(microseconds=1)) == 0
    assert services.expire_unpaid(now=WINDOW_ENDS) == 1
    with nothing_changes():
        assert services.expire_unpaid(now=WINDOW_ENDS) == 0

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, order.ended_at, payment.status) == (
        OrderStatus.EXPIRED,
        WINDOW_ENDS,
        PaymentStatus.EXPIRED,
    )
    assert kinds(order)[-1] == OrderEventKind.EXPIRED
    inventory.expire_due(now=WINDOW_ENDS)
    assert counters(item) == (5, 0, 0)
    assert Reservation.objects.get().state == ReservationState.EXPIRED


def test_expire_unpaid_goes_by_batches_and_leaves_paid_and_cancelled_orders_alone() -> None:
    item = StockItemFactory(on_hand=20)
    for _ in range(3):
        placed_order(lines={item.variant: 1})
    paid, cancelled = paid_order(lines={item.variant: 1}), placed_order(lines={item.variant: 1})
    services.cancel_order(order_id=cancelled.pk, now=NOW, actor=ACTOR)

    assert [services.expire_unpaid(now=WINDOW_ENDS, limit=2) for _ in range(3)] == [2, 1, 0]

    paid.refresh_from_db()
    assert paid.status == OrderStatus.PAID


def test_an_order_that_nobody_paid_does_not_keep_its_units_from_the_next_shopper() -> None:
    item = StockItemFactory(on_hand=1)
    placed_order(lines={item.variant: 1})

    second = placed_order(lines={item.variant: 1}, now=WINDOW_ENDS)

    assert second.status == OrderStatus.AWAITING_PAYMENT
    assert counters(item) == (1, 1, 0)
