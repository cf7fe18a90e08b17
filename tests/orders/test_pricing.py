"""Totals always add up: examples to read, and properties that hold for whatever Hypothesis thinks of."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orders.pricing import (
    CouponKind,
    DeliveryToPrice,
    Discount,
    LineToPrice,
    NothingToPay,
    Totals,
    added_tax,
    included_tax,
    price_order,
    refund_for_units,
    spread,
)

PPN = 1_100
# Prices as they are written: rupiah without decimals up to a motorcycle, dollars in cents.
PRICES = {"IDR": st.integers(1, 60_000_000), "USD": st.integers(1, 999_99)}
RATES = st.sampled_from([0, 1, 500, 1_000, PPN, 1_200, 1_925, 2_500, 10_000])


def line(*, price: int, quantity: int = 1, rate: int = PPN, key: str = "A") -> LineToPrice:
    return LineToPrice(key=key, unit_price_minor=price, quantity=quantity, tax_rate_bp=rate)


def delivery(price: int = 20_000, rate: int = PPN) -> DeliveryToPrice:
    return DeliveryToPrice(price_minor=price, tax_rate_bp=rate)


def priced(lines: list[LineToPrice], **changes: Any) -> Totals:
    return price_order(**{"delivery": None, "discount": None, "prices_include_tax": True, **changes}, lines=lines)


percent = [Discount(kind=CouponKind.PERCENT, value=value) for value in (1, 10, 33, 99, 100)]
free_shipping = Discount(kind=CouponKind.FREE_SHIPPING)


@st.composite
def carts(draw: st.DrawFn) -> dict[str, Any]:
    """The arguments of price_order, in one currency."""
    prices = PRICES[draw(st.sampled_from(sorted(PRICES)))]
    rows = draw(st.lists(st.tuples(prices, st.integers(1, 100), RATES, st.booleans()), min_size=1, max_size=6))
    discounts = st.one_of(
        st.none(),
        st.builds(Discount, kind=st.just(CouponKind.PERCENT), value=st.integers(1, 100)),
        st.builds(Discount, kind=st.just(CouponKind.AMOUNT), value=prices),
        st.just(free_shipping),
    )
    return {
        "lines": [
            replace(line(price=price, quantity=quantity, rate=rate, key=f"SKU-{position}"), takes_discount=takes)
            for position, (price, quantity, rate, takes) in enumerate(rows)
        ],
        "delivery": draw(st.one_of(st.none(), st.builds(delivery, st.integers(0, 500_000), RATES))),
        "discount": draw(discounts),
        "prices_include_tax": draw(st.booleans()),
    }


def totals_of(cart: dict[str, Any]) -> Totals:
    """The totals of a cart that leaves something to pay."""
    try:
        return price_order(**cart)
    except NothingToPay:
        assume(False)
        raise


# Examples -------------------------------------------------------------------------------------------------------------


def test_ppn_is_inside_the_price() -> None:
    totals = priced([line(price=1_249_000, quantity=2)], delivery=delivery(22_000))

    assert (totals.subtotal_minor, totals.shipping_minor, totals.total_minor) == (2_498_000, 22_000, 2_520_000)
    # 2.498.000 × 11/111 = 247.549,55 and 22.000 × 11/111 = 2.180,18
    assert (totals.lines[0].tax_minor, totals.shipping_tax_minor, totals.tax_minor) == (247_550, 2_180, 249_730)
    assert totals.added_tax_minor == 0


def test_tax_comes_on_top_where_prices_exclude_it() -> None:
    totals = priced([line(price=79_90, rate=825)], delivery=delivery(5_00, rate=0), prices_include_tax=False)

    # 79.90 × 8.25 % = 6.59175
    assert (totals.tax_minor, totals.added_tax_minor, totals.total_minor) == (6_59, 6_59, 91_49)


def test_a_percentage_is_shared_so_that_it_adds_up() -> None:
    lines = [line(price=100, key=key) for key in "ABC"]

    totals = priced(lines, discount=Discount(kind=CouponKind.PERCENT, value=33))

    # A third of the 99 each.
    assert [each.discount_minor for each in totals.lines] == [33, 33, 33]
    assert priced([line(price=5, key=key) for key in "ABC"], discount=percent[1]).discount_minor == 2


def test_a_left_over_unit_goes_to_the_largest_fraction_and_then_to_the_smaller_key() -> None:
    assert spread(100, over={"A": 1, "B": 1, "C": 1}) == {"A": 34, "B": 33, "C": 33}
    assert spread(10, over={"A": 15, "B": 25}) == {"A": 4, "B": 6}
    assert spread(0, over={"A": 0}) == {"A": 0}


def test_an_amount_takes_off_no_more_than_the_lines() -> None:
    totals = priced([line(price=30_000)], delivery=delivery(), discount=Discount(kind=CouponKind.AMOUNT, value=50_000))

    assert (totals.discount_minor, totals.shipping_discount_minor, totals.total_minor) == (30_000, 0, 20_000)


def test_free_shipping_takes_the_delivery_off_and_its_tax_with_it() -> None:
    totals = priced([line(price=30_000)], delivery=delivery(), discount=free_shipping)

    assert (totals.discount_minor, totals.shipping_discount_minor) == (20_000, 20_000)
    assert (totals.shipping_tax_minor, totals.total_minor) == (0, 30_000)


@pytest.mark.parametrize(
    "discount", [percent[-1], Discount(kind=CouponKind.AMOUNT, value=30_000)], ids=["100 %", "the whole amount"]
)
def test_a_discount_may_not_leave_nothing_to_pay(discount: Discount) -> None:
    with pytest.raises(NothingToPay):
        priced([line(price=30_000)], discount=discount, delivery=delivery(0))

    assert priced([line(price=30_000)], discount=discount).total_minor == 0  # no delivery is chosen yet
    assert priced([line(price=30_000)], discount=discount, delivery=delivery(1)).total_minor == 1


# Properties -----------------------------------------------------------------------------------------------------------


@given(carts())
def test_everything_adds_up(cart: dict[str, Any]) -> None:
    totals = totals_of(cart)

    assert totals.total_minor == (
        totals.subtotal_minor - totals.discount_minor + totals.shipping_minor + totals.added_tax_minor
    )
    assert totals.total_minor == sum(each.charged_minor for each in totals.lines) + totals.shipping_charged_minor
    assert totals.tax_minor == sum(each.tax_minor for each in totals.lines) + totals.shipping_tax_minor
    assert totals.added_tax_minor == (0 if cart["prices_include_tax"] else totals.tax_minor)
    assert totals.subtotal_minor == sum(each.unit_price_minor * each.quantity for each in cart["lines"])


@given(carts())
def test_nothing_is_negative_and_no_discount_is_larger_than_what_it_is_taken_from(cart: dict[str, Any]) -> None:
    totals = totals_of(cart)

    for each in totals.lines:
        assert 0 <= each.discount_minor <= each.total_minor
        assert 0 <= each.added_tax_minor <= each.tax_minor
        assert each.tax_minor <= each.charged_minor
    assert 0 <= totals.shipping_discount_minor <= totals.shipping_minor
    assert 0 <= totals.shipping_tax_minor <= totals.shipping_charged_minor
    assert totals.total_minor > 0 or cart["delivery"] is None


@given(carts())
def test_a_discount_is_the_one_that_was_promised(cart: dict[str, Any]) -> None:
    totals, discount = totals_of(cart), cart["discount"]
    promised, taking = 0, sum(each.total_minor for each in cart["lines"] if each.takes_discount)
    assert not any(
        each.discount_minor for each, given in zip(totals.lines, cart["lines"], strict=True) if not given.takes_discount
    )
    if discount and discount.kind is CouponKind.FREE_SHIPPING:
        promised = totals.shipping_minor
    elif discount and discount.kind is CouponKind.AMOUNT:
        promised = min(discount.value, taking)
    elif discount:
        assert abs(totals.discount_minor - taking * discount.value / 100) <= 0.5
        return

    assert totals.discount_minor == promised


@given(carts(), st.randoms())
def test_the_order_of_the_lines_does_not_matter(cart: dict[str, Any], random: Any) -> None:
    totals = totals_of(cart)
    shuffled = list(cart["lines"])
    random.shuffle(shuffled)

    again = price_order(**{**cart, "lines": shuffled})

    assert {each.key: each for each in again.lines} == {each.key: each for each in totals.lines}
    assert again.total_minor == totals.total_minor


@given(carts(), st.integers(1, 50))
def test_more_units_never_cost_less(cart: dict[str, Any], more: int) -> None:
    """Where tax is added, each line's tax is rounded by itself: as many minor units as there are lines may be lost."""
    totals = totals_of(cart)
    first, *others = cart["lines"]

    larger = price_order(**{**cart, "lines": [replace(first, quantity=first.quantity + more), *others]})

    slack = 0 if cart["prices_include_tax"] or cart["discount"] is None else len(cart["lines"])
    assert larger.total_minor >= totals.total_minor - slack
    assert larger.subtotal_minor > totals.subtotal_minor


