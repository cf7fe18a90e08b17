"""The places that hold stock."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from inventory.models import Location
from inventory.sold_out import places_changed
from shop.staff import NeverDeletedAdmin


@admin.register(Location)
class LocationAdmin(NeverDeletedAdmin):
    """Warehouses and shops, in the order in which they are asked for units."""

    instead = (
        "Locations are not deleted, because the ledger names them. Untick Is active: nothing is sold from it then."
    )
    list_display = ["name", "code", "priority", "is_active", "is_for_drop"]
    readonly_fields = ["is_for_drop"]
    ordering = ["priority", "pk"]

    def save_model(self, request: HttpRequest, obj: Location, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        # What was seen sold out may be on sale from here by now.
        places_changed()
