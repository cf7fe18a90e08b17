"""Coupons: whether one counts, and the uses of it, which are as scarce as stock.

Order of locks: cart or order, coupon, reservations, stock. A coupon's row is changed late, because everybody who uses
the same coupon waits for it, and before the stock, which is hotter still.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from orders.models import Cart, CartLine, Checkout, Coupon, CouponUse, Order
from orders.models.coupon import CODE
from orders.pricing import CouponKind
from orders.services.errors import (
    CartClosed,
    CouponMinimum,
    CouponNotForThese,
    CouponNotYet,
    CouponOtherCurrency,
    CouponOver,
    CouponUsedByYou,
    CouponUsedUp,
    UnknownCoupon,
)
from shop.errors import InvalidInput
from shop.transactions import transactional


def coupon_that_counts(
    *, code: str, lines: Sequence[CartLine], email: str, user_id: UUID | None, now: datetime
) -> Coupon:
    """The coupon with this code, if it counts for these lines, this customer and this moment. Takes nothing yet.

    The lines come with `variant__product` and in one currency. Those that it is not for do not count for its minimum.

    :raises CouponRefused: one of its kinds, which says why and what to do.
    """
    spelled = code.strip().upper()
    coupon = Coupon.objects.with_scope().filter(code=spelled).first() if re.fullmatch(CODE, spelled) else None
    if coupon is None:
        raise UnknownCoupon(coupon=spelled[:32])
    _refuse_outside_window(coupon, now=now)
    _refuse_these_lines(coupon, lines)
    if coupon.total_limit is not None and coupon.used >= coupon.total_limit:
        raise CouponUsedUp(coupon=coupon.code)
    _refuse_used_by_customer(coupon, email=email, user_id=user_id)
    return coupon


def take_use(order: Order, coupon: Coupon, *, now: datetime) -> None:
    """Count one use for this order, in the transaction that places it.

    A story of two races. Three hundred shoppers read "100 left" at one moment: each of them counts up in an UPDATE that
    holds the limit in its WHERE, so the hundred-and-first changes no row and is refused. One customer presses Pay in
    two tabs: both read "not used by you", but whoever comes second waits here for the coupon's row, which the first one
    keeps until its commit, and counts the customer's uses only after that.

    :raises CouponUsedUp: if the last use went to somebody else meanwhile; nothing is ordered then.
    :raises CouponUsedByYou: if the customer's last use went to another tab meanwhile.
    """
    if not _count_one(coupon):
        raise CouponUsedUp(coupon=coupon.code)
    _refuse_used_by_customer(coupon, email=order.email, user_id=order.user_id)
    CouponUse.objects.create(
        coupon=coupon, order=order, email=order.email.casefold(), user_id=order.user_id, used_at=now
    )


def give_back_use(order: Order, *, now: datetime) -> None:
    """Give the use of an order back to the coupon that ended unpaid, or was cancelled in full before anything was sent.

    A repeat does nothing.
    """
    if not order.coupon_code:
        return
    use = CouponUse.objects.filter(order=order).first()
    if use is None:
        return
    if CouponUse.objects.live().filter(pk=use.pk).update(given_back_at=now):
        Coupon.objects.filter(pk=use.coupon_id).update(used=F("used") - 1)
    CouponUse.objects.filter(pk=use.pk).update(honoured_at=None)


def take_use_again(order: Order, *, now: datetime) -> bool:
    """Count the use of an order that is paid late. If none is left, the price stands all the same: it was promised.

    The limit stays true even then: the use is written down as honoured and is not counted. Returns whether it was
    honoured in this way. A use that was never given back stays as it is; its coupon is locked all the same, because it
    may be given back once the stock is locked, if none is left.
    """
    use = CouponUse.objects.select_related("coupon").filter(order=order).first() if order.coupon_code else None
    if use is None:
        return False
    Coupon.objects.select_for_update().get(pk=use.coupon_id)
    if use.given_back_at is None:
        return False
    if _count_one(use.coupon):
        use.given_back_at = None
        use.save(update_fields=["given_back_at"])
        return False
    use.honoured_at = now
    use.save(update_fields=["honoured_at"])
    return True


@transactional
def apply_coupon(*, cart_id: UUID, code: str, user: User | AnonymousUser, now: datetime) -> Coupon:
    """Keep a coupon with the cart, if it counts now. It is only used by the order. The same one twice changes nothing.

    :raises CouponRefused: if it does not count; the cart keeps what it had.
    :raises InvalidInput: if nothing was typed.
    """
    if not code.strip():
        raise InvalidInput(field="coupon_code", problem=_("Enter the code of the coupon."))
    cart = _lock_open_cart(cart_id)
    checkout = Checkout.objects.filter(cart=cart).first() or Checkout(cart=cart)
    lines = list(CartLine.objects.filter(cart=cart).select_related("variant__product"))
    coupon = coupon_that_counts(
        code=code,
        lines=lines,
        email=checkout.email or getattr(user, "email", ""),
        user_id=user.pk,
        now=now,
    )
    Checkout.objects.update_or_create(cart=cart, defaults={"coupon_code": coupon.code})
    return coupon


@transactional
def remove_coupon(*, cart_id: UUID) -> None:
    """Forget the coupon of a cart. Without one, nothing changes."""
    cart = _lock_open_cart(cart_id)
    Checkout.objects.filter(cart=cart).exclude(coupon_code="").update(coupon_code="")


def _lock_open_cart(cart_id: UUID) -> Cart:
    cart = Cart.objects.select_for_update().open().filter(pk=cart_id).first()
    if cart is None:
        raise CartClosed()
    return cart


def _refuse_outside_window(coupon: Coupon, *, now: datetime) -> None:
    if not coupon.is_active:
        raise CouponOver(coupon=coupon.code, ends_at=None)
    if coupon.starts_at is not None and now < coupon.starts_at:
        raise CouponNotYet(coupon=coupon.code, starts_at=coupon.starts_at)
    if coupon.ends_at is not None and now >= coupon.ends_at:
        raise CouponOver(coupon=coupon.code, ends_at=coupon.ends_at)


def _refuse_these_lines(coupon: Coupon, lines: Sequence[CartLine]) -> None:
    currency = next((line.currency for line in lines), coupon.currency)
    if coupon.currency != currency and (coupon.kind == CouponKind.AMOUNT or coupon.minimum_minor):
        raise CouponOtherCurrency(coupon=coupon.code, currency=coupon.currency)
    scope, covered = coupon.scope(), [line for line in lines if coupon.covers(line.variant.product)]
    if scope and not covered:
        raise CouponNotForThese(coupon=coupon.code, scope=scope)
    subtotal_minor = sum(line.total_minor for line in covered)
    if subtotal_minor < coupon.minimum_minor:
        raise CouponMinimum(
            coupon=coupon.code,
            minimum_minor=coupon.minimum_minor,
            missing_minor=coupon.minimum_minor - subtotal_minor,
            currency=currency,
            scope=scope,
        )


def _refuse_used_by_customer(coupon: Coupon, *, email: str, user_id: UUID | None) -> None:
    if coupon.per_customer_limit is None or not (email or user_id):
        return
    uses = CouponUse.objects.live().filter(coupon=coupon).of_customer(email=email, user_id=user_id)
    if uses.count() >= coupon.per_customer_limit:
        raise CouponUsedByYou(coupon=coupon.code, limit=coupon.per_customer_limit)


def _count_one(coupon: Coupon) -> bool:
    """Take one use, and the lock of the coupon's row until the commit. False, and nothing taken, if none is left."""
    return bool(Coupon.objects.with_uses_left().filter(pk=coupon.pk).update(used=F("used") + 1))
