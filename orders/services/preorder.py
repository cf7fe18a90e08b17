"""A pre-order: what the loser of a race is offered where staff allow it, with the day, and never put into silently."""

from datetime import date, datetime

from django.utils.translation import gettext as _

from inventory import queries as stock
from inventory import services as inventory
from shop.clock import day_words
from shop.errors import ShopError


class PreorderOffered(ShopError):
    """Not enough is in the building, and a pre-order is possible: send the same again with `accepts_backorder`.

    Facts: `sku`, `asked`, `available` (units free now), `offered` (units that could be pre-ordered in all),
    `arrives_on` (ISO date), `terms` (the sentence that is accepted with it).
    """

    code = "preorder_offered"
    title = "You can pre-order it"
    field = "quantity"

    @property
    def detail(self) -> str:
        available = self.facts["available"]
        free = _("%(free)s free now") % {"free": available} if available else _("None is free now")
        return f"{free}. {self.facts['terms']}"


def terms_words(arrives_on: date) -> str:
    """What is accepted with a pre-order: one sentence for page, API and mail."""
    return _(
        "A pre-order is sent when it has arrived, expected on %(day)s. You pay now, and may cancel "
        "before it is sent and get everything back."
    ) % {"day": day_words(arrives_on)}


def offer_of(*, sku: str, units: int, now: datetime) -> stock.PreorderOffer | None:
    """The pre-order of so many units, if staff allow one."""
    offer = stock.preorder_offer(sku=sku, now=now)
    return offer if offer is not None and offer.units >= units else None


def offered(offer: stock.PreorderOffer, *, refusal: inventory.StockUnavailable) -> PreorderOffered:
    """The offer as the answer to whoever asked for more than there is."""
    shortage = refusal.facts["shortages"][0]
    return PreorderOffered(
        sku=offer.sku,
        asked=shortage["asked"],
        available=shortage["available"],
        offered=offer.units,
        arrives_on=offer.arrives_on.isoformat(),
        terms=terms_words(offer.arrives_on),
    )
