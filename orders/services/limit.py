"""The limit per customer in a drop: over live holds and past orders, by everything that tells customers apart.

Order of locks: cart or order, coupon, marks of the customer, reservations, stock.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from inventory import queries as stock
from orders.models import CartLine, Checkout, DropCustomer, DropPurchase, Order, OrderLine
from orders.models.drop import units_ordered
from shop.errors import ShopError
from shop.models import Drop
from shop.transactions import TryAgain

SALT = "orders.limit"
# Google drops dots and takes both names for one mailbox.
DOTLESS = {"gmail.com", "googlemail.com"}
# One word for the many ways to write it, so that one house is one address.
STREET_WORDS = {"jl": "jalan", "jln": "jalan", "no": "", "nomor": "", "gg": "gang", "blk": "blok"}


class LimitReached(ShopError):
    """Facts: `drop`, `limit`, `held` (in live holds), `ordered` (waiting for payment or paid), `asked` (more units)."""

    code = "limit_person"
    title = "Limit reached"
    field = "quantity"

    @property
    def detail(self) -> str:
        held, ordered = self.facts["held"], self.facts["ordered"]
        has = f" {_('and')} ".join(
            [
                *([_("%(held)s on hold") % {"held": held}] if held else []),
                *([_("%(ordered)s ordered") % {"ordered": ordered}] if ordered else []),
            ]
        )
        return _("%(drop)s allows %(limit)s per person. You have %(has)s. %(repair)s") % {
            "drop": self.facts["drop"],
            "limit": self.facts["limit"],
            "has": has or _("none yet"),
            "repair": self._repair,
        }

    @property
    def _repair(self) -> str:
        left = self.facts["limit"] - self.facts["held"] - self.facts["ordered"]
        if left > 0:
            return _("Ask for %(left)s or fewer.") % {"left": left}
        if left < 0:
            return _("Let %(many)s go in the cart, then place the order.") % {"many": -left}
        if not self.facts["held"]:
            return _("That is all.")
        return _("Pay for what you hold, or let it go to hold something else.")


def marks_of(
    *, user_id: UUID | None = None, email: str = "", address: str = "", postal_code: str = "", fingerprint: str = ""
) -> list[str]:
    """What tells this customer from another, as keyed digests: to compare, not to read. Empty things tell nothing."""
    things = {
        "user": str(user_id or ""),
        "email": normalised_email(email),
        "address": normalised_address(address, postal_code),
        "payment": fingerprint,
    }
    return sorted(f"{kind}:{salted_hmac(SALT, thing).hexdigest()}" for kind, thing in things.items() if thing)


def normalised_email(email: str) -> str:
    """One mailbox, one spelling: lower case, without what follows a plus, and at Google without dots."""
    name, at, domain = email.strip().casefold().rpartition("@")
    if not at:
        return ""
    name = name.partition("+")[0]
    if domain in DOTLESS:
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}"


def normalised_address(address: str, postal_code: str) -> str:
    """One house, one spelling: without case, punctuation and the many words for a street; with the postcode."""
    words = re.findall(r"[^\W_]+", address.casefold())
    spelled = "".join(STREET_WORDS.get(word, word) for word in words)
    return f"{spelled}|{postal_code.strip()}" if spelled else ""


def refuse_over_limit(drop: Drop, *, lines: Sequence[CartLine], line: CartLine, quantity: int, now: datetime) -> None:
    """Refuse a hold of `quantity` units in this line, if the customer would have too many: as far as is known so far.

    `lines` are those of the cart. Orders are looked up by what the cart knows: the account, and what was typed.

    :raises LimitReached:
    """
    if drop.limit_per_customer is None:
        return
    others = [each for each in lines if each.pk != line.pk and each.drop_item and each.drop_item.drop_id == drop.pk]
    live = stock.holds(reservation_ids=[each.reservation_id for each in others], now=now) if others else {}
    held = sum(each.quantity for each in others if live[each.reservation_id].is_live)
    checkout = Checkout.objects.filter(cart=line.cart_id).first()
    marks = marks_of(
        user_id=line.cart.user_id,
        email=checkout.email if checkout else "",
        address=checkout.address if checkout else "",
        postal_code=checkout.postal_code if checkout else "",
    )
    if line.cart.user is not None:
        marks = sorted({*marks, *marks_of(email=line.cart.user.email)})
    ordered = sum(units_ordered(drop=drop, keys=marks).values()) if marks else 0
    if held + ordered + quantity > drop.limit_per_customer:
        kept = line.quantity if not line._state.adding and _is_live(line, now=now) else 0
        raise LimitReached(
            drop=drop.name, limit=drop.limit_per_customer, held=held + kept, ordered=ordered, asked=quantity - kept
        )


def count_for_limits(order: Order, lines: Iterable[CartLine]) -> None:
    """Write down whose order this is in every drop that it has things of; refuse it if that makes too many.

    A story of a race: one customer presses Pay in two browsers, as two guests with one address. Both orders alone are
    within the limit. Whoever comes second waits here for the row of the address, which the first one keeps until its
    commit, and counts the units of both after that.

    :raises LimitReached: then nothing is ordered.
    """
    asked: dict[Drop, int] = defaultdict(int)
    for line in lines:
        if line.drop_item is not None:
            asked[line.drop_item.drop] += line.quantity
    keys = marks_of_order(order) if asked else []
    for drop, quantity in sorted(asked.items(), key=lambda each: each[0].pk):
        _bear(order, drop=drop, keys=keys)
        if drop.limit_per_customer is None:
            continue
        units = units_ordered(drop=drop, keys=keys, except_order=order)
        ordered = sum(units.values())
        if ordered + quantity > drop.limit_per_customer:
            raise LimitReached(drop=drop.name, limit=drop.limit_per_customer, held=quantity, ordered=ordered, asked=0)


def drop_over_limit(order: Order, *, fingerprint: str) -> Drop | None:
    """The drop in which a payment of this order would give its customer too many; None is how it should be.

    Counted again under the lock, with the means of payment where the provider tells it: another order may have been
    paid since, or paid by the same card.
    """
    units: dict[Drop, int] = defaultdict(int)
    for line in OrderLine.objects.filter(order=order, drop_item__isnull=False).select_related("drop_item__drop"):
        assert line.drop_item is not None
        units[line.drop_item.drop] += line.quantity
    keys = sorted({*marks_of_order(order), *marks_of(fingerprint=fingerprint)}) if units else []
    for drop, quantity in sorted(units.items(), key=lambda each: each[0].pk):
        _bear(order, drop=drop, keys=keys)
        if drop.limit_per_customer is None:
            continue
        if sum(units_ordered(drop=drop, keys=keys, except_order=order).values()) + quantity > drop.limit_per_customer:
            return drop
    return None


def marks_of_order(order: Order) -> list[str]:
    """The marks of whoever placed it."""
    marks = marks_of(user_id=order.user_id, email=order.email, address=order.address, postal_code=order.postal_code)
    return marks if order.user is None else sorted({*marks, *marks_of(email=order.user.email)})


def _bear(order: Order, *, drop: Drop, keys: list[str]) -> None:
    """Lock the marks, in order, making those that are new, and let the order bear them."""
    known = set(DropCustomer.objects.filter(drop=drop, key__in=keys).values_list("key", flat=True))
    try:
        DropCustomer.objects.bulk_create(DropCustomer(drop=drop, key=key) for key in keys if key not in known)
    except IntegrityError as error:
        # Another order of this customer was first by a moment: the next look finds its rows and waits for them.
        raise TryAgain from error
    marks = list(DropCustomer.objects.select_for_update().filter(drop=drop, key__in=keys).order_by("pk"))
    borne = set(DropPurchase.objects.filter(order=order, customer__in=marks).values_list("customer_id", flat=True))
    DropPurchase.objects.bulk_create(DropPurchase(customer=mark, order=order) for mark in marks if mark.pk not in borne)


def _is_live(line: CartLine, *, now: datetime) -> bool:
    hold = stock.holds(reservation_ids=[line.reservation_id], now=now).get(line.reservation_id)
    return hold is not None and hold.is_live