@given(carts())
def test_a_coupon_never_makes_it_dearer(cart: dict[str, Any]) -> None:
    slack = 0 if cart["prices_include_tax"] else len(cart["lines"])

    assert totals_of(cart).total_minor <= price_order(**{**cart, "discount": None}).total_minor + slack


@given(st.integers(0, 10**12), RATES)
def test_tax_inside_a_price_is_the_tax_on_its_net_to_a_unit(gross: int, rate: int) -> None:
    inside = included_tax(gross, rate)

    assert 0 <= inside <= gross
    assert abs(added_tax(gross - inside, rate) - inside) <= 1
    assert included_tax(gross + added_tax(gross, rate), rate) == added_tax(gross, rate)


@given(st.integers(0, 10**9), st.dictionaries(st.text(max_size=4), st.integers(0, 10**7), min_size=1, max_size=8))
def test_spread_adds_up_and_gives_nobody_more_than_one_unit_off_their_share(amount: int, over: dict[str, int]) -> None:
    whole = sum(over.values())
    assume(0 < amount <= whole)

    shares = spread(amount, over=over)

    assert sum(shares.values()) == amount
    for key, weight in over.items():
        assert amount * weight // whole <= shares[key] <= -(-amount * weight // whole)
        assert shares[key] <= weight


