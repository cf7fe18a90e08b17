"""The counters: read here, changed only by the services, with a reason and after a preview."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone

from inventory import services
from inventory.forms import AdjustForm, BackorderForm, ReceiveForm, StockForm
from inventory.models import MovementKind, ReservationLine, ReservationState, StockItem, StockMovement
from inventory.overview import LOW_STOCK_UNITS
from shop.errors import ShopError
from shop.redirects import see_other
from shop.staff import NeverDeletedAdmin, typed

LEDGER_PAGE = 50
HOLDS_SHOWN = 50


class AvailableFilter(admin.SimpleListFilter):
    """Stock items by what is left to promise."""

    title = "available"
    parameter_name = "available"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("none", "Sold out"), ("low", f"Low (1 to {LOW_STOCK_UNITS})"), ("some", "Available")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "none":
            return queryset.filter(units_available__lte=0)
        if self.value() == "low":
            return queryset.filter(units_available__range=(1, LOW_STOCK_UNITS))
        if self.value() == "some":
            return queryset.filter(units_available__gt=0)
        return queryset


@admin.register(StockItem)
class StockItemAdmin(NeverDeletedAdmin):
    """One line for each SKU and location; behind it the page of the SKU with its holds and its ledger."""

    instead = "Stock items are not deleted, because the ledger belongs to them. Adjust to 0 instead."
    list_display = [
        "sku",
        "product",
        "available",
        "on_hand",
        "held",
        "allocated",
        "awaited",
        "backorder_limit",
        "location",
    ]
    list_filter = [AvailableFilter, "location"]
    list_select_related = ["variant__product", "location"]
    search_fields = ["variant__sku", "variant__product__name"]
    search_help_text = "SKU or product"
    ordering = ["variant", "pk"]
    change_list_template = "admin/inventory/stockitem/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockItem]:
        available = F("on_hand") + F("backorder_limit") - F("held") - F("allocated") - F("awaited")
        return super().get_queryset(request).annotate(units_available=available)

    @admin.display(description="SKU", ordering="variant")
    def sku(self, item: StockItem) -> str:
        return item.sku

    @admin.display(ordering="variant__product__name")
    def product(self, item: StockItem) -> str:
        return item.variant.product.name

    @admin.display(ordering="units_available")
    def available(self, item: StockItem) -> int:
        return item.available

    def get_urls(self) -> list[URLPattern]:
        own: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("receive/", self.receive_view, "receive"),
            ("<int:object_id>/adjust/", self.adjust_view, "adjust"),
            ("<int:object_id>/backorder/", self.backorder_view, "backorder"),
        ]
        pages = [
            path(address, self.admin_site.admin_view(view), name=f"inventory_stockitem_{name}")
            for address, view, name in own
        ]
        return [*pages, *super().get_urls()]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A stock item begins with its first delivery."""
        return redirect(self.address("receive"))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page of the SKU: figures, running holds, ledger. It has no form: nothing is edited here."""
        item = self._item(request, object_id, permission="view")
        kind = request.GET.get("kind", "")
        movements = Paginator(_ledger(item, kind=kind), LEDGER_PAGE).get_page(request.GET.get("p"))
        on_hand_sum = item.movements.aggregate(units=Sum("on_hand_change"))["units"] or 0
        return self.page(
            request,
            "admin/inventory/stockitem/sku.html",
            title=f"{item.sku} at {item.location.name}",
            item=item,
            holds=_holds(item),
            movements=movements,
            kind=kind,
            kinds=MovementKind.choices,
            on_hand_sum=on_hand_sum,
            checked_at=timezone.now(),
            may_change=self.has_change_permission(request),
            may_receive=self.has_add_permission(request),
        )

    def receive_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        first = {"sku": request.GET.get("sku"), "location": request.GET.get("location")}
        form = ReceiveForm(typed(request), initial=first)
        return self._act(request, form, item=form.item() if form.is_valid() else None)

    def adjust_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        item = self._item(request, str(object_id), permission="change")
        return self._act(request, AdjustForm(typed(request)), item=item)

    def backorder_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        item = self._item(request, str(object_id), permission="change")
        form = BackorderForm(typed(request), initial={"number": item.backorder_limit, "arrives_on": item.arrives_on})
        return self._act(request, form, item=item)

    def _item(self, request: HttpRequest, object_id: str, *, permission: str) -> StockItem:
        if not self.has_staff_permission(request, permission):
            raise PermissionDenied
        rows = StockItem.objects.select_related("variant__product", "location")
        item = rows.filter(pk=object_id).first() if object_id.isdecimal() else None
        if item is None:
            raise Http404
        return item

    def _act(self, request: HttpRequest, form: StockForm, *, item: StockItem | None) -> HttpResponse:
        """Form, preview, confirmation: three answers of one address, and only the third changes anything."""
        if not form.is_valid() or item is None or "edit" in request.POST:
            return self._ask(request, form, item)
        if "confirm" not in request.POST:
            return self._preview(request, form, item)
        try:
            changed = form.act(item, actor=str(request.user), now=timezone.now())
        except services.StockMoved as moved:
            messages.warning(request, moved.detail)
            return self._preview(request, form, self._fresh(item))
        except ShopError as error:
            form.add_error("number", error.detail)
            return self._ask(request, form, item)
        self._tell(request, form, changed)
        return see_other(self.address("change", changed.pk))

    def _ask(self, request: HttpRequest, form: StockForm, item: StockItem | None) -> HttpResponse:
        return self._stock_page(request, form, item, plan=None)

    def _preview(self, request: HttpRequest, form: StockForm, item: StockItem) -> HttpResponse:
        """Show what it would come to. Holds past their time are let go first, so that they cannot refuse it."""
        now: datetime = timezone.now()
        services.release_expired(skus=[item.sku], now=now)
        return self._stock_page(request, form, item, plan=form.plan(self._fresh(item)))

    def _stock_page(self, request: HttpRequest, form: StockForm, item: StockItem | None, *, plan: Any) -> HttpResponse:
        known = item is not None and item.pk is not None
        return self.page(
            request,
            "admin/inventory/stockitem/act.html",
            title=f"{form.verb} {item.sku}" if item else form.verb,
            form=form,
            item=item,
            plan=plan,
            button=form.verb,
            back_url=self.address("change", item.pk) if known and item else self.address("changelist"),
        )

    @staticmethod
    def _fresh(item: StockItem) -> StockItem:
        """The item as it stands now; one that was never saved may have been made by somebody else meanwhile."""
        kept = StockItem.objects.filter(variant_id=item.sku, location=item.location).select_related("location").first()
        return kept or item

    def _tell(self, request: HttpRequest, form: StockForm, item: StockItem) -> None:
        """Say what was done, with its number in the ledger, and note it in the history of the admin."""
        number = item.movements.filter(actor=str(request.user)).order_by("-pk").values_list("pk", flat=True).first()
        self.log_change(request, item, f"{form.verb}: {form.words}")
        messages.success(
            request,
            f"Done. {item.sku}: {item.on_hand} on hand, {item.available} available. Ledger number {number}.",
        )


def _ledger(item: StockItem, *, kind: str) -> QuerySet[StockMovement]:
    """The movements of one item, the newest first, each with the units on hand after it."""
    until = StockMovement.objects.filter(stock_item=OuterRef("stock_item"), pk__lte=OuterRef("pk")).order_by()
    balance = until.values("stock_item").annotate(units=Sum("on_hand_change")).values("units")
    movements = item.movements.annotate(balance=Subquery(balance)).order_by("-pk")
    return movements.filter(kind=kind) if kind in MovementKind.values else movements


def _holds(item: StockItem) -> list[ReservationLine]:
    lines = ReservationLine.objects.filter(stock_item=item, reservation__state=ReservationState.HELD)
    return list(lines.select_related("reservation").order_by("reservation__expires_at", "pk")[:HOLDS_SHOWN])
