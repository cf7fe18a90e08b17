"""Two who take one guest's order at one moment, and one who buys again twice."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders import services
from orders.models import CartLine, Message, Order, OrderEvent, OrderEventKind
from orders.services import claim
from shop.errors import NotFound
from tests.books import counters
from tests.factories import ACTOR, NOW, StockItemFactory, UserFactory, placed_order
from tests.races.threads import at_once, seen_within_rounds

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]


def claimed_by_two() -> tuple[Order, list[Any]]:
    order = placed_order()
    calls = [
        partial(services.claim_order, order_id=order.pk, user=UserFactory(), known_ids=[str(order.pk)], now=NOW)
        for _ in range(2)
    ]
    answers = at_once(*calls)
    order.refresh_from_db()
    return order, answers


def claims(order: Order) -> int:
    return OrderEvent.objects.filter(order=order, kind=OrderEventKind.CLAIMED).count()


def test_order_that_two_claim_at_once_is_one_accounts(pause_before: Pause) -> None:
    pause_before(claim, "note")
    for _ in range(3):
        order, answers = claimed_by_two()

        (won,) = [answer for answer in answers if isinstance(answer, Order)]
        assert [type(answer) for answer in answers if answer is not won] == [NotFound]
        assert (won.user_id, claims(order)) == (order.user_id, 1)
        assert Message.objects.filter(key__startswith=f"order_claimed:{order.pk}").count() == 1


def test_control_without_the_lock_both_are_told_that_it_is_theirs(no_locks: None, pause_before: Pause) -> None:
    pause_before(claim, "note")
    pause_before(Order, "save")

    def both() -> bool:
        order, answers = claimed_by_two()
        return [isinstance(answer, Order) for answer in answers] == [True, True] and claims(order) == 2

    assert seen_within_rounds(both)


def buy_again_twice(*, keys: list[str]) -> tuple[Any, list[Any]]:
    item, user, now = StockItemFactory(), UserFactory(), timezone.now()
    order = placed_order(lines={item.variant: 1}, user=user, now=now)
    services.cancel_order(order_id=order.pk, now=now, actor=ACTOR)
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(user)
    address = reverse("orders:order_again", args=[order.pk])
    presses = [partial(client.post, address, {"key": key}) for client, key in zip(clients, keys, strict=True)]
    return item, at_once(*presses)


def test_buy_again_pressed_twice_at_one_moment_holds_once() -> None:
    for _ in range(3):
        item, answers = buy_again_twice(keys=[str(uuid4())] * 2)

        assert [answer.status_code for answer in answers] == [303, 303]
        assert counters(item) == (5, 1, 0)
        assert CartLine.objects.get(cart__status="OPEN", variant=item.variant).quantity == 1


def test_control_without_a_common_key_two_presses_hold_twice() -> None:
    def twice() -> bool:
        item, _ = buy_again_twice(keys=[str(uuid4()), str(uuid4())])
        return counters(item)[1] == 2

    assert seen_within_rounds(twice)
