"""Stripe, by its own SDK, against a Stripe that misbehaves on demand: one defined end each, and nothing done twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from inventory.queries import prove
from orders import services
from orders.gateways import BadSignature, GatewayFailed, base
from orders.gateways.base import BadEvent
from orders.gateways.stripe import StripeGateway, from_stripe, to_stripe
from orders.models import Order, OrderStatus, Payment, PaymentEvent, PaymentStatus, Refund, RefundStatus, StrayEvent
from orders.queries import prove_owed
from orders.shopper import ORDERS_KEY
from tests.factories import NOW, StockItemFactory, hold, placed_order
from tests.gateways.stripe_fake import StripeFake, signed

pytestmark = pytest.mark.django_db

SESSIONS = "/v1/checkout/sessions"
REFUNDS = "/v1/refunds"
SILENCE = timedelta(minutes=2)


def begin(order: Order | None = None) -> tuple[Order, Payment]:
    """An order that waits for payment, with a session at Stripe."""
    order = order or placed_order()
    return order, services.start_payment(order_id=order.pk, now=NOW, gateway="stripe")


def tell(event: dict[str, Any], *, now: Any = NOW) -> PaymentEvent | None:
    """Let Stripe post this event to the shop."""
    body, headers = signed(event)
    return services.record_gateway_event(gateway="stripe", body=body, headers=headers, now=now)


def status(order: Order) -> str:
    order.refresh_from_db()
    assert [prove(), prove_owed()] == [[], []]
    return order.status


def only_session(stripe: StripeFake) -> str:
    (session_id,) = stripe.sessions
    return session_id


def test_pay_leads_to_stripe_and_ends_paid(stripe: StripeFake) -> None:
    order, payment = begin()
    session = stripe.sessions[payment.session_reference]

    record = tell(stripe.pay(payment.session_reference))

    payment.refresh_from_db()
    assert payment.redirect_url == session["url"]
    assert (session["amount_total"], session["currency"]) == (order.total_minor * 100, "idr")
    assert record is not None
    assert record.outcome == "paid"
    assert status(order) == OrderStatus.PAID
    assert (payment.status, payment.provider_reference) == (PaymentStatus.CAPTURED, session["payment_intent"])


def test_declined_card_can_be_replaced_on_the_same_page(stripe: StripeFake) -> None:
    order, payment = begin()

    tell(stripe.decline(payment.session_reference))
    assert status(order) == OrderStatus.AWAITING_PAYMENT
    tell(stripe.pay(payment.session_reference))

    assert status(order) == OrderStatus.PAID


def test_events_twice_and_in_another_order_have_one_effect(stripe: StripeFake) -> None:
    order, payment = begin()
    declined = stripe.decline(payment.session_reference)
    paid = stripe.pay(payment.session_reference)

    for event in (paid, declined, paid, declined):
        tell(event)

    assert status(order) == OrderStatus.PAID
    assert PaymentEvent.objects.filter(payment=payment, kind=base.CAPTURED).count() == 1
    assert not Refund.objects.exists()


def test_asked_and_told_is_paid_once(stripe: StripeFake) -> None:
    order, payment = begin()
    paid = stripe.pay(payment.session_reference)

    asked = services.ask_about_silent_payments(now=NOW + SILENCE)
    tell(paid, now=NOW + SILENCE)

    assert asked == 1
    assert status(order) == OrderStatus.PAID
    assert PaymentEvent.objects.filter(payment=payment, kind=base.CAPTURED).count() == 1
    assert not Refund.objects.exists()


def test_a_transfer_that_failed_is_declined_when_its_webhook_was_lost(stripe: StripeFake) -> None:
    order, payment = begin()
    stripe.begin_transfer(payment.session_reference)
    services.ask_about_silent_payments(now=NOW + SILENCE)
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.AUTHORISED
    failed = stripe.fail_transfer(payment.session_reference)

    services.ask_about_silent_payments(now=NOW + 2 * SILENCE)

    payment.refresh_from_db()
    assert (payment.status, status(order)) == (PaymentStatus.DECLINED, OrderStatus.AWAITING_PAYMENT)
    event = tell(failed)
    assert event is not None
    assert PaymentEvent.objects.filter(kind=base.DECLINED).get() == event


def test_what_became_of_money_is_asked_about_when_its_webhooks_were_lost(stripe: StripeFake) -> None:
    """A dispute, its end and a refund by hand, each under the id that its webhook has."""
    order, payment = begin()
    tell(stripe.pay(payment.session_reference))
    day = timedelta(days=1)
    by_hand = stripe.refund_by_hand(payment.session_reference, 100_00)

    assert services.ask_about_captured_payments(now=NOW + day) == 1
    assert [refund.amount_minor for refund in payment.refunds.all()] == [100]
    taken = stripe.dispute(payment.session_reference)
    assert services.ask_about_captured_payments(now=NOW + 2 * day) == 1
    order.refresh_from_db()
    assert order.is_held_back
    won = stripe.dispute(payment.session_reference, kind="funds_reinstated", status="won")
    assert services.ask_about_captured_payments(now=NOW + 4 * day) == 1

    order.refresh_from_db()
    payment.refresh_from_db()
    assert (payment.status, order.is_held_back) == (PaymentStatus.CAPTURED, False)
    told = PaymentEvent.objects.count()
    for event in (by_hand, taken, won):
        tell(event, now=NOW + 4 * day)
    assert PaymentEvent.objects.count() == told
    assert payment.refunds.count() == 1


@pytest.mark.parametrize("trouble", ["lost", "500", "slow"])
def test_trouble_while_a_session_is_opened_opens_one(stripe: StripeFake, trouble: str) -> None:
    stripe.misbehave(SESSIONS, trouble)

    _, payment = begin()

    assert list(stripe.sessions) == [payment.session_reference]


def test_stripe_down_leaves_an_attempt_that_goes_on(stripe: StripeFake) -> None:
    order = placed_order()
    stripe.misbehave(SESSIONS, "lost", "lost")
    with pytest.raises(GatewayFailed):
        begin(order)
    assert len(stripe.sessions) == 1

    _, payment = begin(order)

    assert Payment.objects.filter(order=order).count() == 1
    assert list(stripe.sessions) == [payment.session_reference]


def test_session_ends_with_the_order(stripe: StripeFake) -> None:
    order, payment = begin()
    services.cancel_order(order_id=order.pk, now=NOW, actor="shopper")

    closed = services.close_ended_sessions(now=NOW)

    payment.refresh_from_db()
    assert closed == 1
    assert stripe.sessions[payment.session_reference]["status"] == "expired"
    assert payment.session_closed_at == NOW
    calls = len(stripe.calls)
    assert services.close_ended_sessions(now=NOW) == 0
    assert len(stripe.calls) == calls


def test_session_stays_open_while_its_order_waits(stripe: StripeFake) -> None:
    _, payment = begin()
    tell(stripe.decline(payment.session_reference))

    assert services.close_ended_sessions(now=NOW) == 0
    assert stripe.sessions[payment.session_reference]["status"] == "open"


def test_money_that_was_faster_than_the_close_goes_back_once(stripe: StripeFake) -> None:
    item = StockItemFactory(on_hand=2)
    order, payment = begin(placed_order(lines={item.variant: 2}))
    services.cancel_order(order_id=order.pk, now=NOW, actor="shopper")
    paid = stripe.pay(payment.session_reference)

    assert services.close_ended_sessions(now=NOW) == 1
    tell(paid)
    services.send_due_refunds(now=NOW)

    assert status(order) == OrderStatus.CANCELLED
    (refund,) = stripe.refunds.values()
    assert refund["amount"] == order.total_minor * 100
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED


def test_stripe_down_while_a_session_is_closed_tells_a_person_and_tries_on(stripe: StripeFake) -> None:
    order, payment = begin()
    services.cancel_order(order_id=order.pk, now=NOW, actor="shopper")
    path = f"{SESSIONS}/{payment.session_reference}/expire"
    now = NOW
    for _ in range(8):
        stripe.misbehave(path, "lost", "lost")
        assert services.close_ended_sessions(now=now) == 0
        now += timedelta(hours=2)
    order.refresh_from_db()
    assert order.needs_attention.startswith("A payment page stays open at stripe")

    assert services.close_ended_sessions(now=now) == 1

    order.refresh_from_db()
    assert order.needs_attention == ""


def test_late_money_buys_nothing_twice_and_goes_back(stripe: StripeFake) -> None:
    item = StockItemFactory(on_hand=2)
    order, payment = begin(placed_order(lines={item.variant: 2}))
    paid = stripe.pay(payment.session_reference)
    late = order.pay_by + timedelta(seconds=1)
    services.expire_unpaid(now=late)
    hold(lines={item.sku: 2}, now=late)

    tell(paid, now=late)
    tell(paid, now=late)
    services.send_due_refunds(now=late)

    assert status(order) == OrderStatus.REFUNDED
    assert [refund["amount"] for refund in stripe.refunds.values()] == [order.total_minor * 100]


@pytest.mark.parametrize("troubles", [["lost"], ["lost", "lost"], ["500"], ["slow"]])
def test_trouble_while_a_refund_is_made_makes_one(stripe: StripeFake, troubles: list[str]) -> None:
    order, payment = begin()
    services.cancel_order(order_id=order.pk, now=NOW, actor="shopper")
    tell(stripe.pay(payment.session_reference))
    stripe.misbehave(REFUNDS, "", *troubles)

    for minutes in range(0, 10, 3):
        services.send_due_refunds(now=NOW + timedelta(minutes=minutes))

    assert len(stripe.refunds) == 1
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED


def test_transfer_is_authorised_and_then_captured(stripe: StripeFake) -> None:
    order, payment = begin()

    begun = StripeGateway().ask(payment_id=payment.pk, session_reference=payment.session_reference, now=NOW)
    started = stripe.begin_transfer(payment.session_reference)
    body, headers = signed(started)
    event = StripeGateway().read_event(body=body, headers=headers, now=NOW)
    tell(stripe.arrive(payment.session_reference))

    assert begun == []
    assert event is not None
    assert event.kind == base.AUTHORISED
    assert status(order) == OrderStatus.PAID


def test_amounts_that_are_no_whole_rupiah_are_kept_and_looked_at(stripe: StripeFake) -> None:
    """Told or asked, a refund and a dispute: refused, Stripe would give them up after three days."""
    order, payment = begin()
    tell(stripe.pay(payment.session_reference))
    by_hand = stripe.refund_by_hand(payment.session_reference, 100_50)
    disputed = stripe.dispute(payment.session_reference)
    disputed["data"]["object"]["amount"] = 2_500_050

    records = [tell(by_hand), tell(disputed), tell(disputed)]

    order.refresh_from_db()
    payment.refresh_from_db()
    assert all(record is not None and record.outcome.startswith("no effect: ") for record in records)
    assert "10050 IDR at Stripe is no whole amount" in order.needs_attention
    assert "2500050 IDR at Stripe is no whole amount" in order.needs_attention
    assert (payment.status, payment.refunds.count()) == (PaymentStatus.CAPTURED, 0)
    assert PaymentEvent.objects.filter(payment=payment).count() == 3
    assert services.ask_about_captured_payments(now=NOW + timedelta(days=1)) == 1


def test_a_refund_by_hand_that_looks_like_ours_is_not_ours(stripe: StripeFake) -> None:
    """The same amount in the same minute, and its report comes before the answer about ours."""
    _, payment = begin()
    tell(stripe.pay(payment.session_reference))
    ours = services.repay(order_id=payment.order_id, amount_minor=100, reason="sorry", now=NOW, actor="staff")
    stripe.misbehave(REFUNDS, "", "lost", "lost")
    services.send_due_refunds(now=NOW)

    tell(stripe.refund_by_hand(payment.session_reference, 100_00))

    ours.refresh_from_db()
    assert ours.status == RefundStatus.PENDING
    assert payment.refunds.count() == 2
    services.send_due_refunds(now=NOW + timedelta(minutes=1))
    ours.refresh_from_db()
    assert ours.status == RefundStatus.SUCCEEDED
    assert len(stripe.refunds) == 2


@pytest.mark.parametrize(
    ("kind", "word", "meaning"),
    [
        ("funds_withdrawn", "needs_response", base.CHARGED_BACK),
        ("funds_reinstated", "won", base.CHARGEBACK_WON),
        ("created", "warning_needs_response", None),
        ("closed", "warning_closed", None),
        ("closed", "lost", None),
    ],
)
def test_disputes_are_chargebacks(stripe: StripeFake, kind: str, word: str, meaning: str | None) -> None:
    _, payment = begin()
    stripe.pay(payment.session_reference)
    body, headers = signed(stripe.dispute(payment.session_reference, kind=kind, status=word))

    event = StripeGateway().read_event(body=body, headers=headers, now=NOW)

    assert (event.kind if event else None) == meaning


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("succeeded", base.REFUND_SUCCEEDED),
        ("failed", base.REFUND_FAILED),
        ("canceled", base.REFUND_FAILED),
        ("pending", None),
    ],
)
def test_refunds_are_known_by_our_own_id(stripe: StripeFake, word: str, meaning: str | None) -> None:
    order, payment = begin()
    services.cancel_order(order_id=order.pk, now=NOW, actor="shopper")
    tell(stripe.pay(payment.session_reference))
    services.send_due_refunds(now=NOW)
    (refund,) = stripe.refunds.values()
    body, headers = signed(stripe.event("refund.updated", refund | {"status": word}))

    event = StripeGateway().read_event(body=body, headers=headers, now=NOW)

    assert (event.kind if event else None) == meaning
    assert (event.refund_id if event else str(Refund.objects.get().pk)) == str(Refund.objects.get().pk)


def test_what_is_not_signed_by_stripe_changes_nothing(stripe: StripeFake) -> None:
    order, payment = begin()
    paid = stripe.pay(payment.session_reference)

    for body, headers in (
        signed(paid, secret="whsec_of_somebody_else"),
        signed(paid, age=301),
        (signed(paid)[0], {}),
        (b"\xff\xfe", signed(paid)[1]),
    ):
        with pytest.raises(BadSignature):
            services.record_gateway_event(gateway="stripe", body=body, headers=headers, now=NOW)

    assert status(order) == OrderStatus.AWAITING_PAYMENT
    assert not PaymentEvent.objects.exists()


def test_signed_nonsense_is_told(stripe: StripeFake) -> None:
    for event in ({}, {"type": "checkout.session.completed"}, {"type": 5, "data": {"object": {}}}):
        with pytest.raises(BadEvent):
            tell(event)


def test_events_of_other_systems_are_kept_and_change_nothing(stripe: StripeFake) -> None:
    _, payment = begin()
    paid = stripe.pay(payment.session_reference)
    stranger = stripe.event("checkout.session.completed", stripe.sessions[only_session(stripe)] | {"metadata": {}})
    disputed = stripe.dispute(payment.session_reference)
    disputed["data"]["object"]["payment_intent"] = "pi_of_somebody_else"

    assert tell(stranger) is None
    assert tell(stripe.event("invoice.paid", {"id": "in_1"})) is None
    assert [tell(disputed), tell(disputed)] == [None, None]
    kept = StrayEvent.objects.get()
    assert (kept.kind, kept.provider_reference) == (base.CHARGED_BACK, "pi_of_somebody_else")
    assert tell(paid) is not None


def test_wrong_key_is_a_provider_that_failed(stripe: StripeFake, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_of_somebody_else"

    with pytest.raises(GatewayFailed, match="Invalid API Key"):
        begin()


@pytest.mark.parametrize(
    ("ours", "currency", "theirs"), [(25_000, "IDR", 2_500_000), (7_990, "USD", 7_990), (1, "IDR", 100)]
)
def test_amounts_survive_the_way_there_and_back(ours: int, currency: str, theirs: int) -> None:
    assert to_stripe(ours, currency) == theirs
    assert from_stripe(theirs, currency) == ours


def test_currency_that_is_not_sold_in_is_taken_as_stripe_counts_it() -> None:
    assert [from_stripe(500, currency) for currency in ("JPY", "EUR", "KWD")] == [500, 500, 500]


def test_part_of_a_rupiah_is_never_rounded_away() -> None:
    with pytest.raises(BadEvent, match="no whole amount"):
        from_stripe(2_500_050, "IDR")


def test_pages_that_pay_may_lead_to_stripe(stripe: StripeFake, client: Client) -> None:
    session = client.session
    order, _ = begin()
    session[ORDERS_KEY] = [str(order.pk)]
    session.save()

    policy = client.get(f"/orders/{order.pk}/")["Content-Security-Policy"]

    assert "form-action 'self' https://checkout.stripe.com" in policy
    assert "checkout.stripe.com" not in client.get("/")["Content-Security-Policy"]
