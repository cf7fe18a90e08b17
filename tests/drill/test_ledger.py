"""Whether the drill would notice a false "sold out" or a unit sold twice, on ledgers that are written by hand."""

import pytest

from tests.drill.ledger import counters_over_time, find_false_refusals, promised_floor
from tests.drill.sample import SKU, SampleSale, refusal


def _false_refusals(sale: SampleSale, *, start: float, end: float, quantity: int = 1) -> int:
    answers = [refusal(start=start, end=end, quantity=quantity)]
    return len(find_false_refusals(sale.books(), answers, skus=[SKU]))


def test_refusal_while_all_is_held_is_true() -> None:
    sale = SampleSale(units=1)
    sale.reserve("a", at=100)

    assert _false_refusals(sale, start=101, end=101.1) == 0


def test_refusal_while_a_unit_lies_there_is_false() -> None:
    sale = SampleSale(units=1)

    assert _false_refusals(sale, start=101, end=101.1) == 1


def test_refusal_for_more_than_is_free_is_true() -> None:
    sale = SampleSale(units=2)

    assert _false_refusals(sale, start=101, end=101.1, quantity=3) == 0


def test_hold_that_ran_out_counts_for_nothing_before_the_sweep() -> None:
    sale = SampleSale(units=1, hold_seconds=10)
    sale.reserve("a", at=100)
    sale.expire("a", at=130)

    assert _false_refusals(sale, start=111, end=111.1) == 1


@pytest.mark.parametrize(("start", "end"), [(109.5, 110.5), (110.0, 110.1)])
def test_refusal_that_began_before_the_hold_ran_out_is_true(start: float, end: float) -> None:
    sale = SampleSale(units=1, hold_seconds=10)
    sale.reserve("a", at=100)
    sale.expire("a", at=130)

    assert _false_refusals(sale, start=start, end=end) == 0


def test_unit_taken_during_the_request_was_not_free_all_through() -> None:
    sale = SampleSale(units=1)
    sale.reserve("a", at=100.05)

    assert _false_refusals(sale, start=100, end=100.1) == 0


def test_release_counts_only_after_the_margin() -> None:
    sale = SampleSale(units=1, hold_seconds=60)
    sale.reserve("a", at=100)
    sale.release("a", at=105)

    assert _false_refusals(sale, start=106, end=106.1) == 0
    assert _false_refusals(sale, start=109, end=109.1) == 1


def test_paid_unit_is_never_free_again() -> None:
    sale = SampleSale(units=1, hold_seconds=10)
    sale.reserve("a", at=100)
    sale.pay("a", at=105)

    assert _false_refusals(sale, start=200, end=200.1) == 0


def test_promised_floor_stays_at_nothing_left_when_a_unit_changes_hands() -> None:
    sale = SampleSale(units=1, hold_seconds=10)
    sale.reserve("a", at=100)
    sale.expire("a", at=110.5)
    sale.reserve("b", at=110.5)
    sale.pay("b", at=112)

    assert min(promised_floor(sale.books(), sku=SKU).values) == 0


def test_promised_floor_falls_below_nothing_when_a_unit_is_sold_twice() -> None:
    sale = SampleSale(units=1)
    sale.reserve("a", at=100)
    sale.reserve("b", at=100.001)

    assert min(promised_floor(sale.books(), sku=SKU).values) == -1


def test_counters_over_time_follow_the_ledger() -> None:
    sale = SampleSale(units=2)
    sale.reserve("a", at=100)
    sale.pay("a", at=104)

    counters = [(moment.on_hand, moment.held, moment.allocated) for moment in counters_over_time(sale.books(), sku=SKU)]

    assert counters == [(2, 0, 0), (2, 1, 0), (2, 0, 1)]
