"""What a cart costs: the tax of the day, the delivery of the zone and the weight, and the total that was shown."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.utils import IntegrityError

from orders import services
from orders.models import Cart, Checkout, Order, ShippingKind, ShippingMethod
from orders.services import Quote
from shop.models import TaxClass, Variant
from tests.books import nothing_changes
from tests.factories import (
    ACTOR,
    NOW,
    CouponFactory,
    ShippingMethodFactory,
    ShippingZoneFactory,
    StockItemFactory,
    TaxRateFactory,
    VariantFactory,
    guest_cart,
)

pytestmark = pytest.mark.django_db

GUEST = AnonymousUser()


def variant(**fields: Any) -> Variant:
    """Something in stock; `product__…` fields are its product's."""
    return StockItemFactory(variant=VariantFactory(**fields), on_hand=50).variant


def cart_of(**fields: Any) -> Cart:
    """A cart of two units at 250.000 to Bandung, by regular delivery at 20.000."""
    return guest_cart(lines={variant(**fields): 2})


def quote(cart: Cart, *, now: datetime = NOW) -> Quote:
    lines = list(cart.lines.select_related("variant__product").order_by("pk"))
    checkout = Checkout.objects.select_related("shipping_method").get(cart=cart)
    return services.quote_cart(lines=lines, checkout=checkout, user=GUEST, now=now)


def place(cart: Cart, **more: Any) -> Order:
    return services.place_order(cart_id=cart.pk, user=GUEST, now=NOW, actor=ACTOR, **more)


# Tax ------------------------------------------------------------------------------------------------------------------


def test_an_order_has_ppn_inside_its_prices() -> None:
    order = place(cart_of())
    line = order.lines.get()

    # 500.000 × 11/111 = 49.549,55 and 20.000 × 11/111 = 1.981,98
    assert (line.tax_rate_bp, line.tax_minor, line.charged_minor) == (1_100, 49_550, 500_000)
    assert (order.shipping_tax_minor, order.tax_minor, order.added_tax_minor) == (1_982, 51_532, 0)
    assert order.total_minor == 520_000


def test_an_order_adds_the_tax_where_prices_exclude_it(settings: Any) -> None:
    settings.PRICES_INCLUDE_TAX = False

    order = place(cart_of())
    line = order.lines.get()

    assert (line.tax_minor, line.added_tax_minor, line.charged_minor) == (55_000, 55_000, 555_000)
    assert (order.tax_minor, order.added_tax_minor, order.total_minor) == (57_200, 57_200, 577_200)


def test_the_rate_is_the_latest_that_is_valid_on_the_day_of_the_shop() -> None:
    TaxRateFactory(rate_bp=1_200, valid_from=date(2027, 1, 1))
    cart = cart_of()
    # 17:00 in London is midnight in Jakarta.
    before, after = datetime(2026, 12, 31, 16, 59, tzinfo=UTC), datetime(2026, 12, 31, 17, 0, tzinfo=UTC)

    assert quote(cart, now=before).totals.tax_rates_bp == {1_100}
    assert quote(cart, now=after).totals.tax_rates_bp == {1_200}
    assert quote(cart, now=datetime(2022, 3, 1, tzinfo=UTC)).totals.tax_rates_bp == {1_000}


def test_an_exempt_product_and_another_country_are_not_taxed() -> None:
    exempt = cart_of(product__tax_class=TaxClass.EXEMPT)
    abroad = cart_of()
    services.save_checkout(cart_id=abroad.pk, country="SG")

    assert [line.tax_minor for line in quote(exempt).totals.lines] == [0]
    assert quote(exempt).totals.shipping_tax_minor > 0
    assert quote(abroad).tax_minor == 0


# Delivery -------------------------------------------------------------------------------------------------------------


def methods() -> dict[str, ShippingMethod]:
    java, elsewhere = ShippingZoneFactory(), ShippingZoneFactory(name="Elsewhere", postcode_prefixes=["2", "9"])
    here = ShippingMethodFactory(code="here", name="Here", position=1)
    here.zones.set([java])
    there = ShippingMethodFactory(
        code="there",
        name="There",
        position=2,
        kind=ShippingKind.BY_WEIGHT,
        weight_steps=[[1000, 40_000], [5000, 90_000]],
    )
    there.zones.set([elsewhere])
    anywhere = ShippingMethodFactory(code="anywhere", name="Anywhere", position=3, free_above_minor=600_000)
    return {"here": here, "there": there, "anywhere": anywhere}


