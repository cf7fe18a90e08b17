"""The ways to send a parcel."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from orders.models import ShippingMethod
from shop.money import format_money
from shop.staff import NeverDeletedAdmin


@admin.register(ShippingMethod)
class ShippingMethodAdmin(NeverDeletedAdmin):
    """What shoppers choose from. A placed order keeps the name and price that it was placed with."""

    instead = (
        "Shipping methods are not deleted, because orders point at them. Untick Is active: nobody can choose it then."
    )
    list_display = ["name", "price", "days", "position", "is_active"]
    list_filter = ["is_active"]
    ordering = ["position", "pk"]
    prepopulated_fields = {"code": ["name"]}

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []

    @admin.display(ordering="price_minor")
    def price(self, method: ShippingMethod) -> str:
        return format_money(method.price_minor, method.currency)

    @admin.display(ordering="min_days")
    def days(self, method: ShippingMethod) -> str:
        return f"{method.min_days} to {method.max_days}"
