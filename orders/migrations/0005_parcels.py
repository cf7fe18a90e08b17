"""Parcels: each with its units and its tracking number; what was sent before went in one."""

from typing import Any

import django.db.models.deletion
import django.db.models.expressions
import uuid6
from django.db import migrations, models


def put_into_parcels(apps: Any, schema_editor: Any) -> None:
    """Every order of which something was sent had one parcel, with the tracking number that stood on the order."""
    orders = apps.get_model("orders", "Order").objects.filter(lines__fulfilled__gt=0, shipments=None).distinct()
    for order in orders:
        shipment = apps.get_model("orders", "Shipment").objects.create(
            order=order,
            number=1,
            status="SHIPPED",
            tracking_number=order.tracking_number,
            packed_at=order.ended_at or order.paid_at,
            shipped_at=order.ended_at or order.paid_at,
        )
        apps.get_model("orders", "ShipmentLine").objects.bulk_create(
            apps.get_model("orders", "ShipmentLine")(shipment=shipment, order_line=line, quantity=line.fulfilled)
            for line in order.lines.filter(fulfilled__gt=0)
        )


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_every_end"),
        ("shop", "0002_tax_class"),
    ]

    operations = [
        migrations.CreateModel(
            name="Shipment",
            fields=[
                ("id", models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(help_text="Within the order: parcel 1, parcel 2.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("PACKED", "Packed"),
                            ("UNPACKED", "Unpacked again"),
                            ("SHIPPED", "On its way"),
                            ("DELIVERED", "Delivered"),
                        ],
                        default="PACKED",
                        max_length=10,
                    ),
                ),
                ("carrier", models.CharField(blank=True, max_length=80)),
                ("tracking_number", models.CharField(blank=True, max_length=80)),
                ("tracking_url", models.URLField(blank=True, max_length=300)),
                ("packed_at", models.DateTimeField()),
                ("shipped_at", models.DateTimeField(blank=True, null=True)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ShipmentLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveIntegerField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="orderline",
            name="orderline_ends_within_quantity",
        ),
        migrations.AddField(
            model_name="orderline",
            name="packed",
            field=models.PositiveIntegerField(default=0, help_text="Units in parcels that have not left."),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("PLACED", "Placed"),
                    ("PAYMENT_STARTED", "Payment started"),
                    ("PAYMENT_AUTHORISED", "Payment authorised"),
                    ("PAYMENT_DECLINED", "Payment declined"),
                    ("PAYMENT_CANCELLED", "Payment cancelled"),
                    ("PAID", "Paid"),
                    ("PAID_LATE_KEPT", "Paid late, order kept"),
                    ("BACKORDERED", "Back-ordered"),
                    ("ARRIVED", "Back-ordered units arrived"),
                    ("PAID_LATE_REFUNDED", "Paid late, money sent back"),
                    ("PAID_TWICE", "Paid twice, one payment sent back"),
                    ("AMOUNT_DIFFERS", "Amount differs, money sent back"),
                    ("CHARGED_BACK", "Charged back"),
                    ("CHARGEBACK_WON", "Chargeback won"),
                    ("REFUND_REQUESTED", "Refund on its way"),
                    ("REFUND_SUCCEEDED", "Refund finished"),
                    ("REFUND_FAILED", "Refund failed"),
                    ("EXPIRED", "Not paid in time"),
                    ("CANCELLED", "Cancelled"),
                    ("LINES_CANCELLED", "Partly cancelled"),
                    ("PACKED", "Packed"),
                    ("UNPACKED", "Unpacked again"),
                    ("SHIPPED", "Parcel sent"),
                    ("FULFILLED", "Sent"),
                    ("DELIVERED", "Delivered"),
                    ("RETURN_REQUESTED", "Return asked for"),
                    ("RETURN_APPROVED", "Return approved"),
                    ("RETURN_REJECTED", "Return refused"),
                    ("RETURN_RECEIVED", "Return received"),
                    ("EXCHANGED", "Exchanged"),
                    ("INVOICED", "Invoice written"),
                    ("CREDITED", "Credit note written"),
                    ("CLAIMED", "Taken into an account"),
                    ("NOTE", "Note of staff"),
                    ("ATTENDED", "Looked at by staff"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fulfilled__gte", models.F("returned")),
                    (
                        "quantity__gte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("packed"), "+", models.F("fulfilled")
                            ),
                            "+",
                            models.F("cancelled"),
                        ),
                    ),
                ),
                name="orderline_ends_within_quantity",
            ),
        ),
        migrations.AddField(
            model_name="shipment",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="shipments", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="shipmentline",
            name="order_line",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="shipment_lines", to="orders.orderline"
            ),
        ),
        migrations.AddField(
            model_name="shipmentline",
            name="shipment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.shipment"
            ),
        ),
        migrations.AddConstraint(
            model_name="shipment",
            constraint=models.UniqueConstraint(fields=("order", "number"), name="shipment_number_once_in_order"),
        ),
        migrations.AddConstraint(
            model_name="shipmentline",
            constraint=models.UniqueConstraint(
                fields=("shipment", "order_line"), name="shipmentline_one_per_order_line"
            ),
        ),
        migrations.AddConstraint(
            model_name="shipmentline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="shipmentline_quantity_positive"
            ),
        ),
        migrations.RunPython(put_into_parcels, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name="order",
            name="tracking_number",
        ),
    ]
