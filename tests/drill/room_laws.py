"""The laws of the waiting room: the lot decides, nobody is overtaken, one place is one cart, and force gets nothing."""

import hashlib
import hmac
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

from tests.drill.bots import Bot, Gang
from tests.drill.laws import Law, _law
from tests.drill.waiting import IN_LINE, Look, Queue

# A process shows a picture of the room that is a second old at most, and draws a new one while it answers.
PICTURE_SECONDS = 1.0
MARGIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class RoomBooks:
    """What the database says of the room at the end."""

    secret: str
    commitment: str
    lots: list[str]
    serving: int
    issued: int
    rate_per_minute: float
    admissions: list[dict[str, Any]]
    carts: list[dict[str, Any]]
    """cart_id, user_id and units of everybody who holds or has ordered the scarce thing."""

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(**document)


def laws_of_room(room: RoomBooks, queue: Queue, bots: list[Bot], *, limit: int) -> list[Law]:
    """All of them."""
    gangs = {id(bot.gang): bot.gang for bot in bots}.values()
    return [
        _law("The lot decides who is first", _wrong_order(room), f"{len(room.lots):,} lots in the order of the secret"),
        _law(
            "Nobody is overtaken",
            _overtaken(queue),
            f"{len(queue.looks):,} looks, {len(queue.entered):,} came in by their numbers",
        ),
        _law(
            "Who holds was let in", _not_let_in(room), f"{len(room.carts):,} carts, each with an admission of its own"
        ),
        _law(
            "One place, one cart",
            _doubled(room),
            f"{len(room.admissions):,} admissions, no cart and no ticket twice where it may not be",
        ),
        _law("Nobody over the limit", _over_limit(room, limit=limit), f"at most {limit} for each customer"),
        _law("Force gets nothing", _forced(bots, list(gangs)), _bots_sentence(bots)),
    ]


def _wrong_order(room: RoomBooks) -> list[str]:
    """Whether the order is that of the secret, and the secret is the one that was promised."""
    breaches = [] if hashlib.sha256(room.secret.encode()).hexdigest() == room.commitment else ["another secret"]
    tickets = [lot.partition(":")[2] for lot in room.lots]
    right = sorted(tickets, key=lambda each: hmac.new(room.secret.encode(), each.encode(), hashlib.sha256).hexdigest())
    if tickets != right:
        breaches.append("the order is not that of the lots")
    numbers = {ticket: position + 1 for position, ticket in enumerate(tickets)}
    breaches += [
        f"{row['ticket']} came in as {row['number']}, its lot is {numbers[row['ticket']]}"
        for row in room.admissions
        if row["ticket"] in numbers and numbers[row["ticket"]] != row["number"]
    ]
    return breaches


def _overtaken(queue: Queue) -> list[str]:
    """Looks that still said "in line" although somebody with a higher number had come in well before."""
    entries = sorted((at, number) for at, number in queue.entered.values())
    times, highest = [], []
    top = 0
    for at, number in entries:
        top = max(top, number)
        times.append(at)
        highest.append(top)
    breaches = []
    for look in queue.looks:
        seen = bisect_left(times, look.started_at - PICTURE_SECONDS - MARGIN_SECONDS) - 1
        if seen >= 0 and look.standing == IN_LINE and look.number and highest[seen] > look.number:
            breaches.append(_told(look, highest[seen]))
    return breaches


def _told(look: Look, other: int) -> str:
    return f"{look.shopper} with number {look.number} waited while {other} was inside"


def _not_let_in(room: RoomBooks) -> list[str]:
    let_in = {row["cart_id"] for row in room.admissions if row["cart_id"]}
    return [f"cart {row['cart_id']} holds without a pass" for row in room.carts if row["cart_id"] not in let_in]


def _doubled(room: RoomBooks) -> list[str]:
    tickets = Counter(row["ticket"] for row in room.admissions)
    return [f"ticket {ticket} let in {times} times" for ticket, times in tickets.items() if times > 1]


def _over_limit(room: RoomBooks, *, limit: int) -> list[str]:
    units: Counter[str] = Counter()
    for row in room.carts:
        units[row["user_id"] or row["cart_id"]] += row["units"]
    return [f"{who} has {count}" for who, count in units.items() if count > limit]


def _forced(bots: list[Bot], gangs: list[Gang]) -> list[str]:
    forced = [f"{bot.name} held {bot.without_pass} without a pass" for bot in bots if bot.without_pass]
    greedy = [f"{bot.name} held {bot.held}" for bot in bots if bot.held > 1]
    shared = [f"one ticket got {gang.held} carts in" for gang in gangs if gang.held > 1]
    return forced + greedy + shared


def _bots_sentence(bots: list[Bot]) -> str:
    tricks = Counter(bot.trick for bot in bots)
    return ", ".join(f"{count} {trick}" for trick, count in tricks.items()) or "no bots came"
