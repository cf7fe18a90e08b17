"""What really came with a payment, refunds that failed after all, and parcels that a chargeback holds back."""

from typing import Any

from django.db import migrations, models
from django.db.models import F


def fill_captured(apps: Any, schema_editor: Any) -> None:
    """What came is in the event that reported it; where the event is missing it is what was asked for."""
    payments = apps.get_model("orders", "Payment").objects.exclude(captured_at=None)
    payments.update(captured_minor=F("amount_minor"), captured_currency=F("currency"))
    events = apps.get_model("orders", "PaymentEvent").objects.filter(kind="captured").order_by("-pk")
    for payment_id, amount_minor, currency in events.values_list("payment_id", "amount_minor", "currency"):
        payments.filter(pk=payment_id).update(captured_minor=amount_minor, captured_currency=currency)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0003_totals"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="held_back_at",
            field=models.DateTimeField(
                blank=True, help_text="Since when nothing of it may be sent: the bank took a payment back.", null=True
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="captured_currency",
            field=models.CharField(blank=True, max_length=3),
        ),
        migrations.AddField(
            model_name="payment",
            name="captured_minor",
            field=models.BigIntegerField(
                default=0, help_text="What really came, in minor units of the currency in which it came."
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="failures",
            field=models.PositiveIntegerField(
                default=0, help_text="How often the provider took it and failed it after all."
            ),
        ),
        migrations.RunPython(fill_captured, migrations.RunPython.noop),
    ]
