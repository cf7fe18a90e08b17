"""What orders refuses, in words for a customer."""

from shop.errors import NotFound, ShopError


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
    detail_format = "Order {number} is {status}. Only an order that waits for payment can be cancelled here."


class OrderNotFulfillable(ShopError):
    """Facts: `number`, `status`."""

    code = "order_not_fulfillable"
    status = 409
    title = "This order cannot be sent"
    detail_format = "Order {number} is {status}. Only a paid order is sent."


class UnknownGateway(ShopError):
    """Facts: `gateway`, `known`."""

    code = "unknown_gateway"
    title = "No such way to pay"
    field = "gateway"

    @property
    def detail(self) -> str:
        return f"Choose one of: {', '.join(self.facts['known']) or 'none is switched on'}."


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
        "The same request came a moment ago and is being worked on. Nothing is done twice. Send it again in a second: "
        "you get the answer of the first one."
    )
    retry_after_seconds = 1


class NothingHeld(ShopError):
    """Facts: `lines`, a list of {sku, name, qty, code, detail}."""

    code = "nothing_held"
    title = "Nothing of this can be had now"

    @property
    def detail(self) -> str:
        reasons = " ".join(f"{line['name']}: {line['detail']}" for line in self.facts["lines"])
        return f"Your cart is as it was. {reasons}"
