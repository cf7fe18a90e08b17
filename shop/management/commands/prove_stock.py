"""`manage.py prove_stock`: recompute the second law for every stock item."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory import queries as stock
from orders import queries as orders


class Command(BaseCommand):
    """Prints any drift with the rows behind it and exits 1 on it. Changes nothing: drift is an incident."""

    help = "Recompute on hand, held and allocated for every stock item; exit 1 on any drift."

    def handle(self, *args: Any, **options: Any) -> None:
        drifts = stock.prove()
        for drift in drifts:
            self.stdout.write(self.style.ERROR(drift.sentence))
            for row in stock.rows_behind(drift):
                self.stdout.write(f"    {row}")
        owed = orders.prove_owed()
        for difference in owed:
            self.stdout.write(self.style.ERROR(difference.sentence))
        if drifts or owed:
            raise CommandError(f"{len(drifts) + len(owed)} counters do not agree with their rows.")
        self.stdout.write(self.style.SUCCESS("All counters agree with their rows."))