def options(*, quantity: int, postal_code: str, weight: int = 800) -> dict[str, int]:
    methods()
    cart = guest_cart(lines={variant(product__weight_grams=weight): quantity})
    ShippingMethod.objects.filter(code="regular").update(is_active=False)
    lines = list(cart.lines.select_related("variant__product"))
    found = services.delivery_options(lines=lines, country="ID", postal_code=postal_code)
    return {option.method.code: option.price_minor for option in found}


@pytest.mark.parametrize(
    ("quantity", "postal_code", "expected"),
    [
        (1, "40115", {"here": 20_000, "anywhere": 20_000}),
        (1, "98123", {"there": 40_000, "anywhere": 20_000}),
        (2, "98123", {"there": 90_000, "anywhere": 20_000}),
        (3, "40115", {"here": 20_000, "anywhere": 0}),
        (7, "98123", {"anywhere": 0}),
        (1, "70111", {"anywhere": 20_000}),
        (1, "", {"here": 20_000, "there": 40_000, "anywhere": 20_000}),
    ],
)
def test_delivery_options_depend_on_zone_weight_and_price(
    quantity: int, postal_code: str, expected: dict[str, int]
) -> None:
    assert options(quantity=quantity, postal_code=postal_code) == expected


@pytest.mark.parametrize(("weight", "price"), [(500, 40_000), (501, 90_000), (2500, 90_000)])
def test_a_step_counts_up_to_its_weight(weight: int, price: int) -> None:
    cart = guest_cart(lines={variant(product__weight_grams=weight): 2})
    services.save_checkout(cart_id=cart.pk, shipping_method=methods()["there"], postal_code="98123")

    order = place(cart)

    assert (order.shipping_minor, order.shipping_name) == (price, "There")


@pytest.mark.parametrize(("postal_code", "weight"), [("98123", 2501), ("40115", 1)])
def test_place_order_refuses_a_delivery_that_does_not_go_there(postal_code: str, weight: int) -> None:
    cart = guest_cart(lines={variant(product__weight_grams=weight): 2})
    services.save_checkout(cart_id=cart.pk, shipping_method=methods()["there"], postal_code=postal_code)

    with nothing_changes(), pytest.raises(services.NotDelivered) as refusal:
        place(cart)

    assert refusal.value.facts == {"step": "delivery", "method": "There", "postal_code": postal_code}


def test_free_above_looks_at_the_items_before_discounts() -> None:
    ShippingMethodFactory(free_above_minor=500_000)
    cart = cart_of()
    CouponFactory(code="HALF", value=50)
    services.save_checkout(cart_id=cart.pk, coupon_code="HALF")

    assert (quote(cart).shipping_minor, quote(cart).total_minor) == (0, 250_000)


# The total that was shown ---------------------------------------------------------------------------------------------


def test_place_order_takes_the_total_that_was_shown_and_no_other() -> None:
    cart = cart_of()

    with nothing_changes(), pytest.raises(services.TotalChanged) as refusal:
        place(cart, expected_total_minor=519_999)

    assert refusal.value.facts == {"expected_minor": 519_999, "total_minor": 520_000, "currency": "IDR", "why": ""}
    assert place(cart, expected_total_minor=520_000).total_minor == 520_000


def test_place_order_says_which_coupon_changed_the_total_and_goes_on_without_it_once_that_was_shown() -> None:
    coupon = CouponFactory(code="TAHAN10", ends_at=NOW)
    cart = cart_of()
    services.save_checkout(cart_id=cart.pk, coupon_code="TAHAN10")

    with nothing_changes(), pytest.raises(services.TotalChanged) as refusal:
        place(cart, expected_total_minor=470_000)
    assert refusal.value.detail.startswith("TAHAN10 counted until ")
    with nothing_changes(), pytest.raises(services.CouponOver):
        place(cart)

    order = place(cart, expected_total_minor=520_000)
    coupon.refresh_from_db()
    assert (order.coupon_code, order.discount_minor, coupon.used) == ("", 0, 0)


def test_an_order_that_does_not_add_up_is_refused_by_the_database() -> None:
    order = place(cart_of())

    with pytest.raises(IntegrityError):
        Order.objects.filter(pk=order.pk).update(discount_minor=1)
