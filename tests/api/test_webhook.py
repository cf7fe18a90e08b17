"""The provider's door: the signature over the exact bytes opens it, and every event counts once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import StockItem
from orders.models import Order, Payment, PaymentEvent, Refund
from orders.sandbox.provider import signature
from tests.api.conftest import API, add, as_guest_of, check_out, event, report
from tests.books import counters, laws_hold, nothing_changes

pytestmark = pytest.mark.usefixtures("shipping_method")


@pytest.fixture
def payment(guest: APIClient, item: StockItem) -> Payment:
    cart = add(guest, item).json()
    return Payment.objects.get(pk=check_out(as_guest_of(cart), cart["id"]).json()["payment"]["id"])


def test_captured_once_however_often_it_is_reported(payment: Payment, item: StockItem) -> None:
    body = event(payment)

    with laws_hold():
        answers = [report(payment.pk, body) for _ in range(3)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (200, {"status": "success", "event": "evt_1", "outcome": "paid"})
    ] * 3
    assert Order.objects.get().status == "PAID"
    assert (PaymentEvent.objects.count(), Refund.objects.count()) == (1, 0)
    assert counters(item) == (5, 0, 1)


def test_decline_after_capture_changes_nothing(payment: Payment) -> None:
    report(payment.pk, event(payment))

    answer = report(payment.pk, event(payment, id="evt_2", type="payment.declined"))

    assert (answer.status_code, answer.json()["outcome"][:9]) == (200, "no effect")
    assert Order.objects.get().status == "PAID"


@pytest.mark.parametrize("header", ["", "garbage", "t=1,v1=00", "t=abc,v1=\u00e4", "t=1", "v1=00"])
def test_unsigned_is_401(payment: Payment, header: str) -> None:
    with nothing_changes():
        answer = APIClient().post(
            f"{API}/webhooks/payments/{payment.pk}",
            data=event(payment),
            content_type="application/json",
            HTTP_SANDBOX_SIGNATURE=header,
        )

    assert (answer.status_code, answer.json()["code"], answer["WWW-Authenticate"]) == (
        401,
        "bad_signature",
        "Signature",
    )


def test_tampered_body_is_401(payment: Payment) -> None:
    with nothing_changes():
        answer = report(payment.pk, event(payment), signed=event(payment, amount=1))

    assert answer.status_code == 401


def test_old_signature_is_401(payment: Payment) -> None:
    body, header = event(payment), signature(event(payment), now=timezone.now())

    with nothing_changes(), time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        answer = APIClient().post(
            f"{API}/webhooks/payments/{payment.pk}",
            data=body,
            content_type="application/json",
            HTTP_SANDBOX_SIGNATURE=header,
        )

    assert answer.status_code == 401


def test_event_of_another_payment_is_404(payment: Payment) -> None:
    with nothing_changes():
        answers = [
            report(payment.pk, event(payment, merchant_reference=str(uuid4()))),
            report(uuid4(), event(payment)),
            report("no-id", event(payment)),
        ]

    assert [answer.status_code for answer in answers] == [404] * 3


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"id": 1}', b"\xff"])
def test_signed_nonsense_is_422(payment: Payment, body: bytes) -> None:
    with nothing_changes():
        answer = report(payment.pk, body)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_event")


@pytest.mark.parametrize("changes", [{"amount": 1}, {"currency": "USD"}])
def test_other_amount_goes_back_and_pays_nothing(payment: Payment, changes: dict[str, Any]) -> None:
    answer = report(payment.pk, event(payment, **changes))

    assert (answer.status_code, answer.json()["outcome"]) == (200, "amount differs, sent back")
    assert Order.objects.get().status == "AWAITING_PAYMENT"
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("depth", [40, 900, 2000])
def test_signed_event_that_nests_deeply_is_422(payment: Payment, depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    bodies = [nested, event(payment)[:-1] + b', "more": ' + nested + b"}"]

    with nothing_changes():
        answers = [report(payment.pk, body) for body in bodies]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "bad_event")] * 2


def test_refund_request_that_nests_deeply_is_422(client: Client) -> None:
    answer = client.post(
        "/sandbox/api/refunds/",
        data=b"[" * 2000,
        content_type="application/json",
        headers={"Authorization": f"Bearer {settings.SANDBOX_SIGNING_KEY}"},
    )

    assert answer.status_code == 422
