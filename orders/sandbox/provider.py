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
from django.db.models import F
from uuid6 import uuid7

from orders.sandbox.faults import current_faults
from orders.sandbox.models import RefundState, SandboxPayment, SandboxRefund, SandboxWebhook
from orders.sandbox.trouble import strike
from shop.clock import going_on

logger = logging.getLogger(__name__)

SALT = "sandbox.pay"
AUTHORISED = "payment.authorised"
CAPTURED = "payment.captured"
DECLINED = "payment.declined"
CHARGED_BACK = "payment.charged_back"
CHARGEBACK_WON = "payment.chargeback_won"
REFUND_SUCCEEDED = "refund.succeeded"
REFUND_FAILED = "refund.failed"
CHOICES = (
    "pay", "decline", "late", "twice", "never", "authorise", "little", "much", "currency", "chargeback", "won",
)  # fmt: skip
LATE_BY = timedelta(seconds=5)
CAPTURE_AFTER = timedelta(seconds=3)
CHARGE_BACK_AFTER = timedelta(seconds=8)
WIN_AFTER = timedelta(seconds=16)
REFUND_PENDS_FOR = timedelta(seconds=4)
FAILING_TRIES = 2
# How long faults keep a webhook back.
DELAY_FROM, DELAY_SPREAD = timedelta(seconds=3), timedelta(seconds=12)
OVERTAKEN_AFTER = timedelta(seconds=6)
COPY_AFTER = timedelta(seconds=2)
# A bank's letter about a chargeback is registered mail: it may be late, but it comes.
NEVER_LOST = (CHARGED_BACK, CHARGEBACK_WON)
# Each claim, and each signature, starts at its own moment, however long the batch takes.
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
    """Play what the shopper chose; one of CHOICES:

    `pay`; `decline`; `late` (pays, and reports it some seconds after the deadline); `twice` (pays, and reports it in
    two different events and once more in a copy); `never`; `authorise` (the capture follows some seconds later);
    `little`, `much`, `currency` (another sum is taken than was asked, or in another currency); `chargeback` (the bank
    takes the money back some seconds later); `won` (and then returns it).

    A captured payment stays captured; choosing again reports nothing new.

    :raises PaymentRefused: if there is no such choice, or it is too late to start one.
    """
    if choice not in CHOICES:
        raise PaymentRefused(f"Choose one of: {', '.join(CHOICES)}.")
    payment = SandboxPayment.objects.select_for_update().get(pk=payment.pk)
    if payment.captured_at is not None or choice == "never":
        return
    if now >= payment.expires_at:
        raise PaymentRefused("The time for this payment is over. Nothing was charged.")
    if choice == "decline" or strike("decline", payment.merchant_reference, now=now):
        payment.declined_at = now
        payment.save(update_fields=["declined_at"])
        _report(payment, DECLINED, due_at=now, now=now)
        return
    _capture(payment, choice=choice, now=now)


def _capture(payment: SandboxPayment, *, choice: str, now: datetime) -> None:
    """Take the money, and report it as the choice has it."""
    payment.captured_at = now
    payment.captured_amount = {"little": payment.amount - 1, "much": payment.amount + 1}.get(choice, payment.amount)
    payment.captured_currency = _other(payment.currency) if choice == "currency" else payment.currency
    if choice in ("chargeback", "won"):
        payment.charged_back_at = now + CHARGE_BACK_AFTER
    if choice == "won":
        payment.chargeback_won_at = now + WIN_AFTER
    payment.save()
    reported_at = {"late": payment.expires_at + LATE_BY, "authorise": now + CAPTURE_AFTER}.get(choice, now)
    if choice == "authorise":
        _report(payment, AUTHORISED, due_at=now, now=now)
    first = _report(payment, CAPTURED, due_at=reported_at, now=now)
    if choice == "twice":
        _report(payment, CAPTURED, due_at=now, now=now)
        _report(payment, CAPTURED, due_at=now, now=now, event_id=first.event_id)
    if payment.charged_back_at is not None:
        _report(payment, CHARGED_BACK, due_at=payment.charged_back_at, now=now)
    if payment.chargeback_won_at is not None:
        _report(payment, CHARGEBACK_WON, due_at=payment.chargeback_won_at, now=now)


