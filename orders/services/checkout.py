"""From cart to order: the details, the order at frozen prices, and the end of an order that nobody pays."""

import logging
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, OperationalError, transaction

from accounts.models import User
from inventory import queries as stock
from inventory import services as inventory
from orders.ends import Happening, end_of
from orders.gateways import gateway_named
from orders.models import (
    CART_STATES,
    Cart,
    CartLine,
    CartStatus,
    Checkout,
    Order,
    OrderEventKind,
    OrderLine,
    Payment,
    PaymentStatus,
)
from orders.pricing import LineTotals
from orders.services.attention import call_staff
from orders.services.coupon import give_back_use, take_use
from orders.services.end import conclude
from orders.services.errors import (
    CartClosed,
    CartEmpty,
    CheckoutIncomplete,
    CouponTakesNothing,
    HoldsEnded,
    MixedCurrencies,
    OrderNotCancellable,
    TotalChanged,
)
from orders.services.limit import count_for_limits
from orders.services.message import write_order_message
from orders.services.quote import Quote, quote_cart
from orders.services.timeline import note
from shop.clock import clock_time
from shop.errors import NotFound
from shop.transactions import TryAgain, transactional

logger = logging.getLogger(__name__)

# Without I, L, O and U: nobody reads them wrong or reads a word into them (Crockford's base 32).
NUMBER_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REQUIRED = {
    "email": "contact",
    "name": "contact",
    "phone": "contact",
    "address": "delivery",
    "city": "delivery",
    "postal_code": "delivery",
    "country": "delivery",
    "shipping_method": "delivery",
    "gateway": "payment",
}


@transactional
def save_checkout(*, cart_id: UUID, **fields: Any) -> Checkout:
    """Keep what the shopper typed, at once and whatever becomes of the hold. Fields are those of models.Checkout.

    The same fields twice change nothing.
    """
    if not Cart.objects.open().filter(pk=cart_id).exists():
        raise CartClosed()
    try:
        checkout, _ = Checkout.objects.update_or_create(cart_id=cart_id, defaults=fields)
    except IntegrityError as error:
        raise TryAgain from error
    return checkout


@transactional
def place_order(
    *,
    cart_id: UUID,
    user: User | AnonymousUser,
    now: datetime,
    actor: str,
    expected_total_minor: int | None = None,
) -> Order:
    """Turn the cart into an order at the prices of its holds, and move the holds to the payment window.

    One cart is one order: a second press, another tab or the back button get the order of the first.
    `expected_total_minor` is the total that the shopper saw: that one is ordered, or nothing. Where nobody saw one, a
    coupon that does not count any more is a refusal, so that nobody pays more than they meant to.

    :raises CartEmpty: if there is nothing in it.
    :raises CheckoutIncomplete: if a detail is missing.
    :raises MixedCurrencies: if its lines and the delivery are not priced in one currency.
    :raises HoldsEnded: if a line is not held any more; nothing is ordered in part.
    :raises NotDelivered: if the chosen delivery does not take these things to this address.
    :raises CouponRefused: if the coupon does not count, or its last use went to somebody else at this moment.
    :raises LimitReached: if a drop allows this customer fewer, with what they ordered before.
    :raises TotalChanged: if it costs something else than the shopper saw.
    """
    cart = Cart.objects.select_for_update().filter(pk=cart_id).first()
    if cart is None:
        raise NotFound()
    if cart.status == CartStatus.ORDERED:
        return cart.order
    if not cart.is_open:
        raise CartClosed()
    lines = list(
        CartLine.objects.filter(cart=cart)
        .select_related("variant__product", "drop_item__drop")
        .prefetch_related("variant__product__images")
        .order_by("pk")
    )
    if not lines:
        raise CartEmpty()
    checkout = _complete_checkout(cart)
    _refuse_mixed_currencies(lines, checkout)
    _refuse_ended(lines, now=now)
    quote = quote_cart(lines=lines, checkout=checkout, user=user, now=now)
    _refuse_another_total(quote, expected_total_minor=expected_total_minor)
    pay_by = now + settings.PAYMENT_WINDOW
    order = _write_order(cart, checkout, lines, quote, user=user, now=now, pay_by=pay_by)
    cart.status = CART_STATES.target(cart.status, "order placed")
    cart.save(update_fields=["status"])
    note(order, OrderEventKind.PLACED, f"Order placed. Held until {clock_time(pay_by)}.", actor=actor, now=now)
    write_order_message(order, name="order_placed", now=now)
    if quote.coupon is not None:
        take_use(order, quote.coupon, now=now)
    count_for_limits(order, lines)
    inventory.extend_to(reservation_ids=[line.reservation_id for line in lines], expires_at=pay_by, now=now)
    return order


