"""A webhook that never arrives: the shop asks the provider itself, and the money ends as if it had arrived."""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests
from django.conf import settings
from django.test import Client
from django.utils import timezone

from inventory.queries import prove
from orders import services, tasks
from orders.gateways import GatewayFailed
from orders.gateways.sandbox import SandboxGateway
from orders.models import Order, OrderEventKind, OrderStatus, Payment, PaymentEvent, PaymentStatus, Refund
from orders.queries import prove_owed
from orders.sandbox import provider
from orders.sandbox.models import SandboxPayment, SandboxWebhook
from tests.books import nothing_changes
from tests.factories import StockItemFactory, hold, placed_order

pytestmark = pytest.mark.django_db

SILENCE = settings.PAYMENT_SILENCE
INSTANT = timedelta(microseconds=1)
BEARER = {"Authorization": f"Bearer {settings.SANDBOX_SIGNING_KEY}"}


class Wire:
    """The network between the worker and the provider: carries each GET to the provider's own view, unless told not to.

    `meanwhile` is called while a request is on its way.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.is_down = False

    def get(self, url: str, *, headers: dict[str, str], timeout: float) -> requests.Response:
        path = urlsplit(url).path
        reference = path.rstrip("/").rsplit("/", 1)[-1]
        self.asked.append(reference)
        self.meanwhile()
        if self.is_down:
            raise requests.ConnectionError("the provider is away")
        carried = Client().get(path, headers=headers)
        response = requests.Response()
        response.status_code, response._content = self.answers.get(reference, (carried.status_code, carried.content))
        return response


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    wire = Wire()
    monkeypatch.setattr(requests, "get", wire.get)
    return wire


def began(*, ago: timedelta = SILENCE, choice: str = "", order: Order | None = None) -> Payment:
    """An attempt begun so long ago, at whose provider the shopper chose something then. No webhook ever arrives."""
    then = timezone.now() - ago
    payment = services.start_payment(order_id=(order or placed_order(now=then)).pk, now=then)
    if choice:
        choose(payment, choice, now=then)
    return payment


def choose(payment: Payment, choice: str, *, now: datetime) -> None:
    request = parse_qs(urlsplit(payment.redirect_url).query)["request"][0]
    provider.choose(payment=provider.open_payment(request=request, now=now), choice=choice, now=now)


def ask(*, after: timedelta = timedelta(0)) -> int:
    return services.ask_about_silent_payments(now=timezone.now() + after)


def statuses(payment: Payment) -> tuple[str, str]:
    payment = Payment.objects.select_related("order").get(pk=payment.pk)
    return payment.status, payment.order.status


def kinds(payment: Payment) -> list[str]:
    return list(payment.order.events.order_by("pk").values_list("kind", flat=True))


def everything_adds_up() -> bool:
    return prove() == [] and prove_owed() == []


def test_an_order_whose_webhook_was_lost_is_paid_when_the_shop_asks(wire: Wire) -> None:
    payment = began(choice="pay")

    assert ask() == 1

    assert statuses(payment) == (PaymentStatus.CAPTURED, OrderStatus.PAID)
    assert wire.asked == [str(payment.pk)]
    assert everything_adds_up()


def test_the_answer_is_the_same_event_as_the_webhook(wire: Wire) -> None:
    payment = began(choice="pay")
    now = timezone.now()
    body, headers = provider.compose(SandboxWebhook.objects.get(), now=now)
    gateway = SandboxGateway()

    told = gateway.read_event(body=body, headers=headers, now=now)

    assert gateway.ask(payment_id=payment.pk, session_reference="", now=now) == [told]


@pytest.mark.parametrize("choice", ["pay", "twice"])
def test_a_webhook_after_the_answer_has_no_second_effect(wire: Wire, choice: str) -> None:
    payment = began(choice=choice)
    ask()

    now = timezone.now()
    with nothing_changes():
        for webhook in SandboxWebhook.objects.select_related("payment"):
            body, headers = provider.compose(webhook, now=now)
            services.record_payment_event(payment_id=payment.pk, body=body, headers=headers, now=now)

    assert kinds(payment).count(OrderEventKind.PAID) == 1
    assert not Refund.objects.exists()


def test_a_payment_that_is_settled_is_not_asked_about(wire: Wire) -> None:
    began(choice="pay")
    ask()

    with nothing_changes():
        assert ask(after=10 * SILENCE) == 0

    assert len(wire.asked) == 1


def test_an_answer_after_the_webhook_has_no_second_effect(wire: Wire) -> None:
    """The webhook arrives while the question is on its way."""
    payment = began(choice="pay")
    now = timezone.now()
    body, headers = provider.compose(SandboxWebhook.objects.get(), now=now)
    wire.meanwhile = lambda: services.record_payment_event(payment_id=payment.pk, body=body, headers=headers, now=now)

    assert ask() == 1

    assert statuses(payment) == (PaymentStatus.CAPTURED, OrderStatus.PAID)
    assert PaymentEvent.objects.count() == 1
    assert kinds(payment).count(OrderEventKind.PAID) == 1


@pytest.mark.parametrize("left", [0, 3])
def test_money_for_an_expired_order_is_late_money(wire: Wire, left: int) -> None:
    """Kept if the units are still free, sent back if another shopper has them."""
    item = StockItemFactory(on_hand=5)
    then = timezone.now() - timedelta(hours=1)
    payment = began(ago=timedelta(hours=1), choice="late", order=placed_order(lines={item.variant: 2}, now=then))
    services.expire_unpaid(now=timezone.now())
    assert statuses(payment) == (PaymentStatus.EXPIRED, OrderStatus.EXPIRED)
    hold(lines={item.variant.sku: 5 - left}, now=timezone.now())

    assert ask() == 1

    kept = left > 0
    assert statuses(payment) == (PaymentStatus.CAPTURED, OrderStatus.PAID if kept else OrderStatus.REFUNDED)
    assert Refund.objects.count() == (0 if kept else 1)
    assert everything_adds_up()


def test_money_for_a_cancelled_order_goes_back(wire: Wire) -> None:
    payment = began(choice="pay")
    services.cancel_order(order_id=payment.order_id, now=timezone.now(), actor="shopper")

    assert ask() == 1

    assert statuses(payment) == (PaymentStatus.CAPTURED, OrderStatus.CANCELLED)
    assert Refund.objects.get().amount_minor == payment.amount_minor


def test_a_lost_decline_is_learnt_and_money_after_it_too(wire: Wire) -> None:
    payment = began(choice="decline")
    ask()
    assert statuses(payment) == (PaymentStatus.DECLINED, OrderStatus.AWAITING_PAYMENT)

    choose(payment, "pay", now=timezone.now())
    assert ask(after=SILENCE) == 1

    assert statuses(payment) == (PaymentStatus.CAPTURED, OrderStatus.PAID)


def test_nothing_is_said_before_the_provider_would_have_reported_it(wire: Wire) -> None:
    payment = began(choice="late")

    assert ask() == 1
    assert statuses(payment) == (PaymentStatus.PENDING, OrderStatus.AWAITING_PAYMENT)


def test_a_webhook_that_waits_for_its_next_try_is_told(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_shop(*args: object, **kwargs: object) -> None:
        raise requests.ConnectionError("the shop is away")

    monkeypatch.setattr(requests, "post", no_shop)
    payment = began(choice="pay")
    provider.deliver_due_webhooks(now=timezone.now())
    SandboxWebhook.objects.update(due_at=timezone.now() + timedelta(hours=1))

    ask()

    assert statuses(payment) == (PaymentStatus.CAPTURED, OrderStatus.PAID)


def test_an_attempt_that_the_provider_never_saw_waits_on(wire: Wire) -> None:
    payment = began()

    assert ask() == 1
    assert statuses(payment) == (PaymentStatus.PENDING, OrderStatus.AWAITING_PAYMENT)
    assert not SandboxPayment.objects.exists()


def test_a_provider_that_is_away_is_asked_again_later(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    payment = began(choice="pay")
    wire.is_down = True
    with caplog.at_level(logging.ERROR):
        assert ask() == 0
    assert str(payment.pk) in caplog.text

    wire.is_down = False
    assert ask() == 0
    assert ask(after=SILENCE) == 1
    assert statuses(payment) == (PaymentStatus.CAPTURED, OrderStatus.PAID)


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (401, b"{}"),
        (200, b"nonsense"),
        (200, b"[]"),
        (200, b'{"events": 5}'),
        (200, b'{"events": [5]}'),
        (200, b'{"events": [{"id": "e"}]}'),
        (200, b"[" * 100_000),
    ],
)
def test_one_bad_answer_does_not_stop_the_others(wire: Wire, answer: tuple[int, bytes]) -> None:
    poisoned, sound = began(ago=2 * SILENCE, choice="pay"), began(choice="pay")
    wire.answers[str(poisoned.pk)] = answer

    assert ask() == 1

    assert wire.asked == [str(poisoned.pk), str(sound.pk)]
    assert statuses(poisoned) == (PaymentStatus.PENDING, OrderStatus.AWAITING_PAYMENT)
    assert statuses(sound) == (PaymentStatus.CAPTURED, OrderStatus.PAID)
    with pytest.raises(GatewayFailed):
        SandboxGateway().ask(payment_id=poisoned.pk, session_reference="", now=timezone.now())


def test_an_answer_about_another_payment_is_refused(wire: Wire) -> None:
    asked = began()
    other = began(ago=timedelta(0), choice="pay")
    events = provider.reported_events(merchant_reference=str(other.pk), now=timezone.now())
    wire.answers[str(asked.pk)] = (200, json.dumps({"events": events}).encode())

    assert ask() == 0
    assert not PaymentEvent.objects.exists()


def test_it_asks_neither_too_early_nor_too_often_nor_for_ever(wire: Wire) -> None:
    start = timezone.now()
    services.start_payment(order_id=placed_order(now=start).pk, now=start)
    end = start + timedelta(days=3)

    def asked_at(now: datetime) -> int:
        before = len(wire.asked)
        services.ask_about_silent_payments(now=now)
        return len(wire.asked) - before

    moments = [start + SILENCE - INSTANT, start + SILENCE, start + 2 * SILENCE - INSTANT, start + 2 * SILENCE]
    assert [asked_at(now) for now in moments] == [0, 1, 0, 1]
    assert [asked_at(end - INSTANT), asked_at(end)] == [1, 0]
    Payment.objects.update(asked_at=None)
    assert asked_at(end) == 0


def test_a_provider_that_is_switched_off_is_not_asked(wire: Wire, settings: Any) -> None:
    payment = began(choice="pay")
    settings.PAYMENT_GATEWAYS = []
    with nothing_changes():
        assert ask() == 0

    settings.PAYMENT_GATEWAYS = ["sandbox"]
    assert ask() == 1
    assert statuses(payment) == (PaymentStatus.CAPTURED, OrderStatus.PAID)


def test_two_workers_ask_once_about_each(wire: Wire) -> None:
    """The second starts while the first, which has both on its list, waits for its first answer."""
    first, second = began(ago=2 * SILENCE, choice="pay"), began(choice="pay")

    def another_worker() -> None:
        wire.meanwhile = lambda: None
        ask()

    wire.meanwhile = another_worker
    ask()

    assert wire.asked == [str(first.pk), str(second.pk)]
    assert statuses(first) == statuses(second) == (PaymentStatus.CAPTURED, OrderStatus.PAID)


def test_who_waits_longest_is_asked_about_first_and_a_batch_is_bounded(
    wire: Wire, django_assert_num_queries: Any
) -> None:
    payments = [began(ago=(5 - number) * SILENCE) for number in range(3)]
    now = timezone.now()
    wire.is_down = True

    with django_assert_num_queries(1 + 2):
        services.ask_about_silent_payments(now=now, limit=2)
    assert wire.asked == [str(payments[0].pk), str(payments[1].pk)]

    services.ask_about_silent_payments(now=now + SILENCE, limit=2)
    assert wire.asked[2:] == [str(payments[2].pk), str(payments[0].pk)]
    with django_assert_num_queries(1):
        services.ask_about_silent_payments(now=now)


def test_the_clock_asks(wire: Wire) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["ask-about-silent-payments"]
    payments = [began(choice="pay") for _ in range(2)]

    assert (entry["task"], entry["schedule"]) == (tasks.ask_about_silent_payments.name, 30)
    tasks.ask_about_silent_payments()

    assert [statuses(payment)[1] for payment in payments] == [OrderStatus.PAID] * 2


def paid_ago(*, choice: str = "pay") -> Payment:
    """A payment of which the shop heard that money came, and whose later reports are all lost."""
    payment = began(choice=choice)
    SandboxWebhook.objects.filter(kind__contains="charge").update(due_at=timezone.now() + timedelta(hours=9))
    ask()
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.CAPTURED
    return payment


def the_bank_has_spoken() -> None:
    SandboxWebhook.objects.filter(kind__contains="charge").update(due_at=timezone.now())


def check(*, after: timedelta, limit: int = 20) -> int:
    return services.ask_about_captured_payments(now=timezone.now() + after, limit=limit)


@pytest.mark.parametrize(("choice", "end"), [("chargeback", PaymentStatus.CHARGED_BACK), ("won", "CAPTURED")])
def test_a_chargeback_whose_report_is_lost_is_learnt_after_a_day(wire: Wire, choice: str, end: str) -> None:
    payment = paid_ago(choice=choice)
    the_bank_has_spoken()

    assert check(after=timedelta(days=1)) == 1

    assert statuses(payment) == (end, OrderStatus.PAID)
    payment.order.refresh_from_db()
    assert payment.order.is_held_back == (choice == "chargeback")


def test_it_checks_after_a_day_then_after_twice_as_long_and_for_the_last_time_at_the_end_of_the_window(
    wire: Wire, settings: Any
) -> None:
    settings.DISPUTE_WINDOW = timedelta(days=20)
    payment = paid_ago()
    asked = len(wire.asked)
    days = []
    while payment.check_at is not None:
        due = payment.check_at
        assert services.ask_about_captured_payments(now=due - INSTANT) == 0
        assert services.ask_about_captured_payments(now=due) == 1
        days.append(round((due - payment.created_at) / timedelta(days=1)))
        payment.refresh_from_db()

    assert days == [1, 2, 4, 8, 16, 20]
    assert len(wire.asked) - asked == len(days)


@pytest.mark.parametrize("count", [1, 3])
def test_a_check_that_tells_nothing_new_locks_nothing_and_costs_four_statements(
    wire: Wire, count: int, django_assert_num_queries: Any
) -> None:
    """One for the batch; each payment is claimed, compared and put off. The sandbox's own four are counted, too."""
    for _ in range(count):
        paid_ago()
    provider_statements = 4

    with django_assert_num_queries(1 + count * (3 + provider_statements)):
        assert check(after=timedelta(days=1), limit=20) == count


