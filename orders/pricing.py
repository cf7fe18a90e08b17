"""What an order costs, to the last unit of money: pure arithmetic, no database. See ADR 10 for the law of rounding.

Every amount is a whole number of minor units (whole rupiah, cents), every tax rate is in basis points (1100 is 11 %).
The same rules serve every currency: a minor unit is never split, so its decimals do not matter here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db.models import TextChoices

from shop.errors import ShopError

WHOLE_BP = 10_000


class CouponKind(TextChoices):
    """What a coupon takes off."""

    PERCENT = "PERCENT", "Per cent off the items"
    AMOUNT = "AMOUNT", "An amount off the items"
    FREE_SHIPPING = "FREE_SHIPPING", "Free delivery"


class NothingToPay(ShopError):
    """A discount that leaves a total of 0. An order is paid by money that arrives, so one minor unit has to remain."""

    code = "nothing_to_pay"
    title = "Nothing would be left to pay"
    field = "coupon_code"
    detail_format = (
        "This coupon would make the order free, and an order that costs nothing cannot be paid. "
        "Add something to the cart, or remove the coupon."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineToPrice:
    """So many units of one thing. `key` tells it from the others, and decides who gets a left-over unit of money."""

    key: str
    unit_price_minor: int
    quantity: int
    tax_rate_bp: int = 0
    takes_discount: bool = True

    @property
    def total_minor(self) -> int:
        return self.unit_price_minor * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryToPrice:
    """The delivery before discounts."""

    price_minor: int
    tax_rate_bp: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What a coupon takes off: `value` is whole per cent, or minor units; of no meaning for free shipping."""

    kind: CouponKind
    value: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTotals:
    """The sums of one line, named as the columns of OrderLine."""

    key: str
    total_minor: int
    discount_minor: int
    tax_rate_bp: int
    tax_minor: int
    added_tax_minor: int

    @property
    def charged_minor(self) -> int:
        """What the customer pays for the line."""
        return self.total_minor - self.discount_minor + self.added_tax_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums of an order, named as the columns of Order."""

    lines: tuple[LineTotals, ...]
    shipping_minor: int
    shipping_discount_minor: int
    shipping_tax_rate_bp: int
    shipping_tax_minor: int
    shipping_added_tax_minor: int

    @property
    def subtotal_minor(self) -> int:
        """The lines before discounts."""
        return sum(line.total_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        """What is taken off lines and delivery."""
        return sum(line.discount_minor for line in self.lines) + self.shipping_discount_minor

    @property
    def tax_minor(self) -> int:
        """All tax in the total, included in prices or added to them."""
        return sum(line.tax_minor for line in self.lines) + self.shipping_tax_minor

    @property
    def added_tax_minor(self) -> int:
        """The tax on top of prices; 0 where they include it."""
        return sum(line.added_tax_minor for line in self.lines) + self.shipping_added_tax_minor

    @property
    def shipping_charged_minor(self) -> int:
        """What the customer pays for the delivery."""
        return self.shipping_minor - self.shipping_discount_minor + self.shipping_added_tax_minor

    @property
    def total_minor(self) -> int:
        """What the customer pays."""
        return sum(line.charged_minor for line in self.lines) + self.shipping_charged_minor

    @property
    def tax_rates_bp(self) -> frozenset[int]:
        """The rates at which something in it is taxed."""
        rates = {line.tax_rate_bp for line in self.lines if line.tax_minor}
        return frozenset(rates | ({self.shipping_tax_rate_bp} if self.shipping_tax_minor else set()))


class SoldLine(Protocol):
    """What refund_for_units reads of an OrderLine."""

    quantity: int
    charged_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsRefund:
    """What goes back for some units of a line; `tax_minor` is the part of the amount that is tax."""

    amount_minor: int
    tax_minor: int


def price_order(
    *,
    lines: Sequence[LineToPrice],
    delivery: DeliveryToPrice | None,
    discount: Discount | None,
    prices_include_tax: bool,
) -> Totals:
    """The sums of an order. Lines, tax, delivery and discounts always add up to the total, whatever is rounded.

    Without a delivery (none is chosen yet) the total is that of the lines, and may be 0: it is no total to be paid yet.
    The order of the lines does not matter.

    :raises NothingToPay: if a discount leaves nothing to pay.
    """
    assert len({line.key for line in lines}) == len(lines), "keys tell lines apart"
    taking = {line.key: line.total_minor for line in lines if line.takes_discount}
    off = spread(_off_lines(discount, subtotal_minor=sum(taking.values())), over=taking)
    priced = tuple(
        _price_line(line, discount_minor=off.get(line.key, 0), prices_include_tax=prices_include_tax) for line in lines
    )
    totals = _with_delivery(priced, delivery, discount, prices_include_tax=prices_include_tax)
    if delivery is not None and totals.discount_minor and totals.total_minor <= 0:
        raise NothingToPay()
    return totals


def refund_for_units(line: SoldLine, units: int, already: int) -> UnitsRefund:
    """What goes back for `units` more units of a line of which `already` were refunded.

    The line is paid back along a straight line and every step is the difference of two points of it, so however the
    units are cut into refunds, all of them together are exactly what was charged, and its tax.

    :raises ValueError: if it is not `0 <= already <= already + units <= line.quantity`.
    """
    if not 0 <= already <= already + units <= line.quantity:
        raise ValueError(f"{already} + {units} units do not lie within {line.quantity}")
    before, after = _paid_back(line, already), _paid_back(line, already + units)
    return UnitsRefund(
        amount_minor=after.amount_minor - before.amount_minor, tax_minor=after.tax_minor - before.tax_minor
    )


def spread(amount_minor: int, *, over: dict[str, int]) -> dict[str, int]:
    """Share an amount in proportion to weights, by largest remainder: the shares add up to it exactly.

    Everybody gets the whole units of their share; what is left over goes, one unit each, to those who lost the largest
    fractions, and among equals to the smaller key. Nobody gets more than their weight if the amount is not more than
    all weights together.
    """
    whole = sum(over.values())
    if whole == 0:
        return dict.fromkeys(over, 0)
    shares = {key: amount_minor * weight // whole for key, weight in over.items()}
    left_over = amount_minor - sum(shares.values())
    for key in sorted(over, key=lambda key: (-(amount_minor * over[key] % whole), key))[:left_over]:
        shares[key] += 1
    return shares


def included_tax(gross_minor: int, rate_bp: int) -> int:
    """The tax inside a price."""
    return _half_up(gross_minor * rate_bp, WHOLE_BP + rate_bp)


def added_tax(net_minor: int, rate_bp: int) -> int:
    """The tax on top of a price."""
    return _half_up(net_minor * rate_bp, WHOLE_BP)


def _off_lines(discount: Discount | None, *, subtotal_minor: int) -> int:
    if discount is None or discount.kind is CouponKind.FREE_SHIPPING:
        return 0
    if discount.kind is CouponKind.PERCENT:
        return _half_up(subtotal_minor * discount.value, 100)
    return min(discount.value, subtotal_minor)


def _price_line(line: LineToPrice, *, discount_minor: int, prices_include_tax: bool) -> LineTotals:
    tax_minor, added_tax_minor = _tax(
        line.total_minor - discount_minor, line.tax_rate_bp, is_included=prices_include_tax
    )
    return LineTotals(
        key=line.key,
        total_minor=line.total_minor,
        discount_minor=discount_minor,
        tax_rate_bp=line.tax_rate_bp,
        tax_minor=tax_minor,
        added_tax_minor=added_tax_minor,
    )


def _with_delivery(
    lines: tuple[LineTotals, ...],
    delivery: DeliveryToPrice | None,
    discount: Discount | None,
    *,
    prices_include_tax: bool,
) -> Totals:
    delivery = delivery or DeliveryToPrice(price_minor=0)
    is_free = discount is not None and discount.kind is CouponKind.FREE_SHIPPING
    off = delivery.price_minor if is_free else 0
    tax_minor, added_tax_minor = _tax(delivery.price_minor - off, delivery.tax_rate_bp, is_included=prices_include_tax)
    return Totals(
        lines=lines,
        shipping_minor=delivery.price_minor,
        shipping_discount_minor=off,
        shipping_tax_rate_bp=delivery.tax_rate_bp,
        shipping_tax_minor=tax_minor,
        shipping_added_tax_minor=added_tax_minor,
    )


def _tax(amount_minor: int, rate_bp: int, *, is_included: bool) -> tuple[int, int]:
    """The tax of an amount, and the part of it that comes on top."""
    if is_included:
        return included_tax(amount_minor, rate_bp), 0
    tax_minor = added_tax(amount_minor, rate_bp)
    return tax_minor, tax_minor


def _paid_back(line: SoldLine, units: int) -> UnitsRefund:
    """What the first `units` of a line cost. The tax follows the amount, so it is never more than the amount."""
    amount_minor = line.charged_minor * units // line.quantity
    tax_minor = line.tax_minor * amount_minor // line.charged_minor if line.charged_minor else 0
    return UnitsRefund(amount_minor=amount_minor, tax_minor=tax_minor)


def _half_up(numerator: int, denominator: int) -> int:
    """A fraction of two numbers that are not negative, rounded to the nearest whole, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)
