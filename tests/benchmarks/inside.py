"""What is done to the shop's database between the cells: goods, holds that are there already, sweeps, the books."""

import os
import platform
import time
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.utils import timezone
from uuid6 import uuid7

from inventory.models import Location, MovementKind, Reservation, ReservationLine, StockItem, StockMovement
from inventory.queries import prove
from inventory.services import expire_due
from tests.drill import inside as drill
from tests.shelves import fill_shelf

MOST_PATHS = 2000
UNITS = 10


def prepare(*, stocks: dict[str, int], shelves: dict[str, int]) -> dict[str, Any]:
    """Goods with units, shelves (slug to number of products), and the row that L0 counts down."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_yardstick (id INT PRIMARY KEY, available INT NOT NULL)")
        cursor.execute("INSERT INTO bench_yardstick VALUES (1, 2000000000)")
    goods = drill.prepare(shoppers=0, stocks=stocks)["goods"]
    return {"goods": goods, "paths": {slug: _fill(slug, count) for slug, count in shelves.items()}}


def add_holds(*, sku: str, count: int, is_due: bool) -> dict[str, Any]:
    """Let `count` shoppers hold one unit each, for an hour or past their time; the ledger and the counters know them.

    Written by the database itself: a hundred thousand calls are not what is measured here.
    """
    item = StockItem.objects.get(variant_id=sku)
    now = timezone.now()
    expires_at = now + (timedelta(minutes=-1) if is_due else timedelta(hours=1))
    batch = f"{uuid7().hex}-"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inventory_reservation "
            "(id, token, state, expires_at, created_at, renewals, reason, set_aside_reason) "
            "SELECT UUID(), CONCAT(%s, seq), 'HELD', %s, %s, 0, '', '' FROM seq_1_to_500000 WHERE seq <= %s",
            [batch, expires_at, now, count],
        )
        cursor.execute(
            "INSERT INTO inventory_reservationline "
            "(id, reservation_id, stock_item_id, sku, quantity, fulfilled, given_back, written_off, returned) "
            "SELECT UUID(), id, %s, %s, 1, 0, 0, 0, 0 FROM inventory_reservation WHERE token LIKE %s",
            [item.pk, sku, f"{batch}%"],
        )
        cursor.execute(
            "INSERT INTO inventory_stockmovement (stock_item_id, kind, on_hand_change, held_change, "
            "allocated_change, reservation_id, reason, actor, created_at) "
            "SELECT %s, 'RESERVE', 0, 1, 0, id, '', 'bench', %s FROM inventory_reservation WHERE token LIKE %s",
            [item.pk, now, f"{batch}%"],
        )
    StockItem.objects.filter(pk=item.pk).update(held=F("held") + count)
    return {"held": count}


def sweep(*, seconds: float) -> dict[str, Any]:
    """End what is past its time, batch by batch as the clock's task does, until nothing is left or time is up."""
    began = time.time()
    released = 0
    while time.time() < began + seconds:
        report = expire_due(now=timezone.now())
        released += report.expired
        if not report.total:
            break
    return {"released": released, "began": began, "ended": time.time()}


def statements() -> dict[str, Any]:
    """How many statements the database has been asked so far, by everybody; asking is one."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Questions'")
        return {"count": int(cursor.fetchone()[1])}


def forget() -> dict[str, Any]:
    """Empty the cache that all workers share."""
    cache.clear()
    return {}


def facts() -> dict[str, Any]:
    """What the machine and its database are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = cursor.fetchone()[0]
    return {"cores": os.cpu_count(), "database": version, "python": platform.python_version()}


def books() -> dict[str, Any]:
    """Units in reservations by SKU, whatever became of them; and every counter that is not what its rows say."""
    held: dict[str, int] = {}
    for sku, quantity in ReservationLine.objects.values_list("sku", "quantity").iterator():
        held[sku] = held.get(sku, 0) + quantity
    return {"held": held, "drifts": [drift.sentence for drift in prove()], "reservations": Reservation.objects.count()}


def _fill(slug: str, count: int) -> list[str]:
    """A shelf of products, one variant and ten units each; the paths of the first thousands."""
    location = Location.objects.get(code="DRILL")
    now = timezone.now()
    paths: list[str] = []
    for products in fill_shelf(slug, count):
        items = StockItem.objects.bulk_create(
            StockItem(variant_id=product.card["skus"][0], location=location, on_hand=UNITS) for product in products
        )
        StockMovement.objects.bulk_create(
            StockMovement(
                stock_item=item, kind=MovementKind.RECEIVE, on_hand_change=UNITS, actor="bench", created_at=now
            )
            for item in items
        )
        paths += [f"/p/{product.slug}/" for product in products]
    return paths[:MOST_PATHS]