# Refunds of units -----------------------------------------------------------------------------------------------------


@dataclass
class Sold:
    quantity: int
    charged_minor: int
    tax_minor: int


@st.composite
def sold_lines(draw: st.DrawFn) -> Sold:
    quantity, charged = draw(st.integers(1, 200)), draw(st.integers(0, 10**10))
    return Sold(quantity=quantity, charged_minor=charged, tax_minor=included_tax(charged, draw(RATES)))


@given(sold_lines(), st.data())
def test_refunds_of_units_add_up_however_they_are_cut(sold: Sold, data: st.DataObject) -> None:
    already, amount, tax = 0, 0, 0
    while already < sold.quantity:
        units = data.draw(st.integers(1, sold.quantity - already))
        refund = refund_for_units(sold, units, already)
        assert 0 <= refund.tax_minor <= refund.amount_minor
        already, amount, tax = already + units, amount + refund.amount_minor, tax + refund.tax_minor

    assert (amount, tax) == (sold.charged_minor, sold.tax_minor)


@given(sold_lines())
def test_refunding_one_by_one_adds_up_to_the_charge(sold: Sold) -> None:
    refunds = [refund_for_units(sold, 1, already) for already in range(sold.quantity)]

    assert sum(each.amount_minor for each in refunds) == sold.charged_minor
    assert sum(each.tax_minor for each in refunds) == sold.tax_minor
    assert max(each.amount_minor for each in refunds) - min(each.amount_minor for each in refunds) <= 1


@pytest.mark.parametrize(("units", "already"), [(4, 0), (1, 3), (-1, 2), (1, -1)])
def test_refund_for_units_refuses_units_that_are_not_there(units: int, already: int) -> None:
    with pytest.raises(ValueError, match="within 3"):
        refund_for_units(Sold(quantity=3, charged_minor=100, tax_minor=10), units, already)

    assert refund_for_units(Sold(quantity=3, charged_minor=0, tax_minor=0), 3, 0).amount_minor == 0
