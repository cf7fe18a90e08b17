"""What orders refuses, in words for a customer."""

from shop.clock import day_and_time
from shop.errors import NotFound, ShopError
from shop.money import format_money


class UnknownVariant(NotFound):
    """No such variant, or one that is not on sale."""

    title = "Not on sale"
    detail_format = "This is not on sale, or not any more. Choose something else."
    field = "product_id"


class UnknownPayment(NotFound):
    """No payment has this id."""


class CartClosed(ShopError):
    """The cart was ordered or merged already."""

    code = "cart_closed"
    status = 409
    title = "This cart is closed"
    detail_format = "It became an order or was joined with another cart. Look at your orders, or start a new cart."


class CartEmpty(ShopError):
    """Nothing to order."""

    code = "cart_empty"
    title = "Nothing here yet"
    detail_format = "Put something into the cart first."


class CheckoutIncomplete(ShopError):
    """Facts: `field`, `step` (contact, delivery or payment), `missing` (every field that is empty)."""

    code = "checkout_incomplete"
    title = "Something is missing"
    detail_format = "Fill in {missing_words} first."

    @property
    def detail(self) -> str:
        return f"Fill in {', '.join(name.replace('_', ' ') for name in self.facts['missing'])} first."


class MixedCurrencies(ShopError):
    """Facts: `currencies`."""

    code = "mixed_currencies"
    title = "These cannot be in one order"

    @property
    def detail(self) -> str:
        return f"The cart and its delivery are priced in {' and '.join(self.facts['currencies'])}. Order them apart."


class NotDelivered(ShopError):
    """Facts: `step`, `method` (the chosen way to send; empty if none goes there), `postal_code`."""

    code = "not_delivered"
    title = "This does not go there"
    field = "shipping_method"

    @property
    def detail(self) -> str:
        to = f"postcode {self.facts['postal_code']}"
        if self.facts["method"]:
            return (
                f"{self.facts['method']} does not deliver what is in the cart to {to}. Choose another way to send it."
            )
        return (
            f"We cannot deliver what is in the cart to {to}. Check the postcode, use another address, "
            "or order heavy things apart."
        )


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
        return f"{self.facts['coupon']} counts from {day_and_time(self.facts['starts_at'])}. Enter it again then."


class CouponOver(CouponRefused):
    """Facts: `coupon`, `ends_at` (None: it was switched off)."""

    code = "coupon_over"
    title = "This coupon has ended"

    @property
    def detail(self) -> str:
        ends_at = self.facts["ends_at"]
        when = f"counted until {day_and_time(ends_at)}" if ends_at else "does not count any more"
        return f"{self.facts['coupon']} {when}. Go on without it, or enter another one."


class CouponMinimum(CouponRefused):
    """Facts: `coupon`, `minimum_minor`, `missing_minor`, `currency`, `scope` (empty: everything)."""

    code = "coupon_minimum"
    title = "Not enough in the cart for this coupon"

    @property
    def detail(self) -> str:
        minimum, missing = (
            format_money(self.facts[name], self.facts["currency"]) for name in ("minimum_minor", "missing_minor")
        )
        of_what = ", ".join(self.facts["scope"]) or "items"
        return f"{self.facts['coupon']} counts from {minimum} of {of_what}. Add {missing} more."


class CouponNotForThese(CouponRefused):
    """Facts: `coupon`, `scope` (names of the shelves and products that it is for)."""

    code = "coupon_not_for_these"

    @property
    def detail(self) -> str:
        return f"{self.facts['coupon']} is for {', '.join(self.facts['scope'])}. Nothing of that is held in your cart."


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
        times = "once" if limit == 1 else f"{limit} times"
        return (
            f"{self.facts['coupon']} counts {times} for each customer, and you have orders with it. "
            "Go on without it, or enter another one."
        )


class TotalChanged(ShopError):
    """The total is not the one that was shown. Facts: `expected_minor`, `total_minor`, `currency`, `why` (or empty)."""

    code = "total_changed"
    status = 409
    title = "The total changed"
    field = "expected_total"

    @property
    def detail(self) -> str:
        shown, total = (
            format_money(self.facts[name], self.facts["currency"]) for name in ("expected_minor", "total_minor")
        )
        why = f"{self.facts['why']} " if self.facts["why"] else ""
        return f"{why}The total is {total} now; you saw {shown}. Nothing was ordered. Look at it and order again."


class HoldsEnded(ShopError):
    """Facts: `line_ids`, `names`. Nothing was ordered; the details are kept."""

    code = "holds_ended"
    status = 409
    title = "Your hold ended"

    @property
    def detail(self) -> str:
        return (
            f"No longer held: {', '.join(self.facts['names'])}. Nothing was ordered and your details are saved. "
            "Hold it again or remove it, then check out."
        )


class OrderNotPayable(ShopError):
    """Facts: `number`, `status`."""

    code = "order_not_payable"
    status = 409
    title = "This order cannot be paid"
    detail_format = "Order {number} is {status}. Nothing was charged."


