"""Races at the door of the waiting room: one pass and many carts, one ticket and many presses, many numbers at once."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from shop.room import services
from shop.room.errors import RoomPassElsewhere
from shop.room.models import Admission, AdmissionQuerySet
from shop.room.services import step
from shop.room.stores import database as store_module
from shop.room.stores.database import DatabaseStore
from shop.room.tokens import Pass
from shop.transactions import transactional
from tests.factories import NOW
from tests.races.threads import at_once, seen_within_rounds
from tests.room.conftest import _no_pictures, plan  # noqa: F401 - a fixture

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

OPEN = NOW + timedelta(minutes=21)
Pause = Callable[[Any, str], None]


def an_evening() -> str:
    """A room whose lots are drawn; its key."""
    key = f"evening-{uuid4().hex}"
    plan(key=key)
    for seconds in range(3):
        services.reading_of(key, now=OPEN + timedelta(seconds=seconds))
    return key


def called(key: str) -> str:
    """A ticket whose number is up."""
    ticket, _ = services.take_place(key=key, address="192.0.2.1", member="", intent="", now=OPEN)
    for seconds in range(1, 5):
        services.move_on(key, now=OPEN + timedelta(seconds=seconds))
    return ticket.signed()


def come_in(key: str, token: str) -> Pass:
    return services.come_in(key=key, token=token, user_id=None, now=OPEN + timedelta(seconds=5))


@transactional
def use(key: str, given: Pass) -> bool:
    services.use_pass(key=key, tokens=[given.signed()], user_id=None, cart_id=uuid4(), now=OPEN)
    return True


def eight_carts() -> list[Any]:
    key = an_evening()
    given = come_in(key, called(key))
    return at_once(*[partial(use, key, given)] * 8)


def test_one_pass_serves_one_of_eight_carts() -> None:
    for _ in range(3):
        answers = eight_carts()

        assert answers.count(True) == 1
        assert sum(isinstance(answer, RoomPassElsewhere) for answer in answers) == 7


def test_control_without_the_condition_in_the_update_one_pass_serves_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AdmissionQuerySet, "of_cart", lambda admissions, cart_id: admissions)

    assert seen_within_rounds(lambda: eight_carts().count(True) > 1)


def test_eight_presses_on_the_door_are_one_admission() -> None:
    key = an_evening()
    token = called(key)

    passes = at_once(*[partial(come_in, key, token)] * 8)

    assert {given.ticket for given in passes} == {Admission.objects.get().ticket}
    assert len({given.expires_at for given in passes}) == 1


def eight_numbers() -> list[Any]:
    key = an_evening()
    return at_once(*[partial(DatabaseStore().number_for, key, f"ticket-{number}") for number in range(8)])


def test_eight_who_come_at_one_moment_have_eight_numbers(pause_before: Pause) -> None:
    pause_before(store_module, "_set")

    assert sorted(eight_numbers()) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_control_without_the_lock_two_have_the_same_number(pause_before: Pause, no_locks: None) -> None:
    pause_before(store_module, "_set")

    def doubled() -> bool:
        numbers = [number for number in eight_numbers() if isinstance(number, int)]
        return len(set(numbers)) < len(numbers)

    assert seen_within_rounds(doubled)


def two_draws() -> set[str]:
    key = f"evening-{uuid4().hex}"
    plan(key=key)
    rooms = at_once(
        partial(step._write_draw, key=key, lots=["a:1"], now=OPEN),
        partial(step._write_draw, key=key, lots=["b:2"], now=OPEN),
    )
    return {room.lots for room in rooms if not isinstance(room, Exception)}


def test_lots_are_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        assert len(two_draws()) == 1


def test_control_without_the_lock_two_orders_are_drawn(no_locks: None) -> None:
    assert seen_within_rounds(lambda: len(two_draws()) == 2)
