"""The pages of the room: every state, with cookies, without JavaScript and without a query."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings as shop_settings
from django.test import Client

from shop.room import services
from shop.room.models import Admission, Room, StoreEntry
from tests.factories import PASSWORD, UserFactory
from tests.room.conftest import OPENS_AT, plan

PAGE = "/rooms/evening/"
TICKET = "room-place-evening"
PASS = "room-pass-evening"
KB = 1024


@pytest.fixture
def clock(room: Room) -> Any:
    """Ten minutes before the start; `clock.shift(seconds)` moves on."""
    with time_machine.travel(OPENS_AT - timedelta(minutes=10), tick=False) as moved:
        yield moved


def title(answer: Any) -> str:
    return str(answer.content.decode().split("<h2", 2)[1].split(">", 1)[1].split("</h2>")[0].strip())


def open_doors(clock: Any) -> None:
    """Lots are drawn, and the first are called."""
    clock.shift(600)
    for _ in range(3):
        clock.shift(1)
        Client().get(PAGE)


def test_the_page_offers_a_place_and_a_press_takes_it(clock: Any, client: Client) -> None:
    before = client.get(PAGE)
    answer = client.post(f"{PAGE}take/")
    after = client.get(PAGE)

    assert "Take a place" in before.content.decode()
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    cookie = answer.cookies[TICKET]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", PAGE)
    assert title(after) == "Doors open at 12:20 WIB"
    assert "You are here in time." in after.content.decode()
    assert "1 person waits here." in after.content.decode()


def test_pressing_twice_takes_one_place(clock: Any, client: Client) -> None:
    client.post(f"{PAGE}take/")
    first = client.cookies[TICKET].value
    client.post(f"{PAGE}take/")

    assert client.cookies[TICKET].value == first
    assert StoreEntry.objects.filter(space="room:evening:lots").count() == 1


def test_before_the_room_opens_the_page_says_when(clock: Any, client: Client) -> None:
    clock.move_to(OPENS_AT - timedelta(hours=2))

    answer = client.get(PAGE)

    assert title(answer) == "Opens Sat 12 Dec 2026, 11:50 WIB"
    assert client.post(f"{PAGE}take/").status_code == 403


def test_in_line_the_page_tells_position_estimate_and_basis(clock: Any, client: Client, settings: Any) -> None:
    settings.ROOM_RATE_FIRST, settings.ROOM_RATE_MOST = 1, 1
    for _ in range(40):
        Client().post(f"{PAGE}take/")
    open_doors(clock)
    client.post(f"{PAGE}take/")
    for _ in range(27):
        clock.shift(1)
        answer = client.get(PAGE)

    page = answer.content.decode()
    assert title(answer) == "11 people before you"
    assert "About 1 minute" in page
    assert "at the pace of the last minute: 58 people a minute." in page
    assert "Your number is 41." in page
    assert answer["Ask-Again"] == "5"


def test_a_call_leads_through_the_door_to_the_sale(clock: Any, client: Client) -> None:
    client.post(f"{PAGE}take/")
    open_doors(clock)
    turn = client.get(PAGE)

    answer = client.post(f"{PAGE}enter/")

    assert title(turn) == "It is your turn"
    assert "Your place is kept until 12:22:02 WIB." in turn.content.decode()
    assert (answer.status_code, answer["Location"]) == (303, "/p/runner/")
    assert (answer.cookies[PASS]["path"], answer.cookies[PASS]["max-age"]) == ("/", 15 * 60)
    assert title(client.get(PAGE)) == "You are in"
    assert Admission.objects.count() == 1


def test_a_member_who_comes_in_is_the_one_it_is_bound_to(clock: Any, client: Client) -> None:
    member = UserFactory(able_to_log_in=True)
    assert client.login(email=member.email, password=PASSWORD)
    client.post(f"{PAGE}take/")
    open_doors(clock)

    client.post(f"{PAGE}enter/")

    assert Admission.objects.get().user_id == member.pk


def test_a_copied_cookie_gets_the_one_pass_of_its_ticket(clock: Any, client: Client) -> None:
    client.post(f"{PAGE}take/")
    open_doors(clock)
    thief = Client()
    thief.cookies[TICKET] = client.cookies[TICKET].value
    client.post(f"{PAGE}enter/")

    thief.post(f"{PAGE}enter/")

    assert Admission.objects.count() == 1


def test_the_door_is_shut_before_the_turn(clock: Any, client: Client) -> None:
    client.post(f"{PAGE}take/")

    answer = client.post(f"{PAGE}enter/")

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert PASS not in answer.cookies
    assert Admission.objects.count() == 0


def test_a_missed_turn_can_be_followed_by_a_new_place(clock: Any, client: Client) -> None:
    client.post(f"{PAGE}take/")
    open_doors(clock)
    clock.shift(180)
    missed = client.get(PAGE)

    client.post(f"{PAGE}take/")

    assert title(missed) == "Your turn passed"
    assert title(client.get(PAGE)) == "You are next"
    clock.shift(1)
    assert title(client.get(PAGE)) == "It is your turn"


def test_leaving_gives_the_place_up(clock: Any, client: Client) -> None:
    client.post(f"{PAGE}take/")

    answer = client.post(f"{PAGE}leave/")

    assert answer.status_code == 303
    assert client.cookies[TICKET].value == ""


def test_a_room_that_is_over_says_so(clock: Any, client: Client) -> None:
    plan(ends_at=OPENS_AT + timedelta(hours=1))
    client.post(f"{PAGE}take/")
    clock.move_to(OPENS_AT + timedelta(hours=2))
    services.forget_pictures()

    assert title(client.get(PAGE)) == "This sale is over"
    assert client.post(f"{PAGE}enter/").status_code == 409


def test_an_unknown_room_is_not_found(db: None, client: Client) -> None:
    assert client.get("/rooms/nowhere/").status_code == 404


def test_a_verb_asked_for_by_get_leads_to_the_page(clock: Any, client: Client) -> None:
    for verb in ("take", "enter", "leave"):
        answer = client.get(f"{PAGE}{verb}/")
        assert (answer.status_code, answer["Location"]) == (302, PAGE)


def test_the_script_gets_the_part_alone(clock: Any, client: Client) -> None:
    client.post(f"{PAGE}take/")

    part = client.get(PAGE, headers={"X-Part": "1"})

    assert part.content.decode().startswith("<section")
    assert part["Ask-Again"] == "60"
    assert "no-store" in part["Cache-Control"]


def test_a_look_costs_no_query_whoever_looks(
    clock: Any, client: Client, settings: Any, django_assert_num_queries: Callable[[int], Any]
) -> None:
    """The picture is a second old at most; what it takes to draw it anew is the store's: no SQL with Redis."""
    settings.ROOM_PICTURE_SECONDS = 1
    member = UserFactory(able_to_log_in=True)
    assert client.login(email=member.email, password=PASSWORD)
    client.post(f"{PAGE}take/")
    client.get(PAGE)

    with django_assert_num_queries(0):
        client.get(PAGE)
        client.get(PAGE, headers={"X-Part": "1"})
        client.get("/api/v1/rooms/evening")


def test_the_page_weighs_at_most_ten_kilobytes(clock: Any, client: Client, settings: Any) -> None:
    client.post(f"{PAGE}take/")
    page = gzip.compress(client.get(PAGE).content)
    static = Path(shop_settings.BASE_DIR) / "static"
    css, js = (gzip.compress((static / name).read_bytes()) for name in ("css/room.css", "js/room.js"))

    assert len(page) <= 3 * KB
    assert len(css) <= 4 * KB
    assert len(js) <= KB
    assert len(page) + len(css) + len(js) <= 10 * KB


def test_nothing_of_the_room_is_asked_on_an_ordinary_day(
    db: None, client: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200
    client.get("/robots.txt")

    assert StoreEntry.objects.count() == 0
