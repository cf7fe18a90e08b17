"""Amounts as staff type them, limits that no door passes, and pages that ask only what can be done."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.forms import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders import services
from orders.admin.fields import AmountField
from orders.models import Coupon, Order, OrderStatus, Payment, Refund, ShippingMethod
from shop.models import Product, Variant
from shop.money import MAX_MINOR
from tests.admin.orders import order
from tests.books import nothing_changes
from tests.factories import CategoryFactory, CouponFactory, ShippingMethodFactory, VariantFactory, report


def page(name: str, placed: Order) -> str:
    return reverse(f"admin:orders_order_{name}", args=[placed.pk])


def level(answer: Any) -> list[str]:
    return [message.level_tag for message in answer.context["messages"]]


@pytest.mark.parametrize(
    ("currency", "typed", "minor"),
    [
        ("IDR", "100000", 100_000),
        ("IDR", "100.000", 100_000),
        ("IDR", "100,000", 100_000),
        ("IDR", "Rp 1.250.000", 1_250_000),
        ("IDR", "1,250,000", 1_250_000),
        ("USD", "1250", 125_000),
        ("USD", "12.5", 1_250),
        ("USD", "12,50", 1_250),
        ("USD", "$1,250.75", 125_075),
        ("USD", "1.250,75", 125_075),
    ],
)
def test_amounts_are_read_as_they_are_written(currency: str, typed: str, minor: int) -> None:
    assert AmountField(currency=currency).clean(typed) == minor


@pytest.mark.parametrize(
    ("currency", "typed"),
    [
        *(("IDR", each) for each in ("", "0", "-5", "100.00", "1.5", "10,50", "1.000,50", "1.00.000", "ten", "1e5")),
        *(("IDR", each) for each in ("1.000,000", "\u0661\u0662", "9" * 30, "Rp", ".500", "100.")),
        *(("USD", each) for each in ("1.2.3", "1,2,34", "12.345.6,7,8", "1.25.75", "0.00")),
    ],
)
def test_amounts_that_can_be_read_in_two_ways_or_none_are_refused(currency: str, typed: str) -> None:
    with pytest.raises(ValidationError):
        AmountField(currency=currency).clean(typed)


@pytest.mark.django_db
def test_a_refund_above_what_is_left_is_refused_before_it_is_shown(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)

    with nothing_changes():
        answer = boss_client.post(page("refund", placed), {"amount": "9.999.999", "reason": "All of it"})

    assert "can still go back. Enter that or less." in str(answer.context["form"].errors["amount"])
    assert answer.context["preview"] == []
    # What was typed is still there.
    assert "All of it" in answer.content.decode()


@pytest.mark.django_db
def test_a_refund_page_with_nothing_left_leads_back_and_is_not_offered(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    services.repay(order_id=placed.pk, amount_minor=placed.total_minor, reason="All", now=timezone.now(), actor="boss")

    answer = boss_client.get(page("refund", placed), follow=True)

    assert level(answer) == ["error"]
    assert page("refund", placed) not in answer.content.decode()


@pytest.mark.django_db
def test_pages_of_parcels_do_not_open_for_an_order_that_is_held_back(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    parcel = services.pack(order_id=placed.pk, units={placed.lines.get().pk: 1}, now=timezone.now(), actor="boss")
    report(Payment.objects.get(), kind="payment.charged_back", now=timezone.now())

    addresses = [page("pack", placed), page("send", placed), page("refund", placed)]
    addresses.append(reverse("admin:orders_shipment_ship", args=[parcel.pk]))
    with nothing_changes():
        answers = [boss_client.get(address, follow=True) for address in addresses]

    assert [level(answer) for answer in answers] == [["error"]] * 4
    assert [answer.redirect_chain[0][0] for answer in answers] == [page("change", placed)] * 4


@pytest.mark.django_db
def test_a_refused_act_keeps_what_was_typed(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    form = {f"units-{placed.lines.get().pk}": 1, "restock": "no", "reason": "Broken in the rain"}
    shown = boss_client.post(page("cancel", placed), form)
    services.cancel_for_customer(order_id=placed.pk, now=timezone.now(), actor="guest")

    answer = boss_client.post(page("settle", placed), {"remark": "   "})

    assert shown.context["preview"] != []
    assert answer.status_code == 200


@pytest.mark.django_db
def test_the_refund_of_a_return_says_how_much(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    now = timezone.now()
    services.fulfil_order(order_id=placed.pk, now=now, actor="boss")
    asked = services.request_return(
        order_id=placed.pk, units={placed.lines.get().pk: 1}, reason="OTHER", remark="", now=now, actor="guest"
    )
    services.decide_return(return_id=asked.pk, approve=True, answer="", now=now, actor="boss")
    receipts = {asked.lines.get().pk: services.Receipt(restocked=1)}
    services.receive_return(return_id=asked.pk, receipts=receipts, now=now, actor="boss")

    shown = boss_client.get(reverse("admin:orders_returnrequest_refund", args=[asked.pk])).content.decode()

    assert "Send Rp\u00a0250.000 back" in shown
    assert Refund.objects.count() == 0


# The catalogue --------------------------------------------------------------------------------------------------------


def product_form(**changes: Any) -> dict[str, Any]:
    management = {
        f"{prefix}-{name}": value
        for prefix in ("variants", "images")
        for name, value in (("TOTAL_FORMS", 0), ("INITIAL_FORMS", 0), ("MIN_NUM_FORMS", 0), ("MAX_NUM_FORMS", 1000))
    }
    product = {"name": "Cup", "slug": "cup", "weight_grams": 100, "tax_class": "STANDARD"}
    return {**management, **product, **changes}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("category", "not-a-key"),
        ("category", ""),
        ("facts", "Steel\x00"),
        ("option_names", "Col\x00our"),
        ("weight_grams", 1_000_001),
        ("weight_grams", -1),
    ],
)
def test_what_a_product_cannot_have_is_said_at_its_field(boss_client: Client, field: str, typed: Any) -> None:
    category = CategoryFactory()

    answer = boss_client.post(
        reverse("admin:shop_product_add"), product_form(**{"category": str(category.pk), field: typed})
    )

    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert Product.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("price", [MAX_MINOR + 1, 2**63, 10**30, 0])
def test_an_absurd_price_is_said_at_its_field(boss_client: Client, price: int) -> None:
    variant = VariantFactory()
    address = reverse("admin:shop_product_change", args=[variant.product_id])
    form = product_form(category=str(variant.product.category_id)) | {
        "variants-TOTAL_FORMS": 1,
        "variants-INITIAL_FORMS": 1,
        "variants-0-id": str(variant.pk),
        "variants-0-product": str(variant.product_id),
        "variants-0-price_minor": price,
        "variants-0-currency": "IDR",
        "variants-0-position": 0,
        "variants-0-options": "",
    }

    answer = boss_client.post(address, form)

    assert answer.status_code == 200
    [inline] = [each for each in answer.context["inline_admin_formsets"] if each.formset.prefix == "variants"]
    assert list(inline.formset.errors[0]) == ["price_minor"]
    variant.refresh_from_db()
    assert variant.price_minor == 250_000


@pytest.mark.django_db
def test_the_database_takes_no_absurd_amount_either() -> None:
    variant, coupon, method = VariantFactory(), CouponFactory(kind="AMOUNT", value=1), ShippingMethodFactory()

    for model, row, column in (
        (Variant, variant, "price_minor"),
        (Coupon, coupon, "value"),
        (Coupon, coupon, "minimum_minor"),
        (ShippingMethod, method, "price_minor"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            model._default_manager.filter(pk=row.pk).update(**{column: MAX_MINOR + 1})


@pytest.mark.django_db
def test_a_return_before_anything_was_sent_is_too_early_and_not_too_late() -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    ask = {"units": {placed.lines.get().pk: 1}, "reason": "OTHER", "remark": "", "actor": "guest"}

    with nothing_changes(), pytest.raises(services.ReturnTooEarly):
        services.request_return(order_id=placed.pk, now=timezone.now(), **ask)
    services.fulfil_order(order_id=placed.pk, now=timezone.now(), actor="boss")
    with nothing_changes(), pytest.raises(services.ReturnTooLate):
        services.request_return(order_id=placed.pk, now=timezone.now() + timedelta(days=400), **ask)
