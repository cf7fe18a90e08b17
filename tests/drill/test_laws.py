"""Whether each law of the drill is found broken when it is: a judge that never finds fault proves nothing."""

from dataclasses import replace

import pytest

from tests.drill.answers import Answer, latencies_by_step
from tests.drill.laws import laws_of_answers, laws_of_books
from tests.drill.sample import PRICE, SKU, SampleSale, refusal


def _broken(sale: SampleSale, answers: list[Answer] | None = None, *, units: int | None = None) -> set[str]:
    laws = laws_of_books(sale.books(), answers or [], stocks={SKU: units or sale.units}, scarce=SKU, wanting=9)
    return {law.name for law in laws if not law.ok}


def _exact_sale() -> SampleSale:
    sale = SampleSale(units=1)
    sale.reserve("a", at=100)
    sale.pay("a", at=104)
    return sale


def _answer(**changes: object) -> Answer:
    plain = Answer(shopper="s1", step="add", started_at=1.0, ended_at=1.1, status=201)
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_exact_sale_keeps_every_law() -> None:
    assert _broken(_exact_sale(), [refusal(start=101, end=101.1)]) == set()


def test_unit_sold_twice_is_found() -> None:
    sale = _exact_sale()
    sale.reserve("b", at=100.5)
    sale.pay("b", at=105)

    assert _broken(sale) == {
        "No unit sold twice",
        "Never promised more than there is",
        "Everything sold while somebody wanted it",
    }


def test_false_refusal_is_found() -> None:
    assert _broken(_exact_sale(), [refusal(start=50, end=50.1)]) == {"No false \u201csold out\u201d"}


def test_paid_order_without_its_units_is_found() -> None:
    sale = _exact_sale()
    sale.reservations["a"] = replace(sale.reservations["a"], state="EXPIRED")

    assert _broken(sale) == {"Every paid order has its units"}


def test_order_without_lines_is_found() -> None:
    sale = _exact_sale()
    sale.orders[0] = replace(sale.orders[0], lines=[])

    assert "No half order" in _broken(sale)


def test_cart_that_became_two_orders_is_found() -> None:
    sale = _exact_sale()
    sale.orders.append(replace(sale.orders[0], id="order-again", status="EXPIRED"))

    assert _broken(sale) == {"No half order"}


def test_second_capture_that_was_not_refunded_is_found() -> None:
    sale = _exact_sale()
    sale.capture("payment-again", order="order-a", amount=PRICE)

    assert _broken(sale) == {"Every rupiah has a place"}


def test_second_capture_that_was_refunded_is_fine() -> None:
    sale = _exact_sale()
    sale.capture("payment-again", order="order-a", amount=PRICE)
    sale.refund("payment-again", amount=PRICE)

    assert _broken(sale) == set()


def test_refund_on_its_way_is_not_settled() -> None:
    sale = _exact_sale()
    sale.capture("payment-again", order="order-a", amount=PRICE)
    sale.refund("payment-again", amount=PRICE, status="PENDING")

    assert _broken(sale) == {"Every rupiah has a place", "Everything settled"}


def test_live_hold_is_not_settled() -> None:
    sale = SampleSale(units=2)
    sale.reserve("a", at=100)
    sale.pay("a", at=104)
    sale.reserve("b", at=105)

    assert _broken(sale) == {"Everything sold while somebody wanted it", "Everything settled"}


def test_answer_that_claims_a_row_that_is_not_there_is_found() -> None:
    assert _broken(_exact_sale(), [_answer(made="nowhere")]) == {"Every \u201cdone\u201d is backed by a row"}


@pytest.mark.parametrize(
    ("answers", "broken"),
    [
        ([_answer()], set()),
        ([_answer(status=500)], {"No server error"}),
        ([_answer(status=503)], {"Never too busy"}),
        ([_answer(status=0)], {"No lost answer"}),
        ([_answer(key="k", made="x"), _answer(key="k", made="x", is_repeat=True)], set()),
        ([_answer(key="k", made="x"), _answer(key="k", made="y", is_repeat=True)], {"One key, one effect"}),
    ],
)
def test_laws_of_answers(answers: list[Answer], broken: set[str]) -> None:
    assert {law.name for law in laws_of_answers(answers) if not law.ok} == broken


def test_latencies_are_nearest_rank_percentiles() -> None:
    answers = [_answer(started_at=0.0, ended_at=milliseconds / 1000) for milliseconds in range(1, 101)]

    figures = latencies_by_step(answers)["add"]

    assert figures == {"count": 100, "p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0, "max_ms": 100.0}
