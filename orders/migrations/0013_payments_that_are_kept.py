from django.db import migrations, models


def mark_what_bought_an_order(apps, schema_editor):
    """By its invoice; for orders from before invoices, by the moment at which the order was paid."""
    payment, paper = apps.get_model("orders", "Payment"), apps.get_model("orders", "Paper")
    invoiced = list(paper.objects.filter(kind="INVOICE").values_list("payment_id", flat=True))
    payment.objects.filter(pk__in=invoiced).update(is_kept=True)
    orders = apps.get_model("orders", "Order").objects.exclude(paid_at=None)
    for order in orders.exclude(payments__is_kept=True).only("pk", "paid_at", "total_minor", "currency").iterator():
        exact = {"captured_minor": order.total_minor, "captured_currency": order.currency}
        first = payment.objects.filter(order=order, captured_at=order.paid_at, **exact).order_by("pk").first()
        if first is not None:
            payment.objects.filter(pk=first.pk).update(is_kept=True)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0012_asked_about_money_that_came"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="is_kept",
            field=models.BooleanField(
                default=False,
                help_text="Whether its money bought the order. Other money goes back by a refund of its own.",
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="taken_minor",
            field=models.BigIntegerField(default=0, help_text="What the bank has taken back of it, in minor units."),
        ),
        migrations.AddField(
            model_name="refund",
            name="old_references",
            field=models.JSONField(
                blank=True, default=list, help_text="The provider's names for tries of it that failed."
            ),
        ),
        migrations.RunPython(mark_what_bought_an_order, migrations.RunPython.noop),
    ]
