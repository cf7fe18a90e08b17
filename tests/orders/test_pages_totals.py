"""Totals as shoppers see them: coupon, delivery to the postcode, tax, and the total that is ordered."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import Checkout, Coupon, Order, ShippingMethod
from orders.pricing import CouponKind
from tests.books import nothing_changes
from tests.factories import CouponFactory, ShippingMethodFactory, ShippingZoneFactory
from tests.orders.pages import ADDRESS, HTMX, add, cart_of, check_out, on_sale

pytestmark = pytest.mark.django_db

CART = reverse("orders:cart")
COUPON = reverse("orders:cart_coupon")
REMOVE = reverse("orders:cart_coupon_remove")
DELIVERY = reverse("orders:checkout_delivery")
REVIEW = reverse("orders:checkout_review")


@pytest.fixture
def shopper(client: Client) -> Client:
    """With two units at 250.000 in the cart."""
    add(client, on_sale(), quantity=2)
    return client


def enter(client: Client, code: str, **more: Any) -> Any:
    return client.post(COUPON, {"coupon_code": code, **more})


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().replace("\u00a0", " ").split())


def coupon_kept(client: Client) -> str:
    return Checkout.objects.get(cart=cart_of(client)).coupon_code


# The coupon -----------------------------------------------------------------------------------------------------------


def test_the_coupon_field_is_closed_until_somebody_has_a_code(shopper: Client) -> None:
    page = text_of(shopper.get(CART))

    assert "<details> <summary>Have a coupon code?</summary>" in page
    assert 'Includes PPN 11 %: <span class="nowrap">Rp 49.550</span>' in page


def test_a_coupon_is_shown_with_its_effect_and_can_be_removed(shopper: Client) -> None:
    CouponFactory(code="TAHAN10")

    answer = enter(shopper, " tahan10")
    page = text_of(shopper.get(CART))

    assert (answer.status_code, answer["Location"]) == (303, CART)
    assert "Coupon added. TAHAN10: 10 % off the items." in page
    assert "minus </span>Rp 50.000" in page
    assert "Rp 450.000" in page
    assert shopper.post(REMOVE)["Location"] == CART
    assert "Rp 450.000" not in text_of(shopper.get(CART))
    assert coupon_kept(shopper) == ""


def test_a_refused_coupon_says_why_at_the_field_and_keeps_the_one_before(shopper: Client) -> None:
    CouponFactory(code="TAHAN10")
    CouponFactory(code="HEMAT50", minimum_minor=540_000)
    enter(shopper, "TAHAN10")

    with nothing_changes():
        answer = enter(shopper, "HEMAT50")
        unknown = enter(shopper, "NOTHERE")
        empty = enter(shopper, " ")

    assert [each.status_code for each in (answer, unknown, empty)] == [422, 422, 422]
    assert coupon_kept(shopper) == "TAHAN10"


def test_a_refused_coupon_opens_the_field_with_what_was_typed_and_what_to_do(shopper: Client) -> None:
    CouponFactory(code="HEMAT50", minimum_minor=540_000)

    page = text_of(enter(shopper, "hemat50"))

    assert "<details open>" in page
    assert "HEMAT50 counts from Rp 540.000 of items. Add Rp 40.000 more." in page
    assert 'value="hemat50"' in page


def test_htmx_gets_the_cart_with_the_coupon(shopper: Client) -> None:
    CouponFactory(code="TAHAN10")

    done = shopper.post(COUPON, {"coupon_code": "TAHAN10"}, headers=HTMX)
    removed = shopper.post(REMOVE, headers=HTMX)

    assert (done.status_code, removed.status_code) == (200, 200)
    assert done.content.decode().lstrip().startswith("<p id=") or "<html" not in done.content.decode()
    assert "Coupon added" in done.content.decode()
    assert "Coupon removed" in removed.content.decode()


def test_a_coupon_that_stopped_counting_is_said_and_not_taken_off(shopper: Client) -> None:
    CouponFactory(code="TAHAN10")
    enter(shopper, "TAHAN10")
    Coupon.objects.update(ends_at=timezone.now())

    page = text_of(shopper.get(CART))

    assert "This coupon has ended" in page
    assert "minus </span>" not in page


def test_a_coupon_entered_at_a_step_leads_back_to_it(shopper: Client) -> None:
    CouponFactory(code="ONGKIR", kind=CouponKind.FREE_SHIPPING, value=0)
    check_out(shopper)

    answer = enter(shopper, "ONGKIR", next=REVIEW)
    page = text_of(shopper.get(REVIEW))

    assert answer["Location"] == REVIEW
    assert "Pay Rp 500.000" in page
    assert enter(shopper, "ONGKIR", next="https://elsewhere.example/")["Location"] == CART


def test_a_coupon_for_some_shelves_says_so(shopper: Client) -> None:
    shelf = cart_of(shopper).lines.get().variant.product.category
    CouponFactory(code="SHELF").categories.set([shelf])

    enter(shopper, "SHELF")

    assert f"10 % off the items, only for {shelf.name}" in text_of(shopper.get(CART))


def test_a_coupon_needs_a_cart(client: Client) -> None:
    assert (enter(client, "X")["Location"], client.post(REMOVE)["Location"]) == (CART, CART)
    assert client.get(COUPON)["Location"] == CART


# The delivery ---------------------------------------------------------------------------------------------------------


def zoned() -> dict[str, ShippingMethod]:
    java, elsewhere = ShippingZoneFactory(), ShippingZoneFactory(name="Elsewhere", postcode_prefixes=["2", "3", "9"])
    here, there = ShippingMethodFactory(), ShippingMethodFactory(code="there", name="By sea", price_minor=60_000)
    here.zones.set([java])
    there.zones.set([elsewhere])
    return {"here": here, "there": there}


def test_the_delivery_step_offers_what_goes_to_the_postcode_with_its_price(shopper: Client) -> None:
    methods = zoned()
    shopper.post(reverse("orders:checkout_contact"), {"email": "m@example.com", "name": "M", "phone": "08123456789"})

    unknown = text_of(shopper.get(DELIVERY))
    chosen = {**ADDRESS, "postal_code": "98123", "shipping_method": methods["here"].pk}
    with nothing_changes():
        refused = shopper.post(DELIVERY, chosen)
    page = text_of(refused)

    assert "Regular" in unknown
    assert "· Java" in unknown
    assert "By sea" in unknown
    assert refused.status_code == 422
    assert "Regular does not deliver what is in the cart to postcode 98123. Choose another way to send it." in page
    assert "By sea" in page
    assert "Rp 60.000" in page
    assert "· Java" not in page
    taken = shopper.post(DELIVERY, {**chosen, "shipping_method": methods["there"].pk})
    assert taken.status_code == 303


def test_the_delivery_step_says_when_nothing_goes_there(shopper: Client) -> None:
    methods = zoned()
    shopper.post(reverse("orders:checkout_contact"), {"email": "m@example.com", "name": "M", "phone": "08123456789"})

    with nothing_changes():
        answer = shopper.post(DELIVERY, {**ADDRESS, "postal_code": "80361", "shipping_method": methods["here"].pk})

    assert "We cannot deliver what is in the cart to postcode 80361. Check the postcode" in text_of(answer)


def test_the_ways_to_send_follow_the_postcode_while_it_is_typed(shopper: Client) -> None:
    zoned()

    address = reverse("orders:checkout_methods")
    there = shopper.get(address, {"postal_code": "98123"}, headers=HTMX)
    nowhere = shopper.get(address, {"postal_code": "80361"}, headers=HTMX)

    assert "By sea" in there.content.decode()
    assert "Regular" not in there.content.decode()
    assert "Nothing goes there" in nowhere.content.decode()
    assert shopper.get(address)["Location"] == DELIVERY


def test_the_review_leads_back_to_the_delivery_that_does_not_take_the_cart_any_more(shopper: Client) -> None:
    check_out(shopper)
    ShippingMethod.objects.get().zones.set([ShippingZoneFactory(name="Far", postcode_prefixes=["9"])])

    asked, pressed = shopper.get(REVIEW), shopper.post(REVIEW)

    assert (asked["Location"], pressed["Location"]) == (DELIVERY, DELIVERY)
    assert not Order.objects.exists()


# What was shown is what is ordered ------------------------------------------------------------------------------------


def test_pay_orders_the_total_that_the_page_showed(shopper: Client) -> None:
    CouponFactory(code="TAHAN10")
    enter(shopper, "TAHAN10")
    check_out(shopper)

    page = text_of(shopper.get(REVIEW))
    answer = shopper.post(REVIEW, {"total": "470000"})

    assert '<input type="hidden" name="total" value="470000">' in page
    assert answer.status_code == 303
    assert Order.objects.get().total_minor == 470_000


@pytest.mark.parametrize("seen", ["470000", "1"])
def test_pay_shows_the_review_again_when_the_total_changed_and_says_what(shopper: Client, seen: str) -> None:
    CouponFactory(code="TAHAN10", ends_at=timezone.now() + timedelta(hours=1))
    enter(shopper, "TAHAN10")
    check_out(shopper)
    Coupon.objects.update(ends_at=timezone.now())

    with nothing_changes():
        answer = shopper.post(REVIEW, {"total": seen})
    page = text_of(answer)

    assert answer.status_code == 409
    assert "The total changed" in page
    assert "The total is Rp 520.000 now" in page
    assert '<input type="hidden" name="total" value="520000">' in page
    assert shopper.post(REVIEW, {"total": "520000"}).status_code == 303


def test_the_order_page_shows_the_discount_and_the_tax(shopper: Client) -> None:
    CouponFactory(code="TAHAN10")
    enter(shopper, "TAHAN10")
    check_out(shopper)
    shopper.post(REVIEW, {"total": "470000"})
    order = Order.objects.get()

    page = text_of(shopper.get(reverse("orders:order", args=[order.pk])))

    assert "TAHAN10" in page
    assert "minus </span>Rp 50.000" in page
    # 450.000 × 11/111 + 20.000 × 11/111
    assert 'Includes PPN 11 %: <span class="nowrap">Rp 46.577</span>' in page


def test_added_tax_has_a_row_of_its_own(shopper: Client, settings: Any) -> None:
    settings.PRICES_INCLUDE_TAX = False
    check_out(shopper)

    page = text_of(shopper.get(REVIEW))

    assert "<dt>PPN 11 %</dt><dd>Rp 57.200</dd>" in page
    assert "Pay Rp 577.200" in page
    assert "Includes" not in page


@pytest.mark.parametrize("lines", [1, 3])
def test_a_coupon_costs_the_same_statements_at_any_length(
    client: Client, django_assert_num_queries: Any, lines: int
) -> None:
    CouponFactory(code="TAHAN10", total_limit=9, per_customer_limit=1)
    for _ in range(lines):
        add(client, on_sale())
    enter(client, "TAHAN10")
    check_out(client)

    # The coupon, what it is for, and the customer's uses; the order then counts one up and writes it down.
    with django_assert_num_queries(13):
        client.get(CART)
    with django_assert_num_queries(39):
        client.post(REVIEW)
