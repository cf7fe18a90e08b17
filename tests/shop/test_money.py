"""Money is written for people, from integer minor units."""

import pytest

from shop.money import MINUS, NO_BREAK_SPACE, format_money, tax_words


@pytest.mark.parametrize(
    ("amount_minor", "expected"),
    [
        (0, "Rp 0"),
        (1, "Rp 1"),
        (999, "Rp 999"),
        (1_000, "Rp 1.000"),
        (1_249_000, "Rp 1.249.000"),
        (25_000_000, "Rp 25.000.000"),
    ],
)
def test_format_money_groups_rupiah_with_points_and_shows_no_decimals(amount_minor: int, expected: str) -> None:
    assert format_money(amount_minor, "IDR") == expected.replace(" ", NO_BREAK_SPACE)


@pytest.mark.parametrize(
    ("amount_minor", "expected"),
    [(0, "$0.00"), (5, "$0.05"), (7_990, "$79.90"), (123_456_789, "$1,234,567.89")],
)
def test_format_money_shows_dollars_with_two_decimals(amount_minor: int, expected: str) -> None:
    assert format_money(amount_minor, "USD") == expected


def test_format_money_puts_a_real_minus_before_the_currency() -> None:
    assert format_money(-20_000, "IDR") == f"{MINUS}Rp{NO_BREAK_SPACE}20.000"
    assert format_money(-5, "USD") == f"{MINUS}$0.05"


def test_format_money_shows_a_currency_that_the_shop_does_not_sell_in_as_it_is_counted() -> None:
    assert format_money(500, "EUR") == "500 EUR (minor units)"


@pytest.mark.parametrize(
    ("rates", "words"),
    [([1_100, 1_100, 0], "PPN 11\u00a0%"), ([1_925], "PPN 19.25\u00a0%"), ([550], "PPN 5.5\u00a0%"), ([], "PPN")],
)
def test_tax_words_name_the_rate_where_there_is_one(rates: list[int], words: str) -> None:
    assert tax_words(rates, name="PPN") == words
    assert tax_words([*rates, 1, 2], name="PPN") == "PPN"
