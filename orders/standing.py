"""How an order stands, for pages and programs: what came and went back, what can go back, and who did what.

Everything here reads what queries.find_order has fetched with the order, and asks the database for nothing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from orders.gateways import available_gateways
from orders.models import OPEN_RETURN, Order, OrderEvent, OrderLine, ReturnRequest

THE_SHOP = {"shop", "clock"}


@dataclass(frozen=True, slots=True)
class Money:
    """What came for an order, what is on its way back or there, and what of it pays for an exchange, in minor units of
    its currency.
    """

    paid_minor: int
    refunded_minor: int
    exchanged_minor: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of the timeline, and who acted: you, the payment provider, the shop or our staff."""

    event: OrderEvent
    who: str


def money_of(order: Order) -> Money:
    """What came, in the order's currency, and what of it went back. A refund that failed did not go."""
    payments = [payment for payment in order.payments.all() if payment.captured_currency == order.currency]
    refunds = [refund for payment in payments for refund in payment.refunds.all() if not refund.needs_a_person]
    return Money(
        paid_minor=sum(payment.captured_minor for payment in payments),
        refunded_minor=sum(refund.amount_minor for refund in refunds),
        exchanged_minor=sum(asked.replacement.total_minor for asked in order.returns.all() if asked.replacement),
    )


def left_here(order: Order) -> int:
    """What could still go back, in minor units: of the money that the shop has, what has not gone and pays for nothing
    else. A refund that failed may have gone, unless it was never asked for.
    """
    payments = [each for each in order.payments.all() if each.is_captured and each.captured_currency == order.currency]
    refunds = [refund for payment in payments for refund in payment.refunds.all() if not refund.is_surely_here]
    came_minor = sum(payment.captured_minor - payment.taken_minor for payment in payments)
    return came_minor - sum(refund.amount_minor for refund in refunds) - money_of(order).exchanged_minor


def is_paid_back(order: Order) -> bool:
    """Whether money came for it, and all of it went back or is on its way."""
    money = money_of(order)
    return 0 < money.paid_minor <= money.refunded_minor


def returnable_lines(order: Order, *, now: datetime) -> list[tuple[OrderLine, int]]:
    """The lines that can be sent back now, each with its units: sent, not back, and in no return that is open."""
    until = order.returnable_until
    if until is None or now > until:
        return []
    spoken_for: Counter[UUID] = Counter()
    for asked in order.returns.all():
        if asked.status in OPEN_RETURN:
            spoken_for.update({part.order_line_id: part.quantity for part in asked.lines.all()})
    left = [(line, line.returnable(spoken_for=spoken_for[line.pk])) for line in order.lines.all()]
    return [(line, units) for line, units in left if units > 0]


def awaited_return(order: Order) -> ReturnRequest | None:
    """The return that pays for the order and is not here; None if nothing keeps it from being sent."""
    asked = order.instead_of
    return asked if asked is not None and asked.is_awaited and asked.replacement_id == order.pk else None


def can_be_cancelled(order: Order) -> bool:
    """Whether its customer may still cancel it: unpaid, or paid and nothing packed, sent or held back."""
    is_untouched = not any(line.packed or line.fulfilled for line in order.lines.all())
    return order.is_awaiting_payment or (order.is_paid and is_untouched and not order.is_held_back)


def told(events: list[OrderEvent], *, order: Order) -> list[Told]:
    """The entries with who acted."""
    return [Told(event, who_acted(event.actor, order=order)) for event in events]


def who_acted(actor: str, *, order: Order) -> str:
    """Who this is to the customer. Names of staff are not told."""
    if actor in {"guest", "shopper", order.email} or (order.user is not None and actor == order.user.email):
        return _("you")
    if actor in available_gateways():
        return _("the payment provider")
    return _("the shop") if actor in THE_SHOP else _("our staff")
