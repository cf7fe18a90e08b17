"""Parcels: packed, unpacked, sent in several, delivered; what is refused changes nothing."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.utils import timezone

from inventory import services as inventory
from inventory.models import StockItem
from inventory.queries import prove
from orders import services
from orders.models import Message, Order, OrderEventKind, OrderLine, OrderStatus, Shipment, ShipmentStatus
from orders.queries import prove_owed
from shop.errors import NotFound
from tests.books import counters, nothing_changes
from tests.factories import ACTOR, NOW, StockItemFactory, paid_order, placed_order

pytestmark = pytest.mark.django_db

STAFF = "staff@example.com"


def line_of(order: Order, item: StockItem) -> OrderLine:
    return order.lines.get(sku=item.sku)


def pack(order: Order, units: dict[OrderLine, int]) -> Shipment:
    return services.pack(
        order_id=order.pk, units={line.pk: quantity for line, quantity in units.items()}, now=NOW, actor=STAFF
    )


def ship(shipment: Shipment, tracking_number: str = "JNE-1") -> Shipment:
    return services.ship(
        shipment_id=shipment.pk,
        carrier="JNE",
        tracking_number=tracking_number,
        tracking_url="https://jne.example/1",
        now=NOW,
        actor=STAFF,
    )


def fulfil(order: Order, tracking_number: str = "JNE-1") -> Order:
    return services.fulfil_order(order_id=order.pk, tracking_number=tracking_number, now=NOW, actor=STAFF)


def laws_hold() -> bool:
    return prove() == [] and prove_owed() == []


def test_pack_puts_units_aside_and_leaves_the_stock_alone() -> None:
    item = StockItemFactory()
    order = paid_order(lines={item.variant: 3})

    shipment = pack(order, {line_of(order, item): 2})

    order.refresh_from_db()
    line = line_of(order, item)
    assert (shipment.number, shipment.status, order.status) == (1, ShipmentStatus.PACKED, OrderStatus.PAID)
    assert (line.packed, line.owed, line.unpacked) == (2, 3, 1)
    assert counters(item) == (5, 0, 3)
    assert order.events.filter(kind=OrderEventKind.PACKED, actor=STAFF).count() == 1


def test_an_order_leaves_in_several_parcels() -> None:
    one, other = StockItemFactory(), StockItemFactory()
    order = paid_order(lines={one.variant: 3, other.variant: 1})

    first = ship(pack(order, {line_of(order, one): 2}), " JNE-1 ")
    order.refresh_from_db()
    halfway = (order.status, order.ended_at, laws_hold())
    second = ship(pack(order, {line_of(order, one): 1, line_of(order, other): 1}), "JNE-2")

    order.refresh_from_db()
    assert halfway == (OrderStatus.PARTLY_FULFILLED, None, True)
    assert (order.status, order.ended_at) == (OrderStatus.FULFILLED, NOW)
    assert [(first.number, first.tracking_number), (second.number, second.tracking_number)] == [
        (1, "JNE-1"),
        (2, "JNE-2"),
    ]
    assert (counters(one), counters(other)) == ((2, 0, 0), (4, 0, 0))
    assert Message.objects.filter(key__startswith="shipment_sent").count() == 2
    assert order.events.filter(kind=OrderEventKind.FULFILLED).count() == 1
    assert laws_hold()


def test_pack_refuses_more_than_is_left_and_what_is_not_the_orders() -> None:
    item = StockItemFactory()
    order, other = paid_order(lines={item.variant: 2}), paid_order()
    line = line_of(order, item)
    pack(order, {line: 1})

    with nothing_changes():
        with pytest.raises(services.NotThatManyLeft) as refusal:
            pack(order, {line: 2})
        with pytest.raises(services.NotThatManyLeft):
            pack(order, {line: -1})
        with pytest.raises(services.NothingChosen):
            pack(order, {line: 0})
        with pytest.raises(NotFound):
            pack(order, {other.lines.get(): 1})
        with pytest.raises(NotFound):
            services.pack(order_id=uuid4(), units={line.pk: 1}, now=NOW, actor=STAFF)
    assert (refusal.value.facts["asked"], refusal.value.facts["left"]) == (2, 1)


def test_only_paid_orders_that_are_not_held_back_are_packed_and_sent() -> None:
    waiting, held_back = placed_order(), paid_order()
    shipment = pack(held_back, {held_back.lines.get(): 1})
    Order.objects.filter(pk=held_back.pk).update(held_back_at=NOW)

    with nothing_changes():
        with pytest.raises(services.OrderNotFulfillable):
            pack(waiting, {waiting.lines.get(): 1})
        for refused in (lambda: pack(held_back, {held_back.lines.get(): 1}), lambda: ship(shipment)):
            with pytest.raises(services.OrderHeldBack):
                refused()
        with pytest.raises(services.OrderHeldBack):
            fulfil(held_back)


def test_unpack_gives_the_units_back_to_be_packed_once() -> None:
    item = StockItemFactory()
    order = paid_order(lines={item.variant: 2})
    shipment = pack(order, {line_of(order, item): 2})

    services.unpack(shipment_id=shipment.pk, now=NOW, actor=STAFF)
    with nothing_changes():
        services.unpack(shipment_id=shipment.pk, now=NOW, actor=STAFF)
        with pytest.raises(services.ShipmentMoved):
            ship(shipment)

    assert line_of(order, item).unpacked == 2
    assert pack(order, {line_of(order, item): 2}).number == 2


def test_ship_and_delivered_have_one_effect_each() -> None:
    order = paid_order()
    shipment = pack(order, {order.lines.get(): 2})

    with nothing_changes(), pytest.raises(services.ShipmentMoved):
        services.mark_delivered(shipment_id=shipment.pk, now=NOW, actor=STAFF)
    ship(shipment)
    with nothing_changes():
        assert ship(shipment, "JNE-2").tracking_number == "JNE-1"
        with pytest.raises(services.ShipmentMoved):
            services.unpack(shipment_id=shipment.pk, now=NOW, actor=STAFF)
    services.mark_delivered(shipment_id=shipment.pk, now=NOW, actor=STAFF)
    with nothing_changes():
        services.mark_delivered(shipment_id=shipment.pk, now=NOW, actor=STAFF)

    shipment.refresh_from_db()
    assert (shipment.status, shipment.delivered_at) == (ShipmentStatus.DELIVERED, NOW)
    assert order.events.filter(kind=OrderEventKind.DELIVERED).count() == 1


@pytest.mark.parametrize("verb", [services.unpack, services.mark_delivered, ship])
def test_unknown_parcels_are_not_found(verb: Callable[..., object]) -> None:
    with pytest.raises(NotFound):
        if verb is ship:
            ship(Shipment())
        else:
            verb(shipment_id=uuid4(), now=timezone.now(), actor=STAFF)


def test_fulfil_order_sends_the_rest_and_says_so() -> None:
    one, other = StockItemFactory(), StockItemFactory()
    order = paid_order(lines={one.variant: 2, other.variant: 1})

    fulfil(order, " JNE-1 ")

    order.refresh_from_db()
    assert (order.status, order.ended_at) == (OrderStatus.FULFILLED, NOW)
    assert order.shipments.get().tracking_number == "JNE-1"
    assert set(order.lines.values_list("quantity", "fulfilled", "packed")) == {(2, 2, 0), (1, 1, 0)}
    assert (counters(one), counters(other)) == ((3, 0, 0), (4, 0, 0))
    assert laws_hold()
    with nothing_changes():
        fulfil(order, "JNE-2")


def test_fulfil_order_refuses_what_was_not_paid_or_is_all_packed() -> None:
    order, cancelled, packed = placed_order(), placed_order(), paid_order()
    services.cancel_order(order_id=cancelled.pk, now=NOW, actor=ACTOR)
    pack(packed, {packed.lines.get(): 2})

    for refused in (order, cancelled):
        with nothing_changes(), pytest.raises(services.OrderNotFulfillable):
            fulfil(refused)
    with nothing_changes(), pytest.raises(services.NothingChosen):
        fulfil(packed)
    with pytest.raises(NotFound):
        services.fulfil_order(order_id=uuid4(), now=NOW, actor=STAFF)


def test_fulfil_order_waits_for_the_delivery_of_what_was_back_ordered() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=2)
    order = paid_order(lines={item.variant: 2}, preorders=True)

    with nothing_changes(), pytest.raises(services.OrderOnBackorder):
        fulfil(order)

    inventory.receive(sku=item.sku, location="MAIN", quantity=1, reason="delivery", actor=ACTOR, now=NOW)
    services.allocate_arrivals(now=NOW)
    fulfil(order)
    assert counters(item) == (0, 0, 0)
