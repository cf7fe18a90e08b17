"""The sandbox provider when it misbehaves on demand: every fault does what it says, and is written down."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from orders import services
from orders.gateways.base import GatewayEvent
from orders.gateways.sandbox import SandboxGateway
from orders.sandbox import provider
from orders.sandbox.faults import KINDS, Faults
from orders.sandbox.models import SandboxFault, SandboxPayment, SandboxRefund, SandboxWebhook
from tests.factories import placed_order

pytestmark = pytest.mark.django_db
BEARER = {"Authorization": f"Bearer {settings.SANDBOX_SIGNING_KEY}"}


def played(client: Client, choice: str = "pay") -> SandboxPayment:
    """A payment on whose page this was chosen."""
    order = placed_order(now=timezone.now())
    payment = services.start_payment(order_id=order.pk, now=timezone.now())
    request = parse_qs(urlsplit(payment.redirect_url).query)["request"][0]
    assert client.post("/sandbox/pay/", {"request": request, "choice": choice}).status_code == 303
    return SandboxPayment.objects.get(merchant_reference=payment.pk)


def refund(client: Client, paid: SandboxPayment, **changes: object) -> Any:
    asked = {
        "key": "k1",
        "payment": str(paid.pk),
        "amount": paid.captured_amount,
        "currency": paid.captured_currency,
    } | changes
    return client.post("/sandbox/api/refunds/", json.dumps(asked), content_type="application/json", headers=BEARER)


def books(client: Client) -> dict[str, Any]:
    return client.get("/sandbox/api/books/", headers=BEARER).json()


def read_as_the_shop_does(paid: SandboxPayment) -> list[GatewayEvent]:
    """Every webhook of this payment, signed by the provider and read by the shop's adapter."""
    now = timezone.now()
    posts = [provider.compose(webhook, now=now) for webhook in paid.webhooks.order_by("created_at", "pk")]
    return [SandboxGateway().read_event(body=body, headers=headers, now=now) for body, headers in posts]


def struck() -> list[str]:
    return sorted(SandboxFault.objects.values_list("kind", flat=True))


# Reading the setting


def test_nothing_set_is_good_behaviour() -> None:
    assert Faults.read("") == Faults()
    assert not any(Faults().strikes(kind, "anything") for kind in KINDS)


