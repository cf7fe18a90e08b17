"""The front page, the proof, and the door."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory.models import StockItem
from orders.models import OrderStatus
from tests.admin.orders import failed_refund, order
from tests.factories import StockItemFactory, UserFactory

pytestmark = pytest.mark.django_db

INDEX = "admin:index"
PROVE = "admin:prove_stock"


def test_index_counts_what_needs_a_person(boss_client: Client) -> None:
    order(number="T-1", status=OrderStatus.PAID)
    failed_refund(order(number="T-2", attention="Amount differs"))

    shown = boss_client.get(reverse(INDEX)).context

    queues = shown["order_queues"]
    assert (queues.to_send, queues.need_attention, queues.refunds_failed) == (1, 1, 1)
    assert [item.available for item in shown["low_stock"]] == [3, 3]
    assert shown["proof"] is None


def test_index_shows_each_only_what_they_may_see(staff_client: Any) -> None:
    nobody = staff_client().get(reverse(INDEX)).context
    stock = staff_client("view_stockitem").get(reverse(INDEX)).context

    assert "order_queues" not in nobody
    assert "shows_stock" not in nobody
    assert "order_queues" not in stock
    assert stock["shows_stock"] is True


@pytest.mark.parametrize("rows", [1, 3])
def test_index_costs_the_same_at_any_length(boss_client: Client, django_assert_num_queries: Any, rows: int) -> None:
    for number in range(rows):
        order(number=f"T-{number}", status=OrderStatus.PAID)

    with django_assert_num_queries(9):
        boss_client.get(reverse(INDEX))


def test_prove_stock_says_that_all_agree_and_remembers_when(boss_client: Client) -> None:
    StockItemFactory(on_hand=5)

    answer = boss_client.post(reverse(PROVE))

    assert "All counters agree." in answer.content.decode()
    assert boss_client.get(reverse(INDEX)).context["proof"].drifts == 0


def test_prove_stock_names_the_drift_and_repairs_nothing(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=5)
    StockItem.objects.filter(pk=item.pk).update(on_hand=6)

    text = boss_client.post(reverse(PROVE)).content.decode()

    item.refresh_from_db()
    assert f"{item.sku} at MAIN: on hand = sum of the ledger: the counter says 6, the rows say 5" in text
    assert item.on_hand == 6


def test_prove_stock_needs_the_right(staff_client: Any) -> None:
    assert staff_client("view_order").post(reverse(PROVE)).status_code == 403


def test_only_staff_come_in(client: Client) -> None:
    client.force_login(UserFactory())

    answer = client.get(reverse(INDEX))

    assert answer.status_code in (302, 403)


def test_pages_hold_no_inline_style_or_script(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    item = StockItem.objects.get()
    addresses = [
        reverse(INDEX),
        reverse(PROVE),
        reverse("admin:inventory_stockitem_changelist"),
        reverse("admin:inventory_stockitem_change", args=[item.pk]),
        reverse("admin:inventory_stockitem_adjust", args=[item.pk]),
        reverse("admin:orders_order_change", args=[placed.pk]),
        reverse("admin:shop_product_add"),
    ]

    for address in addresses:
        text = boss_client.get(address).content.decode()
        assert "<style" not in text, address
        assert " style=" not in text, address
        assert " onclick=" not in text, address


def test_tokens_of_the_api_are_not_on_show(boss_client: Client) -> None:
    assert boss_client.get("/admin/token_blacklist/outstandingtoken/").status_code == 404
