"""Coupons, and who used them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from orders.admin.fields import refuse_unknown_currency
from orders.models import Coupon, CouponUse
from orders.pricing import CouponKind
from shop.staff import NeverDeletedAdmin, ReadOnlyAdmin


class CouponForm(forms.ModelForm):
    """A coupon; what cannot be is said at its field."""

    class Meta:
        model = Coupon
        fields = [
            "code",
            "note",
            "is_active",
            "kind",
            "value",
            "currency",
            "minimum_minor",
            "starts_at",
            "ends_at",
            "total_limit",
            "per_customer_limit",
            "categories",
            "products",
        ]
        widgets = {"categories": forms.CheckboxSelectMultiple}
        labels = {"minimum_minor": "Minimum", "is_active": "Is active"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and self.instance.used:
            self.fields["code"].disabled = True
            self.fields["code"].help_text = "Orders name it: it does not change any more."

    def clean_code(self) -> str:
        """Typed in any case, kept in capitals."""
        return str(self.cleaned_data["code"]).strip().upper()

    def clean(self) -> dict[str, Any]:
        """The constraints of the model, said at the field that breaks them."""
        cleaned = super().clean() or self.cleaned_data
        refuse_unknown_currency(self)
        self._check_value(cleaned)
        if (cleaned.get("minimum_minor") or 0) < 0:
            self.add_error("minimum_minor", "Enter 0 or more.")
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "It ends after it starts.")
        limit = cleaned.get("total_limit")
        if limit is not None and limit < self.instance.used:
            self.add_error("total_limit", f"{self.instance.used} orders use it. Enter {self.instance.used} or more.")
        if cleaned.get("per_customer_limit") == 0:
            self.add_error("per_customer_limit", "Enter 1 or more, or leave it empty.")
        return cleaned

    def _check_value(self, cleaned: dict[str, Any]) -> None:
        kind, value = cleaned.get("kind"), cleaned.get("value")
        if kind is None or value is None:
            return
        if kind == CouponKind.PERCENT and not 1 <= value <= 100:
            self.add_error("value", "Enter whole per cent from 1 to 100.")
        elif kind == CouponKind.AMOUNT and value < 1:
            self.add_error("value", "Enter an amount above 0, in the currency's smallest unit.")
        elif kind == CouponKind.FREE_SHIPPING and value != 0:
            self.add_error("value", "Free delivery has no value. Enter 0.")


@admin.register(Coupon)
class CouponAdmin(NeverDeletedAdmin):
    """Codes that take something off. Its uses are counted by orders and not by staff."""

    instead = "Coupons are not deleted, because orders name them. Untick Is active: nobody can use it then."
    form = CouponForm
    change_form_template = "admin/orders/coupon/change_form.html"
    list_display = ["code", "takes_off", "used_of", "starts_at", "ends_at", "is_active", "note"]
    list_filter = ["is_active", "kind"]
    search_fields = ["code", "note"]
    ordering = ["code"]
    readonly_fields = ["used_of"]
    autocomplete_fields = ["products"]
    fieldsets = [
        (None, {"fields": ["code", "note", "is_active"]}),
        ("What it takes off", {"fields": [("kind", "value"), ("minimum_minor", "currency")]}),
        ("What it is for", {"fields": ["categories", "products"]}),
        ("When", {"fields": [("starts_at", "ends_at")]}),
        ("How often", {"fields": [("total_limit", "per_customer_limit"), "used_of"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        """Write what was edited and nothing else: uses that were counted since the page was opened stay counted."""
        columns = [field.name for field in Coupon._meta.concrete_fields if field.name in form.changed_data]
        obj.save(update_fields=columns if change else None)

    @admin.display(description="takes off", ordering="value")
    def takes_off(self, coupon: Coupon) -> str:
        return coupon.effect[0].upper() + coupon.effect[1:]

    @admin.display(description="used", ordering="used")
    def used_of(self, coupon: Coupon) -> str:
        return f"{coupon.used} of {coupon.total_limit}" if coupon.total_limit is not None else str(coupon.used)


@admin.register(CouponUse)
class CouponUseAdmin(ReadOnlyAdmin):
    """Orders that used a coupon, and what became of the use."""

    list_display = ["used_at", "coupon", "order", "email", "state"]
    list_select_related = ["coupon", "order"]
    search_fields = ["coupon__code", "order__number", "email"]
    search_help_text = "Coupon, order number or e-mail address"
    ordering = ["-used_at", "-pk"]
    fields = ["coupon", "order", "email", "user", "used_at", "given_back_at", "honoured_at"]

    @admin.display
    def state(self, use: CouponUse) -> str:
        if use.honoured_at:
            return "Honoured beyond the limit"
        return "Given back" if use.given_back_at else "Counts"
