"""What tests of orders share."""

from collections.abc import Callable

import pytest

from inventory.models import StockItem
from shop.models import Variant
from tests.factories import StockItemFactory


@pytest.fixture
def stocked() -> Callable[..., tuple[Variant, StockItem]]:
    """A variant and its stock item: `stocked(3)` has three units."""

    def make(on_hand: int = 5, **changes: object) -> tuple[Variant, StockItem]:
        item = StockItemFactory(on_hand=on_hand, **changes)
        return item.variant, item

    return make
