"""Leaving the shop: a member's account is closed, and what the shop need not keep is taken out."""

from datetime import datetime
from uuid import UUID

from accounts import services as accounts
from accounts.models import User
from orders.models import Cart, Checkout, HoldReminder, Order, Review, StockNotice, Wishlist
from orders.services.cart import empty_cart
from orders.services.errors import StaffStay
from orders.services.review import tell_opinion
from shop.errors import NotFound
from shop.transactions import transactional


@transactional
def leave(*, user_id: UUID, now: datetime) -> None:
    """Close a member's account for good. A second time does nothing more.

    What is held is let go. Orders stay, because papers and money hang on them, and are a guest's from then on: found by
    number and address, to be sent back or claimed again. Everything else that names the person goes.

    :raises StaffStay: if it is the account of staff, which a superuser closes.
    """
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound()
    if user.is_staff or user.is_superuser:
        raise StaffStay()
    open_cart = Cart.objects.open().filter(user=user).first()
    if open_cart is not None:
        empty_cart(cart_id=open_cart.pk, now=now, actor="shopper")
    carts = list(Cart.objects.filter(user=user).values_list("pk", flat=True))
    for rows in (Checkout, HoldReminder):
        rows.objects.filter(cart__in=carts).delete()
    Order.objects.filter(user=user).update(user=None)
    Wishlist.objects.filter(user=user).delete()
    StockNotice.objects.filter(email=user.email).delete()
    reviewed = list(Review.objects.filter(user=user).values_list("product_id", flat=True))
    Review.objects.filter(user=user).update(user=None, author="")
    for product_id in sorted(reviewed):
        tell_opinion(product_id)
    accounts.forget_user(user_id=user_id)
