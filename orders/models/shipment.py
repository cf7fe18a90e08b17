"""Parcels: which units are in which, where each stands, and how the customer follows it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from orders.models.order import Order, OrderLine
from shop.states import StateMachine, Transition


class ShipmentStatus(models.TextChoices):
    """Where a parcel stands."""

    PACKED = "PACKED", _("Packed")
    UNPACKED = "UNPACKED", _("Unpacked again")
    SHIPPED = "SHIPPED", _("On its way")
    DELIVERED = "DELIVERED", _("Delivered")


SHIPMENT_STATES = StateMachine(
    name="Shipment",
    start=ShipmentStatus.PACKED,
    transitions=(
        Transition(ShipmentStatus.PACKED, "unpacked", ShipmentStatus.UNPACKED),
        Transition(ShipmentStatus.PACKED, "sent", ShipmentStatus.SHIPPED),
        Transition(ShipmentStatus.SHIPPED, "delivered", ShipmentStatus.DELIVERED),
    ),
)


class Shipment(models.Model):
    """One parcel of an order. Its units leave the stock when it is sent, not when it is packed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments")
    number = models.PositiveIntegerField(help_text="Within the order: parcel 1, parcel 2.")
    status = models.CharField(max_length=10, choices=ShipmentStatus, default=ShipmentStatus.PACKED)
    carrier = models.CharField(max_length=80, blank=True)
    tracking_number = models.CharField(max_length=80, blank=True)
    tracking_url = models.URLField(max_length=300, blank=True)
    packed_at = models.DateTimeField()
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="shipment_number_once_in_order")]

    def __str__(self) -> str:
        return f"Parcel {self.number}"

    def take(self, event: str) -> None:
        """Take this step of SHIPMENT_STATES, in memory. :raises NoSuchTransition: if there is none from here."""
        self.status = SHIPMENT_STATES.target(self.status, event)

    @property
    def is_packed(self) -> bool:
        """Ready, and still in the building."""
        return self.status == ShipmentStatus.PACKED

    @property
    def is_unpacked(self) -> bool:
        return self.status == ShipmentStatus.UNPACKED

    @property
    def is_on_its_way(self) -> bool:
        return self.status == ShipmentStatus.SHIPPED

    @property
    def is_delivered(self) -> bool:
        return self.status == ShipmentStatus.DELIVERED

    @property
    def has_left(self) -> bool:
        return self.is_on_its_way or self.is_delivered


class ShipmentLine(models.Model):
    """So many units of one order line in one parcel."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipment_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "order_line"], name="shipmentline_one_per_order_line"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="shipmentline_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.order_line_id}"
