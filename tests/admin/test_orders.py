"""Orders are read in full and changed by two acts; money is read, and a failed refund is tried again."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import StockItem
from orders.models import Message, Order, OrderStatus, RefundStatus
from tests.admin.orders import failed_refund, order

pytestmark = pytest.mark.django_db

LIST = "admin:orders_order_changelist"


def page(name: str, placed: Order) -> str:
    return reverse(f"admin:orders_order_{name}", args=[placed.pk])


def test_story_shows_lines_money_and_timeline(boss_client: Client) -> None:
    placed = order(number="T-AAAA-1111", status=OrderStatus.PAID)

    text = boss_client.get(page("change", placed)).content.decode()

    for part in ["T-AAAA-1111", "Runner", "Rp\u00a0520.000", "Order placed.", "evt-T-AAAA-1111", "Send the rest"]:
        assert part in text, part


def test_story_offers_acts_by_state_only(boss_client: Client) -> None:
    offers = {
        status: boss_client.get(page("change", order(number=f"T-{number}", status=status))).context
        for number, status in enumerate(OrderStatus.values)
    }

    assert [status for status, shown in offers.items() if shown["can_cancel"]] == [
        "AWAITING_PAYMENT",
        "PAID",
        "BACKORDERED",
        "PARTLY_FULFILLED",
        "FULFILLED",
    ]
    can_send = [status for status, shown in offers.items() if shown["can_send"]]
    assert can_send == ["PAID", "PARTLY_FULFILLED"]


def test_cancel_frees_the_units(boss_client: Client) -> None:
    placed = order(number="T-1")

    summary = boss_client.get(page("cancel", placed))
    boss_client.post(page("cancel", placed))

    placed.refresh_from_db()
    assert summary.status_code == 200
    assert placed.status == OrderStatus.CANCELLED
    assert StockItem.objects.get().held == 0


def test_settle_takes_an_order_off_the_queue(boss_client: Client) -> None:
    placed = order(number="T-1")
    Order.objects.filter(pk=placed.pk).update(needs_attention="the amount differs")

    offered = boss_client.get(page("change", placed)).content.decode()
    without_remark = boss_client.post(page("settle", placed), {"remark": ""})
    still = Order.objects.get(pk=placed.pk).needs_attention
    boss_client.post(page("settle", placed), {"remark": "Called the bank."})

    placed.refresh_from_db()
    assert page("settle", placed) in offered
    assert (without_remark.status_code, still) == (200, "the amount differs")
    assert placed.needs_attention == ""


def test_cancel_of_a_sent_order_is_refused_in_words(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    boss_client.post(page("send", placed), follow=True)

    answer = boss_client.post(page("cancel", placed), {"restock": "yes"}, follow=True)

    placed.refresh_from_db()
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert placed.status == OrderStatus.FULFILLED


def test_send_takes_the_units_out_once(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)

    for _ in range(2):
        boss_client.post(page("send", placed), {"tracking_number": "JNE-77"})

    placed.refresh_from_db()
    item = StockItem.objects.get()
    assert (placed.status, placed.shipments.get().tracking_number) == (OrderStatus.FULFILLED, "JNE-77")
    assert (item.on_hand, item.allocated) == (3, 0)


def test_acts_need_the_right_to_change(staff_client: Any) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    viewer = staff_client("view_order")

    assert viewer.get(page("change", placed)).status_code == 200
    assert "Send the rest" not in viewer.get(page("change", placed)).content.decode()
    assert viewer.post(page("send", placed), {"tracking_number": ""}).status_code == 403
    assert viewer.post(page("cancel", placed)).status_code == 403
    assert staff_client("view_stockitem").get(page("change", placed)).status_code == 403
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID


def test_orders_are_never_added_or_deleted(boss_client: Client) -> None:
    placed = order(number="T-1")

    assert boss_client.get(reverse("admin:orders_order_add")).status_code == 403
    boss_client.post(page("delete", placed), {"post": "yes"})
    assert Order.objects.count() == 1


def test_list_searches_and_queues(boss_client: Client) -> None:
    waiting = order(number="T-1")
    paid = order(number="T-2", status=OrderStatus.PAID)
    odd = order(number="T-3", attention="Amount differs")
    stuck = order(number="T-4")
    failed_refund(stuck)

    def found(**query: str) -> list[str]:
        return sorted(row.number for row in boss_client.get(reverse(LIST), query).context["cl"].result_list)

    assert found(q="t-2@example.com") == [paid.number]
    assert found(q=waiting.lines.get().sku) == [waiting.number]
    assert found(queue="send") == [paid.number]
    assert found(queue="person") == [odd.number, stuck.number]
    assert found(status__exact="PAID", queue="person") == []


def test_failed_refund_is_tried_again_once(boss_client: Client) -> None:
    refund = failed_refund(order(number="T-1", status=OrderStatus.PAID))
    address = reverse("admin:orders_refund_retry", args=[refund.pk])

    first = boss_client.post(address, follow=True)
    second = boss_client.post(address, follow=True)

    refund.refresh_from_db()
    assert [message.level_tag for message in first.context["messages"]] == ["success"]
    assert [message.level_tag for message in second.context["messages"]] == ["error"]
    assert (refund.status, refund.attempts) == (RefundStatus.PENDING, 1)


def test_refund_retry_needs_post_and_the_right(boss_client: Client, staff_client: Any) -> None:
    refund = failed_refund(order(number="T-1", status=OrderStatus.PAID))
    address = reverse("admin:orders_refund_retry", args=[refund.pk])
    viewer = staff_client("view_refund")

    assert boss_client.get(address).status_code == 405
    assert viewer.post(address).status_code == 403
    assert viewer.get(reverse("admin:orders_refund_change", args=[refund.pk])).status_code == 200
    refund.refresh_from_db()
    assert refund.status == RefundStatus.FAILED


def test_messages_show_their_text(boss_client: Client) -> None:
    now = timezone.now()
    message = Message.objects.create(
        key="k", to="a@example.com", subject="Paid", text="Thank you.", html="", created_at=now, next_attempt_at=now
    )

    shown = boss_client.get(reverse("admin:orders_message_change", args=[message.pk]))

    assert "Thank you." in shown.content.decode()
    assert boss_client.post(reverse("admin:orders_message_change", args=[message.pk]), {}).status_code == 403


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_cost_the_same_at_any_length(boss_client: Client, django_assert_num_queries: Any, rows: int) -> None:
    for number in range(rows):
        failed_refund(order(number=f"T-{number}", status=OrderStatus.PAID))

    for name in ["order", "payment", "paymentevent", "refund"]:
        with django_assert_num_queries(3):
            boss_client.get(reverse(f"admin:orders_{name}_changelist"))
    with django_assert_num_queries(12):
        boss_client.get(page("change", Order.objects.first()))
