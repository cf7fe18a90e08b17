"""Cancelling paid units, refunds, notes and returns in the staff pages: seen first, done once, by right and state."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import StockItem
from orders import services
from orders.models import Order, OrderEventKind, OrderStatus, Refund, ReturnRequest, ReturnStatus
from tests.admin.orders import order

pytestmark = pytest.mark.django_db


def page(name: str, placed: Order) -> str:
    return reverse(f"admin:orders_order_{name}", args=[placed.pk])


def return_page(name: str, asked: ReturnRequest) -> str:
    return reverse(f"admin:orders_returnrequest_{name}", args=[asked.pk])


def level(answer: Any) -> list[str]:
    return [message.level_tag for message in answer.context["messages"]]


def confirm(client: Client, address: str, form: dict[str, Any]) -> Any:
    """Press once to see what it does, and once more on what was seen."""
    shown = client.post(address, form)
    return client.post(address, {**form, "seen": shown.context["seen"], "key": shown.context["key"]}, follow=True)


def returned(*, units: int = 2, number: str = "T-1") -> ReturnRequest:
    """A return of a sent order."""
    placed = order(number=number, status=OrderStatus.PAID)
    services.fulfil_order(order_id=placed.pk, now=timezone.now(), actor="boss")
    return services.request_return(
        order_id=placed.pk,
        units={placed.lines.get().pk: units},
        reason="DAMAGED",
        remark="A dent.",
        now=timezone.now(),
        actor="guest",
    )


def test_paid_units_are_cancelled_after_a_look(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    form = {f"units-{placed.lines.get().pk}": 1, "restock": "no", "reason": "Broken"}

    looked = boss_client.post(page("cancel", placed), form)
    changed = boss_client.post(page("cancel", placed), {**form, "restock": "yes", "seen": looked.context["seen"]})
    unchanged = (placed.lines.get().cancelled, StockItem.objects.get().allocated)
    done = confirm(boss_client, page("cancel", placed), form)

    assert looked.context["preview"][1:] == ["Rp\u00a0250.000 goes back to the customer.", "Units that stay owed: 1."]
    assert (changed.status_code, unchanged) == (200, (0, 2))
    assert level(done) == ["success"]
    item = StockItem.objects.get()
    assert (placed.lines.get().cancelled, item.on_hand, item.allocated) == (1, 4, 1)
    assert Refund.objects.get().amount_minor == 250_000


def test_refund_is_sent_once_after_a_look(boss_client: Client) -> None:
    placed = order(number="T-1", status=OrderStatus.PAID)
    form = {"amount": "20000", "reason": "For the wait"}

    shown = boss_client.post(page("refund", placed), form)
    press = {**form, "seen": shown.context["seen"], "key": shown.context["key"]}
    twice = [boss_client.post(page("refund", placed), press, follow=True) for _ in range(2)]
    much = boss_client.post(page("refund", placed), {"amount": "9999999", "reason": "All"})

    assert [level(answer) for answer in twice] == [["success"], ["success"]]
    assert list(much.context["form"].errors) == ["amount"]
    assert boss_client.post(page("refund", placed), {"amount": "0.5", "reason": "Half"}).context["form"].errors != {}
    assert Refund.objects.get().amount_minor == 20_000


def test_notes_stand_on_the_timeline_for_staff(boss_client: Client) -> None:
    placed = order(number="T-1")

    boss_client.post(page("note", placed), {"text": "Called: will pay tonight."})

    assert "Called: will pay tonight." in boss_client.get(page("change", placed)).content.decode()
    assert not placed.events.for_customer().filter(kind=OrderEventKind.NOTE).exists()


def test_a_return_is_approved_received_and_paid_back(boss_client: Client) -> None:
    asked = returned()
    part = asked.lines.get()

    for name in ["approve", "refuse", "receive", "refund", "close"]:
        assert "A dent." in boss_client.get(return_page(name, asked)).content.decode()
    early = boss_client.post(return_page("refund", asked), follow=True)
    boss_client.post(return_page("approve", asked), {"answer": "Jl. Kopo 9"})
    receipt = {f"restocked-{part.pk}": 1, f"written_off-{part.pk}": 1, f"remark-{part.pk}": "One dented"}
    boss_client.post(return_page("receive", asked), receipt)
    done = boss_client.post(return_page("refund", asked), follow=True)

    asked.refresh_from_db()
    assert (level(early), level(done)[-1]) == (["error"], "success")
    assert (asked.status, asked.answer) == (ReturnStatus.REFUNDED, "Jl. Kopo 9")
    assert asked.refund is not None
    assert asked.refund.amount_minor == 500_000
    assert StockItem.objects.get().on_hand == 4
    assert "One dented" in done.content.decode()


def test_a_return_is_refused_with_a_word_or_closed(boss_client: Client) -> None:
    refused, lost = returned(units=1), returned(units=1, number="T-2")

    silent = boss_client.post(return_page("refuse", refused), {"answer": ""})
    boss_client.post(return_page("refuse", refused), {"answer": "It was worn."})
    boss_client.post(return_page("approve", lost), {"answer": ""})
    boss_client.post(return_page("close", lost))

    assert silent.context["form"].errors != {}
    statuses = [ReturnRequest.objects.get(pk=each.pk).status for each in (refused, lost)]
    assert statuses == [ReturnStatus.REJECTED, ReturnStatus.WITHDRAWN]


def test_acts_need_the_right_and_are_offered_by_state(boss_client: Client, staff_client: Any) -> None:
    asked = returned()
    viewer = staff_client("view_order")

    story = boss_client.get(page("change", asked.order)).content.decode()
    seen = viewer.get(return_page("change", asked), follow=True).content.decode()

    assert return_page("approve", asked) in story
    assert return_page("receive", asked) not in story
    assert "Return 1: asked for" in seen
    assert return_page("approve", asked) not in seen
    for name in ["approve", "refuse", "receive", "refund", "close"]:
        assert viewer.post(return_page(name, asked)).status_code == 403
    for name in ["cancel", "refund", "note", "pack"]:
        assert viewer.post(page(name, asked.order)).status_code == 403
    assert ReturnRequest.objects.get().status == ReturnStatus.REQUESTED


def test_the_index_counts_what_waits(boss_client: Client) -> None:
    order(number="T-9", status=OrderStatus.PAID)
    returned()

    queues = boss_client.get(reverse("admin:index")).context["order_queues"]

    assert (queues.to_send, queues.returns_to_decide, queues.returns_to_refund) == (1, 1, 0)


@pytest.mark.parametrize("rows", [1, 3])
def test_list_costs_the_same_at_any_length(boss_client: Client, django_assert_num_queries: Any, rows: int) -> None:
    for number in range(rows):
        returned(number=f"T-{number}")

    with django_assert_num_queries(3):
        boss_client.get(reverse("admin:orders_returnrequest_changelist"))
