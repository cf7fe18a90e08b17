"""Checkout, orders and payments over the API: one cart is one order, whoever repeats what."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import User
from inventory.models import StockItem
from orders import services
from orders.models import Checkout, Order, OrderLine, Payment
from tests.api.conftest import API, DETAILS, add, as_guest_of, check_out, event, fields_of, key, report
from tests.books import counters, laws_hold, nothing_changes
from tests.factories import ShippingMethodFactory, StockItemFactory, UserFactory

pytestmark = pytest.mark.usefixtures("shipping_method")


def test_checkout_places_the_order_and_starts_the_payment(member: APIClient, user: User, item: StockItem) -> None:
    cart = add(member, item, qty=2).json()

    with laws_hold():
        answer = check_out(member, cart["id"])

    order = answer.json()
    assert answer.status_code == 201
    assert (order["subtotal"], order["shipping"], order["total"]) == (500_000, 20_000, 520_000)
    assert (order["email"], order["phone"], order["country"]) == ("maya@example.com", "+6281234567890", "ID")
    assert [(line["sku"], line["qty"], line["total"]) for line in order["items"]] == [(item.sku, 2, 500_000)]
    payment = Payment.objects.get(order=order["id"])
    assert (order["payment"]["id"], order["payment"]["redirect_url"]) == (
        str(payment.pk),
        f"http://testserver{payment.redirect_url}",
    )
    assert "/sandbox/pay/" in order["payment"]["redirect_url"]
    assert Order.objects.get(pk=order["id"]).user == user
    assert member.get(f"{API}/cart").json()["id"] is None
    assert counters(item) == (5, 2, 0)


def test_guest_checks_out_and_follows_the_order(guest: APIClient, item: StockItem) -> None:
    cart = add(guest, item).json()
    buyer = as_guest_of(cart)

    order = check_out(buyer, cart["id"]).json()
    shown = buyer.get(f"{API}/orders/{order['id']}")
    payment = buyer.get(f"{API}/payments/{order['payment']['id']}")

    assert (shown.status_code, shown.json()["number"]) == (200, order["number"])
    assert (payment.status_code, payment.json()["status"]) == (200, "PENDING")


def test_checkout_uses_what_was_sent_before(guest: APIClient, item: StockItem) -> None:
    cart = add(guest, item).json()
    buyer = as_guest_of(cart)
    some = {"email": DETAILS["email"], "name": DETAILS["name"]}

    incomplete = check_out(buyer, cart["id"], some)
    rest = {name: value for name, value in DETAILS.items() if name not in some}
    placed = check_out(buyer, cart["id"], rest)

    assert (incomplete.status_code, incomplete.json()["code"]) == (422, "checkout_incomplete")
    assert fields_of(incomplete) == ["phone", "address", "city", "postal_code", "shipping_method", "gateway"]
    assert (placed.status_code, placed.json()["email"]) == (201, DETAILS["email"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not an address"),
        ("email", None),
        ("phone", "12"),
        ("postal_code", "ABC"),
        ("shipping_method", "by-balloon"),
        ("gateway", "barter"),
        ("name", ""),
        ("address", "x" * 201),
        ("city", "\x00"),
        ("city", ["Jakarta"]),
    ],
)
def test_checkout_refuses_a_bad_detail(member: APIClient, item: StockItem, field: str, value: Any) -> None:
    cart = add(member, item).json()

    with nothing_changes():
        answer = check_out(member, cart["id"], DETAILS | {field: value})

    assert (answer.status_code, fields_of(answer)) == (422, [field])


def test_checkout_of_an_empty_cart_is_refused(member: APIClient, item: StockItem) -> None:
    cart = add(member, item).json()
    member.delete(f"{API}/cart")

    answer = check_out(member, cart["id"])

    assert (answer.status_code, answer.json()["code"]) == (422, "cart_empty")
    assert Order.objects.count() == 0


def test_checkout_after_the_hold_keeps_the_details(member: APIClient, item: StockItem) -> None:
    cart = add(member, item).json()

    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        answer = check_out(member, cart["id"])

    assert (answer.status_code, answer.json()["code"]) == (409, "holds_ended")
    assert answer.json()["facts"]["line_ids"] == [cart["items"][0]["id"]]
    assert Checkout.objects.get(cart=cart["id"]).city == "Jakarta"
    assert (Order.objects.count(), Payment.objects.count()) == (0, 0)


def test_carts_of_others_cannot_be_checked_out(
    member: APIClient, guest: APIClient, sign_in: Any, item: StockItem
) -> None:
    carts = [add(client, item).json() for client in (guest, sign_in(UserFactory(able_to_log_in=True)))]
    add(member, item)

    with nothing_changes():
        answers = [
            check_out(client, cart_id)
            for client in (member, APIClient())
            for cart_id in (*(cart["id"] for cart in carts), uuid4(), "nonsense")
        ]

    assert [answer.status_code for answer in answers] == [404] * 8


@pytest.mark.parametrize("intent", [key("one-and-the-same-intent"), {}])
def test_checkout_twice_is_one_order_and_one_attempt(
    member: APIClient, item: StockItem, intent: dict[str, str]
) -> None:
    cart = add(member, item).json()

    answers = [check_out(member, cart["id"], **intent) for _ in range(3)]

    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert {answer.json()["payment"]["id"] for answer in answers} == {answers[0].json()["payment"]["id"]}
    assert [answer.status_code for answer in answers] == ([201, 201, 201] if intent else [201, 200, 200])
    assert ["Idempotent-Replayed" in answer.headers for answer in answers] == [False, bool(intent), bool(intent)]
    assert (Order.objects.count(), Payment.objects.count()) == (1, 1)


def test_guest_repeats_a_checkout(guest: APIClient, item: StockItem) -> None:
    cart = add(guest, item).json()
    buyer = as_guest_of(cart)

    first, second = (check_out(buyer, cart["id"]) for _ in range(2))

    assert first.json()["id"] == second.json()["id"]


def test_checkout_key_with_another_body_is_refused(member: APIClient, item: StockItem) -> None:
    cart = add(member, item).json()
    intent = key()
    check_out(member, cart["id"], **intent)

    with nothing_changes():
        answer = check_out(member, cart["id"], DETAILS | {"city": "Bandung"}, **intent)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_checkout_options_name_what_checkout_takes(guest: APIClient) -> None:
    options = guest.get(f"{API}/checkout-options").json()

    assert [(method["code"], method["price"]) for method in options["shipping_methods"]] == [("regular", 20_000)]
    assert [gateway["name"] for gateway in options["gateways"]] == ["sandbox"]


def test_order_is_found_by_number_and_email(guest: APIClient, item: StockItem) -> None:
    cart = add(guest, item).json()
    order = check_out(as_guest_of(cart), cart["id"]).json()

    found = guest.post(f"{API}/orders/find", {"number": order["number"].lower(), "email": "MAYA@example.com"})
    wrong = [
        guest.post(f"{API}/orders/find", body)
        for body in (
            {"number": order["number"], "email": "else@example.com"},
            {"number": "T-0000-0000", "email": DETAILS["email"]},
        )
    ]

    assert (found.status_code, found.json()["id"]) == (200, order["id"])
    assert as_guest_of(found.json()).get(f"{API}/orders/{order['id']}").status_code == 200
    assert [answer.status_code for answer in wrong] == [404, 404]


def test_finding_a_members_order_gives_no_key_to_it(member: APIClient, guest: APIClient, item: StockItem) -> None:
    order = check_out(member, add(member, item).json()["id"]).json()

    found = guest.post(f"{API}/orders/find", {"number": order["number"], "email": order["email"]})

    assert (found.status_code, found.json()["cart_token"]) == (200, None)


def test_find_order_by_get_is_not_a_route(guest: APIClient) -> None:
    assert guest.get(f"{API}/orders/find").status_code == 405


def test_cancel_gives_the_units_back(member: APIClient, item: StockItem) -> None:
    order = check_out(member, add(member, item).json()["id"]).json()

    with laws_hold():
        answers = [member.post(f"{API}/orders/{order['id']}/cancel") for _ in range(2)]

    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "CANCELLED")] * 2
    assert counters(item) == (5, 0, 0)


def test_paid_order_is_cancelled_with_its_money_until_it_is_packed(member: APIClient, item: StockItem) -> None:
    orders = [check_out(member, add(member, item).json()["id"]).json() for _ in range(2)]
    for order in orders:
        payment = Payment.objects.get(order=order["id"])
        report(payment.pk, event(payment, id=f"evt_{payment.pk.hex}"))
    packed = OrderLine.objects.get(order=orders[1]["id"])
    services.pack(order_id=packed.order_id, units={packed.pk: 1}, now=timezone.now(), actor="boss")

    cancelled = member.post(f"{API}/orders/{orders[0]['id']}/cancel").json()
    with nothing_changes():
        answer = member.post(f"{API}/orders/{orders[1]['id']}/cancel")

    assert (cancelled["status"], cancelled["items"][0]["cancelled"]) == ("CANCELLED", cancelled["items"][0]["qty"])
    assert [refund["amount"] for refund in cancelled["payments"][0]["refunds"]] == [cancelled["total"]]
    assert (answer.status_code, answer.json()["code"]) == (409, "order_not_cancellable")


def test_orders_of_others_do_not_exist(member: APIClient, guest: APIClient, sign_in: Any, item: StockItem) -> None:
    orders = [
        check_out(client, add(client, item).json()["id"]).json()
        for client in (sign_in(UserFactory(able_to_log_in=True)), sign_in(UserFactory(able_to_log_in=True)))
    ]
    stranger = as_guest_of(add(guest, item).json())

    with nothing_changes():
        answers = [
            answer
            for client in (member, stranger)
            for order in orders
            for answer in (
                client.get(f"{API}/orders/{order['id']}"),
                client.post(f"{API}/orders/{order['id']}/cancel"),
                client.post(f"{API}/orders/{order['id']}/payments"),
                client.get(f"{API}/payments/{order['payment']['id']}"),
            )
        ]

    assert [answer.status_code for answer in answers] == [404] * 16
    assert member.get(f"{API}/orders").json()["items"] == []


def test_orders_need_a_jwt_or_the_token_of_the_cart(guest: APIClient) -> None:
    answers = [
        guest.get(f"{API}/orders"),
        guest.get(f"{API}/orders/{uuid4()}"),
        guest.post(f"{API}/orders/{uuid4()}/cancel"),
        guest.post(f"{API}/orders/{uuid4()}/payments"),
        guest.get(f"{API}/payments/{uuid4()}"),
    ]

    assert [answer.status_code for answer in answers] == [401] * 5
    assert {answer["WWW-Authenticate"] for answer in answers} == {'Bearer realm="api"'}


def test_pending_attempt_is_given_again_and_a_declined_one_is_not(member: APIClient, item: StockItem) -> None:
    order = check_out(member, add(member, item).json()["id"]).json()
    address = f"{API}/orders/{order['id']}/payments"
    intent = key()

    pending = member.post(address, **intent)
    payment = Payment.objects.get(pk=pending.json()["id"])
    report(payment.pk, event(payment, type="payment.declined"))
    replayed = member.post(address, **intent)
    anew = member.post(address, **key())

    assert (pending.status_code, pending.json()["id"]) == (201, order["payment"]["id"])
    assert (replayed.json(), replayed["Idempotent-Replayed"]) == (pending.json(), "true")
    assert anew.json()["id"] != pending.json()["id"]
    assert Payment.objects.count() == 2


def test_unknown_gateway_is_refused(member: APIClient, item: StockItem) -> None:
    order = check_out(member, add(member, item).json()["id"]).json()

    with nothing_changes():
        answer = member.post(f"{API}/orders/{order['id']}/payments", {"gateway": "barter"})

    assert (answer.status_code, fields_of(answer)) == (422, ["gateway"])


def test_payment_of_an_order_that_is_over_is_refused(member: APIClient, item: StockItem) -> None:
    order = check_out(member, add(member, item).json()["id"]).json()

    with time_machine.travel(timezone.now() + timedelta(minutes=14, seconds=30), tick=False):
        in_time = member.post(f"{API}/orders/{order['id']}/payments")
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        client = APIClient()
        client.force_authenticate(Order.objects.get(pk=order["id"]).user)
        late = client.post(f"{API}/orders/{order['id']}/payments")

    assert in_time.status_code == 201
    assert (late.status_code, late.json()["code"]) == (409, "order_not_payable")


@pytest.mark.parametrize("count", [1, 3])
def test_order_query_counts(member: APIClient, django_assert_num_queries: DjangoAssertNumQueries, count: int) -> None:
    for _ in range(count):
        for _ in range(count):
            cart = add(member, StockItemFactory()).json()
        order = check_out(member, cart["id"]).json()

    with django_assert_num_queries(5):
        assert len(member.get(f"{API}/orders").json()["items"]) == count
    with django_assert_num_queries(9):
        assert len(member.get(f"{API}/orders/{order['id']}").json()["items"]) == count


def test_shipping_method_that_staff_withdrew_is_refused(member: APIClient, item: StockItem) -> None:
    ShippingMethodFactory(code="express", is_active=False)
    cart = add(member, item).json()

    answer = check_out(member, cart["id"], DETAILS | {"shipping_method": "express"})

    assert (answer.status_code, fields_of(answer)) == (422, ["shipping_method"])