@transactional
def cancel_order(*, order_id: UUID, now: datetime, actor: str) -> Order:
    """Cancel an order that waits for payment; its units go back on sale. A cancelled order stays cancelled.

    :raises OrderNotCancellable: if it is paid, sent, refunded or ended.
    """
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    end = end_of(order.status, Happening.CANCELLED_BY_SHOPPER)
    if end.is_without_effect:
        return order
    if end.is_refused:
        raise OrderNotCancellable(number=order.number, status=order.get_status_display().lower())
    came = _captured(order)
    charged = "What was paid is on its way back." if came else "Nothing was charged."
    conclude(order, Happening.CANCELLED_BY_SHOPPER, actor=actor, now=now, charged=charged)
    refund_minor = sum(each.captured_minor for each in came if each.captured_currency == order.currency)
    write_order_message(order, name=end.message, now=now, refund_minor=refund_minor)
    give_back_use(order, now=now)
    for reservation_id in sorted(set(order.lines.values_list("reservation_id", flat=True))):
        inventory.release(reservation_id=reservation_id, reason="order cancelled", actor=actor, now=now)
    return order


@transactional
def expire_unpaid(*, now: datetime, limit: int = 100) -> int:
    """End up to `limit` orders whose payment window is over; returns how many. Locked ones are left to the next tick.

    One that cannot be ended is set aside for a person, and the rest goes on. Their reservations end by themselves, with
    the same second or with the hold, so nothing is released here; money that still arrives is settled as late.
    """
    orders = (
        Order.objects.select_for_update(skip_locked=True).unpaid_past_deadline(now=now).order_by("pay_by", "pk")[:limit]
    )
    return sum(_expire_or_set_aside(order, now=now) for order in orders)


def _expire_or_set_aside(order: Order, *, now: datetime) -> bool:
    try:
        with transaction.atomic():
            deadline = clock_time(order.pay_by)
            end, _ = conclude(order, Happening.WINDOW_OVER, actor="clock", now=now, deadline=deadline)
            # Whoever paid another amount was told so, and that it is on its way back: not that nothing was charged.
            if not _captured(order):
                write_order_message(order, name=end.message, now=now)
            give_back_use(order, now=now)
    except OperationalError:
        raise
    except Exception as error:
        logger.exception("Order %s cannot be ended and was set aside.", order.number)
        Order.objects.filter(pk=order.pk).update(set_aside_at=now)
        call_staff(order, f"It cannot be ended: {error}")
        return False
    return True


def _captured(order: Order) -> list[Payment]:
    """What came for an order that is not paid by it."""
    return list(Payment.objects.filter(order=order, status=PaymentStatus.CAPTURED).order_by("pk"))


def missing_details(checkout: Checkout) -> dict[str, str]:
    """What still has to be filled in or chosen anew, in the order of the steps: field to step.

    A shipping method or a provider that is no longer offered is missing.
    """
    given = {field: bool(getattr(checkout, field)) for field in REQUIRED}
    method = checkout.shipping_method
    given["shipping_method"] = method is not None and method.is_active
    given["gateway"] = gateway_named(checkout.gateway) is not None
    return {field: step for field, step in REQUIRED.items() if not given[field]}


def _complete_checkout(cart: Cart) -> Checkout:
    checkout = Checkout.objects.select_related("shipping_method").filter(cart=cart).first() or Checkout(cart=cart)
    missing = missing_details(checkout)
    if missing:
        field, step = next(iter(missing.items()))
        raise CheckoutIncomplete(field=field, step=step, missing=list(missing))
    return checkout


