"""The checkout of a member, filled in from what the shop knows already."""

from uuid import UUID

from accounts.models import Address, User
from accounts.services import WHERE
from orders.gateways import available_gateways
from orders.models import CartLine, Checkout, Order
from orders.services.checkout import save_checkout
from orders.services.quote import delivery_options
from shop.errors import NotFound
from shop.transactions import transactional


@transactional
def use_address(*, cart_id: UUID, user: User, address_id: UUID, language: str) -> Checkout:
    """Fill in contact and delivery from an address of the member's book. The same press twice changes nothing.

    What was not chosen yet is as in their last order, where that can still be had: the way to send, and the provider.

    :raises NotFound: if this member has no such address.
    :raises CartClosed: if the cart was ordered or merged.
    """
    address = Address.objects.filter(pk=address_id, user=user).first()
    if address is None:
        raise NotFound()
    checkout = Checkout.objects.filter(cart_id=cart_id).first() or Checkout(cart_id=cart_id)
    last = Order.objects.filter(user=user).order_by("-placed_at", "-pk").first()
    lines = list(CartLine.objects.filter(cart_id=cart_id).select_related("variant__product"))
    offered = delivery_options(lines=lines, country=address.country, postal_code=address.postal_code)
    method_ids = [option.method.pk for option in offered]
    wanted = checkout.shipping_method_id or (last.shipping_method_id if last else None)
    gateways = list(available_gateways())
    gateway = checkout.gateway or (last.gateway if last else "")
    return save_checkout(
        cart_id=cart_id,
        language=language,
        email=checkout.email or user.email,
        shipping_method_id=wanted if wanted in method_ids else None,
        gateway=gateway if gateway in gateways else _only(gateways),
        **{name: getattr(address, name) for name in WHERE},
    )


def _only(gateways: list[str]) -> str:
    """The provider, where there is no choice."""
    return gateways[0] if len(gateways) == 1 else ""
