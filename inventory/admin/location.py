"""The places that hold stock."""

from django.contrib import admin

from inventory.models import Location
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
