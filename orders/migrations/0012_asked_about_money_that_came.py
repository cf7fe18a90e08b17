from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def ask_about_what_came_before(apps, schema_editor):
    now = timezone.now()
    came = apps.get_model("orders", "Payment").objects.filter(status__in=["CAPTURED", "CHARGED_BACK"])
    came.filter(created_at__gt=now - settings.DISPUTE_WINDOW).update(check_at=now)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0011_longer_actor"),
    ]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="check_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the shop asks next what became of money that came. Empty: no more.",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["check_at"], name="payment_check"),
        ),
        migrations.RunPython(ask_about_what_came_before, migrations.RunPython.noop),
    ]
