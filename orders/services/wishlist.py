"""Keeping for later: put on the wishlist, take off, bring along at login, show to others and stop showing."""

import secrets
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db import IntegrityError

from accounts.models import User
from orders.models import Wishlist, WishlistItem
from orders.services.cart import add_to_cart
from orders.services.errors import UnknownVariant, WishlistFull
from orders.wishes import WISHLIST_TOKEN_SALT
from shop.drops import NOBODY, Access
from shop.errors import NotFound
from shop.models import Variant
from shop.transactions import TryAgain, transactional

MOST_WISHES = 100


def wishlist_token(wishlist: Wishlist) -> str:
    """The signed name of a guest's wishlist, for a cookie."""
    return signing.dumps(str(wishlist.pk), salt=WISHLIST_TOKEN_SALT)


@transactional
def keep_for_later(
    *, wishlist_id: UUID | None, user: User | AnonymousUser, variant_id: UUID, now: datetime
) -> WishlistItem:
    """Put a variant on the wishlist, which is opened with the first of them. Kept already, it stays as it is.

    :raises UnknownVariant: if there is no such variant on sale.
    :raises WishlistFull: if a hundred things are on it.
    """
    if not Variant.objects.filter(pk=variant_id, is_active=True, product__is_published=True).exists():
        raise UnknownVariant()
    wishlist = _locked(wishlist_id) or _open(user, now=now)
    known = WishlistItem.objects.filter(wishlist=wishlist, variant_id=variant_id).first()
    if known is not None:
        return known
    if WishlistItem.objects.filter(wishlist=wishlist).count() >= MOST_WISHES:
        raise WishlistFull(limit=MOST_WISHES)
    return WishlistItem.objects.create(wishlist=wishlist, variant_id=variant_id, created_at=now)


@transactional
def drop_wish(*, wishlist_id: UUID, variant_id: UUID) -> None:
    """Take a variant off the wishlist. What is off stays off."""
    WishlistItem.objects.filter(wishlist_id=wishlist_id, variant_id=variant_id).delete()


@transactional
def wish_to_cart(
    *, wishlist_id: UUID, variant_id: UUID, cart_id: UUID, now: datetime, actor: str, access: Access = NOBODY
) -> None:
    """Hold one of it in the cart and take it off the wishlist: both, or neither.

    :raises NotFound: if it is not on the wishlist.
    :raises StockUnavailable: if none is free; it stays on the wishlist, as after every refusal of add_to_cart.
    """
    if not WishlistItem.objects.filter(wishlist_id=wishlist_id, variant_id=variant_id).exists():
        raise NotFound()
    add_to_cart(cart_id=cart_id, variant_id=variant_id, quantity=1, now=now, actor=actor, access=access)
    drop_wish(wishlist_id=wishlist_id, variant_id=variant_id)


@transactional
def merge_wishlists(*, guest_wishlist_id: UUID, user: User, now: datetime) -> None:
    """Bring a guest's wishlist along at login: what both have is there once. One that is somebody's changes nothing."""
    guest = _locked(guest_wishlist_id)
    if guest is None or guest.user_id is not None:
        return
    own = Wishlist.objects.select_for_update().filter(user=user).first()
    if own is None:
        guest.user = user
        guest.save(update_fields=["user"])
        return
    kept = set(WishlistItem.objects.filter(wishlist=own).values_list("variant_id", flat=True))
    for item in WishlistItem.objects.filter(wishlist=guest).order_by("pk")[: MOST_WISHES - len(kept)]:
        if item.variant_id not in kept:
            item.wishlist = own
            item.save(update_fields=["wishlist"])
    guest.delete()


@transactional
def share_wishlist(*, wishlist_id: UUID) -> str:
    """The secret of the link by which others see it; the one there is, or a new one."""
    wishlist = _locked(wishlist_id)
    if wishlist is None:
        raise NotFound()
    if wishlist.share_key is None:
        wishlist.share_key = secrets.token_urlsafe(32)
        wishlist.save(update_fields=["share_key"])
    return wishlist.share_key


@transactional
def unshare_wishlist(*, wishlist_id: UUID) -> None:
    """From now on the link shows nothing. A later link is another one."""
    Wishlist.objects.filter(pk=wishlist_id).update(share_key=None)


def _locked(wishlist_id: UUID | None) -> Wishlist | None:
    return Wishlist.objects.select_for_update().filter(pk=wishlist_id).first() if wishlist_id else None


def _open(user: User | AnonymousUser, *, now: datetime) -> Wishlist:
    try:
        return Wishlist.objects.create(user=user if user.is_authenticated else None, created_at=now)
    except IntegrityError as error:
        raise TryAgain from error
