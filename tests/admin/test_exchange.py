"""Exchanging a return from the staff pages, and undoing it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import StockItem
from orders import services
from orders.models import Order, OrderStatus, ReturnRequest, ReturnStatus
from tests.admin.orders import order
from tests.factories import StockItemFactory, VariantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> ReturnRequest:
    """An approved return of one unit."""
    placed = order(number="T-1", status=OrderStatus.PAID)
    now = timezone.now()
    services.fulfil_order(order_id=placed.pk, now=now, actor="boss")
    asked = services.request_return(
        order_id=placed.pk, units={placed.lines.get().pk: 1}, reason="OTHER", remark="", now=now, actor="guest"
    )
    return services.decide_return(return_id=asked.pk, approve=True, answer="", now=now, actor="boss")


@pytest.fixture
def other(asked: ReturnRequest) -> StockItem:
    variant = asked.lines.get().order_line.variant
    return StockItemFactory(variant=VariantFactory(product=variant.product, options={"Size": "XL"}), on_hand=1)


def page(name: str, asked: ReturnRequest) -> str:
    return reverse(f"admin:orders_returnrequest_{name}", args=[asked.pk])


def story(client: Client, placed: Order) -> str:
    return client.get(reverse("admin:orders_order_change", args=[placed.pk])).content.decode()


def choose(client: Client, asked: ReturnRequest, item: StockItem) -> Any:
    form = {f"variant-{asked.lines.get().pk}": str(item.variant.pk)}
    return client.post(page("exchange", asked), form, follow=True)


def test_a_return_is_exchanged_and_both_orders_say_so(
    boss_client: Client, asked: ReturnRequest, other: StockItem
) -> None:
    asked_page = boss_client.get(page("exchange", asked)).content.decode()
    told = choose(boss_client, asked, other).content.decode()

    asked.refresh_from_db()
    replacement = asked.replacement
    assert replacement is not None
    assert ("XL" in asked_page, 'Exchanged for order <a class="code"' in told) == (True, True)
    assert replacement.number in told
    theirs = story(boss_client, replacement)
    assert "has not arrived. Nothing of it is sent or paid back before" in theirs
    assert "a part of the payment of order T-1" in theirs
    for offered in (">Pack<", ">Send the rest<", ">Refund<", ">Cancel<"):
        assert offered not in theirs


def test_what_sold_out_meanwhile_is_refused_and_asked_again(
    boss_client: Client, asked: ReturnRequest, other: StockItem
) -> None:
    same = StockItem.objects.exclude(pk=other.pk).get()
    form = boss_client.get(page("exchange", asked)).context["form"]
    services.exchange_return(
        return_id=asked.pk,
        choices={asked.lines.get().pk: other.variant.pk},
        now=timezone.now(),
        actor="guest",
    )

    answer = choose(boss_client, asked, same)

    assert len(next(iter(form.fields.values())).choices) == 2
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert (answer.status_code, answer.redirect_chain) == (200, [])
    assert ReturnRequest.objects.get().replacement is not None


def test_an_exchange_is_undone(boss_client: Client, asked: ReturnRequest, other: StockItem) -> None:
    choose(boss_client, asked, other)
    asked.refresh_from_db()
    replacement = asked.replacement

    done = boss_client.post(page("undo", asked), follow=True).content.decode()

    asked.refresh_from_db()
    assert (asked.status, asked.replacement) == (ReturnStatus.APPROVED, None)
    assert replacement is not None
    assert Order.objects.get(pk=replacement.pk).status == OrderStatus.CANCELLED
    assert page("exchange", asked) in done
    assert page("undo", asked) not in done


def test_exchanges_need_the_right(staff_client: Any, asked: ReturnRequest, other: StockItem) -> None:
    viewer = staff_client("view_order")

    assert choose(viewer, asked, other).status_code == 403
    assert viewer.post(page("undo", asked)).status_code == 403
    assert ReturnRequest.objects.get().replacement is None
