"""Parcels: the list, and what staff do with one: send it, take it apart, note that it arrived, print its slip."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse

from orders import services
from orders.admin.acts import ActAdmin
from orders.models import Shipment, ShipmentLine
from shop.redirects import see_other
from shop.staff import typed


class TrackingForm(forms.Form):
    """How the customer follows the parcel."""

    carrier = forms.CharField(max_length=80, required=False, help_text="Who carries it, such as JNE.")
    tracking_number = forms.CharField(
        max_length=80, required=False, help_text="Goes to the customer. Leave it empty if the parcel has none."
    )
    tracking_url = forms.URLField(
        label="Tracking page",
        max_length=300,
        required=False,
        assume_scheme="https",
        help_text="Where the customer sees how far it is.",
    )


@admin.register(Shipment)
class ShipmentAdmin(ActAdmin):
    """Parcels of all orders. They are packed from the order's page."""

    list_display = ["order", "number", "status", "carrier", "tracking_number", "packed_at", "shipped_at"]
    list_filter = ["status", "packed_at"]
    list_select_related = ["order"]
    search_fields = ["order__number", "tracking_number"]
    search_help_text = "Order number or tracking number"
    ordering = ["-packed_at", "-pk"]

    def get_urls(self) -> list[URLPattern]:
        own = [
            ("ship", self.ship_view),
            ("unpack", self.unpack_view),
            ("delivered", self.delivered_view),
            ("slip", self.slip_view),
        ]
        pages = [
            path(f"<uuid:object_id>/{name}/", self.admin_site.admin_view(view), name=f"orders_shipment_{name}")
            for name, view in own
        ]
        return [*pages, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """A parcel is read on the page of its order."""
        shipment = self.found(request, object_id, permission="view")
        return see_other(f"{self.order_address(shipment)}#parcels")

    def ship_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        shipment = self.found(request, str(object_id), permission="change")
        if problem := services.why_unsendable(shipment.order):
            return self.sent_away(request, shipment.order, problem)
        return self._act(
            request,
            shipment,
            form=TrackingForm(typed(request)),
            service=services.ship,
            title=f"Send parcel {shipment.number}",
            button="Mark as sent",
            explain="Its units leave the stock, and the customer is told.",
            done="is marked as sent.",
        )

    def unpack_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        shipment = self.found(request, str(object_id), permission="change")
        return self._act(
            request,
            shipment,
            form=forms.Form(typed(request)),
            service=services.unpack,
            title=f"Unpack parcel {shipment.number}",
            button="Unpack it",
            explain="Its units can be packed anew or cancelled. The stock stays as it is.",
            done="is unpacked.",
        )

    def delivered_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        shipment = self.found(request, str(object_id), permission="change")
        return self._act(
            request,
            shipment,
            form=forms.Form(typed(request)),
            service=services.mark_delivered,
            title=f"Parcel {shipment.number} arrived",
            button="Mark as delivered",
            explain="It stands on the order for the customer to read.",
            done="is marked as delivered.",
        )

    def _act(
        self, request: HttpRequest, shipment: Shipment, *, form: forms.Form, service: Any, done: str, **words: Any
    ) -> HttpResponse:
        """One act on one parcel; what the form asks for goes to the service by its name."""
        return self.act(
            request,
            order=shipment.order,
            form=form,
            service=lambda **who: service(shipment_id=shipment.pk, **form.cleaned_data, **who),
            done=f"parcel {shipment.number} {done}",
            shipment=shipment,
            parts=_parts(shipment),
            **words,
        )

    def slip_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """The packing slip: what is in the box and where it goes, to print. It says no prices."""
        shipment = self.found(request, str(object_id), permission="view")
        return self.page(
            request,
            "admin/orders/shipment/slip.html",
            title=f"Packing slip {shipment.order.number}/{shipment.number}",
            shipment=shipment,
            order=shipment.order,
            parts=_parts(shipment),
            back_url=self.order_address(shipment),
        )

    def order_address(self, shipment: Shipment) -> str:
        return reverse("admin:orders_order_change", args=[shipment.order_id])


def _parts(shipment: Shipment) -> list[ShipmentLine]:
    return list(shipment.lines.select_related("order_line").order_by("order_line_id"))
