"""The cart, its lines and the checkout details that are kept with it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Coalesce
from uuid6 import uuid7

from shop.models import DropItem, Variant
from shop.states import StateMachine, Transition


class CartStatus(models.TextChoices):
    """Where a cart stands. Only an OPEN one can be changed."""

    OPEN = "OPEN", "Open"
    ORDERED = "ORDERED", "Ordered"
    MERGED = "MERGED", "Merged into another cart"


CART_STATES = StateMachine(
    name="Cart",
    start=CartStatus.OPEN,
    transitions=(
        Transition(CartStatus.OPEN, "order placed", CartStatus.ORDERED),
        Transition(CartStatus.OPEN, "merged at login", CartStatus.MERGED),
    ),
)


class CartQuerySet(models.QuerySet["Cart"]):
    """Carts by who may use them."""

    def open(self) -> Self:
        """Those that can still be changed."""
        return self.filter(status=CartStatus.OPEN)


class Cart(models.Model):
    """What one shopper has chosen. A guest's is found by a signed token, a member's by the member."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="carts"
    )
    status = models.CharField(max_length=8, choices=CartStatus, default=CartStatus.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    lapses = models.PositiveIntegerField(default=0, help_text="Holds that ran out unpaid, as far as they count.")
    lapsed_at = models.DateTimeField(null=True, blank=True, help_text="When the last of them was counted.")
    # Partial unique indexes do not exist on MariaDB: a column that is NULL unless the cart is open does the same.
    open_for = models.GeneratedField(
        expression=Case(When(Q(status="OPEN"), then=F("user_id")), default=None),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )

    objects = CartQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["open_for"], name="cart_one_open_per_user")]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    @property
    def is_open(self) -> bool:
        """Whether it can still be changed."""
        return self.status == CartStatus.OPEN


class CartLine(models.Model):
    """So many units of one variant, at the price of the moment they were held, with the key of the reservation.

    What is held in a drop, what is pre-ordered and what is neither are lines of their own, because their terms are.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    unit_price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reservation_id = models.UUIDField(db_index=True)
    drop_item = models.ForeignKey(DropItem, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_preorder = models.BooleanField(
        default=False, help_text="Whether the shopper took the terms of a pre-order: some of it may not be here yet."
    )
    arrives_on = models.DateField(null=True, blank=True, help_text="The day that went with those terms.")
    # NULL differs from NULL in a unique constraint: the key of the drop's item, or 0.
    drop_key = models.GeneratedField(
        expression=Coalesce("drop_item_id", 0), output_field=models.BigIntegerField(), db_persist=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cart", "variant", "drop_key", "is_preorder"], name="cartline_one_per_variant_and_terms"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="cartline_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.variant_id}"

    @property
    def total_minor(self) -> int:
        """Quantity times the unit price that was frozen with the hold."""
        return self.quantity * self.unit_price_minor


class Checkout(models.Model):
    """What the shopper typed on the way to the order. Saved step by step; it survives a lost hold."""

    cart = models.OneToOneField(Cart, on_delete=models.CASCADE, related_name="checkout")
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    address = models.CharField(max_length=200, blank=True)
    landmark = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=80, blank=True)
    postal_code = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2, default="ID")
    shipping_method = models.ForeignKey("orders.ShippingMethod", null=True, blank=True, on_delete=models.SET_NULL)
    gateway = models.CharField(max_length=32, blank=True)
    coupon_code = models.CharField(max_length=32, blank=True)
    accepts_backorder = models.BooleanField(default=False)
    language = models.CharField(max_length=8, default="en", help_text="In which the shopper reads the shop.")

    def __str__(self) -> str:
        return f"checkout of {self.cart_id}"
