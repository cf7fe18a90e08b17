"""What somebody keeps for later, and who wants to hear when a thing is back."""

from django.conf import settings
from django.db import models
from uuid6 import uuid7

from shop.models import Variant


class Wishlist(models.Model):
    """One shopper's. A guest's is found by a signed token, a member's by the member, and by others with its secret."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="wishlist"
    )
    share_key = models.CharField(max_length=43, unique=True, null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"wishlist {self.pk}"


class WishlistItem(models.Model):
    """A variant on it. Nothing is held by that."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    wishlist = models.ForeignKey(Wishlist, on_delete=models.CASCADE, related_name="items")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["wishlist", "variant"], name="wishlistitem_once")]

    def __str__(self) -> str:
        return f"{self.variant_id} on {self.wishlist_id}"


class StockNotice(models.Model):
    """A wish to be told once when a variant is free again. It is gone with the e-mail that tells it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(db_index=True)
    language = models.CharField(max_length=8, default="en")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["variant", "email"], name="stocknotice_once")]

    def __str__(self) -> str:
        return f"{self.email} about {self.variant_id}"
