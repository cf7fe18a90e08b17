"""Returns, units whose price was given back, and when the last parcel of an order left."""

from typing import Any

import django.db.models.deletion
import django.db.models.expressions
import uuid6
from django.db import migrations, models


def fill_last_shipped(apps: Any, schema_editor: Any) -> None:
    """The latest of the parcels that left."""
    shipments = apps.get_model("orders", "Shipment").objects.exclude(shipped_at=None).order_by("shipped_at")
    for order_id, shipped_at in shipments.values_list("order_id", "shipped_at"):
        apps.get_model("orders", "Order").objects.filter(pk=order_id).update(last_shipped_at=shipped_at)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_coupon_scope"),
        ("shop", "0002_tax_class"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReturnLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveIntegerField()),
                (
                    "restocked",
                    models.PositiveIntegerField(default=0, help_text="Units that came in and are on sale again."),
                ),
                (
                    "written_off",
                    models.PositiveIntegerField(default=0, help_text="Units that came in and cannot be sold."),
                ),
                ("remark", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="ReturnRequest",
            fields=[
                ("id", models.UUIDField(default=uuid6.uuid7, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField(help_text="Within the order: return 1, return 2.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("REQUESTED", "Asked for"),
                            ("WITHDRAWN", "Withdrawn"),
                            ("REJECTED", "Refused"),
                            ("APPROVED", "Approved"),
                            ("RECEIVED", "Received"),
                            ("REFUNDED", "Refunded"),
                        ],
                        default="REQUESTED",
                        max_length=10,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("UNWANTED", "I changed my mind"),
                            ("DOES_NOT_FIT", "It does not fit"),
                            ("DAMAGED", "It arrived damaged"),
                            ("FAULTY", "It does not work"),
                            ("WRONG_ITEM", "It is not what I ordered"),
                            ("OTHER", "Something else"),
                        ],
                        max_length=16,
                    ),
                ),
                ("note", models.CharField(blank=True, help_text="What the customer wrote.", max_length=500)),
                (
                    "answer",
                    models.CharField(
                        blank=True, help_text="What staff answered; the customer reads it.", max_length=300
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("received_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="orderline",
            name="orderline_ends_within_quantity",
        ),
        migrations.AddField(
            model_name="order",
            name="last_shipped_at",
            field=models.DateTimeField(blank=True, help_text="When its last parcel left.", null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="refunded",
            field=models.PositiveIntegerField(
                default=0, help_text="Units, cancelled or returned, whose price was given back."
            ),
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
                    ("RETURN_WITHDRAWN", "Return withdrawn"),
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
                    (
                        "refunded__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("cancelled"), "+", models.F("returned")
                        ),
                    ),
                ),
                name="orderline_ends_within_quantity",
            ),
        ),
        migrations.AddField(
            model_name="returnline",
            name="order_line",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="return_lines", to="orders.orderline"
            ),
        ),
        migrations.AddField(
            model_name="returnrequest",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="returns", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="returnrequest",
            name="refund",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="return_request",
                to="orders.refund",
            ),
        ),
        migrations.AddField(
            model_name="returnline",
            name="return_request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.returnrequest"
            ),
        ),
        migrations.AddConstraint(
            model_name="returnrequest",
            constraint=models.UniqueConstraint(fields=("order", "number"), name="returnrequest_number_once_in_order"),
        ),
        migrations.AddConstraint(
            model_name="returnline",
            constraint=models.UniqueConstraint(
                fields=("return_request", "order_line"), name="returnline_one_per_order_line"
            ),
        ),
        migrations.AddConstraint(
            model_name="returnline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("quantity__gt", 0),
                    (
                        "quantity__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("restocked"), "+", models.F("written_off")
                        ),
                    ),
                ),
                name="returnline_ends_within_quantity",
            ),
        ),
        migrations.RunPython(fill_last_shipped, migrations.RunPython.noop),
    ]
