"""What the tables say: counters, ledger, and whether anything changed at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db.models import Sum

from inventory.models import StockItem, StockMovement
from inventory.queries import prove


def counters(item: StockItem) -> tuple[int, int, int]:
    """On hand, held, allocated: as the row has them now."""
    return StockItem.objects.values_list("on_hand", "held", "allocated").get(pk=item.pk)


def ledger(item: StockItem) -> list[tuple[str, int, int, int]]:
    """Every movement of the item in the order in which it was written: kind and the three changes."""
    rows = StockMovement.objects.filter(stock_item=item).order_by("pk")
    return list(rows.values_list("kind", "on_hand_change", "held_change", "allocated_change"))


def ledger_sums(item: StockItem) -> tuple[int, int, int]:
    """The three sums over the movements of the item."""
    sums = StockMovement.objects.filter(stock_item=item).aggregate(
        on_hand=Sum("on_hand_change", default=0),
        held=Sum("held_change", default=0),
        allocated=Sum("allocated_change", default=0),
    )
    return sums["on_hand"], sums["held"], sums["allocated"]


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of inventory and orders, by model."""
    models = [*apps.get_app_config("inventory").get_models(), *apps.get_app_config("orders").get_models()]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Fail unless every row of inventory and orders is after the block what it was before."""
    before = everything()
    yield
    assert everything() == before


@contextmanager
def laws_hold() -> Iterator[None]:
    """Fail unless the counters agree with the rows after the block."""
    yield
    assert prove() == []
