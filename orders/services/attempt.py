"""Attempts to pay: begun at a provider, and what the provider says of them, told or asked.

No provider is called inside a transaction. What an event means is settled in services.payment.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from orders.gateways import Gateway, GatewayEvent, GatewayFailed, available_gateways, gateway_named
from orders.models import Order, OrderEventKind, Payment, PaymentEvent, PaymentStatus, StrayEvent
from orders.models.payment import CHECK_LEASE
from orders.services.errors import OrderNotPayable, UnknownGateway, UnknownPayment
from orders.services.payment import settle
from orders.services.timeline import note
from shop.errors import NotFound
from shop.money import format_money
from shop.transactions import transactional

logger = logging.getLogger(__name__)

# A shopper may still bring money by these: another attempt beside them would be a second page to pay on.
UNDER_WAY = (PaymentStatus.PENDING, PaymentStatus.AUTHORISED)


def start_payment(*, order_id: UUID, now: datetime, gateway: str | None = None) -> Payment:
    """Begin an attempt and say where the shopper pays: `redirect_url`.

    An attempt that is under way at the same provider is given again, so a double click is one attempt. If the
    provider's answer was lost, the same question with the same key gets the session that it had opened.

    :raises OrderNotPayable: if the order does not wait for payment, or its time is over.
    :raises UnknownGateway: if that provider is not switched on.
    :raises GatewayFailed: if the provider does not answer; the attempt stays, and the next try goes on with it.
    """
    payment = claim_attempt(order_id=order_id, now=now, gateway=gateway)
    if payment.redirect_url:
        return payment
    session = require_gateway(payment.gateway).open_session(
        payment_id=payment.pk,
        order_number=payment.order.number,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        email=payment.order.email,
        expires_at=payment.expires_at,
        return_url=settings.SITE_URL + reverse("orders:order_payment", kwargs={"order_id": order_id}),
    )
    payment.redirect_url, payment.session_reference = session.url, session.reference
    payment.save(update_fields=["redirect_url", "session_reference"])
    return payment


@transactional
def claim_attempt(*, order_id: UUID, now: datetime, gateway: str | None = None) -> Payment:
    """Write down an attempt that no provider knows of yet, or give the one that is under way at this provider.

    A door that keeps an answer keeps this one, in the transaction of the claim, and calls start_payment after it.

    :raises OrderNotPayable: if the order does not wait for payment, or its time is over.
    :raises UnknownGateway: if that provider is not switched on.
    """
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    if not order.can_be_paid(now=now):
        raise OrderNotPayable(number=order.number, status=order.get_status_display().lower())
    provider = require_gateway(gateway or order.gateway)
    under_way = Payment.objects.filter(order=order, gateway=provider.name, status__in=UNDER_WAY).first()
    if under_way is not None:
        return under_way
    payment = Payment.objects.create(
        order=order,
        gateway=provider.name,
        amount_minor=order.total_minor,
        currency=order.currency,
        created_at=now,
        expires_at=order.pay_by,
    )
    text = f"Payment of {format_money(order.total_minor, order.currency)} started with {provider.label}."
    note(order, OrderEventKind.PAYMENT_STARTED, text, actor="shop", now=now)
    return payment


def record_payment_event(*, payment_id: UUID, body: bytes, headers: Mapping[str, str], now: datetime) -> PaymentEvent:
    """Take a webhook that was posted to the address of one payment. A repeat has no second effect.

    :raises UnknownPayment: if there is no such payment, or the event speaks of another one.
    :raises BadSignature: if its provider did not sign it, or too long ago.
    :raises BadEvent: if it is signed but cannot be read.
    """
    payment = Payment.objects.filter(pk=payment_id).first()
    if payment is None:
        raise UnknownPayment()
    event = require_gateway(payment.gateway).read_event(body=body, headers=headers, now=now)
    if event is None or event.payment_id != str(payment_id):
        raise UnknownPayment()
    return settle(payment_id=payment_id, order_id=payment.order_id, event=event, now=now)


def record_gateway_event(
    *, gateway: str, body: bytes, headers: Mapping[str, str], now: datetime
) -> PaymentEvent | None:
    """Take a webhook of a provider that has one address for the whole shop; the payment is found in the event.

    None if the event is one of those that change nothing here, or of a payment that is not of this shop: other systems
    may use the same account, so it is kept and answered with success. A repeat has no second effect.

    :raises UnknownPayment: if that provider is not switched on.
    :raises BadSignature: if the provider did not sign it, or too long ago.
    :raises BadEvent: if it is signed but cannot be read.
    """
    provider = gateway_named(gateway)
    if provider is None:
        raise UnknownPayment()
    event = provider.read_event(body=body, headers=headers, now=now)
    if event is None:
        return None
    payment = _payment_of(event, gateway=gateway)
    if payment is None:
        _keep_stray(event, gateway=gateway, now=now)
        return None
    return settle(payment_id=payment.pk, order_id=payment.order_id, event=event, now=now)


def ask_about_silent_payments(*, now: datetime, limit: int = 20) -> int:
    """Ask the providers about payments of which nothing was heard; returns how many they answered for.

    What they report is settled like a webhook, under the same event id: whichever comes second has no effect. Each
    payment is claimed by compare-and-set before the call, so that two workers do not ask at once. One that fails is
    logged and asked about again after the same silence.
    """
    silent = Payment.objects.silent(now=now, since=settings.PAYMENT_SILENCE).filter(gateway__in=available_gateways())
    answered = 0
    for payment in silent.order_by("asked_at", "created_at")[:limit]:
        if silent.filter(pk=payment.pk, asked_at=payment.asked_at).update(asked_at=now):
            answered += _ask(payment, now=now)
    return answered


def ask_about_captured_payments(*, now: datetime, limit: int = 20) -> int:
    """Ask the providers what became of money that came; returns how many they answered for.

    A bank takes money back weeks later, somebody refunds it on the provider's pages, a refund fails after all, and the
    report of it may be lost. So each payment is asked about after a day, and then after twice as long each time, until
    its dispute window is over. What is known already is not settled again; what is not ends as if it had been told.
    Each is claimed by compare-and-set for an hour, after which one that failed, or whose worker died, is asked about
    again.
    """
    due = Payment.objects.to_check(now=now).filter(gateway__in=available_gateways())
    answered = 0
    for payment in due.order_by("check_at", "pk")[:limit]:
        if due.filter(pk=payment.pk, check_at=payment.check_at).update(check_at=now + CHECK_LEASE) and _ask(
            payment, now=now
        ):
            Payment.objects.filter(pk=payment.pk).update(check_at=payment.next_check(now=now))
            answered += 1
    return answered


def require_gateway(name: str) -> Gateway:
    """The provider with this name. :raises UnknownGateway: if it is not switched on."""
    provider = gateway_named(name)
    if provider is None:
        raise UnknownGateway(gateway=name, known=list(available_gateways()))
    return provider


def _payment_of(event: GatewayEvent, *, gateway: str) -> Payment | None:
    """By our own id where the provider repeats it, else by the provider's (a refund or a dispute made over there)."""
    payments = Payment.objects.filter(gateway=gateway)
    try:
        return payments.filter(pk=UUID(event.payment_id)).first()
    except ValueError:
        # MariaDB finds "PI_a" for "pi_A": which of them is meant is decided here.
        found = payments.filter(provider_reference=event.provider_reference, moved_from=None).order_by("pk")
        return next((one for one in found if one.provider_reference == event.provider_reference), None)


