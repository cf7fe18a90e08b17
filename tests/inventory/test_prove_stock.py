"""`manage.py prove_stock`: silence is a proof, drift is an incident."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inventory.models import StockItem
from tests.books import nothing_changes
from tests.factories import StockItemFactory, allocation, hold

pytestmark = pytest.mark.django_db


def prove_stock() -> str:
    """What the command prints; raises CommandError, which is exit 1, on drift."""
    printed = StringIO()
    call_command("prove_stock", stdout=printed, no_color=True)
    return printed.getvalue()


def test_prove_stock_says_that_all_agrees() -> None:
    hold(lines={StockItemFactory().sku: 2})

    assert prove_stock() == "All counters agree with their rows.\n"


def test_prove_stock_of_an_empty_shop_is_clean() -> None:
    assert prove_stock() == "All counters agree with their rows.\n"


def test_prove_stock_prints_planted_drift_with_the_rows_behind_it_and_fails() -> None:
    item, healthy = StockItemFactory(), StockItemFactory()
    reservation = hold(lines={item.sku: 2})
    hold(lines={healthy.sku: 1})
    StockItem.objects.filter(pk=item.pk).update(held=3)
    printed = StringIO()

    with nothing_changes(), pytest.raises(CommandError) as failure:
        call_command("prove_stock", stdout=printed, no_color=True)

    assert failure.value.returncode == 1
    assert f"{item.sku} at MAIN: held = sum of the ledger: the counter says 3, the rows say 2" in printed.getvalue()
    assert f"reservation={reservation.pk}" in printed.getvalue()
    assert healthy.sku not in printed.getvalue()


def test_prove_stock_notices_units_that_are_allocated_to_no_order() -> None:
    item = StockItemFactory()
    allocation(lines={item.sku: 2})
    printed = StringIO()

    with pytest.raises(CommandError):
        call_command("prove_stock", stdout=printed, no_color=True)

    assert f"{item.sku}: inventory has allocated 2, paid orders are owed 0" in printed.getvalue()
