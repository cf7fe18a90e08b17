"""Staff screens of drops: the editor with its preflight, and the acts publish, withdraw and end."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from orders import services
from orders.preflight import preflight
from shop.errors import ShopError
from shop.models import Drop, DropItem, Variant
from shop.staff import StaffAdmin

# What may still be changed once shoppers know of it: words, and nothing that they rely on.
OPEN_TO_CHANGE = {"name", "story"}


class DropItemForm(forms.ModelForm):
    """A thing of a drop, named by its SKU: there may be a hundred thousand to choose from."""

    sku = forms.CharField(label="SKU", max_length=64, help_text="As it stands on the product.")

    class Meta:
        model = DropItem
        fields = ["price_minor", "quota", "position"]
        labels = {"price_minor": "Price in the drop", "quota": "Units"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.variant_id:
            self.fields["sku"].initial = self.instance.variant.sku

    def clean_sku(self) -> str:
        """The variant with this SKU. :raises ValidationError: if there is none."""
        sku = self.cleaned_data["sku"].strip().upper()
        variant = Variant.objects.filter(sku=sku).first()
        if variant is None:
            raise forms.ValidationError("No variant has this SKU. Copy it from the product.")
        self.instance.variant = variant
        return sku


class DropItemInline(admin.TabularInline):
    """The things of a drop. They are what was promised once it is published."""

    model = DropItem
    form = DropItemForm
    extra = 1
    fields = ["sku", "price_minor", "quota", "position"]
    ordering = ["position", "pk"]

    def has_add_permission(self, request: HttpRequest, obj: Drop | None = None) -> bool:
        return super().has_add_permission(request, obj) and not _is_fixed(obj)

    def has_change_permission(self, request: HttpRequest, obj: Drop | None = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_fixed(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Drop | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_fixed(obj)


class OverrideForm(forms.Form):
    """Why it is published against the advice of the preflight."""

    override = forms.CharField(
        label="Reason to publish all the same",
        required=False,
        max_length=300,
        help_text="Only where something is not green. It is kept with your name.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@admin.register(Drop)
class DropAdmin(StaffAdmin):
    """Sale events. A draft can be edited and thrown away; a published one is withdrawn or ended."""

    change_form_template = "admin/shop/drop/change_form.html"
    inlines = [DropItemInline]
    list_display = ["name", "state", "starts_at", "ends_at", "units"]
    search_fields = ["name", "slug"]
    ordering = ["-starts_at", "pk"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "story"]}),
        ("When", {"fields": [("starts_at", "ends_at")]}),
        ("How it is held", {"fields": [("hold_minutes", "renewals"), "limit_per_customer"]}),
        ("Who may come early", {"fields": ["early_minutes", "early_code", "early_group"]}),
        ("Waiting room", {"fields": ["has_room"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drop]:
        return super().get_queryset(request).annotate(unit_count=Sum("items__quota"))

    def get_readonly_fields(self, request: HttpRequest, obj: Drop | None = None) -> list[str]:
        if not _is_fixed(obj):
            return []
        return [field.name for field in Drop._meta.fields if field.editable and field.name not in OPEN_TO_CHANGE]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Drop | None = None) -> dict[str, Any]:
        return {} if _is_fixed(obj) else super().get_prepopulated_fields(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Drop | None = None) -> bool:
        """A draft that never was published; orders name the things of the others."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.location_id is None)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Drops are thrown away one by one: each has to be looked at first."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    @admin.display
    def state(self, drop: Drop) -> str:
        return state_of(drop)

    @admin.display(ordering="unit_count")
    def units(self, drop: Any) -> int:
        return int(drop.unit_count or 0)

    def view_on_site(self, obj: Drop) -> str:
        """As shoppers see it; a draft in a preview for staff."""
        address = reverse("shop:drop", args=[obj.slug])
        return address if obj.is_published else f"{address}?preview=1"

    def get_urls(self) -> list[URLPattern]:
        own: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("<path:object_id>/publish/", self.publish_view, "publish"),
            ("<path:object_id>/withdraw/", self.withdraw_view, "withdraw"),
            ("<path:object_id>/end/", self.end_view, "end"),
        ]
        pages = [
            path(address, self.admin_site.admin_view(view), name=f"shop_drop_{name}") for address, view, name in own
        ]
        return [*pages, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The editor, with the preflight of a draft as it is saved."""
        drop: Drop | None = self.get_object(request, object_id)
        now = timezone.now()
        context: dict[str, Any] = {"drop": drop, "drop_state": state_of(drop) if drop else ""}
        if drop is not None and not drop.is_published:
            context["preflight"] = preflight(drop=drop, now=now)
        if drop is not None:
            opens_at = drop.early_at if drop.opens_early else drop.starts_at
            context |= {"is_running": drop.is_running(now=now), "is_waiting": drop.is_published and opens_at > now}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def publish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show it to shoppers, and take its quota out of general stock."""
        drop: Drop = self.found(request, object_id, permission="change")
        form = OverrideForm(request.POST if request.method == "POST" else None)

        def act() -> None:
            services.publish_drop(
                drop_id=drop.pk,
                override=form.cleaned_data["override"],
                actor=str(request.user),
                now=timezone.now(),
            )

        return self._act(request, drop, form=form, act=act, verb="Publish", done="It is published.")

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it off again before it opens."""
        drop: Drop = self.found(request, object_id, permission="change")

        def act() -> None:
            services.withdraw_drop(drop_id=drop.pk, actor=str(request.user), now=timezone.now())

        form = forms.Form(request.POST if request.method == "POST" else None)
        return self._act(request, drop, form=form, act=act, verb="Withdraw", done="Its quota is general stock again.")

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it now. What is held keeps its price and its time."""
        drop: Drop = self.found(request, object_id, permission="change")

        def act() -> None:
            services.end_drop(drop_id=drop.pk, actor=str(request.user), now=timezone.now())

        form = forms.Form(request.POST if request.method == "POST" else None)
        return self._act(request, drop, form=form, act=act, verb="End now", done="It has ended.")

    def _act(
        self,
        request: HttpRequest,
        drop: Drop,
        *,
        form: forms.Form,
        act: Callable[[], None],
        verb: str,
        done: str,
    ) -> HttpResponse:
        status = 200
        if request.method == "POST" and form.is_valid():
            try:
                act()
            except ShopError as error:
                messages.error(request, f"{error.title}. {error.detail}")
                status = error.status
            else:
                messages.success(request, done)
                return redirect(self.address("change", drop.pk))
        checks = [] if drop.is_published else preflight(drop=drop, now=timezone.now())
        answer: TemplateResponse = self.page(
            request,
            "admin/shop/drop/act.html",
            title=f"{verb}: {drop.name}",
            drop=drop,
            form=form,
            button=verb,
            preflight=checks,
            back_url=self.address("change", drop.pk),
        )
        answer.status_code = status
        return answer


def state_of(drop: Drop) -> str:
    """Where it stands, in a word or two for staff."""
    now = timezone.now()
    if not drop.is_published:
        return "Draft"
    if drop.has_ended(now=now):
        return "Over"
    return "Running" if drop.is_running(now=now) else "Published, not open"


def _is_fixed(drop: Drop | None) -> bool:
    return drop is not None and drop.is_published