def test_shares_and_seed_are_read() -> None:
    assert Faults.read(" lose=0.3, drop=1 ,seed=7 ") == Faults(lose=0.3, drop=1, seed=7)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("loose=0.3", "there is no 'loose'. Use some of lose, delay, double,"),
        ("lose", "lose= is not a share. Write lose=0.3 for three of ten."),
        ("lose=1.5", "lose=1.5 is not a share. Write lose=0.3 for three of ten."),
        ("lose=nan", "lose=nan is not a share. Write lose=0.3 for three of ten."),
        ("lose=much", "lose=much is not a share. Write lose=0.3 for three of ten."),
        ("seed=x", "seed=x is not a whole number. Write seed=7, or leave it out."),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_setting_and_the_repair(text: str, sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        Faults.read(text)

    assert str(refusal.value).startswith(f"SANDBOX_FAULTS cannot be used: {sentence}")


def test_the_same_seed_strikes_the_same_things() -> None:
    one, again, other = (Faults(lose=0.3, seed=seed) for seed in (7, 7, 8))
    things = range(2000)

    hits = [thing for thing in things if one.strikes("lose", thing)]

    assert hits == [thing for thing in things if again.strikes("lose", thing)]
    assert hits != [thing for thing in things if other.strikes("lose", thing)]
    assert 0.25 < len(hits) / len(things) < 0.35


# Webhooks


def test_lost_webhook_is_never_posted_but_told_to_who_asks(client: Client, settings: Any) -> None:
    settings.SANDBOX_FAULTS = "lose=1"
    paid = played(client)

    assert provider.deliver_due_webhooks(now=timezone.now()) == 0
    answer = client.get(f"/sandbox/api/payments/{paid.merchant_reference}/", headers=BEARER)
    assert [event["type"] for event in answer.json()["events"]] == ["payment.captured"]
    assert struck() == ["lose"]


def test_delayed_doubled_and_overtaken_webhooks_come_later(client: Client, settings: Any) -> None:
    settings.SANDBOX_FAULTS = "delay=1,reorder=1,double=1"
    played(client)

    first, copy = SandboxWebhook.objects.order_by("due_at")

    assert first.due_at - first.created_at >= provider.DELAY_FROM + provider.OVERTAKEN_AFTER
    assert (copy.event_id, copy.due_at) == (first.event_id, first.due_at + provider.COPY_AFTER)
    assert struck() == ["delay", "double", "reorder"]


def test_webhook_whose_answer_is_lost_is_posted_again(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SANDBOX_FAULTS = "forget=1"
    taken: list[bytes] = []

    def take(url: str, *, data: bytes, **rest: object) -> requests.Response:
        taken.append(data)
        answer = requests.Response()
        answer.status_code = 200
        return answer

    monkeypatch.setattr(requests, "post", take)
    played(client)
    now = timezone.now()
    for _ in range(2):
        assert provider.deliver_due_webhooks(now=now) == 0
        now += timedelta(minutes=1)

    assert len(taken) == 2
    assert taken[0] == taken[1]
    assert SandboxWebhook.objects.waiting().count() == 1


# The API


def test_api_that_is_out_of_order_does_nothing(client: Client, settings: Any) -> None:
    paid = played(client)
    settings.SANDBOX_FAULTS = "error=1"

    assert refund(client, paid).status_code == 503
    assert client.get(f"/sandbox/api/payments/{paid.merchant_reference}/", headers=BEARER).status_code == 503
    assert not SandboxRefund.objects.exists()
    assert struck() == ["error", "error"]
    # Of a payment that nobody has opened there is nothing to lose.
    assert client.get(f"/sandbox/api/payments/{uuid4()}/", headers=BEARER).status_code == 404


def test_lost_answer_leaves_the_work_done_once(client: Client, settings: Any) -> None:
    paid = played(client)
    settings.SANDBOX_FAULTS = "drop=1"
    seen = set()
    for _ in range(20):
        try:
            answer = refund(client, paid)
            seen.add(b"".join(answer.streaming_content) if answer.streaming else answer.status_code)
        except ConnectionAbortedError:
            seen.add("broken off")

    assert seen == {500, "broken off"}
    assert SandboxRefund.objects.count() == 1
    settings.SANDBOX_FAULTS = ""
    assert refund(client, paid).json()["status"] == "succeeded"


# Money


@pytest.mark.parametrize(
    ("choice", "difference", "currency", "kinds"),
    [
        ("authorise", 0, "IDR", ["payment.authorised", "payment.captured"]),
        ("little", -1, "IDR", ["payment.captured"]),
        ("much", 1, "IDR", ["payment.captured"]),
        ("currency", 0, "USD", ["payment.captured"]),
        ("chargeback", 0, "IDR", ["payment.captured", "payment.charged_back"]),
        ("won", 0, "IDR", ["payment.captured", "payment.charged_back", "payment.chargeback_won"]),
    ],
)
def test_seldom_choice_is_booked_and_reported(
    client: Client, choice: str, difference: int, currency: str, kinds: list[str]
) -> None:
    paid = played(client, choice)

    assert books(client)["charges"] == [
        {
            "merchant_reference": paid.merchant_reference,
            "amount": paid.amount + difference,
            "currency": currency,
            "is_charged_back": False,
        }
    ]
    later = timezone.now() + timedelta(minutes=1)
    events = provider.reported_events(merchant_reference=paid.merchant_reference, now=later)
    assert [event["type"] for event in events] == kinds
    assert {(event["amount"], event["currency"]) for event in events} == {(paid.amount + difference, currency)}
    assert paid.is_charged_back(now=later) == (choice == "chargeback")


def test_bank_may_decline_who_wants_to_pay(client: Client, settings: Any) -> None:
    settings.SANDBOX_FAULTS = "decline=1"

    paid = played(client)

    assert (paid.captured_at, SandboxWebhook.objects.get().kind) == (None, "payment.declined")


def test_refunded_money_cannot_be_charged_back(client: Client) -> None:
    paid = played(client, "chargeback")

    assert refund(client, paid).json()["status"] == "succeeded"

    paid.refresh_from_db()
    assert paid.charged_back_at is None
    assert list(paid.webhooks.values_list("kind", flat=True)) == ["payment.captured"]


def test_charged_back_money_cannot_be_refunded(client: Client) -> None:
    paid = played(client, "chargeback")
    SandboxPayment.objects.update(charged_back_at=timezone.now() - timedelta(seconds=1))

    assert refund(client, paid).status_code == 422
    assert books(client)["charges"][0]["is_charged_back"] is True


def test_refund_that_fails_at_first_goes_through_in_the_end(client: Client, settings: Any) -> None:
    paid = played(client)
    settings.SANDBOX_FAULTS = "refund_fail=1"

    assert [refund(client, paid).status_code for _ in range(2)] == [503, 503]
    assert [row["status"] for row in books(client)["refunds"]] == ["open"]
    assert [refund(client, paid).json()["status"] for _ in range(2)] == ["succeeded", "succeeded"]
    assert [row["status"] for row in books(client)["refunds"]] == ["succeeded"]


def test_refund_that_is_refused_keeps_the_money_and_says_so_once(client: Client, settings: Any) -> None:
    paid = played(client)
    settings.SANDBOX_FAULTS = "refund_refuse=1"

    assert [refund(client, paid).json()["status"] for _ in range(4)] == ["failed"] * 4
    assert [row["status"] for row in books(client)["refunds"]] == ["failed"]
    told = SandboxWebhook.objects.get(kind="refund.failed")
    assert json.loads(provider.compose(told, now=timezone.now())[0])["refund"] == "k1"
    settings.SANDBOX_FAULTS = ""
    assert refund(client, paid, key="k2").json()["status"] == "succeeded"


def test_refund_that_takes_its_time_is_reported_when_it_is_through(client: Client, settings: Any) -> None:
    paid = played(client)
    settings.SANDBOX_FAULTS = "refund_pend=1"

    assert [refund(client, paid).json()["status"] for _ in range(2)] == ["pending", "pending"]
    told = SandboxWebhook.objects.get(kind="refund.succeeded")
    assert told.due_at == SandboxRefund.objects.get().finished_at
    SandboxRefund.objects.update(finished_at=timezone.now())
    assert refund(client, paid).json()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("choice", "kinds"),
    [
        ("authorise", ["authorised", "captured"]),
        ("won", ["captured", "charged back", "chargeback won"]),
        ("decline", ["declined"]),
    ],
)
def test_adapter_reads_whatever_the_provider_reports(client: Client, choice: str, kinds: list[str]) -> None:
    paid = played(client, choice)

    assert [event.kind for event in read_as_the_shop_does(paid)] == kinds


@pytest.mark.parametrize(
    ("faults", "kind"), [("refund_pend=1", "refund succeeded"), ("refund_refuse=1", "refund failed")]
)
def test_adapter_reads_of_which_refund_the_provider_speaks(
    client: Client, settings: Any, faults: str, kind: str
) -> None:
    paid = played(client)
    settings.SANDBOX_FAULTS = faults

    refund(client, paid)

    told = read_as_the_shop_does(paid)[-1]
    assert (told.kind, told.refund_id, told.amount_minor) == (kind, "k1", paid.captured_amount)


def test_books_need_the_shared_key(client: Client) -> None:
    assert client.get("/sandbox/api/books/").status_code == 401
