"""The append-only ledger: read, filtered, exported."""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

from inventory.models import StockMovement
from shop.redirects import see_other
from shop.staff import ReadOnlyAdmin

HEADINGS = ["number", "time", "sku", "location", "kind", "on hand", "held", "allocated", "reason", "who", "reservation"]
# A spreadsheet takes a cell that starts with one of these for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    """What changed, by how much, why and by whom."""

    instead = "The ledger is append-only. Record the correction as a new movement."
    list_display = [
        "created_at",
        "sku",
        "location",
        "kind",
        "on_hand_change",
        "held_change",
        "allocated_change",
        "reason",
        "actor",
    ]
    list_filter = ["kind", "created_at", "stock_item__location"]
    list_select_related = ["stock_item__location"]
    search_fields = ["=stock_item__variant__sku", "reason", "actor"]
    search_help_text = "Whole SKU, or part of the reason or of who did it"
    ordering = ["-pk"]
    fields = [
        "created_at",
        "sku",
        "location",
        "kind",
        ("on_hand_change", "held_change", "allocated_change"),
        "reason",
        "actor",
        "reservation_id",
    ]

    @admin.display(description="SKU", ordering="stock_item__variant")
    def sku(self, movement: StockMovement) -> str:
        return movement.stock_item.sku

    @admin.display(ordering="stock_item__location__name")
    def location(self, movement: StockMovement) -> str:
        return movement.stock_item.location.name

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export_view), name="inventory_stockmovement_export")
        return [export, *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The movements of the current filter as CSV, streamed: the ledger is long."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            movements = self.get_changelist_instance(request).get_queryset(request)
        except (IncorrectLookupParameters, DisallowedModelAdminLookup):
            # As the list itself does with a filter that cannot be used.
            return see_other(f"{reverse('admin:inventory_stockmovement_changelist')}?e=1")
        answer = StreamingHttpResponse(_csv(movements), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="ledger.csv"'
        return answer


class _Line:
    """A file that hands every line back to the writer's caller."""

    def write(self, line: str) -> str:
        return line


def _csv(movements: Any) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(HEADINGS)
    for movement in movements.iterator(chunk_size=1000):
        yield writer.writerow(
            [
                movement.pk,
                movement.created_at.isoformat(),
                movement.stock_item.sku,
                movement.stock_item.location.code,
                movement.kind,
                movement.on_hand_change,
                movement.held_change,
                movement.allocated_change,
                _harmless(movement.reason),
                _harmless(movement.actor),
                movement.reservation_id or "",
            ]
        )


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
