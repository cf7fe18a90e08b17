"""What the provider does: open a payment, take a choice, send money back, post webhooks, answer what it knows."""

import hashlib
import hmac
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from django.core import signing
from django.db import transaction
from uuid6 import uuid7

from orders.sandbox.models import SandboxPayment, SandboxRefund, SandboxWebhook

logger = logging.getLogger(__name__)

SALT = "sandbox.pay"
CAPTURED = "payment.captured"
DECLINED = "payment.declined"
LATE_BY = timedelta(seconds=5)
# A batch in which every post times out still ends before its first claim and its signatures do.
LEASE = timedelta(minutes=2)
TIMEOUT_SECONDS = 5
BATCH = 20
LONGEST_PAUSE = timedelta(minutes=10)


class PaymentRefused(Exception):
    """The provider does not do that; the message says why."""


class PaymentUnknown(Exception):
    """The provider has no such payment; the message says so."""


def open_payment(*, request: str, now: datetime) -> SandboxPayment:
    """Read a signed payment link. The same link is the same payment.

    :raises PaymentRefused: if the merchant did not sign it.
    """
    try:
        asked = signing.loads(request, key=settings.SANDBOX_SIGNING_KEY, salt=SALT)
    except signing.BadSignature as error:
        raise PaymentRefused(
            "This payment link was not signed by the shop. Go back and start the payment again."
        ) from error
    payment, _ = SandboxPayment.objects.get_or_create(
        merchant_reference=asked["merchant_reference"],
        defaults={
            "description": asked["description"],
            "amount": asked["amount"],
            "currency": asked["currency"],
            "expires_at": datetime.fromtimestamp(asked["expires_at"], tz=UTC),
            "return_url": asked["return_url"],
            "webhook_url": asked["webhook_url"],
            "created_at": now,
        },
    )
    return payment


@transaction.atomic
def choose(*, payment: SandboxPayment, choice: str, now: datetime) -> None:
    """Play what the shopper chose: `pay`, `decline`, `late` (pays, and reports it some seconds after the deadline),
    `twice` (pays, and reports it in two different events and once more in a copy), or `never`.

    A captured payment stays captured; choosing again reports nothing new.

    :raises PaymentRefused: if there is no such choice, or it is too late to start one.
    """
    if choice not in {"pay", "decline", "late", "twice", "never"}:
        raise PaymentRefused("Choose one of: pay, decline, late, twice, never.")
    payment = SandboxPayment.objects.select_for_update().get(pk=payment.pk)
    if payment.captured_at is not None or choice == "never":
        return
    if now >= payment.expires_at:
        raise PaymentRefused("The time for this payment is over. Nothing was charged.")
    if choice == "decline":
        payment.declined_at = now
        payment.save(update_fields=["declined_at"])
        _report(payment, DECLINED, due_at=now, now=now)
        return
    payment.captured_at = now
    payment.save(update_fields=["captured_at"])
    due_at = payment.expires_at + LATE_BY if choice == "late" else now
    first = _report(payment, CAPTURED, due_at=due_at, now=now)
    if choice == "twice":
        _report(payment, CAPTURED, due_at=now, now=now)
        _report(payment, CAPTURED, due_at=now, now=now, event_id=first.event_id)


@transaction.atomic
def refund(*, key: str, payment_id: str, amount: int, currency: str, now: datetime) -> SandboxRefund:
    """Send money back. The same key gives the same refund.

    :raises PaymentRefused: if it was not captured, or more would go back than came.
    """
    payment = SandboxPayment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None or payment.captured_at is None:
        raise PaymentRefused("There is no captured payment with this id.")
    known = SandboxRefund.objects.filter(key=key).first()
    if known is not None:
        return known
    already = sum(SandboxRefund.objects.filter(payment=payment).values_list("amount", flat=True))
    if currency != payment.currency or not 0 < amount <= payment.amount - already:
        raise PaymentRefused(f"At most {payment.amount - already} {payment.currency} can go back.")
    return SandboxRefund.objects.create(key=key, payment=payment, amount=amount, currency=currency, created_at=now)


def reported_events(*, merchant_reference: str, now: datetime) -> list[dict[str, Any]]:
    """What was reported of this payment by now, oldest first, as in its webhooks, whether they arrived or not.

    :raises PaymentUnknown: if nobody has opened it.
    """
    if not SandboxPayment.objects.filter(merchant_reference=merchant_reference).exists():
        raise PaymentUnknown("There is no payment with this reference.")
    webhooks = SandboxWebhook.objects.reported(now=now).filter(payment__merchant_reference=merchant_reference)
    return [_event(webhook) for webhook in webhooks.select_related("payment").order_by("created_at", "pk")]


def deliver_due_webhooks(*, now: datetime) -> int:
    """Post what is due; returns how many the merchant took.

    What is not taken is tried again, later each time and for ever: a merchant that was away for a day still learns
    what was paid.
    """
    delivered = 0
    due = SandboxWebhook.objects.due(now=now)
    for webhook in due.select_related("payment").order_by("due_at", "pk")[:BATCH]:
        claimed = due.filter(pk=webhook.pk, attempts=webhook.attempts)
        if claimed.update(attempts=webhook.attempts + 1, due_at=now + LEASE):
            delivered += _deliver(webhook, now=now)
    return delivered


def signature(body: bytes, *, now: datetime) -> str:
    """The header that proves who sent this body, and when."""
    sent_at = int(now.timestamp())
    digest = hmac.new(settings.SANDBOX_SIGNING_KEY.encode(), f"{sent_at}.".encode() + body, hashlib.sha256)
    return f"t={sent_at},v1={digest.hexdigest()}"


def compose(webhook: SandboxWebhook, *, now: datetime) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a webhook as they are posted at this moment."""
    body = json.dumps(_event(webhook)).encode()
    return body, {"Content-Type": "application/json", "Sandbox-Signature": signature(body, now=now)}


def _event(webhook: SandboxWebhook) -> dict[str, Any]:
    payment = webhook.payment
    return {
        "id": webhook.event_id,
        "type": webhook.kind,
        "payment": str(payment.pk),
        "merchant_reference": payment.merchant_reference,
        "amount": payment.amount,
        "currency": payment.currency,
        "created": int(webhook.created_at.timestamp()),
    }


def _report(
    payment: SandboxPayment, kind: str, *, due_at: datetime, now: datetime, event_id: str = ""
) -> SandboxWebhook:
    return SandboxWebhook.objects.create(
        payment=payment, kind=kind, event_id=event_id or f"evt_{uuid7().hex}", created_at=now, due_at=due_at
    )


def _deliver(webhook: SandboxWebhook, *, now: datetime) -> bool:
    body, headers = compose(webhook, now=now)
    try:
        answer = requests.post(webhook.payment.webhook_url, data=body, headers=headers, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        pause = min(timedelta(seconds=2) * 2 ** min(webhook.attempts, 10), LONGEST_PAUSE)
        logger.warning("Webhook %s was not taken: %s", webhook.event_id, error)
        SandboxWebhook.objects.filter(pk=webhook.pk).update(last_error=str(error)[:300], due_at=now + pause)
        return False
    SandboxWebhook.objects.filter(pk=webhook.pk).update(delivered_at=now, last_error="")
    return True
