"""The first hold of a cart: everything about it is new, so all is known before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError
from django.db.models import Model
from uuid6 import uuid7

from accounts.models import User
from inventory import queries as stock
from inventory import services as inventory
from orders.models import Cart, CartLine
from orders.services.cart import refuse_bad_quantity
from orders.services.fair_play import claim_for_address, refuse_burst, refuse_over_share
from orders.services.limit import refuse_over_limit
from shop.drops import ORDINARY, Terms
from shop.errors import ShopError
from shop.models import Variant


@dataclass(frozen=True, slots=True)
class FirstHold:
    """A cart with its one line and the hold of it, as they will be."""

    cart: Cart
    line: CartLine
    hold: stock.Hold


def plan_first_hold(
    *, user: User | AnonymousUser, variant: Variant, quantity: int, now: datetime, terms: Terms = ORDINARY
) -> FirstHold:
    """What `take_first_hold` will write, of a `sellable_variant` under these terms. No query outside of drops.

    :raises InvalidInput: if the quantity is not a whole number within the limit of a line.
    :raises LimitReached: if the drop that runs allows this customer fewer.
    :raises HoldLimit: if one shopper would hold too many.
    """
    refuse_bad_quantity(quantity)
    item = terms.running
    cart = Cart(user=user if user.is_authenticated else None)
    line = CartLine(
        cart=cart,
        variant=variant,
        quantity=quantity,
        unit_price_minor=terms.price_minor(variant),
        currency=variant.currency,
        reservation_id=uuid7(),
        drop_item=item,
    )
    if item is not None:
        refuse_over_limit(item.drop, lines=[], line=line, quantity=quantity, now=now)
    refuse_over_share(cart=cart, lines=[], line=line, sku=variant.sku, quantity=quantity, now=now)
    hold = stock.new_hold(
        reservation_id=line.reservation_id,
        units=quantity,
        now=now,
        expires_at=now + (settings.HOLD_TIME if item is None else timedelta(minutes=item.drop.hold_minutes)),
        renewal_limit=None if item is None else item.drop.renewals,
    )
    return FirstHold(cart=cart, line=line, hold=hold)


def take_first_hold(
    first: FirstHold, *, now: datetime, actor: str, beside: Sequence[Model] = (), address: str = ""
) -> None:
    """Write the cart, its line and the hold, with rows of the door `beside` them: all or nothing, in one transaction.

    :raises HoldLimitAddress, TooFast: if the internet address would hold too many, or tries too often.
    :raises StockUnavailable: if the units are not free.
    :raises IntegrityError: if a row beside is there already, or the member has opened a cart meanwhile.
    """
    line = first.line
    refuse_burst(address=address, now=now)
    claim = partial(claim_for_address, address=address, reservation_id=line.reservation_id, now=now)
    claim(quantity=line.quantity)
    try:
        inventory.reserve(
            lines={line.variant.sku: line.quantity},
            token=f"line-{line.reservation_id}",
            expires_at=first.hold.expires_at,
            now=now,
            actor=actor,
            reservation_id=line.reservation_id,
            location_id=None if line.drop_item is None else line.drop_item.drop.location_id,
            renewal_limit=None if line.drop_item is None else line.drop_item.drop.renewals,
            beside=[first.cart, line, *beside],
        )
    except (ShopError, IntegrityError):
        claim(quantity=0)
        raise
