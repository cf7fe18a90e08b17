"""Coupons, tax rates, zones and methods: what staff may type, and what is said where it cannot be."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from orders import services
from orders.admin.coupon import CouponForm
from orders.models import Coupon, CouponUse, ShippingMethod, ShippingZone, TaxRate
from tests.books import nothing_changes
from tests.factories import (
    ACTOR,
    NOW,
    CouponFactory,
    ShippingMethodFactory,
    ShippingZoneFactory,
    StockItemFactory,
    guest_cart,
    placed_order,
)

pytestmark = pytest.mark.django_db

COUPON = {
    "code": "tahan10",
    "note": "",
    "is_active": "on",
    "kind": "PERCENT",
    "value": 10,
    "currency": "IDR",
    "minimum_minor": 0,
    "starts_at_0": "",
    "starts_at_1": "",
    "ends_at_0": "",
    "ends_at_1": "",
    "total_limit": "",
    "per_customer_limit": "",
}
METHOD = {
    "name": "By sea",
    "code": "by-sea",
    "description": "",
    "is_active": "on",
    "position": 0,
    "kind": "FLAT",
    "price_minor": 20_000,
    "currency": "IDR",
    "weight_steps": "",
    "free_above_minor": "",
    "tax_class": "STANDARD",
    "min_days": 1,
    "max_days": 3,
}
STEP = 'Write one step a line, up to so many grams and the price: "1000: 12000".'
ZONE = {"name": "Bali", "countries": "id", "postcode_prefixes": "80\n81"}
RATE = {"tax_class": "STANDARD", "country": "sg", "rate_bp": "8.25", "valid_from": "2027-01-01"}


def address(model: str, page: str, *args: Any) -> str:
    return reverse(f"admin:orders_{model}_{page}", args=args)


def errors(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


# Coupons --------------------------------------------------------------------------------------------------------------


def test_a_coupon_is_added_in_capitals_and_its_changes_are_kept(boss_client: Client) -> None:
    added = boss_client.post(address("coupon", "add"), COUPON)
    coupon = Coupon.objects.get()
    boss_client.post(address("coupon", "change", coupon.pk), {**COUPON, "code": "TAHAN10", "value": 15})

    assert added.status_code == 302
    coupon.refresh_from_db()
    assert (coupon.code, coupon.value) == ("TAHAN10", 15)
    assert [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")] == ["Added.", "Changed Value."]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"value": 0}, "value", "Enter whole per cent from 1 to 100."),
        ({"value": 101}, "value", "Enter whole per cent from 1 to 100."),
        ({"kind": "AMOUNT", "value": 0}, "value", "Enter an amount above 0, in the currency's smallest unit."),
        ({"kind": "FREE_SHIPPING", "value": 5}, "value", "Free delivery has no value. Enter 0."),
        ({"minimum_minor": -1}, "minimum_minor", "Enter 0 or more."),
        ({"currency": "EUR"}, "currency", "The shop sells in one of: IDR, USD."),
        ({"per_customer_limit": 0}, "per_customer_limit", "Enter 1 or more, or leave it empty."),
        ({"code": "a b"}, "code", "Use 3 to 32 capital letters, digits and hyphens: TAHAN10."),
        (
            {"starts_at_0": "2026-12-12", "starts_at_1": "10:00", "ends_at_0": "2026-12-12", "ends_at_1": "10:00"},
            "ends_at",
            "It ends after it starts.",
        ),
    ],
)
def test_a_coupon_that_cannot_be_is_refused_at_its_field(
    boss_client: Client, changes: dict[str, Any], field: str, words: str
) -> None:
    with nothing_changes():
        answer = boss_client.post(address("coupon", "add"), {**COUPON, **changes})

    assert errors(answer)[field][0] == words


def test_a_code_that_is_taken_is_refused_in_any_case(boss_client: Client) -> None:
    CouponFactory(code="TAHAN10")

    with nothing_changes():
        answer = boss_client.post(address("coupon", "add"), COUPON)

    assert errors(answer)["code"] == ["Coupon with this Code already exists."]


def test_a_used_coupon_keeps_its_code_and_its_limit_covers_the_uses(boss_client: Client) -> None:
    coupon = CouponFactory(code="TAHAN10", used=3, total_limit=5)
    page = address("coupon", "change", coupon.pk)

    with nothing_changes():
        low = boss_client.post(page, {**COUPON, "total_limit": 2})
    renamed = boss_client.post(page, {**COUPON, "code": "OTHER", "total_limit": 3, "used": 0})

    assert errors(low)["total_limit"][0] == "3 orders use it. Enter 3 or more."
    coupon.refresh_from_db()
    assert (renamed.status_code, coupon.code, coupon.total_limit, coupon.used) == (302, "TAHAN10", 3, 3)


def test_uses_counted_while_a_coupon_is_edited_stay_counted(boss_client: Client, monkeypatch: Any) -> None:
    coupon = CouponFactory(code="TAHAN10", used=3, total_limit=5)
    check = CouponForm.clean

    def meanwhile(form: CouponForm) -> dict[str, Any]:
        Coupon.objects.filter(pk=coupon.pk).update(used=4)
        return check(form)

    monkeypatch.setattr(CouponForm, "clean", meanwhile)
    boss_client.post(address("coupon", "change", coupon.pk), {**COUPON, "total_limit": 5, "note": "December"})

    coupon.refresh_from_db()
    assert (coupon.note, coupon.used) == ("December", 4)


def test_a_coupon_is_given_the_shelves_and_products_that_it_is_for(boss_client: Client) -> None:
    product = StockItemFactory().variant.product
    typed = {**COUPON, "categories": [product.category_id], "products": [product.pk]}

    boss_client.post(address("coupon", "add"), typed)

    coupon = Coupon.objects.get()
    assert coupon.scope() == [product.category.name, product.name]
    assert product.name in boss_client.get(address("coupon", "change", coupon.pk)).content.decode()


def test_a_coupon_is_never_deleted(boss_client: Client) -> None:
    coupon = CouponFactory()

    answer = boss_client.post(address("coupon", "delete", coupon.pk), {"post": "yes"}, follow=True)

    assert "Untick Is active" in answer.content.decode()
    assert Coupon.objects.exists()


def used_by(coupon: Coupon, *, times: int) -> None:
    for number in range(times):
        CouponUse.objects.create(coupon=coupon, order=placed_order(), email=f"{number}@example.com", used_at=NOW)


@pytest.mark.parametrize("count", [1, 3])
def test_the_lists_cost_the_same_at_any_length(boss_client: Client, django_assert_num_queries: Any, count: int) -> None:
    coupons = [CouponFactory() for _ in range(count)]
    used_by(coupons[0], times=count)
    for number in range(count):
        zone = ShippingZoneFactory(name=f"Zone {number}")
        ShippingMethodFactory(code=f"way-{number}").zones.set([zone])
        TaxRate.objects.create(country="SG", rate_bp=900, valid_from=date(2024, 1, 1 + number))

    for model, queries in [("coupon", 3), ("couponuse", 3), ("taxrate", 4), ("shippingzone", 4), ("shippingmethod", 5)]:
        boss_client.get(address(model, "changelist"))
        with django_assert_num_queries(queries):
            assert boss_client.get(address(model, "changelist")).status_code == 200


def test_the_uses_of_a_coupon_are_found_from_its_page_and_are_read_only(boss_client: Client) -> None:
    coupon = CouponFactory(code="TAHAN10")
    used_by(coupon, times=2)
    use = CouponUse.objects.first()
    assert use is not None

    page = boss_client.get(address("coupon", "change", coupon.pk)).content.decode()
    uses = boss_client.get(address("couponuse", "changelist"), {"q": "TAHAN10"})

    assert f"{address('couponuse', 'changelist')}?q=TAHAN10" in page
    assert uses.context["cl"].result_count == 2
    assert boss_client.get(address("couponuse", "change", use.pk)).status_code == 200
    assert boss_client.post(address("couponuse", "change", use.pk), {"email": "x"}).status_code == 403
    assert boss_client.get(address("couponuse", "add")).status_code == 403


def test_the_order_page_adds_up_to_its_total_and_leads_to_the_use(boss_client: Client) -> None:
    coupon = CouponFactory(code="TAHAN10")
    cart = guest_cart(lines={StockItemFactory().variant: 2})
    services.save_checkout(cart_id=cart.pk, coupon_code=coupon.code)
    order = services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=NOW, actor=ACTOR)

    page = boss_client.get(address("order", "change", order.pk)).content.decode().replace("\u00a0", " ")

    for words in ["TAHAN10", "−Rp 50.000", "Rp 20.000", "Rp 470.000", "Includes PPN 11 %", "Rp 46.577"]:
        assert words in page
    assert f"{address('couponuse', 'changelist')}?q={order.number}" in page


# Tax ------------------------------------------------------------------------------------------------------------------


def test_a_rate_is_typed_in_per_cent(boss_client: Client) -> None:
    boss_client.post(address("taxrate", "add"), RATE)

    rate = TaxRate.objects.get(country="SG")
    assert (rate.rate_bp, rate.valid_from) == (825, date(2027, 1, 1))
    page = boss_client.get(address("taxrate", "change", rate.pk)).content.decode()
    assert 'value="8.25"' in page
    assert "8.25\u00a0%" in boss_client.get(address("taxrate", "changelist")).content.decode()
    ppn = TaxRate.objects.get(country="ID", rate_bp=1_100)
    assert 'value="11"' in boss_client.get(address("taxrate", "change", ppn.pk)).content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"rate_bp": "101"}, "rate_bp", "Ensure this value is less than or equal to 100."),
        ({"rate_bp": "-1"}, "rate_bp", "Ensure this value is greater than or equal to 0."),
        ({"rate_bp": "8.255"}, "rate_bp", "Ensure that there are no more than 2 decimal places."),
        ({"rate_bp": ""}, "rate_bp", "This field is required."),
        ({"country": "1x"}, "country", "Write countries as two capital letters, one a line: ID."),
        (
            {"country": "ID", "valid_from": "2022-04-01"},
            "__all__",
            "There is a rate of this class for this country from this day already.",
        ),
    ],
)
def test_a_rate_that_cannot_be_is_refused_at_its_field(
    boss_client: Client, changes: dict[str, Any], field: str, words: str
) -> None:
    with nothing_changes():
        answer = boss_client.post(address("taxrate", "add"), {**RATE, **changes})

    assert errors(answer)[field][0] == words


# Delivery -------------------------------------------------------------------------------------------------------------


def test_a_zone_and_a_method_by_weight_are_typed_as_lines(boss_client: Client) -> None:
    boss_client.post(address("shippingzone", "add"), ZONE)
    zone = ShippingZone.objects.get()
    typed = {**METHOD, "kind": "BY_WEIGHT", "weight_steps": "1000: 32000\n\n5000 : 90000\n", "zones": [zone.pk]}
    boss_client.post(address("shippingmethod", "add"), typed)

    method = ShippingMethod.objects.get()
    assert (zone.countries, zone.postcode_prefixes) == (["ID"], ["80", "81"])
    assert (method.weight_steps, list(method.zones.all())) == ([[1000, 32_000], [5000, 90_000]], [zone])
    page = boss_client.get(address("shippingmethod", "change", method.pk)).content.decode()
    assert "1000: 32000\n5000: 90000" in page
    assert (
        "Rp\u00a032.000 to Rp\u00a090.000" in boss_client.get(address("shippingmethod", "changelist")).content.decode()
    )
    listed = boss_client.get(address("shippingzone", "changelist")).content.decode()
    assert "ID: 80…, 81…" in listed
    assert "By sea" in listed


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"kind": "BY_WEIGHT"}, "weight_steps", "A price by weight needs at least one step."),
        (
            {"weight_steps": "heavy: 5"},
            "weight_steps",
            STEP,
        ),
        (
            {"weight_steps": "1000"},
            "weight_steps",
            STEP,
        ),
        ({"weight_steps": "2000: 5\n1000: 6"}, "weight_steps", "Each step is for more grams than the one above it."),
        ({"price_minor": -1}, "price_minor", "Enter 0 or more."),
        ({"free_above_minor": -5}, "free_above_minor", "Enter an amount above 0, or leave it empty."),
        ({"currency": "EUR"}, "currency", "The shop sells in one of: IDR, USD."),
        ({"min_days": 4}, "max_days", "It takes at least as many days as the fewest."),
    ],
)
def test_a_method_that_cannot_be_is_refused_at_its_field(
    boss_client: Client, changes: dict[str, Any], field: str, words: str
) -> None:
    with nothing_changes():
        answer = boss_client.post(address("shippingmethod", "add"), {**METHOD, **changes})

    assert errors(answer)[field][0] == words


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"countries": "Indonesia"}, "countries"), ({"postcode_prefixes": "4%"}, "postcode_prefixes")],
)
def test_a_zone_that_cannot_be_is_refused_at_its_field(
    boss_client: Client, changes: dict[str, Any], field: str
) -> None:
    with nothing_changes():
        answer = boss_client.post(address("shippingzone", "add"), {**ZONE, **changes})

    assert list(errors(answer)) == [field]


def test_a_zone_is_never_deleted_because_its_methods_would_go_everywhere(boss_client: Client) -> None:
    zone = ShippingZoneFactory()

    answer = boss_client.post(address("shippingzone", "delete", zone.pk), {"post": "yes"}, follow=True)

    assert "would go everywhere" in answer.content.decode()
    assert ShippingZone.objects.exists()


# Rights ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["coupon", "taxrate", "shippingzone", "shippingmethod"])
def test_who_may_look_may_not_change(staff_client: Callable[..., Client], model: str) -> None:
    viewer, stranger = staff_client(f"view_{model}"), staff_client("view_order")

    assert viewer.get(address(model, "changelist")).status_code == 200
    assert viewer.get(address(model, "add")).status_code == 403
    assert viewer.post(address(model, "add"), COUPON).status_code == 403
    assert stranger.get(address(model, "changelist")).status_code == 403
    assert not Coupon.objects.exists()
