"""`manage.py seed`: the demo's goods, users and past."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from shop.demo import drops, history, shelves


class Command(BaseCommand):
    """Adds what is missing and leaves the rest alone, so it can run at every start."""

    help = "Fill the shop with demo goods, users and orders. Repeating it adds only what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anyway", action="store_true", help="Also outside the demo: it makes a staff user with a public password."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO and not options["anyway"]:
            raise CommandError(
                "This is not a demo (DEMO is off), and the demo's staff user has a public password. "
                "Use --anyway if that is what you want."
            )
        now = timezone.now()
        added = shelves.fill_shelves(now=now)
        history.welcome_users()
        history.charge_tax()
        history.offer_delivery()
        history.hand_out_coupons()
        played = history.play_orders(now=now) if settings.SANDBOX_ENABLED else 0
        drops.plan_drops(now=now)
        drops.take_preorders(now=now)
        self.stdout.write(f"{added} products and {played} orders added.")
