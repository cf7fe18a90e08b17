"""The room for programs."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from shop.room.models import Admission, Room, StoreEntry
from tests.factories import PASSWORD, UserFactory
from tests.room.conftest import OPENS_AT

ROOM = "/api/v1/rooms/evening"


@pytest.fixture
def clock(room: Room) -> Any:
    with time_machine.travel(OPENS_AT - timedelta(minutes=10), tick=False) as moved:
        yield moved


@pytest.fixture
def guest() -> APIClient:
    return APIClient()


@pytest.fixture
def member(clock: Any) -> APIClient:
    """Signed in at the time of the test."""
    user, client = UserFactory(able_to_log_in=True), APIClient()
    answer = client.post("/api/v1/auth", {"email": user.email, "password": PASSWORD})
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")
    return client


def key(value: str) -> dict[str, str]:
    return {"HTTP_IDEMPOTENCY_KEY": value}


def ticket(answer: Any) -> dict[str, str]:
    return {"HTTP_ROOM_TICKET": answer.json()["ticket"]}


def open_doors(clock: Any) -> None:
    clock.shift(600)
    for _ in range(3):
        clock.shift(1)
        APIClient().get(ROOM)


def test_a_room_shows_itself(clock: Any, guest: APIClient) -> None:
    guest.post(f"{ROOM}/place")

    assert guest.get(ROOM).json() == {
        "key": "evening",
        "name": "Evening drop",
        "address": "/p/runner/",
        "opens_at": "2026-12-12T05:20:00Z",
        "doors_at": "2026-12-12T04:50:00Z",
        "ends_at": None,
        "is_stopped": False,
        "waiting": 1,
    }


def test_a_place_is_taken_asked_about_and_let_through(clock: Any, guest: APIClient) -> None:
    taken = guest.post(f"{ROOM}/place")
    waits = guest.get(f"{ROOM}/place", **ticket(taken))
    open_doors(clock)
    called = guest.get(f"{ROOM}/place", **ticket(waits))

    entered = guest.post(f"{ROOM}/pass", **ticket(called))

    assert (taken.status_code, taken.json()["standing"]) == (201, "before")
    assert waits["Retry-After"] == str(waits.json()["ask_again_seconds"])
    assert (called.json()["standing"], called.json()["number"]) == ("turn", 1)
    assert called.json()["kept_until"] == "2026-12-12T05:22:02Z"
    assert entered.status_code == 201
    assert entered.json()["expires_at"] == "2026-12-12T05:35:03Z"
    assert Admission.objects.count() == 1


def test_a_repeat_with_the_same_key_is_one_place(clock: Any, guest: APIClient) -> None:
    first, second = (guest.post(f"{ROOM}/place", **key("a-key-that-is-long-enough")) for _ in range(2))

    assert first.json()["ticket"].split(":")[0] == second.json()["ticket"].split(":")[0]
    assert StoreEntry.objects.filter(space="room:evening:lots").count() == 1


def test_a_key_that_anybody_may_think_of_shares_no_place(clock: Any, guest: APIClient) -> None:
    for _ in range(2):
        guest.post(f"{ROOM}/place", **key("1"))

    assert StoreEntry.objects.filter(space="room:evening:lots").count() == 2


def test_without_a_ticket_there_is_no_place(clock: Any, guest: APIClient) -> None:
    answer = guest.get(f"{ROOM}/place")

    assert (answer.status_code, answer.json()["code"]) == (403, "room_ticket_needed")


def test_the_door_says_when_to_ask_again(clock: Any, guest: APIClient) -> None:
    taken = guest.post(f"{ROOM}/place")

    answer = guest.post(f"{ROOM}/pass", **ticket(taken))

    assert (answer.status_code, answer.json()["code"]) == (429, "room_not_your_turn")
    assert int(answer["Retry-After"]) == answer.json()["facts"]["retry_after"]
    assert Admission.objects.count() == 0


def test_a_members_place_is_the_members(clock: Any, guest: APIClient, member: APIClient) -> None:
    taken = member.post(f"{ROOM}/place")
    open_doors(clock)

    stolen = guest.post(f"{ROOM}/pass", **ticket(taken))

    assert (stolen.status_code, stolen.json()["code"]) == (403, "room_pass_elsewhere")
    assert Admission.objects.count() == 0
    assert member.post(f"{ROOM}/pass", **ticket(taken)).status_code == 201


def test_leaving_twice_is_leaving(clock: Any, guest: APIClient) -> None:
    taken = guest.post(f"{ROOM}/place")

    assert [guest.delete(f"{ROOM}/place", **ticket(taken)).status_code for _ in range(2)] == [204, 204]


def test_the_draw_can_be_checked_when_it_was_made(clock: Any, guest: APIClient) -> None:
    guest.post(f"{ROOM}/place")
    before = guest.get(f"{ROOM}/draw").json()
    open_doors(clock)
    after = guest.get(f"{ROOM}/draw").json()

    assert (before["secret"], before["tickets"], before["drawn_at"]) == (None, [], None)
    assert hashlib.sha256(after["secret"].encode()).hexdigest() == before["commitment"]
    assert len(after["tickets"]) == 1


def test_asking_costs_no_query(
    clock: Any,
    member: APIClient,
    settings: Any,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    settings.ROOM_PICTURE_SECONDS = 1
    taken = member.post(f"{ROOM}/place")
    member.get(f"{ROOM}/place", **ticket(taken))

    with django_assert_num_queries(0):
        assert member.get(f"{ROOM}/place", **ticket(taken)).status_code == 200
