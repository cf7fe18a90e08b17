from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_drops")]

    operations = [
        migrations.AddField(
            model_name="stockitem",
            name="awaited",
            field=models.IntegerField(default=0, help_text="Units that shoppers in line wait for."),
        ),
        migrations.AddConstraint(
            model_name="stockitem",
            constraint=models.CheckConstraint(condition=Q(awaited__gte=0), name="stockitem_awaited_not_negative"),
        ),
    ]
