"""Coupons: what they take off, when they are refused, and every end of a use."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.utils import IntegrityError

from accounts.models import User
from orders import services
from orders.models import Cart, Checkout, Coupon, CouponUse, Order, OrderStatus
from orders.pricing import CouponKind, NothingToPay
from shop.errors import InvalidInput, ShopError
from tests.books import nothing_changes
from tests.factories import (
    ACTOR,
    NOW,
    CartFactory,
    CouponFactory,
    ShippingMethodFactory,
    StockItemFactory,
    UserFactory,
    guest_cart,
    member_cart,
    report,
)

pytestmark = pytest.mark.django_db

GUEST = AnonymousUser()
LATE = NOW + settings.PAYMENT_WINDOW


def cart_with(coupon: Coupon, *, email: str = "ayu@example.com", units: int = 2) -> Cart:
    """A cart of units at 250.000, and delivery at 20.000, with the coupon."""
    cart = guest_cart(lines={StockItemFactory(on_hand=9).variant: units})
    services.save_checkout(cart_id=cart.pk, email=email, coupon_code=coupon.code)
    return cart


def place(cart: Cart, *, user: User | AnonymousUser = GUEST, **more: Any) -> Order:
    return services.place_order(cart_id=cart.pk, user=user, now=NOW, actor=ACTOR, **more)


def apply(cart: Cart, code: str, *, user: User | AnonymousUser = GUEST) -> Coupon:
    return services.apply_coupon(cart_id=cart.pk, code=code, user=user, now=NOW)


def used(coupon: Coupon) -> int:
    return Coupon.objects.values_list("used", flat=True).get(pk=coupon.pk)


# What it takes off ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "discount", "shipping_discount", "total"),
    [
        (CouponKind.PERCENT, 10, 50_000, 0, 470_000),
        (CouponKind.AMOUNT, 75_000, 75_000, 0, 445_000),
        (CouponKind.AMOUNT, 900_000, 500_000, 0, 20_000),
        (CouponKind.FREE_SHIPPING, 0, 20_000, 20_000, 500_000),
    ],
)
def test_place_order_takes_the_coupon_off_and_counts_its_use(
    kind: CouponKind, value: int, discount: int, shipping_discount: int, total: int
) -> None:
    coupon = CouponFactory(kind=kind, value=value)

    order = place(cart_with(coupon, email="Ayu@Example.com"))

    assert (order.coupon_code, order.discount_minor, order.shipping_discount_minor, order.total_minor) == (
        coupon.code,
        discount,
        shipping_discount,
        total,
    )
    line = order.lines.get()
    assert line.discount_minor == discount - shipping_discount
    use = CouponUse.objects.get()
    assert (use.coupon, use.order, use.email, use.used_at, used(coupon)) == (coupon, order, "ayu@example.com", NOW, 1)


def test_place_order_twice_uses_a_coupon_once() -> None:
    coupon = CouponFactory()
    cart = cart_with(coupon)
    order = place(cart)

    with nothing_changes():
        assert place(cart) == order
    assert used(coupon) == 1


def test_place_order_refuses_a_coupon_that_leaves_nothing_to_pay() -> None:
    ShippingMethodFactory(price_minor=0)
    cart = cart_with(CouponFactory(value=100))

    with nothing_changes(), pytest.raises(NothingToPay):
        place(cart)


def test_a_coupon_that_takes_nothing_off_is_not_used_up() -> None:
    ShippingMethodFactory(price_minor=0)
    coupon = CouponFactory(kind=CouponKind.FREE_SHIPPING, value=0)

    order = place(cart_with(coupon))

    assert (order.coupon_code, order.total_minor, used(coupon)) == ("", 500_000, 0)


# When it is refused ---------------------------------------------------------------------------------------------------


REFUSALS: list[tuple[dict[str, Any], type[ShopError], str]] = [
    ({"is_active": False}, services.CouponOver, "SALE-1 does not count any more."),
    (
        {"starts_at": NOW + timedelta(seconds=1)},
        services.CouponNotYet,
        "SALE-1 counts from Sat 12 Dec 2026, 12:00 WIB.",
    ),
    ({"ends_at": NOW}, services.CouponOver, "SALE-1 counted until Sat 12 Dec 2026, 12:00 WIB."),
    (
        {"minimum_minor": 540_000},
        services.CouponMinimum,
        "SALE-1 counts from Rp\u00a0540.000 of items. Add Rp\u00a040.000 m",
    ),
    (
        {"kind": CouponKind.AMOUNT, "value": 500, "currency": "USD"},
        services.CouponOtherCurrency,
        "SALE-1 is for prices in USD.",
    ),
    ({"total_limit": 3, "used": 3}, services.CouponUsedUp, "Every use of SALE-1 is taken."),
]


@pytest.mark.parametrize(
    ("fields", "refusal", "words"), REFUSALS, ids=[row[1].__name__ + str(n) for n, row in enumerate(REFUSALS)]
)
def test_a_coupon_is_refused_in_the_cart_and_by_the_order_and_says_why(
    fields: dict[str, Any], refusal: type[ShopError], words: str
) -> None:
    coupon = CouponFactory(code="SALE-1", **fields)
    cart = cart_with(coupon)

    with nothing_changes(), pytest.raises(refusal) as ordered:
        place(cart)
    services.remove_coupon(cart_id=cart.pk)
    with nothing_changes(), pytest.raises(refusal):
        apply(cart, "SALE-1")

    assert ordered.value.detail.startswith(words)
    assert ordered.value.field == "coupon_code"


@pytest.mark.parametrize("code", ["NOTHERE", "TAHÄN10", "x", "'; --", "A" * 40])
def test_an_unknown_code_is_refused(code: str) -> None:
    CouponFactory(code="TAHAN10")
    cart = guest_cart(lines={StockItemFactory().variant: 1})

    with nothing_changes(), pytest.raises(services.UnknownCoupon):
        apply(cart, code)
    with nothing_changes(), pytest.raises(InvalidInput):
        apply(cart, "  ")


def test_the_moments_of_a_window_and_the_minimum_itself_count() -> None:
    coupon = CouponFactory(starts_at=NOW, ends_at=NOW + timedelta(microseconds=1), minimum_minor=500_000, total_limit=1)

    assert place(cart_with(coupon)).discount_minor == 50_000


def scoped(*, minimum_minor: int = 0) -> tuple[Coupon, Cart]:
    """Ten per cent off one shelf and one product, and a cart with a unit of each and one of neither."""
    shelf, product, other = [StockItemFactory().variant for _ in range(3)]
    coupon = CouponFactory(code="SHELF", minimum_minor=minimum_minor)
    coupon.categories.set([shelf.product.category])
    coupon.products.set([product.product])
    cart = guest_cart(lines={shelf: 1, product: 1, other: 1})
    services.save_checkout(cart_id=cart.pk, coupon_code=coupon.code)
    return coupon, cart


def test_a_coupon_for_some_things_takes_nothing_off_the_others() -> None:
    _, cart = scoped(minimum_minor=500_000)

    order = place(cart)

    assert order.discount_minor == 50_000
    assert [line.discount_minor for line in order.lines.order_by("pk")] == [25_000, 25_000, 0]


def test_only_what_a_coupon_is_for_counts_for_its_minimum() -> None:
    coupon, cart = scoped(minimum_minor=500_001)

    with nothing_changes(), pytest.raises(services.CouponMinimum) as refusal:
        place(cart)

    names = ", ".join(coupon.scope())
    assert refusal.value.detail == f"SHELF counts from Rp\u00a0500.001 of {names}. Add Rp\u00a01 more."


def test_a_coupon_for_other_things_is_refused_and_says_what_for() -> None:
    coupon, _ = scoped()
    cart = guest_cart(lines={StockItemFactory().variant: 1})

    with nothing_changes(), pytest.raises(services.CouponNotForThese) as refusal:
        apply(cart, "SHELF")

    assert refusal.value.detail.startswith(f"SHELF is for {coupon.scope()[0]}, {coupon.scope()[1]}.")


# With the cart --------------------------------------------------------------------------------------------------------


def test_apply_coupon_forgives_spelling_and_is_replaced_and_removed() -> None:
    CouponFactory(code="TAHAN10")
    CouponFactory(code="HEMAT50")
    cart = guest_cart(lines={StockItemFactory().variant: 1})

    apply(cart, " tahan10 ")
    with nothing_changes():
        apply(cart, "TAHAN10")
    apply(cart, "hemat50")
    assert Checkout.objects.get(cart=cart).coupon_code == "HEMAT50"

    services.remove_coupon(cart_id=cart.pk)
    with nothing_changes():
        services.remove_coupon(cart_id=cart.pk)
    assert Checkout.objects.get(cart=cart).coupon_code == ""
    assert Coupon.objects.filter(used=0).count() == 2


def test_a_closed_cart_takes_no_coupon() -> None:
    coupon = CouponFactory()
    cart = cart_with(coupon)
    place(cart)

    with nothing_changes(), pytest.raises(services.CartClosed):
        apply(cart, coupon.code)
    with nothing_changes(), pytest.raises(services.CartClosed):
        services.remove_coupon(cart_id=cart.pk)


def test_a_coupon_can_be_entered_before_anything_else_was_typed() -> None:
    coupon = CouponFactory()
    cart = CartFactory()
    services.add_to_cart(cart_id=cart.pk, variant_id=StockItemFactory().variant.pk, quantity=1, now=NOW, actor=ACTOR)

    apply(cart, coupon.code)

    assert Checkout.objects.get(cart=cart).coupon_code == coupon.code


# One customer ---------------------------------------------------------------------------------------------------------


def test_a_customer_is_known_by_the_address_whatever_its_spelling() -> None:
    coupon = CouponFactory(per_customer_limit=1)
    place(cart_with(coupon, email="Ayu@example.com"))

    cart = cart_with(coupon, email="aYu@Example.COM")
    with nothing_changes(), pytest.raises(services.CouponUsedByYou) as refusal:
        place(cart)

    assert "counts once for each customer" in refusal.value.detail
    assert place(cart_with(coupon, email="budi@example.com")).discount_minor == 50_000


def test_a_member_is_known_by_the_account_whatever_the_address() -> None:
    coupon, user = CouponFactory(per_customer_limit=2), UserFactory()
    for email in ("one@example.com", "two@example.com"):
        cart = member_cart(user=user, lines={StockItemFactory().variant: 1})
        services.save_checkout(cart_id=cart.pk, email=email, coupon_code=coupon.code)
        place(cart, user=user)

    cart = member_cart(user=user, lines={StockItemFactory().variant: 1})
    services.save_checkout(cart_id=cart.pk, email="three@example.com", coupon_code=coupon.code)
    with nothing_changes(), pytest.raises(services.CouponUsedByYou) as refusal:
        place(cart, user=user)

    assert refusal.value.facts["limit"] == 2


# Every end of a use ---------------------------------------------------------------------------------------------------


def test_a_cancelled_or_expired_order_gives_its_use_back_once() -> None:
    coupon = CouponFactory(total_limit=2, per_customer_limit=2)
    cancelled, expired = place(cart_with(coupon)), place(cart_with(coupon))
    third = guest_cart(lines={StockItemFactory().variant: 1})
    with nothing_changes(), pytest.raises(services.CouponUsedUp):
        apply(third, coupon.code)

    services.cancel_order(order_id=cancelled.pk, now=NOW, actor=ACTOR)
    services.cancel_order(order_id=cancelled.pk, now=NOW, actor=ACTOR)
    assert used(coupon) == 1
    services.expire_unpaid(now=LATE)
    services.expire_unpaid(now=LATE)

    assert used(coupon) == 0
    assert set(CouponUse.objects.values_list("given_back_at", flat=True)) == {NOW, LATE}
    expired.refresh_from_db()
    assert expired.coupon_code == coupon.code


def paid_late(order: Order) -> Order:
    """Let the order expire and its payment arrive after that."""
    payment = services.start_payment(order_id=order.pk, now=NOW)
    services.expire_unpaid(now=LATE)
    report(payment, now=LATE + timedelta(minutes=1))
    order.refresh_from_db()
    return order


def test_an_order_that_is_paid_late_takes_its_use_again() -> None:
    coupon = CouponFactory(total_limit=1)

    order = paid_late(place(cart_with(coupon)))

    assert (order.status, used(coupon)) == (OrderStatus.PAID, 1)
    assert CouponUse.objects.get().given_back_at is None


def test_a_late_payment_is_honoured_although_the_coupon_was_used_up_meanwhile() -> None:
    coupon = CouponFactory(total_limit=1)
    order = place(cart_with(coupon))
    payment = services.start_payment(order_id=order.pk, now=NOW)
    services.expire_unpaid(now=LATE)
    place(cart_with(coupon, email="budi@example.com"))

    report(payment, now=LATE)

    order.refresh_from_db()
    use = CouponUse.objects.get(order=order)
    assert (order.status, order.total_minor, used(coupon)) == (OrderStatus.PAID, 470_000, 1)
    assert (use.given_back_at, use.honoured_at) == (LATE, LATE)
    assert "the price was promised" in order.events.get(kind="PAID_LATE_KEPT").text


def test_a_late_payment_that_buys_nothing_leaves_the_use_with_the_coupon() -> None:
    coupon = CouponFactory(total_limit=1)
    item = StockItemFactory(on_hand=1)
    cart = guest_cart(lines={item.variant: 1})
    services.save_checkout(cart_id=cart.pk, coupon_code=coupon.code)
    order = place(cart)
    payment = services.start_payment(order_id=order.pk, now=NOW)
    services.expire_unpaid(now=LATE)
    services.place_order(cart_id=guest_cart(lines={item.variant: 1}, now=LATE).pk, user=GUEST, now=LATE, actor=ACTOR)

    report(payment, now=LATE)

    order.refresh_from_db()
    assert (order.status, used(coupon)) == (OrderStatus.REFUNDED, 0)
    assert CouponUse.objects.get().given_back_at == LATE


@pytest.mark.parametrize(("units", "left"), [(1, 1), (2, 0)])
def test_an_order_that_is_cancelled_in_full_before_anything_was_sent_gives_its_use_back(units: int, left: int) -> None:
    coupon = CouponFactory(total_limit=1)
    order = place(cart_with(coupon))
    report(services.start_payment(order_id=order.pk, now=NOW))
    line = order.lines.get()
    assert line.quantity == 2

    services.cancel_units(order_id=order.pk, units={line.pk: units}, restock=True, reason="", now=NOW, actor=ACTOR)

    assert used(coupon) == left
    assert (CouponUse.objects.get().given_back_at is None) == bool(left)


# The wall behind the services -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"total_limit": 1, "used": 2},
        {"value": 0},
        {"value": 101},
        {"kind": CouponKind.AMOUNT, "value": 0},
        {"kind": CouponKind.FREE_SHIPPING, "value": 5},
        {"minimum_minor": -1},
        {"starts_at": NOW, "ends_at": NOW},
    ],
)
def test_the_database_refuses_a_coupon_that_cannot_be(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        CouponFactory(**fields)
