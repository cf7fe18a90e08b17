"""What API tests need: callers with and without a token, goods in stock, a signing provider."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from inventory.models import StockItem
from orders.models import Payment, ShippingMethod
from orders.sandbox.provider import signature
from tests.factories import PASSWORD, ShippingMethodFactory, StockItemFactory, UserFactory

API = "/api/v1"
DETAILS = {
    "email": "maya@example.com",
    "name": "Maya Putri",
    "phone": "0812 3456 7890",
    "address": "Jalan Sudirman 12",
    "city": "Jakarta",
    "postal_code": "12190",
    "shipping_method": "regular",
    "gateway": "sandbox",
}


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """Every route of the API asks the database."""


@pytest.fixture
def guest() -> APIClient:
    return APIClient()


@pytest.fixture
def user() -> User:
    return UserFactory(able_to_log_in=True)


@pytest.fixture
def sign_in() -> Callable[[User], APIClient]:
    """A client that signed in as its user, through the front door."""

    def signed_in(user: User) -> APIClient:
        client = APIClient()
        answer = client.post(f"{API}/auth", {"email": user.email, "password": PASSWORD})
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")
        return client

    return signed_in


@pytest.fixture
def member(user: User, sign_in: Callable[[User], APIClient]) -> APIClient:
    return sign_in(user)


@pytest.fixture
def staff(sign_in: Callable[[User], APIClient]) -> APIClient:
    return sign_in(UserFactory(able_to_log_in=True, is_staff=True, is_superuser=True, email="staff@example.com"))


@pytest.fixture
def item() -> StockItem:
    """Five units of one variant."""
    return StockItemFactory()


@pytest.fixture
def shipping_method() -> ShippingMethod:
    return ShippingMethodFactory()


def add(client: APIClient, item: StockItem, *, qty: object = 1, **headers: str) -> Any:
    """Put units of the item into the caller's cart."""
    return client.post(f"{API}/cart", {"product_id": str(item.variant.pk), "qty": qty}, **headers)


def as_guest_of(cart: dict[str, Any]) -> APIClient:
    """The guest who carries the token of this cart."""
    client = APIClient()
    client.credentials(HTTP_CART_TOKEN=cart["cart_token"])
    return client


def check_out(client: APIClient, cart_id: str, body: dict[str, Any] = DETAILS, **headers: str) -> Any:
    return client.post(f"{API}/cart/{cart_id}/checkout", body, **headers)


def key(value: str = "") -> dict[str, str]:
    """The header of one intent."""
    return {"HTTP_IDEMPOTENCY_KEY": value or uuid4().hex}


def event(payment: Payment, **changes: Any) -> bytes:
    """What the provider reports when the payment was captured."""
    body = {
        "id": "evt_1",
        "type": "payment.captured",
        "payment": "sandbox-1",
        "merchant_reference": str(payment.pk),
        "amount": payment.amount_minor,
        "currency": payment.currency,
    }
    return json.dumps(body | changes).encode()


def report(payment_id: object, body: bytes, *, signed: bytes | None = None) -> Any:
    """Post a webhook with the signature over `signed`, which is the body unless somebody tampers with it."""
    return APIClient().post(
        f"{API}/webhooks/payments/{payment_id}",
        data=body,
        content_type="application/json",
        HTTP_SANDBOX_SIGNATURE=signature(body if signed is None else signed, now=timezone.now()),
    )


def fields_of(answer: Any) -> list[str]:
    """The fields that a problem document names."""
    return [error["field"] for error in answer.json()["errors"]]