def _other(currency: str) -> str:
    return "USD" if currency != "USD" else "EUR"


@transaction.atomic
def refund(*, key: str, payment_id: str, amount: int, currency: str, now: datetime) -> SandboxRefund:
    """Send money back. The same key gives the same refund, finished or refused for good; one that the bank did not
    answer is tried once more.

    :raises PaymentRefused: if it was not captured, or more would go back than came.
    """
    payment = SandboxPayment.objects.select_for_update().filter(pk=payment_id).first()
    if payment is None or payment.captured_at is None:
        raise PaymentRefused("There is no captured payment with this id.")
    known = SandboxRefund.objects.filter(key=key).first()
    if known is not None and known.state(now=now) != RefundState.OPEN:
        return known
    left = _left(payment, now=now)
    if currency != payment.captured_currency or not 0 < amount <= left:
        raise PaymentRefused(f"At most {left} {payment.captured_currency} can go back.")
    if known is None:
        known = SandboxRefund(key=key, payment=payment, amount=amount, currency=currency, tries=0, created_at=now)
    return _try_to_send_back(known, now=now)


def _try_to_send_back(refund: SandboxRefund, *, now: datetime) -> SandboxRefund:
    """Send it, or fail as the faults of its payment have it."""
    payment = refund.payment
    refund.tries += 1
    if strike("refund_refuse", payment.merchant_reference, now=now):
        refund.refused_at = now
        refund.save()
        _report(payment, REFUND_FAILED, due_at=now, now=now, refund=refund)
        return refund
    if refund.tries <= FAILING_TRIES and strike("refund_fail", payment.merchant_reference, now=now):
        refund.save()
        return refund
    pends = strike("refund_pend", payment.merchant_reference, now=now)
    refund.finished_at = now + REFUND_PENDS_FOR if pends else now
    refund.save()
    if pends:
        _report(payment, REFUND_SUCCEEDED, due_at=refund.finished_at, now=now, refund=refund)
    _spare_from_chargeback(payment, now=now)
    return refund


def _spare_from_chargeback(payment: SandboxPayment, *, now: datetime) -> None:
    """What has gone back cannot be charged back any more; of a part that went back, the rest still can."""
    if payment.charged_back_at is not None and payment.charged_back_at > now and not _left(payment, now=now):
        payment.charged_back_at = payment.chargeback_won_at = None
        payment.save(update_fields=["charged_back_at", "chargeback_won_at"])
        payment.webhooks.filter(kind__in=NEVER_LOST).delete()


def _left(payment: SandboxPayment, *, now: datetime) -> int:
    """What of this payment is still here and may go back."""
    if payment.is_charged_back(now=now):
        return 0
    sent = SandboxRefund.objects.filter(payment=payment).exclude(finished_at=None).values_list("amount", flat=True)
    return payment.captured_amount - sum(sent)


def _taken_by_bank(payment: SandboxPayment) -> int:
    """What of this payment had not gone back when the bank took it."""
    sent = payment.refunds.filter(finished_at__lte=payment.charged_back_at).values_list("amount", flat=True)
    return payment.captured_amount - sum(sent)


def count_call(**which: str) -> tuple[str, int] | None:
    """Note that the merchant calls about this payment: its reference, and how often it has. None if it is unknown."""
    payment = SandboxPayment.objects.filter(**which).first()
    if payment is None:
        return None
    SandboxPayment.objects.filter(pk=payment.pk).update(calls=F("calls") + 1)
    return payment.merchant_reference, payment.calls + 1


