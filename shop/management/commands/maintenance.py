"""`manage.py maintenance on --until "20:30 WIB"`: close the shop, and open it again with `off`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from shop.closing import close_shop, closed_until, open_shop


class Command(BaseCommand):
    """Closes and opens the shop for every process that shares VAR_DIR; without a word it says how it stands."""

    help = "Close the shop for a while, or open it. Staff, health checks and payment webhooks still come through."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("state", nargs="?", choices=["on", "off"])
        parser.add_argument("--until", default="", help='When it opens again, as everybody reads it: "20:30 WIB".')

    def handle(self, *args: Any, **options: Any) -> None:
        if options["state"] == "on":
            close_shop(until=options["until"])
        elif options["state"] == "off":
            open_shop()
        self.stdout.write("open" if closed_until() is None else "closed")
