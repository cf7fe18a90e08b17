"""What an exchange is refused with, in words for a customer or for staff."""

from django.utils.translation import gettext as _

from shop.errors import ShopError
from shop.money import format_money


class ReturnExchanged(ShopError):
    """Facts: `number` (of the return), `order` (the number of the order that replaces it)."""

    code = "return_exchanged"
    status = 409
    title = "This return is exchanged already"
    detail_format = (
        "Return {number} pays for order {order}. To choose something else or get the money, cancel order {order}, as "
        "long as it is not packed."
    )


class NotEqualInPrice(ShopError):
    """Facts: `name`, `price_minor`, `paid_minor` (for one unit), `currency`."""

    code = "exchange_other_price"
    title = "That one has another price"
    field = "variant_id"

    @property
    def detail(self) -> str:
        price, paid = (format_money(self.facts[name], self.facts["currency"]) for name in ("price_minor", "paid_minor"))
        return _(
            "%(name)s costs %(price)s, and what comes back cost %(paid)s. Only the same price is "
            "exchanged: choose another one, or take the money back and order it anew."
        ) % {"name": self.facts["name"], "price": price, "paid": paid}


class NotAReplacement(ShopError):
    """Facts: `name` (of what comes back)."""

    code = "exchange_other_product"
    title = "That cannot replace it"
    field = "variant_id"
    detail_format = (
        "{name} is exchanged for {name} in another variant that is on sale, one for each thing that comes back. "
        "For something else, take the money back and order it."
    )


class ExchangeSoldOut(ShopError):
    """Facts: `names`."""

    code = "exchange_sold_out"
    status = 409
    title = "Sold out at this moment"
    field = "variant_id"

    @property
    def detail(self) -> str:
        return _(
            "Not free in the number that comes back: %(names)s. Nothing was changed. Choose another "
            "one, or keep the return as it is and get the money back."
        ) % {"names": ", ".join(self.facts["names"])}


class ExchangeNotCovered(ShopError):
    """Facts: `number`, `left_minor`, `currency`."""

    code = "exchange_not_covered"
    status = 409
    title = "Part of its money went back already"

    @property
    def detail(self) -> str:
        left = format_money(self.facts["left_minor"], self.facts["currency"])
        return _(
            "Of what return %(number)s is worth only %(left)s is still here, so it cannot pay for "
            "something else. What is left can go back as money."
        ) % {"number": self.facts["number"], "left": left}


class ExchangeAwaitsReturn(ShopError):
    """Facts: `order`, `number` (of the return), `of` (the number of the order that comes back)."""

    code = "exchange_awaits_return"
    status = 409
    title = "It waits for what comes back"
    detail_format = (
        "Order {order} is paid by return {number} of order {of}, which has not arrived. Receive that first, or "
        "undo the exchange."
    )


class ExchangeIncomplete(ShopError):
    """Facts: `number`, `order`."""

    code = "exchange_incomplete"
    status = 409
    title = "Not all of it came"
    field = "units"
    detail_format = (
        "Return {number} pays for order {order}, so all of it has to come. Undo the exchange first, and then receive "
        "what came: its money goes back instead."
    )
