"""Units that were written off after the commit, and units that left and came back."""

import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="reservationline",
            name="reservationline_ends_within_quantity",
        ),
        migrations.AddField(
            model_name="reservationline",
            name="returned",
            field=models.PositiveIntegerField(default=0, help_text="Units that left and came back."),
        ),
        migrations.AddField(
            model_name="reservationline",
            name="written_off",
            field=models.PositiveIntegerField(default=0, help_text="Units lost after the commit, before they left."),
        ),
        migrations.AlterField(
            model_name="stockmovement",
            name="kind",
            field=models.CharField(
                choices=[
                    ("RECEIVE", "Received"),
                    ("ADJUST", "Adjusted"),
                    ("BACKORDER", "Back-order limit set"),
                    ("RESERVE", "Reserved"),
                    ("RESIZE", "Hold resized"),
                    ("RELEASE", "Released"),
                    ("EXPIRE", "Expired"),
                    ("COMMIT", "Committed"),
                    ("FULFIL", "Left the building"),
                    ("GIVE_BACK", "Given back"),
                    ("WRITE_OFF", "Written off"),
                    ("TAKE_BACK", "Came back"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="reservationline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fulfilled__gte", models.F("returned")),
                    (
                        "quantity__gte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("fulfilled"), "+", models.F("given_back")
                            ),
                            "+",
                            models.F("written_off"),
                        ),
                    ),
                ),
                name="reservationline_ends_within_quantity",
            ),
        ),
    ]
