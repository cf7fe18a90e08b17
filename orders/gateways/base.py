"""The protocol between the shop and any payment provider. Nothing else of a provider reaches the shop."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn, Protocol
from uuid import UUID

from shop.errors import ShopError
from shop.parsers import TOO_DEEP, nests_too_deep

# What a provider can report of a payment ...
AUTHORISED = "authorised"
CAPTURED = "captured"
DECLINED = "declined"
EXPIRED = "expired"
CANCELLED = "cancelled"
CHARGED_BACK = "charged back"
CHARGEBACK_WON = "chargeback won"
# ... and of money that goes back; `refund_id` says of which, as far as the provider knows.
REFUND_SUCCEEDED = "refund succeeded"
REFUND_FAILED = "refund failed"
MAX_REFERENCE_LENGTH = 120
MAX_AMOUNT_MINOR = 2**63 - 1


class BadSignature(ShopError):
    """A webhook that its provider did not sign, or signed too long ago."""

    code = "bad_signature"
    status = 401
    title = "Not signed by the provider"
    detail_format = "The signature is missing, wrong or too old. Sign the exact body with the shared key."


class BadEvent(ShopError):
    """A signed webhook that cannot be read. Facts: `problem`."""

    code = "bad_event"
    status = 422
    title = "The event cannot be read"
    detail_format = "{problem}"


class GatewayFailed(Exception):
    """The provider did not answer, or not as agreed. The shop will ask again."""


class GatewayRefundFailed(GatewayFailed):
    """The provider has failed the refund for good: asked again under this key, it would say so for ever."""


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """What a provider reports of one payment. `kind` is one of the words above; amounts in minor units.

    `refund_id` names the refund that it is about: by the id with which it was asked for, else by the
    provider's own name. `fingerprint` tells one means of payment (a card) from another, where there is one.
    """

    event_id: str
    kind: str
    payment_id: str
    provider_reference: str
    amount_minor: int
    currency: str
    payload: dict[str, Any] = field(default_factory=dict)
    refund_id: str = ""
    fingerprint: str = ""
    # Why the amount cannot be said in minor units of this shop, if so; it is nought then, and a person has to look.
    problem: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be kept as it came. :raises BadEvent:"""
        for name in ("event_id", "provider_reference"):
            word = getattr(self, name)
            if not 1 <= len(word) <= MAX_REFERENCE_LENGTH or not word.isascii():
                raise BadEvent(problem=f"Send 1 to {MAX_REFERENCE_LENGTH} ASCII characters as {name}.")
        if len(self.refund_id) > MAX_REFERENCE_LENGTH or not self.refund_id.isascii():
            raise BadEvent(problem=f"Send at most {MAX_REFERENCE_LENGTH} ASCII characters as refund_id.")
        is_whole = isinstance(self.amount_minor, int) and not isinstance(self.amount_minor, bool)
        if not is_whole or not 0 <= self.amount_minor <= MAX_AMOUNT_MINOR:
            raise BadEvent(problem="Send the amount as a whole number of minor units, not negative.")
        if len(self.currency) != 3 or not self.currency.isascii():
            raise BadEvent(problem="Send the currency as its ISO code of three letters.")


@dataclass(frozen=True, slots=True)
class GatewaySession:
    """Where a shopper pays. `reference` is the provider's name for it, empty where nothing has to be closed."""

    url: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class GatewayRefund:
    """The provider's word on a refund: whether it is through, and its own reference."""

    reference: str
    is_finished: bool


def read_json(body: bytes) -> Any:
    """A provider's JSON, within bounds. :raises ValueError: if it is none, or nests too deep (RecursionError too)."""
    parsed = json.loads(body, parse_constant=_refuse_constant)
    if nests_too_deep(parsed):
        raise ValueError(TOO_DEEP)
    return parsed


def _refuse_constant(name: str) -> NoReturn:
    """NaN and Infinity are not JSON, though Python reads them, and a database refuses to keep them."""
    raise ValueError(name)


class Gateway(Protocol):
    """One provider. Every call that needs the network may raise GatewayFailed and may safely be repeated."""

    name: str
    label: str
    # The origin of its page, which the shop's own pages may then send a form to. Empty if it lives in this house.
    page_origin: str

    def missing_settings(self) -> list[str]:
        """The environment variables that it cannot work without and that are not set, for the check at start."""
        ...

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
        """Where to send the shopper's browser. The same payment gives the same session again. :raises GatewayFailed:"""
        ...

    def close_session(self, *, session_reference: str) -> None:
        """Let nobody pay there any more. A session that is closed, or paid already, is no error: what was paid comes
        as an event. :raises GatewayFailed:
        """
        ...

    def read_event(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayEvent | None:
        """Verify and read a webhook. None if it tells nothing that a shop has to know.

        :raises BadSignature: if it is not from this provider, or replayed after the tolerance.
        :raises BadEvent: if it is signed but cannot be understood.
        """
        ...

    def refund(self, *, refund_id: UUID, provider_reference: str, amount_minor: int, currency: str) -> GatewayRefund:
        """Send money back; `refund_id` is the idempotency key.

        :raises GatewayFailed: if nobody knows what became of it.
        :raises GatewayRefundFailed: if the provider has failed it for good under this key.
        """
        ...

    def ask(self, *, payment_id: UUID, session_reference: str, now: datetime) -> list[GatewayEvent]:
        """What the provider knows of this payment by now, oldest first: the events that its webhooks carry, under the
        same ids. Empty if it knows nothing. :raises GatewayFailed:
        """
        ...
