"""What a cart and its checkout refuse, in words for a customer."""

from shop.errors import NotFound, ShopError
from shop.money import format_money


class UnknownVariant(NotFound):
    """No such variant, or one that is not on sale."""

    title = "Not on sale"
    detail_format = "This is not on sale, or not any more. Choose something else."
    field = "product_id"


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


class NothingHeld(ShopError):
    """Facts: `lines`, a list of {sku, name, qty, code, detail}."""

    code = "nothing_held"
    title = "Nothing of this can be had now"

    @property
    def detail(self) -> str:
        names = ", ".join(str(line["name"]) for line in self.facts["lines"])
        return f"Not free or not on sale at this moment: {names}. Your cart is as it was."
