"""Who waits in line, and where to write to. The place itself is inventory's, which knows no shoppers."""

from typing import Self

from django.conf import settings
from django.db import models

from orders.models.cart import Cart
from shop.models import DropItem, Variant


class WaitingQuerySet(models.QuerySet["Waiting"]):
    """Those who wait, by whose they are."""

    def unfinished(self) -> Self:
        """Those whose place may still bring something: waiting, or at their turn."""
        return self.filter(is_over=False)


class Waiting(models.Model):
    """One shopper's place in a line: a member's, or a guest's who gave an address."""

    place_id = models.UUIDField(primary_key=True, editable=False, help_text="The place in line, which inventory keeps.")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    drop_item = models.ForeignKey(
        DropItem, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Of the line of a drop."
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    cart = models.ForeignKey(
        Cart, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Of a guest of the API."
    )
    email = models.EmailField()
    language = models.CharField(max_length=8, default="en")
    unit_price_minor = models.BigIntegerField(null=True, blank=True, help_text="Kept from the moment of the offer.")
    is_over = models.BooleanField(default=False, help_text="Taken, missed, left or closed.")
    created_at = models.DateTimeField()

    objects = WaitingQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "is_over"], name="waiting_user_over")]

    def __str__(self) -> str:
        return f"{self.email} for {self.variant_id}"

    @property
    def price_now_minor(self) -> int:
        """What a unit costs: in the drop whose line it is, or now. Reads what was selected with it."""
        return self.variant.price_minor if self.drop_item is None else self.drop_item.price_minor
