"""A webhook is believed when its provider signed it just now, about this payment, in words that make sense."""

from datetime import timedelta
from uuid import uuid4

import pytest

from orders import services
from orders.gateways import base
from orders.models import Payment, PaymentEvent
from orders.sandbox import provider
from tests.books import nothing_changes
from tests.factories import NOW, placed_order, report, webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment() -> Payment:
    """A payment that was begun."""
    return services.start_payment(order_id=placed_order().pk, now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        "t=1,v1=",
        "v1=abc",
        "t=abc,v1=abc",
        f"t={int(NOW.timestamp())},v1={'0' * 64}",
        f"t={int(NOW.timestamp())},v1=ä",
        f"t=²,v1={'0' * 64}",
        f"t={'9' * 400},v1=x",
        f"t={'9' * 5000},v1=x",
    ],
)
def test_an_event_that_the_provider_did_not_sign_is_refused(payment: Payment, header: str) -> None:
    with nothing_changes(), pytest.raises(base.BadSignature) as refusal:
        services.record_payment_event(
            payment_id=payment.pk, body=webhook(payment), headers={"Sandbox-Signature": header}, now=NOW
        )

    assert refusal.value.status == 401


def test_two_events_whose_ids_differ_in_case_alone_are_two(payment: Payment) -> None:
    report(payment, kind="payment.declined", id="evt_abc")
    report(payment, id="evt_ABC")

    assert PaymentEvent.objects.count() == 2
    assert Payment.objects.get(pk=payment.pk).is_captured


def test_an_event_without_a_signature_is_refused(payment: Payment) -> None:
    with nothing_changes(), pytest.raises(base.BadSignature):
        services.record_payment_event(payment_id=payment.pk, body=webhook(payment), headers={}, now=NOW)


def test_a_body_that_was_changed_after_signing_is_refused(payment: Payment) -> None:
    signed = provider.signature(webhook(payment), now=NOW)

    with nothing_changes(), pytest.raises(base.BadSignature):
        services.record_payment_event(
            payment_id=payment.pk, body=webhook(payment, amount=1), headers={"Sandbox-Signature": signed}, now=NOW
        )


@pytest.mark.parametrize("age", [timedelta(seconds=301), timedelta(days=1), timedelta(seconds=-301)])
def test_an_event_that_was_signed_long_ago_is_refused(payment: Payment, age: timedelta) -> None:
    body = webhook(payment)
    headers = {"Sandbox-Signature": provider.signature(body, now=NOW - age)}

    with nothing_changes(), pytest.raises(base.BadSignature):
        services.record_payment_event(payment_id=payment.pk, body=body, headers=headers, now=NOW)


def test_an_event_of_another_payment_is_refused(payment: Payment) -> None:
    other = services.start_payment(order_id=placed_order().pk, now=NOW)
    body = webhook(other)

    with nothing_changes(), pytest.raises(services.UnknownPayment):
        report(payment, body=body)
    with nothing_changes(), pytest.raises(services.UnknownPayment):
        report(Payment(pk=uuid4(), amount_minor=1, currency="IDR"), body=body)


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b'"text"', b"null", b"{}", b'{"id": "evt_1"}', b"\xff\xfe", b'{"id": NaN}'],
)
def test_a_signed_event_that_cannot_be_read_is_refused(payment: Payment, body: bytes) -> None:
    headers = {"Sandbox-Signature": provider.signature(body, now=NOW)}

    with nothing_changes(), pytest.raises(base.BadEvent) as refusal:
        services.record_payment_event(payment_id=payment.pk, body=body, headers=headers, now=NOW)

    assert refusal.value.status == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "payment.dreamt"},
        {"amount": "much"},
        {"amount": None},
        {"amount": 10**30},
        {"amount": float("inf")},
        {"id": "x" * 200},
        {"id": ""},
        {"refund": "r" * 121},
        {"refund": "re_é"},
        {"currency": "RUPIAH"},
        {"type": ["payment.captured"]},
        {"amount": 520_000.9},
        {"amount": True},
        {"amount": -1},
        {"id": "evt_\ud800"},
        {"note": float("nan")},
    ],
)
def test_a_signed_event_with_an_impossible_value_is_refused(payment: Payment, changes: dict[str, object]) -> None:
    with nothing_changes(), pytest.raises(base.BadEvent):
        report(payment, **changes)


def test_every_event_is_kept_as_it_came(payment: Payment) -> None:
    report(payment, kind="payment.declined", id="evt_1")
    report(payment, id="evt_2")

    rows = PaymentEvent.objects.order_by("pk").values_list("event_id", "kind", "amount_minor", "currency")
    assert list(rows) == [("evt_1", "declined", 520_000, "IDR"), ("evt_2", "captured", 520_000, "IDR")]
    assert PaymentEvent.objects.get(event_id="evt_1").payload["type"] == "payment.declined"