def reported_events(*, merchant_reference: str, now: datetime) -> list[dict[str, Any]]:
    """What was reported of this payment by now, oldest first, as in its webhooks, whether they arrived or not.

    :raises PaymentUnknown: if nobody has opened it.
    """
    if not SandboxPayment.objects.filter(merchant_reference=merchant_reference).exists():
        raise PaymentUnknown("There is no payment with this reference.")
    webhooks = SandboxWebhook.objects.reported(now=now).filter(payment__merchant_reference=merchant_reference)
    return [_event(webhook) for webhook in webhooks.select_related("payment", "refund").order_by("created_at", "pk")]


def deliver_due_webhooks(*, now: datetime) -> int:
    """Post what is due; returns how many the merchant took.

    What is not taken is tried again, later each time and for ever: a merchant that was away for a day still learns
    what was paid.
    """
    delivered, clock = 0, going_on(now)
    due = SandboxWebhook.objects.due(now=now)
    for webhook in due.select_related("payment", "refund").order_by("due_at", "pk")[:BATCH]:
        claimed = due.filter(pk=webhook.pk, attempts=webhook.attempts)
        moment = clock()
        if claimed.update(attempts=webhook.attempts + 1, due_at=moment + LEASE):
            delivered += _deliver(webhook, now=moment)
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
    payment, refund = webhook.payment, webhook.refund
    # What was taken, once something was; until then what was asked.
    amount, currency = payment.captured_amount, payment.captured_currency
    if refund is not None:
        amount, currency = refund.amount, refund.currency
    elif webhook.kind in NEVER_LOST:
        amount = _taken_by_bank(payment)
    elif not currency:
        amount, currency = payment.amount, payment.currency
    event = {
        "id": webhook.event_id,
        "type": webhook.kind,
        "payment": str(payment.pk),
        "merchant_reference": payment.merchant_reference,
        "amount": amount,
        "currency": currency,
        "created": int(webhook.created_at.timestamp()),
    }
    return event | ({"refund": refund.key} if refund is not None else {})


def _report(
    payment: SandboxPayment,
    kind: str,
    *,
    due_at: datetime,
    now: datetime,
    event_id: str = "",
    refund: SandboxRefund | None = None,
) -> SandboxWebhook:
    """Write down what is to be posted, with what goes wrong on the way."""
    subject = (payment.merchant_reference, kind, payment.webhooks.count())
    is_lost = kind not in NEVER_LOST and strike("lose", *subject, now=now)
    if strike("delay", *subject, now=now):
        due_at += DELAY_FROM + DELAY_SPREAD * current_faults().chance("how late", *subject)
    if strike("reorder", *subject, now=now):
        due_at += OVERTAKEN_AFTER
    first = SandboxWebhook(
        payment=payment,
        refund=refund,
        kind=kind,
        event_id=event_id or f"evt_{uuid7().hex}",
        created_at=now,
        due_at=due_at,
        is_lost=is_lost,
    )
    first.save()
    if strike("double", *subject, now=now):
        SandboxWebhook.objects.create(
            payment=payment,
            refund=refund,
            kind=kind,
            event_id=first.event_id,
            created_at=now,
            due_at=due_at + COPY_AFTER,
            is_lost=kind not in NEVER_LOST and strike("lose", *subject, "copy", now=now),
        )
    return first


def _deliver(webhook: SandboxWebhook, *, now: datetime) -> bool:
    body, headers = compose(webhook, now=now)
    try:
        answer = requests.post(webhook.payment.webhook_url, data=body, headers=headers, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        if strike("forget", webhook.event_id, webhook.attempts, now=now):
            raise requests.ConnectionError("the answer was lost")
    except requests.RequestException as error:
        pause = min(timedelta(seconds=2) * 2 ** min(webhook.attempts, 10), LONGEST_PAUSE)
        logger.warning("Webhook %s was not taken: %s", webhook.event_id, error)
        SandboxWebhook.objects.filter(pk=webhook.pk).update(last_error=str(error)[:300], due_at=now + pause)
        return False
    SandboxWebhook.objects.filter(pk=webhook.pk).update(delivered_at=now, last_error="")
    return True
