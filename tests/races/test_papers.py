"""Races for the next number of an invoice."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from orders import services
from orders.models import OrderStatus, Paper, PaperCounter, Payment
from tests.factories import NOW, paid_order, placed_order, report
from tests.races.threads import at_once, seen_within_rounds

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]
AT_ONCE = 6


class GoneWrongError(Exception):
    """Whatever ends a transaction after the number was taken."""


def attempts(count: int) -> list[Payment]:
    return [services.start_payment(order_id=placed_order().pk, now=NOW) for _ in range(count)]


def roll_back(attempt: Payment) -> None:
    """The payment as it comes in, with its invoice, and nothing of it stays."""
    with transaction.atomic():
        report(attempt)
        assert Paper.objects.filter(payment=attempt).exists()
        raise GoneWrongError


def first_numbers(count: int) -> list[str]:
    return [f"INV-2026-{number:06}" for number in range(1, count + 1)]


def issued() -> list[str]:
    return sorted(Paper.objects.values_list("number", flat=True))


def test_orders_paid_at_once_have_the_numbers_from_one_without_gap_or_double(pause_before: Pause) -> None:
    """From the first one of the year on, for which there is no counter yet."""
    pause_before(PaperCounter, "save")

    for round_number in range(1, 4):
        answers = at_once(*[partial(report, attempt) for attempt in attempts(AT_ONCE)])

        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        assert issued() == first_numbers(round_number * AT_ONCE)
    assert set(Paper.objects.values_list("order__status", flat=True)) == {OrderStatus.PAID}


def test_payments_that_are_rolled_back_among_others_leave_no_gap(pause_before: Pause) -> None:
    paid_order()
    pause_before(PaperCounter, "save")

    for round_number in range(1, 4):
        kept, lost = attempts(3), attempts(3)
        answers = at_once(*[partial(report, each) for each in kept], *[partial(roll_back, each) for each in lost])

        assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [GoneWrongError] * 3
        assert issued() == first_numbers(1 + 3 * round_number)
    assert PaperCounter.objects.get().last == len(issued())


def test_control_without_the_counters_lock_two_orders_take_one_number(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique number does not let both be written, and the payment of the second one is lost with its invoice."""
    paid_order()
    pause_before(PaperCounter, "save")
    monkeypatch.setattr(PaperCounter.objects, "select_for_update", PaperCounter.objects.all)

    def taken_twice() -> bool:
        answers = at_once(*[partial(report, attempt) for attempt in attempts(AT_ONCE)])
        return any(isinstance(answer, IntegrityError) and "number" in str(answer) for answer in answers)

    assert seen_within_rounds(taken_twice)
