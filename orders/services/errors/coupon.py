"""Why a coupon does not count, in words for a customer."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shop.clock import day_and_time
from shop.errors import ShopError
from shop.money import format_money


class CouponRefused(ShopError):
    """A coupon that does not count. Facts: `coupon` (its code)."""

    code = "coupon_refused"
    title = "This coupon does not count"
    field = "coupon_code"


class UnknownCoupon(CouponRefused):
    """No coupon has this code."""

    code = "unknown_coupon"
    title = "No such coupon"
    detail_format = "We know no coupon {coupon}. Check the spelling; capital or small letters are the same."


class CouponNotYet(CouponRefused):
    """Facts: `coupon`, `starts_at`."""

    code = "coupon_not_yet"
    title = "Too early for this coupon"

    @property
    def detail(self) -> str:
        return _("%(coupon)s counts from %(starts_at)s. Enter it again then.") % {
            "coupon": self.facts["coupon"],
            "starts_at": day_and_time(self.facts["starts_at"]),
        }


class CouponOver(CouponRefused):
    """Facts: `coupon`, `ends_at` (None: it was switched off)."""

    code = "coupon_over"
    title = "This coupon has ended"

    @property
    def detail(self) -> str:
        ends_at = self.facts["ends_at"]
        coupon = self.facts["coupon"]
        if not ends_at:
            return _("%(coupon)s does not count any more. Go on without it, or enter another one.") % {"coupon": coupon}
        return _("%(coupon)s counted until %(time)s. Go on without it, or enter another one.") % {
            "coupon": coupon,
            "time": day_and_time(ends_at),
        }


class CouponMinimum(CouponRefused):
    """Facts: `coupon`, `minimum_minor`, `missing_minor`, `currency`, `scope` (empty: everything)."""

    code = "coupon_minimum"
    title = "Not enough in the cart for this coupon"

    @property
    def detail(self) -> str:
        minimum, missing = (
            format_money(self.facts[name], self.facts["currency"]) for name in ("minimum_minor", "missing_minor")
        )
        of_what = ", ".join(self.facts["scope"]) or _("items")
        return _("%(coupon)s counts from %(minimum)s of %(of_what)s. Add %(missing)s more.") % {
            "coupon": self.facts["coupon"],
            "minimum": minimum,
            "of_what": of_what,
            "missing": missing,
        }


class CouponNotForThese(CouponRefused):
    """Facts: `coupon`, `scope` (names of the shelves and products that it is for)."""

    code = "coupon_not_for_these"

    @property
    def detail(self) -> str:
        return _("%(coupon)s is for %(scope)s. Nothing of that is held in your cart.") % {
            "coupon": self.facts["coupon"],
            "scope": ", ".join(self.facts["scope"]),
        }


class CouponOtherCurrency(CouponRefused):
    """Facts: `coupon`, `currency`."""

    code = "coupon_other_currency"
    detail_format = "{coupon} is for prices in {currency}. Go on without it, or enter another one."


class CouponTakesNothing(CouponRefused):
    """It would change nothing, so the order goes on without it and its use is kept."""

    code = "coupon_takes_nothing"
    title = "Nothing to take off"
    detail_format = "{coupon} changes nothing here, so it is not used up. Keep it for another order."


class CouponUsedUp(CouponRefused):
    """Every use was taken."""

    code = "coupon_used_up"
    status = 409
    title = "This coupon is used up"
    detail_format = (
        "Every use of {coupon} is taken. One may come back when an order is not paid. "
        "Go on without it, or enter another one."
    )


class CouponUsedByYou(CouponRefused):
    """Facts: `coupon`, `limit`."""

    code = "coupon_used_by_you"
    status = 409
    title = "You used this coupon already"

    @property
    def detail(self) -> str:
        limit = self.facts["limit"]
        return ngettext(
            "%(coupon)s counts once for each customer, and you have orders with it. "
            "Go on without it, or enter another one.",
            "%(coupon)s counts %(limit)s times for each customer, and you have orders with it. "
            "Go on without it, or enter another one.",
            limit,
        ) % {"coupon": self.facts["coupon"], "limit": limit}
