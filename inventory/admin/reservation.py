"""The hold console: who keeps what, until when, and how staff end it."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import urlencode

from inventory import services
from inventory.forms import ReleaseForm
from inventory.models import Reservation, ReservationLine
from shop.redirects import see_other
from shop.staff import ReadOnlyAdmin, ReadOnlyInline, told, typed

MOST_AT_ONCE = 100


class ClockFilter(admin.SimpleListFilter):
    """Reservations by what has to happen to them."""

    title = "clock"
    parameter_name = "clock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Running"), ("due", "Past its time"), ("person", "Needs a person")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        if self.value() == "live":
            return queryset.live(now=now)
        if self.value() == "due":
            return queryset.due(now=now)
        if self.value() == "person":
            return queryset.held().exclude(set_aside_at=None)
        return queryset


class LineInline(ReadOnlyInline):
    """The units that it keeps."""

    model = ReservationLine
    ordering = ["sku", "pk"]
    fields = ["sku", "quantity", "fulfilled", "given_back"]
    verbose_name_plural = "units"


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    """Holds and what became of them. Those that the sweep set aside stand on top."""

    list_display = ["units", "state", "created_at", "expires_at", "renewals", "set_aside_at", "reason"]
    list_filter = ["state", ClockFilter, "created_at"]
    search_fields = ["lines__sku", "token"]
    search_help_text = "SKU or token"
    actions = ["release_chosen"]
    inlines = [LineInline]
    change_form_template = "admin/inventory/reservation/change_form.html"
    fields = [
        "id",
        "token",
        "state",
        ("created_at", "expires_at", "ended_at"),
        "renewals",
        "reason",
        ("set_aside_at", "set_aside_reason"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reservation]:
        return super().get_queryset(request).prefetch_related("lines")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [F("set_aside_at").desc(nulls_last=True), "-created_at", "-pk"]

    @admin.display(description="Units")
    def units(self, reservation: Reservation) -> str:
        return ", ".join(f"{line.sku} \u00d7 {line.quantity}" for line in reservation.lines.all()) or "None"

    def has_release_permission(self, request: HttpRequest) -> bool:
        """Who may change reservations may end them, though nobody edits one."""
        return self.has_staff_permission(request, "change")

    @admin.action(description="Release the units", permissions=["release"])
    def release_chosen(self, request: HttpRequest, chosen: QuerySet[Reservation]) -> HttpResponse | None:
        ids = [str(pk) for pk in chosen.values_list("pk", flat=True)[: MOST_AT_ONCE + 1]]
        if len(ids) > MOST_AT_ONCE:
            messages.error(request, f"Choose at most {MOST_AT_ONCE} at once. Nothing was released.")
            return None
        return redirect(f"{self.address('release')}?{urlencode({'id': ids}, doseq=True)}")

    def get_urls(self) -> list[URLPattern]:
        release = path("release/", self.admin_site.admin_view(self.release_view), name="inventory_reservation_release")
        return [release, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = {"may_release": self.has_release_permission(request)}
        return super().changeform_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def release_view(self, request: HttpRequest) -> HttpResponse:
        """The page of its own on which holds are ended, with the reason."""
        if not self.has_release_permission(request):
            raise PermissionDenied
        chosen = self._chosen(request)
        if not chosen:
            messages.error(request, "None of the chosen holds is running any more. Nothing was released.")
            return see_other(self.address("changelist"))
        form = ReleaseForm(typed(request), holds=len(chosen))
        if form.is_valid():
            self._release(request, chosen, reason=form.cleaned_data["reason"])
            return see_other(self.address("changelist"))
        return self.page(
            request,
            "admin/inventory/reservation/release.html",
            title="Release held units",
            form=form,
            reservations=chosen,
            button="Release",
            back_url=self.address("changelist"),
        )

    def _chosen(self, request: HttpRequest) -> list[Reservation]:
        """The reservations named in the address that are still HELD."""
        try:
            held = Reservation.objects.held().filter(pk__in=request.GET.getlist("id")[:MOST_AT_ONCE])
            return list(held.prefetch_related("lines").order_by("pk"))
        except ValidationError:
            return []

    def _release(self, request: HttpRequest, chosen: list[Reservation], *, reason: str) -> None:
        """Each in a transaction of its own: one that ended meanwhile does not keep the others."""
        for reservation in chosen:
            told(
                request,
                partial(self._release_one, request, reservation, reason=reason),
                done=f"{self.units(reservation)}: released, or ended by itself a moment before.",
            )

    def _release_one(self, request: HttpRequest, reservation: Reservation, *, reason: str) -> None:
        won = services.release(
            reservation_id=reservation.pk, reason=reason, actor=str(request.user), now=timezone.now()
        )
        if won:
            self.log_change(request, reservation, f"Released: {reason}")
