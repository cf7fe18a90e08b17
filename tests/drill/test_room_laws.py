"""The laws of the waiting room, on evenings written by hand: right ones hold, and each wrong one is found."""

import hashlib
import hmac
from random import Random
from typing import Any

import pytest

from tests.drill.bots import Bot, Gang, Trick
from tests.drill.room_laws import RoomBooks, laws_of_room
from tests.drill.waiting import Look, Queue

SECRET = "secret"


def lot(ticket: str) -> str:
    return f"{hmac.new(SECRET.encode(), ticket.encode(), hashlib.sha256).hexdigest()}:{ticket}"


def books(**changes: Any) -> RoomBooks:
    lots = sorted(lot(f"t{number}") for number in range(6))
    tickets = [each.partition(":")[2] for each in lots]
    admissions = [
        {"ticket": ticket, "number": number, "cart_id": f"c{number}", "user_id": "", "admitted_at": float(number)}
        for number, ticket in enumerate(tickets[:3], 1)
    ]
    facts: dict[str, Any] = {
        "secret": SECRET,
        "commitment": hashlib.sha256(SECRET.encode()).hexdigest(),
        "lots": lots,
        "serving": 3,
        "issued": 6,
        "rate_per_minute": 60.0,
        "admissions": admissions,
        "carts": [{"cart_id": "c1", "user_id": "", "units": 1}, {"cart_id": "c3", "user_id": "", "units": 1}],
    }
    return RoomBooks(**{**facts, **changes})


def queue(*looks: Look) -> Queue:
    evening = Queue(key="drill", opens_at=0)
    evening.entered = {"a": (10.0, 1), "c": (12.0, 3)}
    evening.looks = list(looks)
    return evening


def look(*, at: float, standing: str, number: int) -> Look:
    return Look(shopper="b", started_at=at, ended_at=at + 0.1, standing=standing, number=number)


def bot(**changes: Any) -> Bot:
    facts: dict[str, Any] = {"name": "bot", "trick": Trick.HAMMERS, "gang": Gang(), "chance": Random(1)}
    facts |= {"door": None, "queue": queue(), "scarce": None}
    return Bot(**{**facts, **changes})


def broken(room: RoomBooks, evening: Queue | None = None, bots: list[Bot] | None = None) -> list[str]:
    laws = laws_of_room(room, evening or queue(), bots or [], limit=1)
    return [law.name for law in laws if not law.ok]


def test_an_honest_evening_breaks_no_law() -> None:
    looks = [look(at=11, standing="in_line", number=2), look(at=14, standing="turn", number=2)]

    assert broken(books(), queue(*looks), [bot(held=1)]) == []


@pytest.mark.parametrize(
    ("room", "law"),
    [
        (books(lots=list(reversed(books().lots))), "The lot decides who is first"),
        (books(secret="another"), "The lot decides who is first"),
        (books(carts=[{"cart_id": "thief", "user_id": "", "units": 1}]), "Who holds was let in"),
        (books(carts=[{"cart_id": "c1", "user_id": "", "units": 2}]), "Nobody over the limit"),
        (books(admissions=[*books().admissions, books().admissions[0]]), "One place, one cart"),
    ],
)
def test_a_breach_in_the_books_is_found(room: RoomBooks, law: str) -> None:
    assert law in broken(room)


def test_somebody_who_was_overtaken_is_found() -> None:
    assert broken(books(), queue(look(at=14, standing="in_line", number=2))) == ["Nobody is overtaken"]


@pytest.mark.parametrize("made", [bot(without_pass=1), bot(held=2), bot(gang=Gang(held=2))])
def test_a_bot_that_got_something_by_force_is_found(made: Bot) -> None:
    assert broken(books(), bots=[made]) == ["Force gets nothing"]


def test_who_used_the_ticket_of_another_waited_for_nothing() -> None:
    evening = queue()
    evening.opens_at = 4
    evening.taken = {"a": 1.0, "b": 2.0}

    assert evening.waits == [6.0]
