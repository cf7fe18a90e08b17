"""Coupons, and who used them."""

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from orders.models.order import Order
from orders.pricing import CouponKind
from shop.models import Category, Product
from shop.money import MAX_MINOR, NO_BREAK_SPACE, format_money

CODE = r"[A-Z0-9][A-Z0-9-]{2,31}"


class CouponQuerySet(models.QuerySet["Coupon"]):
    """Coupons by what is left of them."""

    def with_scope(self) -> Self:
        """With the shelves and products that they are for: two further queries."""
        return self.prefetch_related("categories", "products")

    def with_uses_left(self) -> Self:
        """Those that can be used once more. In the WHERE of the update that counts a use, it is the limit itself."""
        return self.filter(Q(total_limit__isnull=True) | Q(used__lt=F("total_limit")))


class Coupon(models.Model):
    """A code that takes something off an order, within a window and within limits."""

    code = models.CharField(
        max_length=32,
        unique=True,
        validators=[RegexValidator(rf"^{CODE}$", "Use 3 to 32 capital letters, digits and hyphens: TAHAN10.")],
        help_text="What shoppers type. Capital or small letters are the same.",
    )
    note = models.CharField(max_length=200, blank=True, help_text="What it is for. Only staff read it.")
    kind = models.CharField(max_length=16, choices=CouponKind)
    value = models.BigIntegerField(
        default=0,
        validators=[MaxValueValidator(MAX_MINOR)],
        help_text="Whole per cent, or an amount in the currency's smallest unit. Not used by free delivery.",
    )
    currency = models.CharField(max_length=3, default="IDR", help_text="Of the amount and of the minimum.")
    minimum_minor = models.BigIntegerField(
        "minimum",
        default=0,
        validators=[MaxValueValidator(MAX_MINOR)],
        help_text="The items cost at least this much.",
    )
    starts_at = models.DateTimeField(null=True, blank=True, help_text="Empty: at once.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is switched off.")
    total_limit = models.PositiveIntegerField(null=True, blank=True, help_text="Orders in all. Empty: no limit.")
    per_customer_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Orders of one customer, known by e-mail address and account. Empty: no limit."
    )
    used = models.PositiveIntegerField(default=0, editable=False, help_text="Orders that use it now.")
    is_active = models.BooleanField(default=True)
    categories = models.ManyToManyField(
        Category, blank=True, related_name="+", help_text="It counts for these shelves and products. None: for all."
    )
    products = models.ManyToManyField(Product, blank=True, related_name="+")

    objects = CouponQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(total_limit__isnull=True) | Q(used__lte=F("total_limit")),
                name="coupon_used_within_limit",
                violation_error_message="It was used more often than that already.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind="PERCENT", value__gte=1, value__lte=100)
                    | Q(kind="AMOUNT", value__gte=1)
                    | Q(kind="FREE_SHIPPING", value=0)
                ),
                name="coupon_value_fits_kind",
            ),
            models.CheckConstraint(condition=Q(minimum_minor__gte=0), name="coupon_minimum_not_negative"),
            models.CheckConstraint(
                condition=Q(value__lte=MAX_MINOR, minimum_minor__lte=MAX_MINOR), name="coupon_amounts_not_absurd"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="coupon_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def effect(self) -> str:
        """What it does, in words: "10 % off the items"."""
        if self.kind == CouponKind.FREE_SHIPPING:
            return _("free delivery")
        if self.kind == CouponKind.PERCENT:
            return _("%(percent)s off the items") % {"percent": f"{self.value}{NO_BREAK_SPACE}%"}
        return _("%(amount)s off the items") % {"amount": format_money(self.value, self.currency)}

    def scope(self) -> list[str]:
        """The names of the shelves and products that it is for; none if it is for everything. Prefetch them."""
        return [*(category.name for category in self.categories.all()), *(each.name for each in self.products.all())]

    def covers(self, product: Product) -> bool:
        """Whether it counts for this product. Prefetch categories and products."""
        categories, products = self.categories.all(), self.products.all()
        if not categories and not products:
            return True
        return product.category_id in {each.pk for each in categories} or product in products


class CouponUseQuerySet(models.QuerySet["CouponUse"]):
    """Uses by whose they are."""

    def live(self) -> Self:
        """Those that count: not given back."""
        return self.filter(given_back_at=None)

    def of_customer(self, *, email: str, user_id: object) -> Self:
        """Those of one customer, known by the address or by the account, whichever is the same."""
        same = Q(email=email.casefold())
        return self.filter(same | Q(user_id=user_id) if user_id else same)


class CouponUse(models.Model):
    """One order that used a coupon. The row stays as its history.

    Given back when the order ends unpaid, or is cancelled in full before anything of it was sent.
    """

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses")
    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="coupon_use")
    email = models.CharField(max_length=254, help_text="In small letters.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    used_at = models.DateTimeField()
    given_back_at = models.DateTimeField(null=True, blank=True)
    honoured_at = models.DateTimeField(
        null=True, blank=True, help_text="When a late payment bought at the promised price although none was left."
    )

    objects = CouponUseQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["coupon", "email"], name="couponuse_coupon_email")]

    def __str__(self) -> str:
        return f"{self.coupon_id} in {self.order_id}"
