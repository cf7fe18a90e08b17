import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def fill_in_what_was_taken(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Until now exactly what was asked was taken, and every refund went through at once."""
    payments = apps.get_model("sandbox", "SandboxPayment").objects
    payments.exclude(captured_at=None).update(captured_amount=F("amount"), captured_currency=F("currency"))
    apps.get_model("sandbox", "SandboxRefund").objects.update(finished_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("sandbox", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SandboxFault",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=16)),
                ("subject", models.CharField(max_length=120)),
                ("happened_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="sandboxpayment",
            name="calls",
            field=models.PositiveIntegerField(default=0, help_text="How often the merchant has asked about it."),
        ),
        migrations.AddField(
            model_name="sandboxpayment",
            name="captured_amount",
            field=models.BigIntegerField(default=0, help_text="What was taken; it may differ from what was asked."),
        ),
        migrations.AddField(
            model_name="sandboxpayment",
            name="captured_currency",
            field=models.CharField(blank=True, max_length=3),
        ),
        migrations.AddField(
            model_name="sandboxpayment",
            name="chargeback_won_at",
            field=models.DateTimeField(blank=True, help_text="When the bank returns it after all.", null=True),
        ),
        migrations.AddField(
            model_name="sandboxpayment",
            name="charged_back_at",
            field=models.DateTimeField(blank=True, help_text="When the bank takes the money back.", null=True),
        ),
        migrations.AddField(
            model_name="sandboxrefund",
            name="finished_at",
            field=models.DateTimeField(blank=True, help_text="When it goes through.", null=True),
        ),
        migrations.AddField(
            model_name="sandboxrefund",
            name="tries",
            field=models.PositiveIntegerField(default=1, help_text="How often the merchant has asked for it."),
        ),
        migrations.AddField(
            model_name="sandboxwebhook",
            name="is_lost",
            field=models.BooleanField(default=False, help_text="It is never posted."),
        ),
        migrations.AddField(
            model_name="sandboxwebhook",
            name="refund",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="webhooks",
                to="sandbox.sandboxrefund",
            ),
        ),
        migrations.RunPython(fill_in_what_was_taken, migrations.RunPython.noop),
    ]
