"""Races for money that comes late and money that goes back."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings

from inventory import services as inventory
from inventory.models import Reservation, StockItem, StockItemQuerySet
from inventory.queries import prove
from inventory.services import counters as counters_module
from orders import services
from orders.gateways import GatewayRefund
from orders.gateways.sandbox import SandboxGateway
from orders.models import Order, OrderEventKind, OrderStatus, Payment, Refund, RefundStatus
from orders.queries import prove_owed
from orders.services import backorder
from orders.services import refund as refund_module
from shop.errors import ShopError
from tests.books import counters
from tests.factories import ACTOR, NOW, StockItemFactory, hold, placed_order, report
from tests.races.threads import PAUSE_SECONDS, at_once, seen_within_rounds, without_checks

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]
LATE = NOW + settings.PAYMENT_WINDOW + timedelta(minutes=1)


def crashes(answers: list[Any]) -> list[Exception]:
    """Exceptions that are no refusals."""
    return [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, ShopError)]


def status_of(order: Order) -> str:
    return Order.objects.values_list("status", flat=True).get(pk=order.pk)


def adds_up() -> bool:
    return prove() == [] and prove_owed() == []


# Late money and the last unit -----------------------------------------------------------------------------------------


def expired_order(item: StockItem, **terms: bool) -> tuple[Order, Payment]:
    """An order of one unit whose time is over and whose hold was released, and its attempt."""
    order = placed_order(lines={item.variant: 1}, **terms)
    attempt = services.start_payment(order_id=order.pk, now=NOW)
    services.expire_unpaid(now=LATE)
    inventory.expire_due(now=LATE)
    return order, attempt


def late_money_against_a_hold(wrap: Callable[[Any], Any] = lambda call: call) -> tuple[StockItem, Order, list[Any]]:
    item = StockItemFactory(on_hand=1)
    order, attempt = expired_order(item)
    calls = partial(report, attempt, now=LATE), partial(hold, lines={item.sku: 1}, now=LATE)
    return item, order, at_once(*map(wrap, calls))


def test_late_money_and_another_shopper_do_not_both_get_the_last_unit(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")

    for _ in range(5):
        item, order, answers = late_money_against_a_hold()

        assert crashes(answers) == []
        is_held = isinstance(answers[1], Reservation)
        assert status_of(order) == (OrderStatus.REFUNDED if is_held else OrderStatus.PAID)
        assert counters(item) == (1, int(is_held), int(not is_held))
        assert Refund.objects.filter(payment__order=order).count() == int(is_held)
    assert adds_up()


def test_control_without_the_condition_both_get_the_last_unit(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_before(counters_module, "_shift")
    for condition in ("able_to_promise", "able_to_hand_over"):
        monkeypatch.setattr(StockItemQuerySet, condition, lambda items, *, quantity: items)

    def both() -> bool:
        _, order, answers = late_money_against_a_hold(without_checks)
        return status_of(order) == OrderStatus.PAID and isinstance(answers[1], Reservation)

    assert seen_within_rounds(both)


def two_late_payments_for_one_unit() -> list[str]:
    """Two orders paid late, neither by terms, and one unit: staff allow one more to be promised, but not to them."""
    item = StockItemFactory(on_hand=2, backorder_limit=1)
    first, second = expired_order(item), expired_order(item)
    inventory.adjust(stock_item_id=item.pk, change=-1, reason="broken", actor=ACTOR, now=LATE)
    at_once(*[partial(report, attempt, now=LATE) for _, attempt in (first, second)])
    return sorted(status_of(order) for order, _ in (first, second))


def test_two_late_payments_do_not_share_the_last_unit_on_hand(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")

    for _ in range(5):
        assert two_late_payments_for_one_unit() == [OrderStatus.PAID, OrderStatus.REFUNDED]
    assert adds_up()


def test_control_without_the_condition_in_the_update_one_is_paid_for_a_unit_that_is_not_there(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CHECK constraint does not help here: it allows what staff allow beyond the stock."""
    pause_before(counters_module, "_shift")
    monkeypatch.setattr(StockItemQuerySet, "able_to_hand_over", StockItemQuerySet.able_to_promise)

    assert seen_within_rounds(lambda: two_late_payments_for_one_unit() == [OrderStatus.PAID] * 2)


# Arrivals -------------------------------------------------------------------------------------------------------------


