"""The adapter to the sandbox provider. It knows the provider's public interface and nothing of its inside.

The payment page is reached by a signed link, so that opening it needs no call from a web worker to itself; refunds
and news of a silent payment are asked for over HTTP by the worker; webhooks come back signed, as
`Sandbox-Signature: t=<unix time>,v1=<hmac>`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import requests
from django.conf import settings
from django.core import signing

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
from shop.parsers import TOO_DEEP

TOLERANCE_SECONDS = 300
TIMEOUT_SECONDS = 5
LONGEST_TIME = 12  # digits of a Unix time; longer ones are no time and cost time
KINDS = {
    "payment.authorised": base.AUTHORISED,
    "payment.captured": base.CAPTURED,
    "payment.declined": base.DECLINED,
    "payment.expired": base.EXPIRED,
    "payment.cancelled": base.CANCELLED,
    "payment.charged_back": base.CHARGED_BACK,
    "payment.chargeback_won": base.CHARGEBACK_WON,
    "refund.succeeded": base.REFUND_SUCCEEDED,
    "refund.failed": base.REFUND_FAILED,
}


class SandboxGateway:
    """Pays with play money."""

    name = "sandbox"
    label = "Sandbox (play money)"
    page_origin = ""

    def missing_settings(self) -> list[str]:
        """See Gateway.missing_settings."""
        return [] if settings.SANDBOX_SIGNING_KEY else ["SANDBOX_SIGNING_KEY"]

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
        """A link to the provider's hosted page that carries what is to be paid, signed with the shared key.

        It lives in the shop's own house, so there and back are addresses without a host: the shopper stays on the
        name they came by (localhost, an address in the local network), where their session is.
        """
        request = {
            "merchant_reference": str(payment_id),
            "description": order_number,
            "amount": amount_minor,
            "currency": currency,
            "expires_at": int(expires_at.timestamp()),
            "return_url": return_url.removeprefix(settings.SITE_URL),
            "webhook_url": f"{settings.WEBHOOK_BASE_URL}/api/v1/webhooks/payments/{payment_id}",
        }
        signed = signing.dumps(request, key=settings.SANDBOX_SIGNING_KEY, salt="sandbox.pay", compress=True)
        return GatewaySession(url=f"{settings.SANDBOX_URL}/pay/?{urlencode({'request': signed})}")

    def close_session(self, *, session_reference: str) -> None:
        """See Gateway.close_session. The link carries its own end."""

    def read_event(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent:
        """See Gateway.read_event."""
        self._verify(body, headers.get("Sandbox-Signature", ""), now=now)
        try:
            return _event(read_json(body))
        except RecursionError as error:
            raise BadEvent(problem=TOO_DEEP) from error
        except (ValueError, KeyError, TypeError) as error:
            raise BadEvent(problem=f"The event lacks or misspells {error}. Send it as documented.") from error

    def refund(self, *, refund_id: UUID, provider_reference: str, amount_minor: int, currency: str) -> GatewayRefund:
        """See Gateway.refund."""
        answer = self._post(
            "/refunds/",
            {"key": str(refund_id), "payment": provider_reference, "amount": amount_minor, "currency": currency},
        )
        try:
            if answer["status"] == "failed":
                raise GatewayRefundFailed(f"the refund {answer['id']} is failed")
            return GatewayRefund(reference=str(answer["id"]), is_finished=answer["status"] == "succeeded")
        except (KeyError, TypeError) as error:
            raise GatewayFailed(f"the answer to the refund lacks {error}") from error

    def ask(self, *, payment_id: UUID, session_reference: str, now: datetime) -> list[GatewayEvent]:
        """See Gateway.ask. The provider answers by its own clock."""
        try:
            answer = requests.get(
                f"{settings.SANDBOX_API_URL}/payments/{payment_id}/",
                headers=_credentials(),
                timeout=TIMEOUT_SECONDS,
            )
            if answer.status_code == requests.codes.not_found:
                return []
            answer.raise_for_status()
            return [_event(event) for event in read_json(answer.content)["events"]]
        except (requests.RequestException, BadEvent, ValueError, KeyError, TypeError, RecursionError) as error:
            raise GatewayFailed(f"the answer about the payment cannot be used: {error}") from error

    def _verify(self, body: bytes, header: str, *, now: datetime) -> None:
        parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
        sent_at = parts.get("t", "")
        is_time = sent_at.isascii() and sent_at.isdecimal() and len(sent_at) <= LONGEST_TIME
        if not is_time or abs(now.timestamp() - int(sent_at)) > TOLERANCE_SECONDS:
            raise BadSignature()
        expected = hmac.new(
            settings.SANDBOX_SIGNING_KEY.encode(), f"{sent_at}.".encode() + body, hashlib.sha256
        ).hexdigest()
        if not hmac.compare_digest(expected.encode(), parts.get("v1", "").encode()):
            raise BadSignature()

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = requests.post(
                settings.SANDBOX_API_URL + path,
                json=body,
                headers=_credentials(),
                timeout=TIMEOUT_SECONDS,
            )
            answer.raise_for_status()
            return answer.json()
        except (requests.RequestException, ValueError) as error:
            raise GatewayFailed(str(error)) from error


def _credentials() -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.SANDBOX_SIGNING_KEY}"}


def _event(event: dict[str, Any]) -> GatewayEvent:
    return GatewayEvent(
        event_id=str(event["id"]),
        kind=KINDS[event["type"]],
        payment_id=str(event["merchant_reference"]),
        provider_reference=str(event["payment"]),
        amount_minor=event["amount"],
        currency=str(event["currency"]),
        payload=event,
        refund_id=str(event.get("refund", "")),
        fingerprint=str(event.get("fingerprint", "")),
    )
