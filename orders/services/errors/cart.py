"""What a cart and its checkout refuse, in words for a customer."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shop.errors import NotFound, ShopError
from shop.money import format_money

# What a field of the checkout is called in a sentence.
FIELDS = {
    "email": gettext_lazy("e-mail"),
    "name": gettext_lazy("name"),
    "phone": gettext_lazy("phone"),
    "address": gettext_lazy("address"),
    "city": gettext_lazy("city"),
    "postal_code": gettext_lazy("postal code"),
    "shipping_method": gettext_lazy("shipping method"),
    "payment_gateway": gettext_lazy("payment gateway"),
}


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
        missing = ", ".join(str(FIELDS.get(name, name.replace("_", " "))) for name in self.facts["missing"])
        return _("Fill in %(missing)s first.") % {"missing": missing}


class MixedCurrencies(ShopError):
    """Facts: `currencies`."""

    code = "mixed_currencies"
    title = "These cannot be in one order"

    @property
    def detail(self) -> str:
        currencies = f" {_('and')} ".join(self.facts["currencies"])
        return _("The cart and its delivery are priced in %(currencies)s. Order them apart.") % {
            "currencies": currencies
        }


class NotDelivered(ShopError):
    """Facts: `step`, `method` (the chosen way to send; empty if none goes there), `postal_code`."""

    code = "not_delivered"
    title = "This does not go there"
    field = "shipping_method"

    @property
    def detail(self) -> str:
        to = _("postcode %(postal_code)s") % {"postal_code": self.facts["postal_code"]}
        if self.facts["method"]:
            return _("%(method)s does not deliver what is in the cart to %(to)s. Choose another way to send it.") % {
                "method": self.facts["method"],
                "to": to,
            }
        return _(
            "We cannot deliver what is in the cart to %(to)s. Check the postcode, use another "
            "address, or order heavy things apart."
        ) % {"to": to}


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
        return _(
            "%(why)sThe total is %(total)s now; you saw %(shown)s. Nothing was ordered. Look at it and order again."
        ) % {"why": why, "total": total, "shown": shown}


class HoldsEnded(ShopError):
    """Facts: `line_ids`, `names`. Nothing was ordered; the details are kept."""

    code = "holds_ended"
    status = 409
    title = "Your hold ended"

    @property
    def detail(self) -> str:
        return _(
            "No longer held: %(names)s. Nothing was ordered and your details are saved. Hold it "
            "again or remove it, then check out."
        ) % {"names": ", ".join(self.facts["names"])}


class NothingHeld(ShopError):
    """Facts: `lines`, a list of {sku, name, qty, code, detail}."""

    code = "nothing_held"
    title = "Nothing of this can be had now"

    @property
    def detail(self) -> str:
        names = ", ".join(str(line["name"]) for line in self.facts["lines"])
        return _("Not free or not on sale at this moment: %(names)s. Your cart is as it was.") % {"names": names}
