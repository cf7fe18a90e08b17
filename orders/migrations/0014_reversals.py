import django.db.models.deletion
from django.db import migrations, models


def say_which_turn(apps, schema_editor):
    """Until now a credit note was written when the refund was asked for: it is of the try that is open or through.

    One whose refund the provider has failed since is of the try before; `manage.py issue_papers` takes it back.
    """
    for paper in apps.get_model("orders", "Paper").objects.exclude(refund=None).select_related("refund").iterator():
        refund = paper.refund
        paper.turn = max(refund.failures - 1, 0) if refund.status == "FAILED" else refund.failures
        paper.save(update_fields=["turn"])


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0013_payments_that_are_kept"),
    ]

    operations = [
        migrations.AddField(
            model_name="paper",
            name="turn",
            field=models.PositiveIntegerField(
                blank=True, help_text="How often the provider had failed the refund before it went through.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="paper",
            name="kind",
            field=models.CharField(
                choices=[("INVOICE", "Invoice"), ("CREDIT_NOTE", "Credit note"), ("REVERSAL", "Reversal")],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="paper",
            name="number",
            field=models.CharField(
                help_text="INV-2026-000001, CN-2026-000001 or RV-2026-000001.", max_length=24, unique=True
            ),
        ),
        migrations.AlterField(
            model_name="paper",
            name="refund",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="papers",
                to="orders.refund",
            ),
        ),
        migrations.RunPython(say_which_turn, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="paper",
            constraint=models.UniqueConstraint(fields=("refund", "kind", "turn"), name="paper_once_for_each_turn"),
        ),
    ]
