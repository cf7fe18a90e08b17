"""Money on its way back: asked for until the provider has done it, and then for a person. Never in silence."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.conf import settings

from orders import services
from orders.gateways import GatewayFailed, GatewayRefund, GatewayRefundFailed
from orders.gateways.sandbox import SandboxGateway
from orders.models import OrderEventKind, Refund, RefundStatus
from orders.services.refund import LEASE, LONGEST_LOOK, MAX_ATTEMPTS
from shop.errors import NotFound
from tests.books import nothing_changes
from tests.factories import NOW, placed_order, report

pytestmark = pytest.mark.django_db


class Bank:
    """The world outside: what the provider does with a request to send money back."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.answer: Callable[[], GatewayRefund] = self.done

    def refund(self, _: SandboxGateway, **request: object) -> GatewayRefund:
        self.asked.append(request)
        return self.answer()

    def done(self) -> GatewayRefund:
        return GatewayRefund(reference="re_1", is_finished=True)

    def not_yet(self) -> GatewayRefund:
        return GatewayRefund(reference="re_1", is_finished=False)

    def failed(self) -> GatewayRefund:
        raise GatewayRefundFailed("the refund re_1 is failed")

    def down(self) -> GatewayRefund:
        raise GatewayFailed("no answer")


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Bank:
    bank = Bank()
    monkeypatch.setattr(SandboxGateway, "refund", lambda self, **request: bank.refund(self, **request))
    return bank


def owed(**differing: object) -> Refund:
    """A refund that is due: of a payment that differed from what was asked for."""
    order = placed_order()
    report(services.start_payment(order_id=order.pk, now=NOW), **(differing or {"amount": 519_999}))
    return Refund.objects.latest("created_at", "pk")


def send(now: datetime = NOW) -> int:
    return services.send_due_refunds(now=now)


def try_until_given_up(refund: Refund) -> datetime:
    """Let the clock go on until nothing is due any more; the moment of the last try."""
    now = NOW
    for _ in range(MAX_ATTEMPTS + 2):
        refund.refresh_from_db()
        if refund.status != RefundStatus.PENDING:
            return now
        now = refund.next_attempt_at
        send(now)
    raise AssertionError("the refund is tried for ever")


def test_send_due_refunds_asks_the_provider_once_and_finishes(bank: Bank) -> None:
    refund = owed()

    assert send() == 1
    with nothing_changes():
        assert send(NOW + timedelta(days=1)) == 0

    refund.refresh_from_db()
    assert (refund.status, refund.provider_reference, refund.finished_at) == (RefundStatus.SUCCEEDED, "re_1", NOW)
    assert bank.asked == [
        {
            "refund_id": refund.pk,
            "provider_reference": refund.payment.provider_reference,
            "amount_minor": 519_999,
            "currency": "IDR",
        }
    ]
    assert refund.payment.order.events.filter(kind=OrderEventKind.REFUND_SUCCEEDED).count() == 1


def test_send_due_refunds_works_in_a_currency_that_the_shop_does_not_sell_in(bank: Bank) -> None:
    refund = owed(currency="EUR")

    assert send() == 1

    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED


def test_send_due_refunds_waits_longer_after_each_failure_with_the_same_key(bank: Bank) -> None:
    refund = owed()
    bank.answer = bank.down

    pauses = []
    for _ in range(3):
        refund.refresh_from_db()
        now = refund.next_attempt_at
        assert send(now) == 0
        refund.refresh_from_db()
        pauses.append(refund.next_attempt_at - now)

    assert pauses == sorted(set(pauses))
    assert (refund.status, refund.attempts) == (RefundStatus.PENDING, 3)
    assert refund.last_error
    assert {request["refund_id"] for request in bank.asked} == {refund.pk}

    bank.answer = bank.done
    assert send(refund.next_attempt_at) == 1
    refund.refresh_from_db()
    assert (refund.status, refund.last_error) == (RefundStatus.SUCCEEDED, "")


def test_send_due_refunds_does_not_ask_before_the_pause_is_over(bank: Bank) -> None:
    refund = owed()
    bank.answer = bank.down
    send()
    refund.refresh_from_db()

    send(refund.next_attempt_at - timedelta(microseconds=1))

    assert len(bank.asked) == 1