def two_workers_allocate() -> Order:
    """A back-ordered order whose unit arrives, and two workers that see it."""
    item = StockItemFactory(on_hand=1, backorder_limit=1)
    order, attempt = expired_order(item, accepts_backorder=True)
    hold(lines={item.sku: 1}, now=LATE, minutes=600)
    report(attempt, now=LATE)
    assert status_of(order) == OrderStatus.BACKORDERED
    inventory.receive(sku=item.sku, location="MAIN", quantity=1, reason="delivery", actor=ACTOR, now=LATE)
    at_once(*[partial(services.allocate_arrivals, now=LATE)] * 2)
    return order


def arrivals_told(order: Order) -> int:
    return order.events.filter(kind=OrderEventKind.ARRIVED).count()


def test_units_arrive_once_however_many_workers_look(pause_before: Pause) -> None:
    pause_before(backorder, "conclude")

    for _ in range(3):
        order = two_workers_allocate()

        assert status_of(order) == OrderStatus.PAID
        assert arrivals_told(order) == 1
    assert adds_up()


def test_control_without_the_lock_units_arrive_twice(no_locks: None, pause_before: Pause) -> None:
    pause_before(backorder, "conclude")

    assert seen_within_rounds(lambda: arrivals_told(two_workers_allocate()) > 1)


# Money on its way back ------------------------------------------------------------------------------------------------


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> None:
    """The world outside: a bank that takes a moment and does what it is asked."""

    def send_back(gateway: SandboxGateway, *, refund_id: object, **request: object) -> GatewayRefund:
        time.sleep(PAUSE_SECONDS)
        return GatewayRefund(reference=f"re-{refund_id}", is_finished=True)

    monkeypatch.setattr(SandboxGateway, "refund", send_back)


def differing_payment() -> Payment:
    """An attempt that brought too little, which is on its way back."""
    attempt = services.start_payment(order_id=placed_order().pk, now=NOW)
    report(attempt, amount=1_000)
    return attempt


def report_against_worker() -> tuple[Refund, list[Any]]:
    attempt = differing_payment()
    refund = Refund.objects.get(payment=attempt)
    told = partial(report, attempt, kind="refund.succeeded", amount=1_000, refund=str(refund.key))
    return refund, at_once(told, partial(services.send_due_refunds, now=NOW))


def times_finished(refund: Refund) -> int:
    return refund.payment.order.events.filter(kind=OrderEventKind.REFUND_SUCCEEDED).count()


def test_a_refund_that_is_reported_while_the_worker_asks_for_it_finishes_once(bank: None, pause_before: Pause) -> None:
    pause_before(refund_module, "conclude")

    for _ in range(5):
        refund, answers = report_against_worker()

        refund.refresh_from_db()
        assert crashes(answers) == []
        assert (refund.status, times_finished(refund)) == (RefundStatus.SUCCEEDED, 1)
        assert "references" not in refund.payment.order.needs_attention


def test_control_without_the_lock_a_refund_finishes_twice(no_locks: None, bank: None, pause_before: Pause) -> None:
    pause_before(refund_module, "conclude")

    def finished_twice() -> bool:
        refund, _ = report_against_worker()
        return times_finished(refund) > 1

    assert seen_within_rounds(finished_twice)


def two_refunds_at_once() -> tuple[int, list[Any]]:
    """Two people send the same payment back at one moment; what goes back of the thousand that came."""
    attempt = differing_payment()
    Refund.objects.filter(payment=attempt).update(status=RefundStatus.FAILED)
    attempt.refresh_from_db()
    ask = partial(services.request_refund, attempt, amount_minor=1_000, currency="IDR", reason="twice", now=NOW)
    answers = at_once(ask, ask)
    return sum(Refund.objects.filter(payment=attempt, reason="twice").values_list("amount_minor", flat=True)), answers


def test_two_refunds_at_one_moment_never_exceed_what_came(pause_before: Pause) -> None:
    pause_before(Refund.objects, "create")

    for _ in range(5):
        total, answers = two_refunds_at_once()

        assert total == 1_000
        assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [services.RefundTooMuch]


def test_control_without_the_lock_more_goes_back_than_came(no_locks: None, pause_before: Pause) -> None:
    pause_before(Refund.objects, "create")

    assert seen_within_rounds(lambda: two_refunds_at_once()[0] > 1_000)
