"""Claiming and reordering, for programs."""

from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from rest_framework.test import APIClient

from accounts.models import User
from inventory.models import StockItem
from orders.models import CartLine, Order
from shop.models import Variant
from tests.api.conftest import API, add, as_guest_of, check_out, key
from tests.books import counters, nothing_changes
from tests.factories import ShippingMethodFactory, StockItemFactory


@pytest.fixture(autouse=True)
def _delivery() -> None:
    ShippingMethodFactory()


@pytest.fixture
def cart(guest: APIClient, item: StockItem) -> dict[str, Any]:
    """A guest's cart that became an order."""
    cart: dict[str, Any] = add(guest, item).json()
    check_out(as_guest_of(cart), cart["id"])
    return cart


@pytest.fixture
def order(cart: dict[str, Any]) -> Order:
    return Order.objects.get(cart=cart["id"])


def test_claim_with_the_guests_token(member: APIClient, user: User, order: Order, cart: dict[str, Any]) -> None:
    answers = [member.post(f"{API}/orders/{order.pk}/claim", HTTP_CART_TOKEN=cart["cart_token"]) for _ in range(2)]

    order.refresh_from_db()
    assert [answer.status_code for answer in answers] == [200, 200]
    assert order.user == user
    assert [each["id"] for each in member.get(f"{API}/orders").json()["items"]] == [str(order.pk)]
    kinds = [event["kind"] for event in answers[1].json()["events"]]
    assert kinds.count("CLAIMED") == 1
    # The guest's program goes on with its token.
    assert as_guest_of(cart).get(f"{API}/orders/{order.pk}").status_code == 200


def test_claim_after_a_look_up(member: APIClient, user: User, order: Order) -> None:
    found = member.post(f"{API}/orders/find", {"number": order.number, "email": order.email}).json()

    answer = member.post(f"{API}/orders/{order.pk}/claim", HTTP_CART_TOKEN=found["cart_token"])

    assert answer.status_code == 200


def test_claim_with_the_verified_address(member: APIClient, user: User, order: Order) -> None:
    EmailAddress.objects.create(user=user, email=order.email, verified=True)

    assert member.post(f"{API}/orders/{order.pk}/claim").status_code == 200


def test_claim_without_proof_is_answered_like_no_order(
    member: APIClient, user: User, order: Order, item: StockItem
) -> None:
    EmailAddress.objects.create(user=user, email=order.email, verified=False)
    other = add(APIClient(), item).json()

    with nothing_changes():
        answers = [
            member.post(f"{API}/orders/{order_id}/claim", **headers)
            for order_id in (order.pk, uuid4())
            for headers in ({}, {"HTTP_CART_TOKEN": other["cart_token"]}, {"HTTP_CART_TOKEN": "forged"})
        ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.json()["code"], answer.json()["detail"]) for answer in answers}) == 1


def test_claim_needs_a_jwt(cart: dict[str, Any], order: Order) -> None:
    with nothing_changes():
        answer = as_guest_of(cart).post(f"{API}/orders/{order.pk}/claim")

    assert answer.status_code == 401


@pytest.fixture
def ended(cart: dict[str, Any], order: Order) -> Order:
    """A cancelled order, whose units are free."""
    as_guest_of(cart).post(f"{API}/orders/{order.pk}/cancel")
    return order


def test_reorder_repeated_with_one_key_holds_once(cart: dict[str, Any], ended: Order, item: StockItem) -> None:
    intent = key()

    answers = [as_guest_of(cart).post(f"{API}/orders/{ended.pk}/reorder", **intent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["not_held"] == []
    assert answers[0].json()["cart"]["items"][0]["sku"] == item.sku
    assert counters(item) == (5, 1, 0)
    # A guest's order is closed with its cart: the new one has a token of its own.
    assert answers[0].json()["cart"]["cart_token"] != cart["cart_token"]


def test_reorder_says_what_is_missing(member: APIClient) -> None:
    there, gone = StockItemFactory(), StockItemFactory()
    for item in (there, gone):
        added = add(member, item).json()
    placed = check_out(member, added["id"]).json()
    member.post(f"{API}/orders/{placed['id']}/cancel")
    Variant.objects.filter(pk=gone.variant.pk).update(is_active=False)

    answer = member.post(f"{API}/orders/{placed['id']}/reorder").json()

    assert [(each["sku"], each["qty"], each["code"]) for each in answer["not_held"]] == [(gone.sku, 1, "not_found")]
    assert CartLine.objects.get(cart=answer["cart"]["id"]).variant == there.variant


def test_reorder_of_which_nothing_is_free_is_refused(cart: dict[str, Any], ended: Order) -> None:
    Variant.objects.update(is_active=False)

    with nothing_changes():
        answer = as_guest_of(cart).post(f"{API}/orders/{ended.pk}/reorder", **key())

    assert (answer.status_code, answer.json()["code"]) == (422, "nothing_held")


def test_reorder_of_a_foreign_order_is_not_found(member: APIClient, ended: Order) -> None:
    with nothing_changes():
        answers = [member.post(f"{API}/orders/{each}/reorder") for each in (ended.pk, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
