"""The parcel leaves, once, with everything that is owed."""

from uuid import uuid4

import pytest

from inventory import services as inventory
from inventory.queries import prove
from orders import services
from orders.models import OrderEventKind, OrderStatus
from orders.queries import prove_owed
from shop.errors import NotFound
from tests.books import counters, nothing_changes
from tests.factories import ACTOR, NOW, StockItemFactory, paid_order, placed_order

pytestmark = pytest.mark.django_db


def fulfil(order: object, tracking_number: str = "JNE-1") -> object:
    return services.fulfil_order(order_id=order.pk, tracking_number=tracking_number, now=NOW, actor="staff")


def test_fulfil_order_sends_every_line_and_says_so() -> None:
    one, other = StockItemFactory(), StockItemFactory()
    order = paid_order(lines={one.variant: 2, other.variant: 1})

    fulfil(order, " JNE-1 ")

    order.refresh_from_db()
    assert (order.status, order.tracking_number, order.ended_at) == (OrderStatus.FULFILLED, "JNE-1", NOW)
    assert set(order.lines.values_list("quantity", "fulfilled")) == {(2, 2), (1, 1)}
    assert (counters(one), counters(other)) == ((3, 0, 0), (4, 0, 0))
    assert order.events.filter(kind=OrderEventKind.FULFILLED).count() == 1
    assert prove() == []
    assert prove_owed() == []


def test_fulfil_order_twice_sends_one_parcel() -> None:
    order = paid_order()
    fulfil(order)

    with nothing_changes():
        fulfil(order, "JNE-2")


def test_fulfil_order_refuses_what_was_not_paid() -> None:
    order, cancelled = placed_order(), placed_order()
    services.cancel_order(order_id=cancelled.pk, now=NOW, actor=ACTOR)

    for refused in (order, cancelled):
        with nothing_changes(), pytest.raises(services.OrderNotFulfillable):
            fulfil(refused)
    with pytest.raises(NotFound):
        services.fulfil_order(order_id=uuid4(), tracking_number="", now=NOW, actor="staff")


def test_fulfil_order_waits_for_the_delivery_of_what_was_back_ordered() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=2)
    order = paid_order(lines={item.variant: 2})

    with nothing_changes(), pytest.raises(inventory.NotOnHand):
        fulfil(order)

    inventory.receive(sku=item.sku, location="MAIN", quantity=1, reason="delivery", actor=ACTOR, now=NOW)
    fulfil(order)
    assert counters(item) == (0, 0, 0)
