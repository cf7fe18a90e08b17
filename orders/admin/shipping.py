"""The ways to send a parcel, and where they go."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from orders.admin.fields import CountriesField, PrefixesField, WeightStepsField, refuse_unknown_currency
from orders.models import ShippingKind, ShippingMethod, ShippingZone
from shop.money import format_money
from shop.staff import NeverDeletedAdmin


class ZoneForm(forms.ModelForm):
    """A zone; its countries and postcodes are typed as lines."""

    countries = CountriesField(help_text="Two capital letters, one a line: ID.")
    postcode_prefixes = PrefixesField(
        required=False, help_text="How its postcodes begin, one a line. Empty: the countries as a whole."
    )

    class Meta:
        model = ShippingZone
        fields = ["name", "countries", "postcode_prefixes"]


class MethodForm(forms.ModelForm):
    """A way to send a parcel; its prices by weight are typed as lines."""

    weight_steps = WeightStepsField(
        required=False,
        help_text="For prices by weight, one step a line: up to so many grams, and the price in the currency's "
        'smallest unit, as in "1000: 12000". What is heavier than the last does not go.',
    )

    class Meta:
        model = ShippingMethod
        fields = [
            "name",
            "code",
            "description",
            "is_active",
            "position",
            "zones",
            "kind",
            "price_minor",
            "weight_steps",
            "free_above_minor",
            "currency",
            "tax_class",
            "min_days",
            "max_days",
        ]
        labels = {"price_minor": "Price", "free_above_minor": "Free above", "is_active": "Is active"}
        widgets = {"zones": forms.CheckboxSelectMultiple}

    def clean(self) -> dict[str, Any]:
        """The constraints of the model and of sense, said at the field that breaks them."""
        cleaned = super().clean() or self.cleaned_data
        refuse_unknown_currency(self)
        if (cleaned.get("price_minor") or 0) < 0:
            self.add_error("price_minor", "Enter 0 or more.")
        if (cleaned.get("free_above_minor") or 1) <= 0:
            self.add_error("free_above_minor", "Enter an amount above 0, or leave it empty.")
        by_weight = cleaned.get("kind") == ShippingKind.BY_WEIGHT
        if by_weight and "weight_steps" not in self.errors and not cleaned.get("weight_steps"):
            self.add_error("weight_steps", "A price by weight needs at least one step.")
        if (cleaned.get("min_days") or 0) > (cleaned.get("max_days") or 0):
            self.add_error("max_days", "It takes at least as many days as the fewest.")
        return cleaned


@admin.register(ShippingZone)
class ShippingZoneAdmin(NeverDeletedAdmin):
    """Parts of the world that some methods go to."""

    instead = "Zones are not deleted: a method that loses its last one would go everywhere. Change its methods instead."
    form = ZoneForm
    list_display = ["name", "where", "ways"]
    ordering = ["name"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShippingZone]:
        return super().get_queryset(request).prefetch_related("methods")

    @admin.display
    def where(self, zone: ShippingZone) -> str:
        prefixes = f": {', '.join(f'{prefix}…' for prefix in zone.postcode_prefixes)}" if zone.postcode_prefixes else ""
        return f"{', '.join(zone.countries)}{prefixes}"

    @admin.display
    def ways(self, zone: ShippingZone) -> str:
        return ", ".join(sorted(method.name for method in zone.methods.all())) or "None"


@admin.register(ShippingMethod)
class ShippingMethodAdmin(NeverDeletedAdmin):
    """What shoppers choose from. A placed order keeps the name and price that it was placed with."""

    instead = (
        "Shipping methods are not deleted, because orders point at them. Untick Is active: nobody can choose it then."
    )
    form = MethodForm
    list_display = ["name", "price", "where", "days", "position", "is_active"]
    list_filter = ["is_active", "zones"]
    ordering = ["position", "pk"]
    prepopulated_fields = {"code": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "code", "description", ("is_active", "position")]}),
        ("Where it goes", {"fields": ["zones"]}),
        (
            "What it costs",
            {"fields": ["kind", ("price_minor", "currency"), "weight_steps", "free_above_minor", "tax_class"]},
        ),
        ("How long it takes", {"fields": [("min_days", "max_days")]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShippingMethod]:
        return super().get_queryset(request).prefetch_related("zones")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []

    @admin.display(ordering="price_minor")
    def price(self, method: ShippingMethod) -> str:
        prices = [method.price_minor]
        if method.kind == ShippingKind.BY_WEIGHT:
            prices = [price for _, price in method.weight_steps]
        words = " to ".join(format_money(price, method.currency) for price in sorted({min(prices), max(prices)}))
        free = method.free_above_minor
        return words if free is None else f"{words}, free above {format_money(free, method.currency)}"

    @admin.display
    def where(self, method: ShippingMethod) -> str:
        return ", ".join(sorted(zone.name for zone in method.zones.all())) or "Everywhere"

    @admin.display(ordering="min_days")
    def days(self, method: ShippingMethod) -> str:
        return f"{method.min_days} to {method.max_days}"
