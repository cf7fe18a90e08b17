"""The same again: what an order had, into the cart."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from accounts.models import User
from orders.models import Cart, CartLine, OrderLine
from orders.services.cart import add_to_cart, open_cart
from orders.services.errors import CartClosed, NothingHeld
from shop.drops import NOBODY, Access
from shop.errors import ShopError
from shop.transactions import transactional


@dataclass(frozen=True, slots=True)
class NotHeld:
    """A line that could not be held, and why."""

    line: OrderLine
    refusal: ShopError

    @property
    def facts(self) -> dict[str, object]:
        """What it was, and the refusal's code and words, for programs."""
        return {
            "sku": self.line.sku,
            "name": self.line.product_name,
            "qty": self.line.quantity,
            "code": self.refusal.code,
            "detail": self.refusal.detail,
        }


@dataclass(frozen=True, slots=True)
class Reordered:
    """What became of the lines of an order."""

    cart: Cart
    held: list[CartLine] = field(default_factory=list)
    not_held: list[NotHeld] = field(default_factory=list)


@transactional
def reorder(
    *,
    order_id: UUID,
    cart_id: UUID | None,
    user: User | AnonymousUser,
    now: datetime,
    actor: str,
    access: Access = NOBODY,
) -> Reordered:
    """Hold what the order had, at today's prices, in this cart or in a new one. Each line whole, or not at all.

    Not idempotent: each call adds. A door that may repeat itself brings an idempotency key. The door has looked
    whether the order may be seen.

    :raises NothingHeld: if no line can be held; the cart is as it was.
    :raises CartClosed: if the cart became an order meanwhile.
    """
    cart = open_cart(user=user) if cart_id is None else Cart.objects.get(pk=cart_id)
    done = Reordered(cart=cart)
    # By SKU: two that reorder at one moment lock the stock in the same order.
    for line in OrderLine.objects.filter(order=order_id).order_by("sku", "pk"):
        try:
            with transaction.atomic():
                held = add_to_cart(
                    cart_id=cart.pk,
                    variant_id=line.variant_id,
                    quantity=line.quantity,
                    now=now,
                    actor=actor,
                    access=access,
                )
        except CartClosed:
            raise
        except ShopError as refusal:
            done.not_held.append(NotHeld(line=line, refusal=refusal))
        else:
            done.held.append(held)
    if not done.held:
        raise NothingHeld(lines=[each.facts for each in done.not_held])
    return done
