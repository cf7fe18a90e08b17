"""Parcels in the staff pages: packed from the order, sent, unpacked, delivered, printed; by right and state only."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory.models import StockItem
from orders.models import Order, OrderStatus, Shipment, ShipmentStatus
from tests.admin.orders import order

pytestmark = pytest.mark.django_db


def page(name: str, shipment: Shipment) -> str:
    return reverse(f"admin:orders_shipment_{name}", args=[shipment.pk])


def pack(client: Client, placed: Order, *, units: int, key: str = "") -> Any:
    form = {f"units-{placed.lines.get().pk}": units, "key": key}
    return client.post(reverse("admin:orders_order_pack", args=[placed.pk]), form, follow=True)


def level(answer: Any) -> list[str]:
    return [message.level_tag for message in answer.context["messages"]]


def test_a_parcel_is_packed_once_for_each_page(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)

    answers = [pack(boss_client, placed, units=1, key="a" * 32) for _ in range(2)]
    pack(boss_client, placed, units=1, key="b" * 32)

    assert [level(answer) for answer in answers] == [["success"], ["success"]]
    assert [parcel.lines.get().quantity for parcel in Shipment.objects.order_by("number")] == [1, 1]
    assert placed.lines.get().packed == 2


def test_packing_more_than_is_owed_is_told_and_changes_nothing(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)

    assert pack(boss_client, placed, units=3).context["form"].errors != {}
    assert level(pack(boss_client, placed, units=0)) == ["error"]
    assert Shipment.objects.count() == 0


def test_a_parcel_goes_its_way(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    pack(boss_client, placed, units=1)
    shipment = Shipment.objects.get()

    for name in ["ship", "unpack", "slip"]:
        assert placed.lines.get().sku in boss_client.get(page(name, shipment)).content.decode()
    bad = boss_client.post(page("ship", shipment), {"tracking_url": "no address"})
    sent = boss_client.post(page("ship", shipment), {"carrier": "JNE", "tracking_number": "JNE-7"}, follow=True)
    late = boss_client.post(page("unpack", shipment), follow=True)
    boss_client.post(page("delivered", shipment))

    shipment.refresh_from_db()
    placed.refresh_from_db()
    assert bad.context["form"].errors != {}
    assert (level(sent), level(late)) == (["success"], ["error"])
    assert "JNE-7" in sent.content.decode()
    assert (shipment.status, placed.status) == (ShipmentStatus.DELIVERED, OrderStatus.PARTLY_FULFILLED)
    assert StockItem.objects.get().on_hand == 4


def test_unpacked_parcels_are_gone_from_the_order(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    pack(boss_client, placed, units=2)
    shipment = Shipment.objects.get()

    answer = boss_client.post(page("unpack", shipment), follow=True)

    assert level(answer) == ["success"]
    assert page("ship", shipment) not in answer.content.decode()
    assert placed.lines.get().packed == 0


def test_acts_on_parcels_need_the_right_to_change_orders(boss_client: Client, staff_client: Any) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    pack(boss_client, placed, units=1)
    shipment, viewer = Shipment.objects.get(), staff_client("view_order")

    assert viewer.get(page("slip", shipment)).status_code == 200
    assert page("ship", shipment) not in viewer.get(page("change", shipment), follow=True).content.decode()
    for name in ["ship", "unpack", "delivered"]:
        assert viewer.get(page(name, shipment)).status_code == 403
        assert viewer.post(page(name, shipment)).status_code == 403
    assert pack(viewer, placed, units=1).status_code == 403
    assert staff_client("view_stockitem").get(page("slip", shipment)).status_code == 403
    shipment.refresh_from_db()
    assert shipment.status == ShipmentStatus.PACKED


@pytest.mark.parametrize("rows", [1, 3])
def test_list_costs_the_same_at_any_length(boss_client: Client, django_assert_num_queries: Any, rows: int) -> None:
    for number in range(rows):
        pack(boss_client, order(number=f"T-{number}", status=OrderStatus.PAID), units=1)

    with django_assert_num_queries(3):
        boss_client.get(reverse("admin:orders_shipment_changelist"))