def test_a_refund_that_fails_too_often_becomes_a_persons_work(bank: Bank) -> None:
    refund = owed()
    bank.answer = bank.down

    last = try_until_given_up(refund)

    order = refund.payment.order
    order.refresh_from_db()
    assert (refund.status, len(bank.asked)) == (RefundStatus.FAILED, MAX_ATTEMPTS)
    assert "no answer" in order.needs_attention
    assert order.events.filter(kind=OrderEventKind.REFUND_FAILED).count() == 1
    with nothing_changes():
        assert send(last + timedelta(days=30)) == 0


def test_a_refund_that_the_bank_has_not_finished_is_waited_for(bank: Bank) -> None:
    refund = owed()
    bank.answer = bank.not_yet

    now, pauses = NOW, []
    for _ in range(MAX_ATTEMPTS * 3):
        assert send(now) == 0
        refund.refresh_from_db()
        pauses.append(refund.next_attempt_at - now)
        now = refund.next_attempt_at

    assert (refund.status, refund.provider_reference, refund.attempts) == (RefundStatus.PENDING, "re_1", 1)
    assert (pauses[0], pauses[-1]) == (settings.REFUND_RETRY, LONGEST_LOOK)
    assert pauses == sorted(pauses)
    assert {request["refund_id"] for request in bank.asked} == {refund.pk}
    bank.answer = bank.done
    assert send(now) == 1


def test_what_was_given_up_without_an_answer_is_not_promised_again(bank: Bank) -> None:
    refund = owed()
    bank.answer = bank.down
    last = try_until_given_up(refund)
    payment = refund.payment

    assert services.left_of(payment) == payment.captured_minor - refund.amount_minor
    with nothing_changes(), pytest.raises(services.RefundTooMuch):
        services.request_refund(
            payment, amount_minor=payment.captured_minor, currency=payment.captured_currency, reason="again", now=last
        )


def test_what_the_provider_failed_for_good_can_go_back_another_way(bank: Bank) -> None:
    refund = owed()
    bank.answer = bank.not_yet
    send()
    report(refund.payment, kind="refund.failed", amount=refund.amount_minor, refund=str(refund.key))

    assert services.left_of(refund.payment) == refund.payment.captured_minor


def test_retry_refund_puts_a_failed_one_back_to_work(bank: Bank) -> None:
    refund = owed()
    bank.answer = bank.down
    last = try_until_given_up(refund)

    services.retry_refund(refund_id=refund.pk, actor="staff@example.com", now=last)
    bank.answer = bank.done

    assert send(last) == 1
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED


def test_retry_refund_has_a_new_key_if_the_provider_failed_what_was_given_up(bank: Bank) -> None:
    refund = owed()
    bank.answer = bank.down
    last = try_until_given_up(refund)
    for _ in range(2):
        report(refund.payment, kind="refund.failed", amount=refund.amount_minor, refund=str(refund.pk), now=last)

    services.retry_refund(refund_id=refund.pk, actor="staff", now=last)
    bank.answer = bank.done

    assert send(last) == 1
    refund.refresh_from_db()
    assert refund.failures == 1
    assert bank.asked[-1]["refund_id"] == refund.key != refund.pk


def test_a_refund_that_the_provider_answers_as_failed_is_a_persons_work_and_has_a_new_key(bank: Bank) -> None:
    refund = owed()
    bank.answer = bank.failed
    send()

    refund.refresh_from_db()
    assert (refund.status, refund.failures, len(bank.asked)) == (RefundStatus.FAILED, 1, 1)
    assert "re_1 is failed" in refund.payment.order.needs_attention
    services.retry_refund(refund_id=refund.pk, actor="staff", now=NOW)
    bank.answer = bank.done

    assert send() == 1
    assert bank.asked[-1]["refund_id"] == refund.key != refund.pk


def test_a_late_word_of_an_earlier_try_does_not_hit_the_next(bank: Bank) -> None:
    """It names the try by the provider's own reference alone."""
    refund = owed()
    bank.answer = bank.not_yet
    send()
    for _ in range(2):
        report(refund.payment, kind="refund.failed", amount=refund.amount_minor, refund="re_1")
    services.retry_refund(refund_id=refund.pk, actor="staff", now=NOW)
    bank.answer = lambda: GatewayRefund(reference="re_2", is_finished=False)
    send()

    late = report(refund.payment, kind="refund.failed", amount=refund.amount_minor, refund="re_1")

    refund.refresh_from_db()
    assert late.outcome == "no effect: an earlier try of it failed, and is dealt with"
    assert (refund.status, refund.provider_reference, refund.failures) == (RefundStatus.PENDING, "re_2", 1)
    report(refund.payment, kind="refund.succeeded", amount=refund.amount_minor, refund="re_2")
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED


