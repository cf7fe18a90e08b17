"""What payments and refunds refuse, in words for a customer or for staff."""

from django.utils.translation import gettext as _

from shop.errors import NotFound, ShopError
from shop.money import format_money


class UnknownPayment(NotFound):
    """No payment has this id."""


class UnknownGateway(ShopError):
    """Facts: `gateway`, `known`."""

    code = "unknown_gateway"
    title = "No such way to pay"
    field = "gateway"

    @property
    def detail(self) -> str:
        return _("Choose one of: %(known)s.") % {"known": ", ".join(self.facts["known"]) or "none is switched on"}


class NothingToPayBack(ShopError):
    """Facts: `number`."""

    code = "nothing_to_pay_back"
    status = 409
    title = "Nothing to pay back"
    detail_format = "No money of order {number} is here any more."


class MoreThanCame(ShopError):
    """Facts: `asked_minor`, `left_minor`, `currency`."""

    code = "more_than_came"
    status = 409
    title = "That is more than is left"
    field = "amount"

    @property
    def detail(self) -> str:
        left = format_money(self.facts["left_minor"], self.facts["currency"])
        return _("At most %(left)s can still go back. Enter that or less.") % {"left": left}


class RefundTooMuch(ShopError):
    """Facts: `left_minor` (what may still go back), `currency`."""

    code = "refund_too_much"
    status = 409
    title = "More than is left of this payment"

    @property
    def detail(self) -> str:
        left = f"{self.facts['left_minor']} {self.facts['currency']} (minor units)"
        return _("At most %(left)s of this payment can still go back. Nothing was changed.") % {"left": left}


class PaymentChargedBack(ShopError):
    """The bank has the money already."""

    code = "payment_charged_back"
    status = 409
    title = "The bank took this payment back"
    detail_format = "Its money is not here: sending it back as well would pay twice. Settle the chargeback first."


class RefundNotFailed(ShopError):
    """Facts: `status`."""

    code = "refund_not_failed"
    status = 409
    title = "Nothing to try again"
    detail_format = "This refund is {status}. Only one that failed is tried again."
