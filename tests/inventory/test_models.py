"""The database itself refuses to oversell, and nobody rewrites the ledger."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, models, transaction

from inventory.models import LedgerIsAppendOnly, Reservation, ReservationLine, StockItem, StockMovement
from tests.books import counters, ledger
from tests.factories import NOW, LocationFactory, StockItemFactory, VariantFactory, hold

pytestmark = pytest.mark.django_db


def run_sql(statement: str, *parameters: object) -> None:
    """Run one raw statement: what a script past the services would do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.mark.parametrize(
    "assignment",
    [
        "held = held + 3",
        "allocated = allocated + 3",
        "on_hand = on_hand - 3",
        "on_hand = -1, backorder_limit = 100",
        "held = -1",
        "allocated = -1",
        "backorder_limit = -1",
        "awaited = -1",
        "held = on_hand, allocated = 1",
    ],
)
def test_raw_update_cannot_break_a_law_of_the_counters(assignment: str) -> None:
    item = StockItemFactory(on_hand=2)

    with pytest.raises(IntegrityError):
        run_sql(f"UPDATE inventory_stockitem SET {assignment} WHERE id = %s", item.pk)  # noqa: S608

    assert counters(item) == (2, 0, 0)


def test_raw_update_may_promise_up_to_the_backorder_limit_and_no_further() -> None:
    item = StockItemFactory(on_hand=2, backorder_limit=3)

    run_sql("UPDATE inventory_stockitem SET held = 2, allocated = 3 WHERE id = %s", item.pk)
    with pytest.raises(IntegrityError):
        run_sql("UPDATE inventory_stockitem SET held = 3 WHERE id = %s", item.pk)

    assert counters(item) == (2, 2, 3)


def test_a_variant_has_one_stock_item_a_location() -> None:
    item = StockItemFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        StockItem.objects.create(variant=item.variant, location=item.location)


@pytest.mark.parametrize("assignment", ["quantity = 0", "fulfilled = 2, given_back = 1", "fulfilled = 3"])
def test_raw_update_cannot_send_more_than_was_promised(assignment: str) -> None:
    line = hold(lines={StockItemFactory().sku: 2}).lines.get()

    with pytest.raises(IntegrityError):
        run_sql(f"UPDATE inventory_reservationline SET {assignment} WHERE quantity = 2")  # noqa: S608

    line.refresh_from_db()
    assert (line.quantity, line.fulfilled, line.given_back) == (2, 0, 0)


def test_a_token_is_one_reservation() -> None:
    Reservation.objects.create(token="once", expires_at=NOW, created_at=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        Reservation.objects.create(token="once", expires_at=NOW, created_at=NOW)


def test_nothing_enforced_points_at_the_hot_row() -> None:
    StockItemFactory()
    with connection.cursor() as cursor:
        tables = [
            table
            for table in connection.introspection.table_names(cursor)
            for _, to in connection.introspection.get_relations(cursor, table).values()
            if to == "inventory_stockitem"
        ]

    assert tables == []


@pytest.fixture
def movement() -> StockMovement:
    """The one line of a ledger."""
    return StockItemFactory(on_hand=3).movements.get()


def test_a_new_movement_cannot_be_saved_over_an_old_one(movement: StockMovement) -> None:
    usurper = StockMovement(
        pk=movement.pk, stock_item=movement.stock_item, kind="ADJUST", actor="nobody", created_at=NOW
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        usurper.save()

    assert ledger(movement.stock_item) == [("RECEIVE", 3, 0, 0)]


REWRITES: list[tuple[str, Callable[[StockMovement], object]]] = [
    ("save", lambda row: row.save()),
    ("save of a field", lambda row: row.save(update_fields=["reason"])),
    ("forced update", lambda row: row.save(force_update=True)),
    ("delete", lambda row: row.delete()),
    ("update of a queryset", lambda row: StockMovement.objects.filter(pk=row.pk).update(reason="other")),
    ("update of all", lambda row: StockMovement.objects.update(on_hand_change=0)),
    ("delete of a queryset", lambda row: StockMovement.objects.filter(pk=row.pk).delete()),
    ("delete of all", lambda row: StockMovement.objects.all().delete()),
    ("delete through the item", lambda row: row.stock_item.movements.all().delete()),
    ("update through the item", lambda row: row.stock_item.movements.update(reason="other")),
    ("bulk update", lambda row: StockMovement.objects.bulk_update([row], ["reason"])),
    (
        "bulk create over existing rows",
        lambda row: StockMovement.objects.bulk_create([row], update_conflicts=True, update_fields=["reason"]),
    ),
    ("update or create", lambda row: StockMovement.objects.update_or_create(pk=row.pk, defaults={"reason": "other"})),
]


@pytest.mark.parametrize("rewrite", [rewrite for _, rewrite in REWRITES], ids=[name for name, _ in REWRITES])
def test_ledger_refuses_to_be_rewritten(movement: StockMovement, rewrite: Callable[[StockMovement], object]) -> None:
    movement.reason = "rewritten"

    with pytest.raises(LedgerIsAppendOnly), transaction.atomic():
        rewrite(movement)

    movement.refresh_from_db()
    assert movement.reason == "delivery"
    assert ledger(movement.stock_item) == [("RECEIVE", 3, 0, 0)]


def test_a_refusal_of_the_ledger_is_a_403_to_every_door() -> None:
    assert issubclass(LedgerIsAppendOnly, PermissionDenied)


def test_a_stock_item_with_a_ledger_cannot_be_deleted() -> None:
    item = StockItemFactory()

    with pytest.raises(models.ProtectedError):
        item.delete()

    assert counters(item) == (5, 0, 0)


def test_is_live_ends_exactly_at_expires_at() -> None:
    reservation = hold(lines={StockItemFactory().sku: 1})
    end = reservation.expires_at

    assert reservation.is_live(now=end - timedelta(microseconds=1))
    assert not reservation.is_live(now=end)


def test_querysets_agree_with_the_clock_to_the_microsecond() -> None:
    reservation = hold(lines={StockItemFactory().sku: 1})
    end = reservation.expires_at
    before = end - timedelta(microseconds=1)

    assert list(Reservation.objects.live(now=before)) == [reservation]
    assert list(Reservation.objects.due(now=before)) == []
    assert list(Reservation.objects.live(now=end)) == []
    assert list(Reservation.objects.due(now=end)) == [reservation]


def test_outstanding_is_what_was_neither_sent_nor_given_back() -> None:
    assert ReservationLine(quantity=5, fulfilled=2, given_back=1).outstanding == 2


def test_of_skus_asks_locations_by_priority_and_leaves_out_closed_ones() -> None:
    variant = VariantFactory()
    far = StockItemFactory(variant=variant, location=LocationFactory(code="FAR", priority=20))
    near = StockItemFactory(variant=variant, location=LocationFactory(code="NEAR", priority=10))
    StockItemFactory(variant=variant, location=LocationFactory(code="SHUT", priority=1, is_active=False))

    assert list(StockItem.objects.of_skus([variant.sku])) == [near, far]
