"""The private shop of a drill: real servers, short timers, its database open for inspection."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deploy.processes import StartFailed
from tests import servers
from tests.drill.books import Books
from tests.drill.room_laws import RoomBooks

# Near four requests at a time for each core of the database, as the measurements of the hot row advise.
WORKERS, THREADS = 3, 4
TIMERS = {
    "HOLD_SECONDS": "10",
    "PAYMENT_WINDOW_SECONDS": "12",
    "EXPIRY_INTERVAL_SECONDS": "2",
    # Everybody comes from one address here.
    "AUTH_THROTTLE_RATE": "100000/min",
    "ROOM_PLACES_PER_ADDRESS": "0",
    "LIVE_UNITS_PER_ADDRESS": "0",
    "LOG_LEVEL": "WARNING",
}


@dataclass(frozen=True, slots=True)
class House:
    """A running private shop."""

    shop: servers.Shop

    def prepare(self, *, shoppers: int, stocks: dict[str, int]) -> dict[str, Any]:
        """Put the goods on sale and make the accounts; see `tests.drill.inside.prepare`."""
        return self.run("prepare", json.dumps({"shoppers": shoppers, "stocks": stocks}))

    def books(self) -> Books:
        """What database and provider say at this moment."""
        return Books.read(self.run("books"))

    def open_drop(self, *, sku: str, units: int, in_seconds: float, limit: int) -> dict[str, Any]:
        """Publish a drop with a waiting room; see `tests.drill.inside.open_drop`."""
        facts = {"sku": sku, "units": units, "in_seconds": in_seconds, "limit": limit}
        return self.run("open_drop", json.dumps(facts))

    def room(self, *, sku: str, key: str) -> RoomBooks:
        """What the database says of the waiting room at this moment."""
        return RoomBooks.read(self.run("room", json.dumps({"sku": sku, "key": key})))

    def prove_stock(self) -> tuple[bool, str]:
        """Whether `manage.py prove_stock` finds every counter right, and its last line."""
        try:
            said = self.shop.manage("prove_stock")
        except StartFailed as error:
            return False, str(error)
        lines = said.strip().splitlines()
        return True, lines[-1] if lines else "no drift"

    def run(self, *arguments: str, module: str = "tests.drill.inside") -> dict[str, Any]:
        """The JSON that a module prints when it is run with the environment of this shop.

        :raises StartFailed: if it fails
        """
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, cwd=servers.ROOT, env=dict(self.shop.env), capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise StartFailed(f"{module} {arguments[0]} failed:\n{done.stderr}")
        document: dict[str, Any] = json.loads(done.stdout)
        return document


@contextmanager
def private_house(
    *, timers: Mapping[str, str] = TIMERS, workers: int = WORKERS, application: str = servers.APPLICATION
) -> Iterator[House]:
    """MariaDB, Redis, gunicorn, Celery worker and beat, in a temporary folder that goes with them.

    :raises StartFailed: if a part of it does not start
    """
    with (
        servers.temporary_folder() as folder,
        servers.mariadb(folder=folder) as database,
        servers.redis(folder=folder) as cache,
    ):
        env = servers.production_like(database=database, cache=cache, folder=folder) | dict(timers)
        with servers.shop(env=env, workers=workers, threads=THREADS, seed=False, application=application) as shop:
            yield House(shop)
