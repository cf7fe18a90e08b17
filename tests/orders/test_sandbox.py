"""The sandbox provider, seen from outside: its page, its choices, its refunds, its webhooks."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from celery import current_app
from django.conf import settings
from django.test import Client
from django.utils import timezone

from orders import services
from orders.models import Order, OrderStatus, Payment
from orders.sandbox import provider
from orders.sandbox.models import SandboxPayment, SandboxWebhook
from tests.books import nothing_changes
from tests.factories import placed_order

pytestmark = pytest.mark.django_db
BEARER = {"Authorization": f"Bearer {settings.SANDBOX_SIGNING_KEY}"}


def started(order: Order | None = None) -> tuple[Payment, str]:
    """A payment that has begun just now, and the signed request of its link."""
    order = order or placed_order(now=timezone.now())
    payment = services.start_payment(order_id=order.pk, now=timezone.now())
    return payment, parse_qs(urlsplit(payment.redirect_url).query)["request"][0]


def choose(client: Client, request: str, choice: str) -> int:
    return client.post("/sandbox/pay/", {"request": request, "choice": choice}).status_code


def test_page_shows_the_amount_and_opens_the_payment_once(client: Client) -> None:
    payment, request = started()
    for _ in range(2):
        answer = client.get("/sandbox/pay/", {"request": request})
    assert answer.status_code == 200
    assert "Rp\u00a0520.000" in answer.content.decode()
    assert SandboxPayment.objects.get().merchant_reference == str(payment.pk)


@pytest.mark.parametrize("request_token", ["", "garbage", "a:b:c"])
def test_page_refuses_a_link_that_the_shop_did_not_sign(client: Client, request_token: str) -> None:
    with nothing_changes():
        answer = client.get("/sandbox/pay/", {"request": request_token})
    assert answer.status_code == 422


def test_page_refuses_an_unknown_choice(client: Client) -> None:
    _, request = started()
    assert choose(client, request, "steal") == 422
    assert SandboxWebhook.objects.count() == 0


@pytest.mark.parametrize(
    ("choice", "kinds"),
    [
        ("pay", ["payment.captured"]),
        ("decline", ["payment.declined"]),
        ("late", ["payment.captured"]),
        ("twice", ["payment.captured"] * 3),
        ("never", []),
    ],
)
def test_choice_is_reported_as_it_was_made(client: Client, choice: str, kinds: list[str]) -> None:
    _, request = started()
    assert choose(client, request, choice) == 303
    assert list(SandboxWebhook.objects.values_list("kind", flat=True)) == kinds


def test_paying_twice_charges_once(client: Client) -> None:
    _, request = started()
    for _ in range(2):
        choose(client, request, "pay")
    assert SandboxWebhook.objects.count() == 1


def test_late_is_reported_after_the_deadline(client: Client) -> None:
    payment, request = started()
    choose(client, request, "late")
    webhook = SandboxWebhook.objects.get()
    assert webhook.due_at - webhook.payment.expires_at == provider.LATE_BY
    assert abs(webhook.payment.expires_at - payment.expires_at) < timedelta(seconds=1)


def test_composed_webhook_pays_the_order(client: Client) -> None:
    payment, request = started()
    choose(client, request, "pay")
    body, headers = provider.compose(SandboxWebhook.objects.get(), now=timezone.now())
    answer = client.post(
        f"/api/v1/webhooks/payments/{payment.pk}", body, content_type="application/json", headers=headers
    )
    assert answer.status_code == 200
    assert Order.objects.get(pk=payment.order_id).status == OrderStatus.PAID


def test_webhook_that_nobody_takes_is_never_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_shop(*args: object, **kwargs: object) -> None:
        raise requests.ConnectionError("the shop is away")

    monkeypatch.setattr(requests, "post", no_shop)
    _, request = started()
    choose(client, request, "pay")
    now = timezone.now()
    for _ in range(30):
        assert provider.deliver_due_webhooks(now=now) == 0
        webhook = SandboxWebhook.objects.get()
        assert webhook.due_at - now <= provider.LONGEST_PAUSE
        now = webhook.due_at
    assert (webhook.attempts, webhook.delivered_at) == (30, None)


def refund(client: Client, **fields: object) -> tuple[int, dict[str, object]]:
    answer = client.post("/sandbox/api/refunds/", json.dumps(fields), content_type="application/json", headers=BEARER)
    return answer.status_code, answer.json()


def test_refund_goes_back_once_for_one_key(client: Client) -> None:
    _, request = started()
    choose(client, request, "pay")
    paid = SandboxPayment.objects.get()
    asked = {"key": "k1", "payment": str(paid.pk), "amount": paid.amount, "currency": paid.currency}

    first, second = refund(client, **asked), refund(client, **asked)
    another = refund(client, **{**asked, "key": "k2"})

    assert first == second == (200, {"id": first[1]["id"], "status": "succeeded", "amount": paid.amount})
    assert another[0] == 422
    assert paid.refunds.count() == 1


@pytest.mark.parametrize("body", ["", "[]", "{", '{"key": "k"}', '{"key": "k", "payment": 5, "amount": 1}'])
def test_refund_refuses_what_it_cannot_read(client: Client, body: str) -> None:
    with nothing_changes():
        answer = client.post("/sandbox/api/refunds/", body, content_type="application/json", headers=BEARER)
    assert answer.status_code == 422


def test_refund_needs_the_shared_key(client: Client) -> None:
    answer = client.post("/sandbox/api/refunds/", "{}", content_type="application/json")
    assert answer.status_code == 401


def test_the_provider_posts_from_a_queue_of_its_own() -> None:
    """However many webhooks wait there, what the shop has to do is not behind them."""
    router = current_app.amqp.router
    tasks = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    queues = {task: router.route({}, task)["queue"].name for task in tasks}

    assert queues.pop("orders.sandbox.tasks.deliver_due_webhooks") == "sandbox"
    assert set(queues.values()) == {"celery"}


@pytest.mark.parametrize(("part", "taken"), [(20_000, 500_000), (520_000, None)])
def test_a_chargeback_takes_what_has_not_gone_back(part: int, taken: int | None) -> None:
    payment, request = started()
    now = timezone.now()
    charged = provider.open_payment(request=request, now=now)
    provider.choose(payment=charged, choice="chargeback", now=now)
    provider.refund(key="a part", payment_id=str(charged.pk), amount=part, currency="IDR", now=now)
    later = now + provider.CHARGE_BACK_AFTER

    events = provider.reported_events(merchant_reference=str(payment.pk), now=later)

    amounts = [event["amount"] for event in events if event["type"] == provider.CHARGED_BACK]
    assert amounts == ([] if taken is None else [taken])