def test_a_batch_of_checks_is_bounded_and_two_workers_ask_once(wire: Wire) -> None:
    for _ in range(3):
        paid_ago()
    asked = len(wire.asked)

    def another_worker() -> None:
        wire.meanwhile = lambda: None
        check(after=timedelta(days=1, hours=1), limit=2)

    wire.meanwhile = another_worker
    check(after=timedelta(days=1, minutes=30), limit=2)

    assert len(wire.asked) - asked == len(set(wire.asked[asked:])) == 3


def test_a_check_that_fails_is_made_again_after_an_hour(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    payment = paid_ago(choice="chargeback")
    the_bank_has_spoken()
    wire.is_down = True
    with caplog.at_level(logging.ERROR):
        assert check(after=timedelta(days=1)) == 0
    wire.is_down = False

    assert check(after=timedelta(days=1, minutes=59)) == 0
    assert check(after=timedelta(days=1, minutes=61)) == 1
    assert statuses(payment)[0] == PaymentStatus.CHARGED_BACK


def test_the_clock_checks(wire: Wire) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["ask-about-captured-payments"]
    payment = paid_ago(choice="chargeback")
    the_bank_has_spoken()
    Payment.objects.update(check_at=timezone.now())

    assert (entry["task"], entry["schedule"]) == (tasks.ask_about_captured_payments.name, 60)
    tasks.ask_about_captured_payments()

    assert statuses(payment)[0] == PaymentStatus.CHARGED_BACK


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer ключ"}])
def test_the_provider_tells_nobody_but_the_merchant(client: Client, headers: dict[str, str]) -> None:
    payment = began(choice="pay")
    assert client.get(f"/sandbox/api/payments/{payment.pk}/", headers=headers).status_code == 401


def test_the_provider_does_not_know_what_nobody_opened(client: Client) -> None:
    assert client.get(f"/sandbox/api/payments/{uuid4()}/", headers=BEARER).status_code == 404
    assert client.post(f"/sandbox/api/payments/{uuid4()}/", headers=BEARER).status_code == 405
