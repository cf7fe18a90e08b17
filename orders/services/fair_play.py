"""Fair play: how much one shopper and one internet address may keep at a time, and shorter holds for whoever lets many
run out. The numbers are settings; each refusal names its own, and what can be done.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext as _

from inventory import queries as stock
from orders.models import Cart, CartLine, OrderLine, OrderStatus
from shop.room.errors import LimitRefusal, StoreDown
from shop.room.stores import current_store

logger = logging.getLogger(__name__)

# A hold that was counted so lately may not be committed yet: it counts, whatever the books say.
UNDER_WAY = timedelta(seconds=30)


class HoldLimit(LimitRefusal):
    """Facts: `limit`, `held` (units kept already), `asked` (in all, with those)."""

    title = "That is as much as one can hold"
    field = "quantity"

    @property
    def _repair(self) -> str:
        left = self.facts["limit"] - self.facts["held"]
        if left > 0:
            return _("Ask for %(left)s or fewer.") % {"left": left}
        return _("Pay for what is held, or let something go, and hold this then.")


class HoldLimitShopper(HoldLimit):
    """One account, or one guest's cart, over everything."""

    code = "limit_units"
    rule = "SHOPPER"

    @property
    def detail(self) -> str:
        return _(
            "One shopper can hold %(limit)s units at a time, orders that wait for payment included. "
            "You hold %(held)s. %(repair)s"
        ) % {"limit": self.facts["limit"], "held": self.facts["held"], "repair": self._repair}


class HoldLimitSku(HoldLimit):
    """One account, or one guest's cart, of one thing. Facts: also `sku`."""

    code = "limit_units_of_one"
    rule = "SKU"

    @property
    def detail(self) -> str:
        return _(
            "One shopper can hold %(limit)s of one thing at a time, orders that wait for payment "
            "included. You hold %(held)s of this one. %(repair)s"
        ) % {"limit": self.facts["limit"], "held": self.facts["held"], "repair": self._repair}


class HoldLimitAddress(HoldLimit):
    """Everybody behind one internet address together."""

    code = "limit_units_address"
    rule = "ADDRESS"

    @property
    def detail(self) -> str:
        return _(
            "From one internet address %(limit)s units can be held at a time, and %(held)s are held "
            "from yours, by you or by others who share it. Wait until a hold there ends or is paid "
            "for, or use another network."
        ) % {"limit": self.facts["limit"], "held": self.facts["held"]}


class TooFast(LimitRefusal):
    """Facts: `limit`, `seconds`."""

    code = "slow_down"
    rule = "BURST"
    title = "One moment"
    detail_format = (
        "More than {limit} tries came from your internet address within {seconds} seconds. Nothing was changed. "
        "Try again in {seconds} seconds; what you hold is safe."
    )


def refuse_over_share(
    *, cart: Cart, lines: Sequence[CartLine], line: CartLine, sku: str, quantity: int, now: datetime
) -> None:
    """Refuse `quantity` units in this line, if the shopper would hold too many, of it or in all.

    `lines` are those of the cart, which is locked: two tabs take turns. No query for a guest's first hold.

    :raises HoldLimitShopper, HoldLimitSku:
    """
    if not settings.LIVE_UNITS_PER_SHOPPER and not settings.LIVE_UNITS_PER_SKU:
        return
    others = [each for each in lines if each.pk != line.pk]
    live = stock.holds(reservation_ids=[each.reservation_id for each in others], now=now) if others else {}
    kept = [each for each in others if each.reservation_id in live and live[each.reservation_id].is_live]
    unpaid = _unpaid(cart.user_id)
    held = sum(each.quantity for each in kept) + sum(unpaid.values())
    held_of_it = sum(each.quantity for each in kept if each.variant_id == line.variant_id) + unpaid.get(sku, 0)
    if settings.LIVE_UNITS_PER_SKU and held_of_it + quantity > settings.LIVE_UNITS_PER_SKU:
        raise HoldLimitSku(limit=settings.LIVE_UNITS_PER_SKU, held=held_of_it, asked=held_of_it + quantity, sku=sku)
    if settings.LIVE_UNITS_PER_SHOPPER and held + quantity > settings.LIVE_UNITS_PER_SHOPPER:
        raise HoldLimitShopper(limit=settings.LIVE_UNITS_PER_SHOPPER, held=held, asked=held + quantity)