def test_each_refund_of_a_slow_batch_is_claimed_at_its_own_moment(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider takes three minutes for the first one: another worker must not take the second one meanwhile."""
    owed(), owed()
    passed = [0.0]
    monkeypatch.setattr("shop.clock.time.monotonic", lambda: passed[0])
    meanwhile: list[int] = []

    def slow() -> GatewayRefund:
        if len(bank.asked) == 2:
            meanwhile.append(send(NOW + timedelta(minutes=4)))
        passed[0] += 180
        return bank.done()

    bank.answer = slow

    assert send() == 2
    assert (meanwhile, len(bank.asked)) == ([0], 2)


def test_retry_refund_refuses_what_has_not_failed(bank: Bank) -> None:
    refund = owed()

    with nothing_changes(), pytest.raises(services.RefundNotFailed):
        services.retry_refund(refund_id=refund.pk, actor="staff", now=NOW)
    with nothing_changes(), pytest.raises(NotFound):
        services.retry_refund(refund_id=uuid4(), actor="staff", now=NOW)


def test_one_refund_that_fails_does_not_stop_the_others(bank: Bank) -> None:
    refunds = [owed() for _ in range(3)]
    answers = iter([bank.done, bank.down, bank.done])
    bank.answer = lambda: next(answers)()

    assert send() == 2
    assert sorted(Refund.objects.values_list("status", flat=True)) == ["PENDING", "SUCCEEDED", "SUCCEEDED"]
    assert len(refunds) == len(bank.asked)


def test_a_provider_that_answers_nonsense_is_counted_and_stops_nobody(bank: Bank) -> None:
    poison, sound = owed(), owed()

    def answer() -> GatewayRefund:
        if bank.asked[-1]["refund_id"] == poison.pk:
            raise KeyError("id")
        return bank.done()

    bank.answer = answer
    assert send() == 1

    poison.refresh_from_db()
    sound.refresh_from_db()
    assert (poison.status, poison.attempts, sound.status) == (RefundStatus.PENDING, 1, RefundStatus.SUCCEEDED)
    assert poison.last_error
    try_until_given_up(poison)
    assert poison.status == RefundStatus.FAILED


def test_a_refund_that_succeeds_after_all_takes_its_order_off_the_queue(bank: Bank) -> None:
    refund = owed()
    order = refund.payment.order
    services.settle_attention(order_id=order.pk, remark="amount looked at", actor="staff", now=NOW)
    bank.answer = bank.down
    last = try_until_given_up(refund)

    services.retry_refund(refund_id=refund.pk, actor="staff", now=last)
    bank.answer = bank.done
    send(last)

    order.refresh_from_db()
    assert order.needs_attention == ""


def test_a_worker_that_dies_after_asking_leaves_the_refund_to_the_next_one(bank: Bank) -> None:
    refund = owed()

    def die() -> GatewayRefund:
        raise SystemExit

    bank.answer = die
    with pytest.raises(SystemExit):
        send()
    bank.answer = bank.done

    assert send(NOW + LEASE - timedelta(microseconds=1)) == 0
    assert send(NOW + LEASE) == 1
    assert {request["refund_id"] for request in bank.asked} == {refund.pk}


def test_a_failure_that_comes_after_another_worker_was_through_changes_nothing(bank: Bank) -> None:
    refund = owed()

    def slow_failure() -> GatewayRefund:
        bank.answer = bank.done
        assert send(NOW + LEASE) == 1
        raise GatewayFailed("timed out")

    bank.answer = slow_failure
    send()

    refund.refresh_from_db()
    assert (refund.status, refund.last_error) == (RefundStatus.SUCCEEDED, "")
    assert not refund.payment.order.events.filter(kind=OrderEventKind.REFUND_FAILED).exists()


def test_a_provider_that_was_switched_off_is_a_failure_and_not_a_crash(settings: object, bank: Bank) -> None:
    refund = owed()
    settings.PAYMENT_GATEWAYS = []

    assert send() == 0

    refund.refresh_from_db()
    assert refund.status == RefundStatus.PENDING
    assert "switched off" in refund.last_error


def test_the_sandbox_says_that_a_refund_failed_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    refund = owed()
    monkeypatch.setattr(SandboxGateway, "_post", lambda *_: {"id": "re_1", "status": "failed"})
    send()

    refund.refresh_from_db()
    assert (refund.status, refund.failures) == (RefundStatus.FAILED, 1)
