"""What pages read of wishlists: whose it is, what is on it, and what is free of it now."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core import signing

from accounts.models import User
from inventory.queries import Availability, available_to_promise
from orders.models import Wishlist, WishlistItem
from shop.models import Variant

WISHLIST_TOKEN_SALT = "orders.wishlist"  # noqa: S105 - a namespace, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A variant on a wishlist with what is free of it at this moment."""

    variant: Variant
    availability: Availability

    @property
    def is_on_show(self) -> bool:
        """Whether it can be looked at and bought still."""
        return self.variant.is_active and self.variant.product.is_published


def wishlist_id_in(token: str | None) -> UUID | None:
    """The wishlist that a signed token names, or None if it was not signed here."""
    try:
        return UUID(signing.loads(token or "", salt=WISHLIST_TOKEN_SALT))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def find_wishlist(*, user: User | AnonymousUser, token: str | None) -> Wishlist | None:
    """The wishlist of this member, or of the guest who carries this token. No query for a guest without one."""
    if user.is_authenticated:
        return Wishlist.objects.filter(user=user).first()
    wishlist_id = wishlist_id_in(token)
    return None if wishlist_id is None else Wishlist.objects.filter(pk=wishlist_id, user=None).first()


def shared_wishlist(key: str) -> Wishlist | None:
    """The wishlist that this secret shows, as long as its owner wants that."""
    return Wishlist.objects.select_related("user").filter(share_key=key).first()


def wishes_on(wishlist: Wishlist | None, *, now: datetime) -> list[Wish]:
    """What is on it, the newest first. Three queries, and one for what is free."""
    if wishlist is None:
        return []
    items = list(
        WishlistItem.objects.filter(wishlist=wishlist)
        .select_related("variant__product__category")
        .prefetch_related("variant__product__images")
        .order_by("-created_at", "-pk")
    )
    if not items:
        return []
    free = available_to_promise(skus=[item.variant.sku for item in items], now=now)
    return [Wish(variant=item.variant, availability=free[item.variant.sku]) for item in items]


def is_wished(*, user: User | AnonymousUser, token: str | None, variant_id: UUID) -> bool:
    """Whether this shopper keeps the variant for later. No query for a guest without a wishlist."""
    items = WishlistItem.objects.filter(variant_id=variant_id)
    if user.is_authenticated:
        return items.filter(wishlist__user=user).exists()
    wishlist_id = wishlist_id_in(token)
    return wishlist_id is not None and items.filter(wishlist_id=wishlist_id, wishlist__user=None).exists()
