"""What is sold out is refused at the door: word for word, without a query, and never to whom it is not true."""

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from inventory import services, sold_out
from inventory.models import Reservation, StockItem
from orders.api import door as door_module
from orders.api.door import SoldOutDoor
from orders.models import IdempotencyKey
from orders.services import answered_keys
from tests.api.conftest import API, add
from tests.books import counters, nothing_changes
from tests.factories import ACTOR, NOW, StockItemFactory


@dataclass
class Street:
    """Where shoppers come from: raw requests for one unit, through the door."""

    item: StockItem
    shop: SoldOutDoor = field(default_factory=lambda: SoldOutDoor(WSGIHandler()))

    def ask(self, *, key: str = "", qty: int = 1, **environ: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        body = json.dumps({"product_id": str(self.item.variant.pk), "qty": qty}).encode()
        request = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"{API}/cart",
            "QUERY_STRING": "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_IDEMPOTENCY_KEY": key or uuid4().hex,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            **environ,
        }
        began: list[tuple[str, list[tuple[str, str]]]] = []
        answer = self.shop(request, lambda status, headers, *rest: began.append((status, headers)))
        document = json.loads(b"".join(answer))
        return int(began[0][0][:3]), dict(began[0][1]), document


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Requests as a server takes them would close the connection that this test's transaction lives in."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def street() -> Iterator[Street]:
    """In front of a shop whose last unit went a moment ago, to a guest with the key "the last one"."""
    with time_machine.travel(NOW, tick=False):
        street = Street(StockItemFactory(on_hand=1))
        assert street.ask(key="the key of the last one")[0] == 201
        assert street.ask()[0] == 422
        yield street


def test_it_is_said_again_word_for_word_without_a_query(
    street: Street, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = Street(street.item).ask()

    with nothing_changes(), django_assert_num_queries(0):
        again = street.ask()

    assert again == first
    assert (again[0], again[2]["code"], again[1]["Content-Type"]) == (
        422,
        "stock_unavailable",
        "application/problem+json",
    )
    assert again[2]["facts"] == {"shortages": [{"sku": street.item.sku, "asked": 1, "available": 0}]}


def test_who_was_granted_it_gets_the_first_answer_again(street: Street) -> None:
    status, headers, cart = street.ask(key="the key of the last one")

    assert (status, headers["Idempotent-Replayed"], cart["units"]) == (201, "true", 1)


def test_control_without_the_keys_who_was_granted_it_is_told_that_it_is_sold_out(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "answered_keys", lambda **which: set())
    street.shop = SoldOutDoor(WSGIHandler())
    street.ask()

    assert street.ask(key="the key of the last one")[0] == 422


def test_who_was_granted_it_into_a_cart_gets_the_first_answer_again(guest: APIClient) -> None:
    first, last = StockItemFactory(), StockItemFactory(on_hand=1)
    token = {"HTTP_CART_TOKEN": Street(first).ask()[2]["cart_token"]}
    street = Street(last)
    assert street.ask(key="k", **token)[0] == 201
    assert street.ask()[0] == 422

    status, headers, cart = street.ask(key="k", **token)

    assert (status, headers["Idempotent-Replayed"], cart["units"]) == (201, "true", 2)


def test_a_stranger_with_a_key_that_others_can_think_of_is_told_so(street: Street) -> None:
    assert street.ask(key="short")[2]["errors"][0]["field"] == "Idempotency-Key"


def test_one_freed_unit_is_for_the_next_who_asks(street: Street) -> None:
    services.release(reservation_id=Reservation.objects.get().pk, reason="", actor=ACTOR, now=NOW)

    assert [street.ask()[0] for _ in range(2)] == [201, 422]
    assert counters(street.item) == (1, 1, 0)


def test_control_without_the_marks_a_freed_unit_is_called_sold_out(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sold_out, "_change", lambda slots: None)
    services.release(reservation_id=Reservation.objects.get().pk, reason="", actor=ACTOR, now=NOW)

    assert street.ask()[0] == 422


def test_a_hold_that_ends_is_for_the_next_who_asks(street: Street) -> None:
    almost = NOW + timedelta(seconds=599.9)
    with time_machine.travel(almost, tick=False):
        assert [street.ask()[0] for _ in range(2)] == [422, 422]
    with time_machine.travel(NOW + timedelta(seconds=600), tick=False):
        assert street.ask()[0] == 201


def test_it_is_looked_up_again_after_a_second(
    street: Street, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with time_machine.travel(NOW + sold_out.LASTS, tick=False):
        with pytest.raises(pytest.fail.Exception), django_assert_max_num_queries(0):
            street.ask()
        with django_assert_max_num_queries(0):
            street.ask()


def test_another_question_is_another_answer(street: Street) -> None:
    assert street.ask(qty=2)[2]["facts"]["shortages"][0]["asked"] == 2
    assert street.ask(qty=0)[2]["code"] == "invalid"
    assert street.ask(HTTP_AUTHORIZATION="Bearer x")[0] == 401


def test_fewer_than_were_asked_for_is_not_sold_out() -> None:
    street = Street(StockItemFactory(on_hand=1))
    assert street.ask(qty=2)[0] == 422

    assert street.ask(qty=1)[0] == 201


def test_a_thing_that_was_sold_too_often_is_refused_by_the_shop(
    street: Street, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """More keys than the door can keep: it lets everybody through rather than be wrong."""
    monkeypatch.setattr(door_module, "MOST_KEYS", 0)
    street.shop = SoldOutDoor(WSGIHandler())

    assert [street.ask()[0] for _ in range(2)] == [422, 422]
    assert street.ask(key="the key of the last one")[0] == 201


def test_answered_keys_are_those_of_this_request_alone(street: Street, guest: APIClient) -> None:
    add(guest, StockItemFactory())

    keys = answered_keys(fingerprint=_fingerprint_of_the_last_one(), most=10)

    assert keys is not None
    assert len(keys) == 1
    assert answered_keys(fingerprint=_fingerprint_of_the_last_one(), most=0) is None


def _fingerprint_of_the_last_one() -> str:
    return IdempotencyKey.objects.order_by("pk")[0].fingerprint