class OrderNotCancellable(ShopError):
    """Facts: `number`, `status`."""

    code = "order_not_cancellable"
    status = 409
    title = "This order cannot be cancelled"
    detail_format = "Order {number} is {status}. Only what is neither packed nor sent can be cancelled."


class OrderNotFulfillable(ShopError):
    """Facts: `number`, `status`."""

    code = "order_not_fulfillable"
    status = 409
    title = "This order cannot be sent"
    detail_format = "Order {number} is {status}. Only a paid order is sent."


class OrderHeldBack(ShopError):
    """Facts: `number`."""

    code = "order_held_back"
    status = 409
    title = "This order is held back"
    detail_format = (
        "The bank took back a payment of order {number}. Settle that first; until then nothing of it is sent."
    )


class OrderOnBackorder(ShopError):
    """Facts: `number`."""

    code = "order_on_backorder"
    status = 409
    title = "Its units are not here yet"
    detail_format = (
        "Order {number} waits for a delivery: what is on hand belongs to others who bought before. "
        "It can be packed once its units have arrived."
    )


class NotThatManyLeft(ShopError):
    """Facts: `sku`, `asked`, `left`, `verb`."""

    code = "not_that_many_left"
    status = 409
    title = "There are fewer left"
    field = "units"
    detail_format = "{asked} of {sku} asked for, but {left} are left to {verb}. Look at the order again."


class NothingChosen(ShopError):
    """Facts: `verb`."""

    code = "nothing_chosen"
    title = "Nothing chosen"
    field = "units"
    detail_format = "Choose at least one unit to {verb}."


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
        return f"At most {left} can still go back. Enter that or less."


class ReturnTooLate(ShopError):
    """Facts: `number`, `days`, `until` (empty: nothing was sent yet)."""

    code = "return_too_late"
    status = 409
    title = "This cannot be returned now"

    @property
    def detail(self) -> str:
        if not self.facts["until"]:
            return (
                f"Nothing of order {self.facts['number']} was sent yet. Cancel it instead, as long as it is not packed."
            )
        return (
            f"Returns are possible for {self.facts['days']} days after the last parcel left. For this order that was "
            f"until {self.facts['until']}. Write to us if something is wrong with it."
        )


class ReturnMoved(ShopError):
    """Facts: `number`, `status`, `verb`."""

    code = "return_moved"
    status = 409
    title = "This return is further already"
    detail_format = "Return {number} is {status}, so it cannot be {verb}."


class NothingCameBack(ShopError):
    """Facts: `number`."""

    code = "nothing_came_back"
    title = "Nothing came"
    field = "units"
    detail_format = "Enter what came of return {number}. If nothing will come, close it instead."


class ShipmentMoved(ShopError):
    """Facts: `number`, `status`, `verb`."""

    code = "shipment_moved"
    status = 409
    title = "This parcel is elsewhere already"
    detail_format = "Parcel {number} is {status}, so it cannot be {verb}."


class UnknownGateway(ShopError):
    """Facts: `gateway`, `known`."""

    code = "unknown_gateway"
    title = "No such way to pay"
    field = "gateway"

    @property
    def detail(self) -> str:
        return f"Choose one of: {', '.join(self.facts['known']) or 'none is switched on'}."


class RefundTooMuch(ShopError):
    """Facts: `left_minor` (what may still go back), `currency`."""

    code = "refund_too_much"
    status = 409
    title = "More than is left of this payment"

    @property
    def detail(self) -> str:
        left = f"{self.facts['left_minor']} {self.facts['currency']} (minor units)"
        return f"At most {left} of this payment can still go back. Nothing was changed."


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


class KeyUsedDifferently(ShopError):
    """The idempotency key came before with another request."""

    code = "idempotency_key_reused"
    title = "This key was used for another request"
    field = "Idempotency-Key"
    detail_format = "Mint a new Idempotency-Key for each intent. Nothing was changed."


class KeyInUse(ShopError):
    """The first request with this idempotency key still runs."""

    code = "idempotency_key_in_use"
    status = 409
    title = "This is being worked on"
    detail_format = (
        "The same request came a moment ago and is being worked on. Nothing is done twice. Try again in a second: "
        "you get the answer of the first one."
    )
    retry_after_seconds = 1


class NothingHeld(ShopError):
    """Facts: `lines`, a list of {sku, name, qty, code, detail}."""

    code = "nothing_held"
    title = "Nothing of this can be had now"

    @property
    def detail(self) -> str:
        names = ", ".join(str(line["name"]) for line in self.facts["lines"])
        return f"Not free or not on sale at this moment: {names}. Your cart is as it was."


class StaffStay(ShopError):
    """An account of staff is closed by a superuser, in the admin."""

    code = "staff_stay"
    title = "This account belongs to staff"
    detail_format = "Accounts of staff are closed by a superuser, in the admin. Nothing was changed."
