"""What the drill reads from the shop's database."""

from datetime import timedelta

import pytest

from orders import services
from tests.drill.inside import _carts_with
from tests.factories import StockItemFactory, paid_order, placed_order, report

pytestmark = pytest.mark.django_db


def test_carts_with_a_thing_are_those_that_bought_it_in_time_or_late() -> None:
    item = StockItemFactory(sku="CUP")
    in_time = paid_order(lines={item.variant: 1})
    late = placed_order(lines={item.variant: 2})
    paid_late = services.start_payment(order_id=late.pk, now=late.placed_at)
    placed_order(lines={item.variant: 1})

    report(paid_late, now=late.pay_by + timedelta(minutes=1))

    found = {row["cart_id"]: row["units"] for row in _carts_with("CUP")}
    assert found[str(in_time.cart_id)] == 1
    assert found[str(late.cart_id)] == 2
    assert len(found) == 3
