"""Ways to send a parcel: where they go, and what they cost."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from shop.models import TaxClass
from shop.money import MAX_MINOR


class ShippingZone(models.Model):
    """A part of the world: countries, and of these the postcodes that begin with one of the prefixes (all, if none)."""

    name = models.CharField(max_length=80, unique=True)
    countries = models.JSONField(default=list, help_text="Two-letter codes, one each: ID.")
    postcode_prefixes = models.JSONField(
        default=list, blank=True, help_text="How its postcodes begin. None: all of them."
    )

    def __str__(self) -> str:
        return self.name

    def covers(self, *, country: str, postal_code: str) -> bool:
        """Whether an address lies in it."""
        if country not in self.countries:
            return False
        return not self.postcode_prefixes or postal_code.startswith(tuple(self.postcode_prefixes))


class ShippingKind(models.TextChoices):
    """What the price of a delivery depends on."""

    FLAT = "FLAT", "One price"
    BY_WEIGHT = "BY_WEIGHT", "By weight"


class ShippingMethod(models.Model):
    """A way to send a parcel, to some zones, at a flat price or by weight."""

    code = models.SlugField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    zones = models.ManyToManyField(
        ShippingZone, blank=True, related_name="methods", help_text="Where it goes. None: to every address."
    )
    kind = models.CharField(max_length=16, choices=ShippingKind, default=ShippingKind.FLAT)
    price_minor = models.BigIntegerField(default=0, validators=[MaxValueValidator(MAX_MINOR)])
    weight_steps = models.JSONField(
        default=list, blank=True, help_text="[up to so many grams, price] each, ascending. Heavier: it does not go."
    )
    free_above_minor = models.BigIntegerField(
        null=True, blank=True, help_text="Free from this price of the items, before discounts."
    )
    tax_class = models.CharField(max_length=16, choices=TaxClass, default=TaxClass.STANDARD)
    currency = models.CharField(max_length=3, default="IDR")
    min_days = models.PositiveSmallIntegerField(default=1)
    max_days = models.PositiveSmallIntegerField(default=3)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="shippingmethod_price_not_negative"),
            models.CheckConstraint(condition=Q(price_minor__lte=MAX_MINOR), name="shippingmethod_price_not_absurd"),
            models.CheckConstraint(
                condition=Q(free_above_minor__isnull=True) | Q(free_above_minor__gt=0),
                name="shippingmethod_free_above_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def lowest_minor(self) -> int:
        """The least that a parcel costs this way."""
        return min(step[1] for step in self.weight_steps) if self.weight_steps else self.price_minor

    def price_for(self, *, weight_grams: int, subtotal_minor: int) -> int | None:
        """What a parcel costs; None if it is too heavy. Lines before discounts count: a coupon makes nothing dearer."""
        price_minor = self._step_price(weight_grams) if self.kind == ShippingKind.BY_WEIGHT else self.price_minor
        if price_minor is None:
            return None
        is_free = self.free_above_minor is not None and subtotal_minor >= self.free_above_minor
        return 0 if is_free else price_minor

    def _step_price(self, weight_grams: int) -> int | None:
        return next((price for up_to_grams, price in self.weight_steps if weight_grams <= up_to_grams), None)
