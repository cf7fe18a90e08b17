"""Coupons, deliveries and totals over the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import StockItem
from orders.models import Coupon, Order, ShippingMethod
from tests.api.conftest import API, DETAILS, add, as_guest_of, check_out, fields_of, key
from tests.books import nothing_changes
from tests.factories import CouponFactory, ShippingMethodFactory, ShippingZoneFactory

pytestmark = pytest.mark.usefixtures("shipping_method")

COUPON = f"{API}/cart/coupon"


def enter(client: APIClient, code: object) -> Any:
    return client.post(COUPON, {"coupon_code": code})


def test_the_cart_says_what_it_adds_up_to(member: APIClient, item: StockItem) -> None:
    assert member.get(f"{API}/cart").json()["totals"] is None

    totals = add(member, item, qty=2).json()["totals"]

    assert totals == {
        "subtotal": 500_000,
        "discount": 0,
        "coupon_code": "",
        "coupon_problem": None,
        "shipping_method": "",
        "shipping": None,
        "tax": 49_550,
        "tax_name": "PPN 11\u00a0%",
        "added_tax": 0,
        "total": 500_000,
        "total_money": {"amount": 500_000, "currency": "IDR", "formatted": "Rp\u00a0500.000"},
    }


def test_a_coupon_is_applied_and_removed(member: APIClient, item: StockItem) -> None:
    CouponFactory(code="TAHAN10")
    add(member, item, qty=2)

    applied, again, removed = enter(member, "tahan10"), enter(member, "TAHAN10"), member.delete(COUPON)

    assert [answer.status_code for answer in (applied, again, removed)] == [200, 200, 200]
    assert (applied.json()["totals"]["coupon_code"], applied.json()["totals"]["discount"]) == ("TAHAN10", 50_000)
    assert again.json()["totals"] == applied.json()["totals"]
    assert (removed.json()["totals"]["coupon_code"], removed.json()["totals"]["total"]) == ("", 500_000)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        (None, 422, "unknown_coupon"),
        ({"is_active": False}, 422, "coupon_over"),
        ({"starts_at": timezone.now() + timedelta(days=1)}, 422, "coupon_not_yet"),
        ({"minimum_minor": 290_000}, 422, "coupon_minimum"),
        ({"total_limit": 0}, 409, "coupon_used_up"),
    ],
)
def test_a_refused_coupon_names_the_field_and_changes_nothing(
    member: APIClient, item: StockItem, fields: dict[str, Any] | None, status: int, code: str
) -> None:
    if fields is not None:
        CouponFactory(code="SALE-1", **fields)
    cart = add(member, item).json()

    with nothing_changes():
        answer = enter(member, "SALE-1")
    at_checkout = check_out(member, cart["id"], {**DETAILS, "coupon_code": "SALE-1"})

    assert (answer.status_code, answer.json()["code"], fields_of(answer)) == (status, code, ["coupon_code"])
    assert (at_checkout.status_code, at_checkout.json()["code"]) == (status, code)
    assert not Order.objects.exists()


def test_the_facts_of_a_refusal_are_for_programs(member: APIClient, item: StockItem) -> None:
    CouponFactory(code="HEMAT50", minimum_minor=290_000)
    add(member, item)

    answer = enter(member, "HEMAT50").json()

    assert answer["facts"] == {
        "coupon": "HEMAT50",
        "minimum_minor": 290_000,
        "missing_minor": 40_000,
        "currency": "IDR",
        "scope": [],
    }
    assert "Add Rp\u00a040.000 more." in answer["detail"]


@pytest.mark.parametrize("body", [{}, {"coupon_code": ""}, {"coupon_code": None}, {"coupon_code": "A" * 33}])
def test_a_coupon_needs_a_code_and_a_cart(member: APIClient, item: StockItem, body: dict[str, Any]) -> None:
    assert (enter(member, "X").status_code, member.delete(COUPON).status_code) == (404, 404)
    add(member, item)

    with nothing_changes():
        answer = member.post(COUPON, body)

    assert (answer.status_code, fields_of(answer)) == (422, ["coupon_code"])


def test_a_guest_uses_a_coupon_at_the_checkout(guest: APIClient, item: StockItem) -> None:
    CouponFactory(code="TAHAN10")
    cart = add(guest, item, qty=2).json()
    buyer = as_guest_of(cart)

    order = check_out(buyer, cart["id"], {**DETAILS, "coupon_code": "tahan10", "expected_total": 470_000}).json()

    assert {name: order[name] for name in ("subtotal", "discount", "shipping", "total", "coupon_code")} == {
        "subtotal": 500_000,
        "discount": 50_000,
        "shipping": 20_000,
        "total": 470_000,
        "coupon_code": "TAHAN10",
    }
    line = order["items"][0]
    assert (line["total"], line["discount"], line["tax_rate_bp"], line["charged"]) == (500_000, 50_000, 1_100, 450_000)
    assert (line["tax"], order["shipping_tax"], order["tax"], order["added_tax"]) == (44_595, 1_982, 46_577, 0)


def test_an_empty_code_at_the_checkout_goes_on_without(member: APIClient, item: StockItem) -> None:
    CouponFactory(code="TAHAN10")
    cart = add(member, item).json()
    enter(member, "TAHAN10")

    order = check_out(member, cart["id"], {**DETAILS, "coupon_code": ""}).json()

    assert (order["coupon_code"], order["total"]) == ("", 270_000)


def test_another_total_than_the_one_shown_is_a_conflict(member: APIClient, item: StockItem) -> None:
    CouponFactory(code="TAHAN10")
    cart = add(member, item).json()
    enter(member, "TAHAN10")
    Coupon.objects.update(is_active=False)

    intent = key()
    answer = check_out(member, cart["id"], {**DETAILS, "expected_total": 245_000}, **intent)
    again = check_out(member, cart["id"], {**DETAILS, "expected_total": 270_000}, **key())

    problem = answer.json()
    assert (answer.status_code, problem["code"], fields_of(answer)) == (409, "total_changed", ["expected_total"])
    assert (problem["facts"]["expected_minor"], problem["facts"]["total_minor"]) == (245_000, 270_000)
    assert problem["detail"].startswith("TAHAN10 does not count any more.")
    assert (again.status_code, again.json()["total"]) == (201, 270_000)


@pytest.mark.parametrize("total", [0, -1, "many", True, 10**16])
def test_an_expected_total_is_a_whole_number(member: APIClient, item: StockItem, total: object) -> None:
    cart = add(member, item).json()

    with nothing_changes():
        answer = check_out(member, cart["id"], {**DETAILS, "expected_total": total})

    assert (answer.status_code, fields_of(answer)) == (422, ["expected_total"])


def zoned() -> None:
    ShippingMethod.objects.get(code="regular").zones.set([ShippingZoneFactory()])
    by_sea = ShippingMethodFactory(
        code="sea", name="By sea", kind="BY_WEIGHT", weight_steps=[[1_000, 40_000], [2_000, 70_000]], position=1
    )
    by_sea.zones.set([ShippingZoneFactory(name="Elsewhere", postcode_prefixes=["9"])])


def test_checkout_options_depend_on_the_cart_and_where_it_goes(member: APIClient, item: StockItem) -> None:
    zoned()
    item.variant.product.weight_grams = 600
    item.variant.product.save(update_fields=["weight_grams"])

    def ways(**query: str) -> dict[str, int]:
        answer = member.get(f"{API}/checkout-options", query)
        return {each["code"]: each["price"] for each in answer.json()["shipping_methods"]}

    assert ways() == {"regular": 20_000, "sea": 40_000}
    add(member, item, qty=2)
    assert ways(postal_code="12190") == {"regular": 20_000}
    assert ways(postal_code="98123") == {"sea": 70_000}
    assert ways(postal_code="80361") == {}
    assert ways(postal_code="98123", country="SG") == {}
    add(member, item, qty=2)
    assert ways(postal_code="98123") == {}
    assert fields_of(member.get(f"{API}/checkout-options", {"country": "Indonesia"})) == ["country"]


def test_a_delivery_that_does_not_go_there_is_refused_with_what_to_do(member: APIClient, item: StockItem) -> None:
    zoned()
    cart = add(member, item).json()

    wrong = check_out(member, cart["id"], {**DETAILS, "postal_code": "98123"})
    nowhere = check_out(member, cart["id"], {**DETAILS, "postal_code": "80361"})
    right = check_out(member, cart["id"], {**DETAILS, "postal_code": "98123", "shipping_method": "sea"})

    assert (wrong.status_code, fields_of(wrong)) == (422, ["shipping_method"])
    assert "Regular does not deliver" in wrong.json()["detail"]
    assert (nowhere.status_code, fields_of(nowhere)) == (422, ["postal_code"])
    assert (right.status_code, right.json()["shipping"]) == (201, 40_000)


def test_a_method_that_was_sent_before_is_judged_by_the_order(member: APIClient, item: StockItem) -> None:
    zoned()
    cart = add(member, item).json()
    check_out(member, cart["id"], {"shipping_method": "sea"})

    answer = check_out(
        member, cart["id"], {name: value for name, value in DETAILS.items() if name != "shipping_method"}
    )

    assert (answer.status_code, answer.json()["code"], fields_of(answer)) == (422, "not_delivered", ["shipping_method"])
    assert answer.json()["facts"]["method"] == "By sea"
