"""The adapter to Stripe, by its own SDK: Checkout Sessions, refunds, webhooks. The SDK is loaded when it is first used.

Every create carries an idempotency key that the shop derives from its own row, so an answer that was lost is asked for
again and not done again. Stripe repeats a stored 500 to the same key for a day: once it is known to be a repeat, the
first try is over, and the next key of the row is used.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings

from orders.gateways import base
from orders.gateways.base import (
    BadEvent,
    BadSignature,
    GatewayEvent,
    GatewayFailed,
    GatewayRefund,
    GatewayRefundFailed,
    GatewaySession,
    read_json,
)
from shop.money import DECIMALS

T = TypeVar("T")

API_VERSION = "2026-10-28.endive"
TOLERANCE_SECONDS = 300
TIMEOUT_SECONDS = 5
RETRIES = 1
KEYS_OF_A_ROW = 3
# Stripe lets no session end sooner than this after it was made; ours is closed by API when the hold ends.
SHORTEST_SESSION = timedelta(minutes=31)
# https://docs.stripe.com/currencies#zero-decimal and #three-decimal. The rupiah is in neither list: Stripe counts sen.
WITHOUT_DECIMALS = {
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
}  # fmt: skip
WITH_THREE_DECIMALS = {"BHD", "JOD", "KWD", "OMR", "TND"}
REFUND_KINDS = {
    "succeeded": base.REFUND_SUCCEEDED,
    "failed": base.REFUND_FAILED,
    "canceled": base.REFUND_FAILED,
}


class StripeGateway:
    """Cards and whatever else the account at Stripe offers, on Stripe's own page."""

    name = "stripe"
    label = "Card"
    page_origin = "https://checkout.stripe.com"

    def missing_settings(self) -> list[str]:
        """See Gateway.missing_settings."""
        return [name for name in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET") if not getattr(settings, name)]

    def open_session(
        self,
        *,
        payment_id: UUID,
        order_number: str,
        amount_minor: int,
        currency: str,
        email: str,
        expires_at: datetime,
        return_url: str,
    ) -> GatewaySession:
        """See Gateway.open_session."""
        metadata = {"payment_id": str(payment_id), "order": order_number}
        price = {
            "currency": currency.lower(),
            "unit_amount": to_stripe(amount_minor, currency),
            "product_data": {"name": f"Order {order_number}"},
        }
        params = {
            "mode": "payment",
            "client_reference_id": str(payment_id),
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
            "customer_email": email,
            "line_items": [{"price_data": price, "quantity": 1}],
            # The same whenever it is asked again: Stripe refuses a key that comes back with another body.
            "expires_at": int((expires_at + SHORTEST_SESSION).timestamp()),
            "success_url": return_url,
            "cancel_url": return_url,
        }
        session = _create(_client().v1.checkout.sessions.create, params, key=f"session-{payment_id}")
        return GatewaySession(url=session.url, reference=session.id)

    def close_session(self, *, session_reference: str) -> None:
        """See Gateway.close_session."""
        import stripe

        sessions = _client().v1.checkout.sessions
        try:
            sessions.expire(session_reference)
        except stripe.InvalidRequestError:
            # Only an open one can be expired; whether this one is over already, Stripe says best itself.
            session = _call(lambda: sessions.retrieve(session_reference))
            if session.status == "open":
                raise GatewayFailed(f"session {session_reference} stays open") from None
        except stripe.StripeError as error:
            raise GatewayFailed(str(error)) from error

    def read_event(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent | None:
        """See Gateway.read_event. The age of the signature is judged by the clock of this machine."""
        import stripe

        try:
            stripe.WebhookSignature.verify_header(
                body.decode(),
                headers.get("Stripe-Signature", ""),
                settings.STRIPE_WEBHOOK_SECRET,
                TOLERANCE_SECONDS,
            )
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise BadSignature() from error
        try:
            event = read_json(body)
            return _read(event["type"], event["data"]["object"], event=event)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadEvent(problem=f"The event lacks or misspells {error}.") from error

    def refund(self, *, refund_id: UUID, provider_reference: str, amount_minor: int, currency: str) -> GatewayRefund:
        """See Gateway.refund."""
        refunds = _client().v1.refunds
        made = _call(lambda: refunds.list({"payment_intent": provider_reference, "limit": 100}))
        known = next((refund for refund in made.data if _refund_id(refund) == str(refund_id)), None)
        if known is None:
            params = {
                "payment_intent": provider_reference,
                "amount": to_stripe(amount_minor, currency),
                "metadata": {"refund_id": str(refund_id)},
            }
            known = _create(refunds.create, params, key=f"refund-{refund_id}")
        if REFUND_KINDS.get(known.status) == base.REFUND_FAILED:
            raise GatewayRefundFailed(f"the refund {known.id} is {known.status}")
        return GatewayRefund(reference=known.id, is_finished=known.status == "succeeded")

    def ask(self, *, payment_id: UUID, session_reference: str, now: datetime) -> list[GatewayEvent]:
        """See Gateway.ask. Of a session whose making was never answered nobody has the address: nothing to hear.

        Once it is paid, its refunds and disputes are asked for, too.
        """
        if not session_reference:
            return []
        sessions, asked = _client().v1.checkout.sessions, {"asked": session_reference}
        session = _call(lambda: sessions.retrieve(session_reference, {"expand": ["payment_intent"]})).to_dict()
        intent = session.get("payment_intent") or {}
        session["payment_intent"] = intent.get("id")
        kind = _kind_of_session(session, intent)
        told = [_read(kind, session, event=asked)] if kind else []
        if session.get("payment_status") == "paid" and intent:
            told += _after_payment(intent["id"], event=asked)
        return [replace(event, payment_id=str(payment_id)) for event in told if event is not None]


def _kind_of_session(session: dict[str, Any], intent: dict[str, Any]) -> str:
    """The event that tells how this session stands. A transfer that failed leaves it complete and not paid."""
    if session["status"] == "complete" and session.get("payment_status") == "unpaid":
        has_failed = intent.get("status") in ("requires_payment_method", "canceled")
        return "checkout.session.async_payment_failed" if has_failed else "checkout.session.completed"
    return {"complete": "checkout.session.completed", "expired": "checkout.session.expired"}.get(session["status"], "")


def _after_payment(intent_id: str, *, event: dict[str, Any]) -> list[GatewayEvent | None]:
    """What became of money that came, under the ids that the webhooks of it have."""
    which = {"payment_intent": intent_id, "limit": 100}
    refunds = _call(lambda: _client().v1.refunds.list(which))
    disputes = _call(lambda: _client().v1.disputes.list(which))
    told = [_read("refund.updated", refund.to_dict(), event=event) for refund in refunds.data]
    for dispute in (found.to_dict() for found in disputes.data):
        # https://docs.stripe.com/api/disputes/object: what was withdrawn for it, and what came back, if anything did.
        moved = [transaction["amount"] for transaction in dispute.get("balance_transactions") or []]
        if any(amount < 0 for amount in moved):
            told.append(_read("charge.dispute.funds_withdrawn", dispute, event=event))
        if any(amount > 0 for amount in moved):
            told.append(_read("charge.dispute.funds_reinstated", dispute, event=event))
    return told


def to_stripe(amount_minor: int, currency: str) -> int:
    """Our minor units in those that Stripe counts: 25000 rupiah are 2500000 sen there."""
    return amount_minor * _units_per_ours(currency)


def from_stripe(amount: int, currency: str) -> int:
    """Stripe's units in ours, never rounded in silence. :raises BadEvent: if it is no whole number of ours."""
    ours, rest = divmod(amount, _units_per_ours(currency))
    if rest:
        raise BadEvent(problem=f"{amount} {currency} at Stripe is no whole amount of this shop.")
    return ours


def _units_per_ours(currency: str) -> int:
    theirs = 0 if currency in WITHOUT_DECIMALS else 3 if currency in WITH_THREE_DECIMALS else 2
    # What the shop does not sell in is taken as Stripe counts it: it is reported as another currency anyway.
    return int(10 ** (theirs - DECIMALS.get(currency, theirs)))


def _read(kind: str, of: dict[str, Any], *, event: dict[str, Any]) -> GatewayEvent | None:
    """The event by what it is about. Those that Stripe sends beside it, and other systems of the account, are None."""
    if kind.startswith("checkout.session."):
        return _session_event(kind, of, event=event)
    if kind.startswith("payment_intent."):
        return _intent_event(kind, of, event=event)
    if kind.startswith("refund."):
        return _refund_event(of, event=event)
    if kind.startswith("charge.dispute."):
        return _dispute_event(kind, of, event=event)
    return None


def _session_event(kind: str, session: dict[str, Any], *, event: dict[str, Any]) -> GatewayEvent | None:
    payment_id = (session.get("metadata") or {}).get("payment_id")
    is_paid = session.get("payment_status") == "paid"
    meaning = {
        "checkout.session.completed": base.CAPTURED if is_paid else base.AUTHORISED,
        "checkout.session.async_payment_succeeded": base.CAPTURED,
        "checkout.session.async_payment_failed": base.DECLINED,
        "checkout.session.expired": base.EXPIRED,
    }.get(kind)
    if meaning is None or not payment_id:
        return None
    return _event(
        # Not Stripe's own id: asked or told, and told in whichever way, a session is paid once.
        event_id=f"{session['id']}:{meaning}",
        kind=meaning,
        payment_id=payment_id,
        reference=session.get("payment_intent") or session["id"],
        amount=session["amount_total"],
        currency=session["currency"],
        payload=event,
    )


def _intent_event(kind: str, intent: dict[str, Any], *, event: dict[str, Any]) -> GatewayEvent | None:
    payment_id = (intent.get("metadata") or {}).get("payment_id")
    meaning = {
        "payment_intent.payment_failed": base.DECLINED,
        "payment_intent.amount_capturable_updated": base.AUTHORISED,
    }.get(kind)
    if meaning is None or not payment_id:
        return None
    return _event(
        event_id=event["id"],
        kind=meaning,
        payment_id=payment_id,
        reference=intent["id"],
        amount=intent["amount"],
        currency=intent["currency"],
        payload=event,
    )


def _refund_event(refund: dict[str, Any], *, event: dict[str, Any]) -> GatewayEvent | None:
    meaning = REFUND_KINDS.get(refund["status"])
    if meaning is None or not refund.get("payment_intent"):
        return None
    return _event(
        event_id=f"{refund['id']}:{refund['status']}",
        kind=meaning,
        payment_id="",
        reference=refund["payment_intent"],
        amount=refund["amount"],
        currency=refund["currency"],
        payload=event,
        refund_id=(refund.get("metadata") or {}).get("refund_id") or refund["id"],
    )


def _dispute_event(kind: str, dispute: dict[str, Any], *, event: dict[str, Any]) -> GatewayEvent | None:
    # An inquiry is a dispute, too, and moves no money: what counts is when the bank takes it, and gives it back.
    meaning = {
        "charge.dispute.funds_withdrawn": base.CHARGED_BACK,
        "charge.dispute.funds_reinstated": base.CHARGEBACK_WON,
    }.get(kind)
    if meaning is None or not dispute.get("payment_intent"):
        return None
    return _event(
        event_id=f"{dispute['id']}:{meaning}",
        kind=meaning,
        payment_id="",
        reference=dispute["payment_intent"],
        amount=dispute["amount"],
        currency=dispute["currency"],
        payload=event,
    )


def _event(
    *,
    event_id: str,
    kind: str,
    payment_id: str,
    reference: str,
    amount: int,
    currency: str,
    payload: dict[str, Any],
    refund_id: str = "",
) -> GatewayEvent:
    code, amount_minor, problem = currency.upper(), 0, ""
    try:
        amount_minor = from_stripe(amount, code)
    except BadEvent as error:
        # Refused, it would be lost: Stripe gives up after three days. It is kept, and a person reads it.
        problem = str(error.facts["problem"])
    return GatewayEvent(
        event_id=event_id,
        kind=kind,
        payment_id=payment_id,
        provider_reference=reference,
        amount_minor=amount_minor,
        currency=code,
        payload=payload,
        refund_id=refund_id,
        problem=problem,
    )


def _refund_id(refund: Any) -> str:
    return str((refund.to_dict().get("metadata") or {}).get("refund_id", ""))


def _create(create: Callable[..., Any], params: dict[str, Any], *, key: str) -> Any:
    """Make something once. An error that Stripe stored under the key is a try that is over: the next key goes on."""
    import stripe

    for number in range(KEYS_OF_A_ROW):
        try:
            return create(params, {"idempotency_key": f"{key}-{number}"})
        except stripe.StripeError as error:
            is_stored = (error.headers or {}).get("Idempotent-Replayed") == "true"
            if not is_stored or (error.http_status or 0) < 500:
                raise GatewayFailed(str(error)) from error
    raise GatewayFailed(f"every key of {key} ended in an error")


def _call(ask: Callable[[], T]) -> T:
    import stripe

    try:
        return ask()
    except stripe.StripeError as error:
        raise GatewayFailed(str(error)) from error


def _client() -> Any:
    return _client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL)


@cache
def _client_for(secret_key: str, api_url: str) -> Any:
    """One client for the process: it keeps its connections, one for each thread."""
    import stripe

    return stripe.StripeClient(
        secret_key,
        stripe_version=API_VERSION,
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        base_addresses={"api": api_url} if api_url else {},
    )