def _refuse_mixed_currencies(lines: list[CartLine], checkout: Checkout) -> None:
    method = checkout.shipping_method
    currencies = {line.currency for line in lines} | ({method.currency} if method else set())
    if len(currencies) > 1:
        raise MixedCurrencies(currencies=sorted(currencies))


def _refuse_ended(lines: list[CartLine], *, now: datetime) -> None:
    holds = stock.holds(reservation_ids=[line.reservation_id for line in lines], now=now)
    ended = [line for line in lines if not holds[line.reservation_id].is_live]
    if ended:
        raise HoldsEnded(line_ids=[str(line.pk) for line in ended], names=[line.variant.product.name for line in ended])


def _refuse_another_total(quote: Quote, *, expected_total_minor: int | None) -> None:
    if quote.delivery_problem is not None:
        raise quote.delivery_problem
    problem = quote.coupon_problem
    if expected_total_minor is None:
        if problem is not None and not isinstance(problem, CouponTakesNothing):
            raise problem
    elif expected_total_minor != quote.total_minor:
        raise TotalChanged(
            expected_minor=expected_total_minor,
            total_minor=quote.total_minor,
            currency=quote.currency,
            why=problem.detail if problem else "",
        )


def _write_order(
    cart: Cart,
    checkout: Checkout,
    lines: list[CartLine],
    quote: Quote,
    *,
    user: User | AnonymousUser,
    now: datetime,
    pay_by: datetime,
) -> Order:
    method = checkout.shipping_method
    assert method is not None, "_complete_checkout has refused a checkout without one"
    totals = quote.totals
    order = Order(
        number=new_number(),
        cart=cart,
        user=user if user.is_authenticated else None,
        email=checkout.email,
        name=checkout.name,
        phone=checkout.phone,
        address=checkout.address,
        landmark=checkout.landmark,
        city=checkout.city,
        postal_code=checkout.postal_code,
        country=checkout.country,
        shipping_method=method,
        shipping_name=method.name,
        gateway=checkout.gateway,
        language=checkout.language,
        accepts_backorder=checkout.accepts_backorder,
        currency=quote.currency,
        subtotal_minor=totals.subtotal_minor,
        discount_minor=totals.discount_minor,
        shipping_minor=totals.shipping_minor,
        shipping_discount_minor=totals.shipping_discount_minor,
        tax_minor=totals.tax_minor,
        shipping_tax_minor=totals.shipping_tax_minor,
        added_tax_minor=totals.added_tax_minor,
        total_minor=totals.total_minor,
        coupon_code=quote.coupon_code,
        placed_at=now,
        pay_by=pay_by,
    )
    try:
        order.save(force_insert=True)
    except IntegrityError as error:
        # Two orders drew the same number out of 10^12: draw again.
        raise TryAgain from error
    by_key = {line.key: line for line in totals.lines}
    OrderLine.objects.bulk_create(_order_line(order, line, by_key[str(line.pk)]) for line in lines)
    return order


def _order_line(order: Order, line: CartLine, totals: LineTotals) -> OrderLine:
    images = sorted(line.variant.product.images.all(), key=lambda image: image.position)
    return OrderLine(
        order=order,
        variant=line.variant,
        sku=line.variant.sku,
        product_name=line.variant.product.name,
        variant_label=line.variant.label,
        picture_stem=next((image.stem for image in images), ""),
        unit_price_minor=line.unit_price_minor,
        quantity=line.quantity,
        total_minor=totals.total_minor,
        discount_minor=totals.discount_minor,
        tax_rate_bp=totals.tax_rate_bp,
        tax_minor=totals.tax_minor,
        added_tax_minor=totals.added_tax_minor,
        charged_minor=totals.charged_minor,
        reservation_id=line.reservation_id,
        drop_item=line.drop_item,
        is_preorder=line.is_preorder,
        arrives_on=line.arrives_on,
    )


def new_number() -> str:
    """An order number that nobody has, with the chance of one in a million million."""
    drawn = "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(8))
    return f"T-{drawn[:4]}-{drawn[4:]}"