def _keep_stray(event: GatewayEvent, *, gateway: str, now: datetime) -> None:
    StrayEvent.objects.get_or_create(
        event_key=PaymentEvent.key_of(gateway=gateway, event_id=event.event_id),
        defaults={
            "gateway": gateway,
            "event_id": event.event_id,
            "kind": event.kind,
            "provider_reference": event.provider_reference,
            "payload": event.payload,
            "received_at": now,
        },
    )


def _untold(payment: Payment, events: list[GatewayEvent]) -> list[GatewayEvent]:
    """Those that were not settled before: most answers tell nothing new, and then nothing is locked."""
    if not events:
        return []
    keys = {PaymentEvent.key_of(gateway=payment.gateway, event_id=event.event_id): event for event in events}
    known = set(PaymentEvent.objects.filter(event_key__in=list(keys)).values_list("event_key", flat=True))
    return [event for key, event in keys.items() if key not in known]


def _ask(payment: Payment, *, now: datetime) -> bool:
    try:
        events = require_gateway(payment.gateway).ask(
            payment_id=payment.pk, session_reference=payment.session_reference, now=now
        )
        if any(event.payment_id != str(payment.pk) for event in events):
            raise GatewayFailed("the answer speaks of another payment")
        for event in _untold(payment, events):
            settle(payment_id=payment.pk, order_id=payment.order_id, event=event, now=now)
    except Exception:
        # Not GatewayFailed alone: whatever an answer makes us stumble over, the other payments are asked about.
        logger.exception("Asking about payment %s failed.", payment.pk)
        return False
    return True