def claim_for_address(*, address: str, reservation_id: UUID, quantity: int, now: datetime) -> None:
    """Count the units of a hold to the address that asks for it, before they are held.

    The store counts, so that the transaction of a hold waits for nobody else's. It never counts too few; what it counts
    too many (holds that ended, nobody tells it) is looked up in the books before anybody is refused. A store that does
    not answer refuses nobody. The same hold asked for twice is counted once; with no units it is not counted any more.

    :raises HoldLimitAddress:
    """
    limit, hold = settings.LIVE_UNITS_PER_ADDRESS, str(reservation_id)
    if not limit or not address:
        return
    store = current_store()
    try:
        if not quantity:
            store.give_units(address, [hold])
            return
        if store.take_units(address, hold, quantity, limit=limit, now=now):
            return
        _forget_ended(address, now=now)
        if store.take_units(address, hold, quantity, limit=limit, now=now):
            return
        held = sum(units for each, (units, _) in store.units_of(address).items() if each != hold)
    except StoreDown:
        logger.warning("The units of %s could not be counted.", address)
        return
    raise HoldLimitAddress(limit=limit, held=held, asked=held + quantity)


def refuse_burst(*, address: str, now: datetime) -> None:
    """Count a try, and refuse it if too many came from this address at once.

    :raises TooFast:
    """
    limit, seconds = settings.BURST_TRIES, settings.BURST_SECONDS
    if not limit or not address:
        return
    try:
        tries = current_store().tries(address, now=now, seconds=seconds)
    except StoreDown:
        logger.warning("The tries of %s could not be counted.", address)
        return
    if tries > limit:
        refusal = TooFast(limit=limit, seconds=seconds)
        refusal.retry_after_seconds = seconds  # type: ignore[misc]
        raise refusal


def note_lapse(cart: Cart, *, now: datetime) -> None:
    """A hold of this (locked) cart ran out unpaid. Old ones are forgotten with time, and all with a purchase."""
    cart.lapses = 1 if _is_forgotten(cart, now=now) else cart.lapses + 1
    cart.lapsed_at = now
    cart.save(update_fields=["lapses", "lapsed_at"])


def hold_time(cart: Cart, *, usual: timedelta, now: datetime) -> timedelta:
    """How long this shopper holds: a share of the usual time for whoever let many holds run out lately."""
    if not is_shortened(cart, now=now):
        return usual
    least = timedelta(seconds=settings.LAPSED_HOLD_LEAST_SECONDS)
    return min(usual, max(usual * settings.LAPSED_HOLD_PERCENT / 100, least))


def is_shortened(cart: Cart, *, now: datetime) -> bool:
    """Whether this shopper let so many holds run out lately that theirs are shorter."""
    allowed = settings.LAPSES_ALLOWED
    return bool(allowed) and cart.lapses >= allowed and not _is_forgotten(cart, now=now)


def _is_forgotten(cart: Cart, *, now: datetime) -> bool:
    return cart.lapsed_at is None or now - cart.lapsed_at >= timedelta(hours=settings.LAPSES_FORGOTTEN_HOURS)


def _unpaid(user_id: UUID | None) -> dict[str, int]:
    """SKU to the units of this member's orders that wait for payment. One query for a member, none for a guest."""
    if user_id is None:
        return {}
    lines = OrderLine.objects.filter(order__user_id=user_id, order__status=OrderStatus.AWAITING_PAYMENT)
    return dict(lines.order_by("sku").values_list("sku").annotate(Sum("quantity")))


def _forget_ended(address: str, *, now: datetime) -> None:
    """Tell the store which holds of this address are over, by the books."""
    counted = current_store().units_of(address)
    live = stock.holds(reservation_ids=[UUID(hold) for hold in counted], now=now)
    ended = [
        hold
        for hold, (_, counted_at) in counted.items()
        if now - counted_at > UNDER_WAY and (UUID(hold) not in live or not live[UUID(hold)].is_live)
    ]
    current_store().give_units(address, ended)
