"""What a cart costs at this moment: its lines, its delivery, its coupon and the tax of the day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.models import User
from orders.models import CartLine, Checkout, Coupon, ShippingMethod, TaxRate
from orders.pricing import (
    CouponKind,
    DeliveryToPrice,
    Discount,
    LineToPrice,
    NothingToPay,
    Totals,
    price_order,
)
from orders.queries import delivery_methods
from orders.services.coupon import coupon_that_counts
from orders.services.errors import CouponRefused, CouponTakesNothing, NotDelivered
from shop.errors import ShopError
from shop.money import tax_words


@dataclass(frozen=True, slots=True)
class DeliveryOption:
    """A way to send a cart, with what it costs for this cart."""

    method: ShippingMethod
    price_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a cart costs, and what keeps it from being ordered at that.

    `coupon` is the one that takes something off; `coupon_problem` says why the one that was entered does not count, and
    `delivery_problem` why the chosen delivery does not go there.
    """

    totals: Totals
    currency: str
    delivery: DeliveryOption | None = None
    coupon: Coupon | None = None
    coupon_problem: ShopError | None = None
    delivery_problem: NotDelivered | None = None

    # Named as the columns of Order: one component shows either.
    @property
    def subtotal_minor(self) -> int:
        return self.totals.subtotal_minor

    @property
    def discount_minor(self) -> int:
        return self.totals.discount_minor

    @property
    def shipping_minor(self) -> int | None:
        """None as long as no delivery is chosen."""
        return None if self.delivery is None else self.totals.shipping_minor

    @property
    def shipping_name(self) -> str:
        return "" if self.delivery is None else self.delivery.method.name

    @property
    def tax_minor(self) -> int:
        return self.totals.tax_minor

    @property
    def added_tax_minor(self) -> int:
        return self.totals.added_tax_minor

    @property
    def total_minor(self) -> int:
        return self.totals.total_minor

    @property
    def coupon_code(self) -> str:
        return "" if self.coupon is None else self.coupon.code

    @property
    def tax_words(self) -> str:
        return tax_words(self.totals.tax_rates_bp, name=settings.TAX_NAME)

    @property
    def gives_free_shipping(self) -> bool:
        """Whether the coupon will take off a delivery that is not chosen yet."""
        return self.coupon is not None and self.coupon.kind == CouponKind.FREE_SHIPPING and self.delivery is None


def quote_cart(*, lines: Sequence[CartLine], checkout: Checkout, user: User | AnonymousUser, now: datetime) -> Quote:
    """What these lines of a cart cost with the details typed so far. Writes nothing and refuses nothing.

    The lines come with `variant__product`, the checkout with its `shipping_method`, and all in one currency. Asks for
    the tax rates, the zones of the delivery if one is chosen, and the coupon if one was entered.
    """
    rates = TaxRate.objects.by_class(country=checkout.country, on=timezone.localdate(now))
    delivery, delivery_problem = _delivery(lines, checkout)
    coupon, coupon_problem = _coupon(
        checkout,
        lines=lines,
        email=checkout.email or getattr(user, "email", ""),
        user_id=user.pk,
        now=now,
    )
    sent = None
    if delivery is not None:
        rate_bp = rates.get(delivery.method.tax_class, 0)
        sent = DeliveryToPrice(price_minor=delivery.price_minor, tax_rate_bp=rate_bp)
    to_price = [_to_price(line, rates, coupon) for line in lines]
    try:
        totals = _price(to_price, sent, coupon)
        if coupon and sent and not totals.discount_minor:
            raise CouponTakesNothing(coupon=coupon.code)
    except (NothingToPay, CouponTakesNothing) as error:
        totals, coupon, coupon_problem = _price(to_price, sent, None), None, error
    return Quote(
        totals=totals,
        currency=lines[0].currency if lines else settings.SHOP_CURRENCY,
        delivery=delivery,
        coupon=coupon,
        coupon_problem=coupon_problem,
        delivery_problem=delivery_problem,
    )


def delivery_options(*, lines: Sequence[CartLine], country: str, postal_code: str) -> list[DeliveryOption]:
    """The ways to send these lines to an address, with their prices. Without a postcode, those of every zone."""
    weight_grams, subtotal_minor = weigh(lines), sum(line.total_minor for line in lines)
    return [
        DeliveryOption(method, price_minor)
        for method in delivery_methods()
        if (price_minor := method.price_for(weight_grams=weight_grams, subtotal_minor=subtotal_minor)) is not None
        and (not postal_code or goes_to(method, country=country, postal_code=postal_code))
    ]


def goes_to(method: ShippingMethod, *, country: str, postal_code: str) -> bool:
    """Whether a method delivers to an address. One without zones goes everywhere."""
    zones = method.zones.all()
    return not zones or any(zone.covers(country=country, postal_code=postal_code) for zone in zones)


def weigh(lines: Sequence[CartLine]) -> int:
    """What the lines weigh together, in grams."""
    return sum(line.variant.product.weight_grams * line.quantity for line in lines)


def _to_price(line: CartLine, rates: Mapping[str, int], coupon: Coupon | None) -> LineToPrice:
    return LineToPrice(
        key=str(line.pk),
        unit_price_minor=line.unit_price_minor,
        quantity=line.quantity,
        tax_rate_bp=rates.get(line.variant.product.tax_class, 0),
        takes_discount=coupon is None or coupon.covers(line.variant.product),
    )


def _delivery(lines: Sequence[CartLine], checkout: Checkout) -> tuple[DeliveryOption | None, NotDelivered | None]:
    method = checkout.shipping_method
    if method is None or not method.is_active:
        return None, None
    price_minor = method.price_for(weight_grams=weigh(lines), subtotal_minor=sum(line.total_minor for line in lines))
    if price_minor is None or not goes_to(method, country=checkout.country, postal_code=checkout.postal_code):
        return None, NotDelivered(step="delivery", method=method.name, postal_code=checkout.postal_code)
    return DeliveryOption(method, price_minor), None


def _coupon(
    checkout: Checkout, *, lines: Sequence[CartLine], email: str, user_id: UUID | None, now: datetime
) -> tuple[Coupon | None, ShopError | None]:
    if not checkout.coupon_code:
        return None, None
    try:
        coupon = coupon_that_counts(
            code=checkout.coupon_code,
            lines=lines,
            email=email,
            user_id=user_id,
            now=now,
        )
    except CouponRefused as error:
        return None, error
    return coupon, None


def _price(lines: list[LineToPrice], delivery: DeliveryToPrice | None, coupon: Coupon | None) -> Totals:
    return price_order(
        lines=lines,
        delivery=delivery,
        discount=Discount(kind=CouponKind(coupon.kind), value=coupon.value) if coupon else None,
        prices_include_tax=settings.PRICES_INCLUDE_TAX,
    )
