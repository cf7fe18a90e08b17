"""The sale: the crowd comes at one moment, goes home, and whoever still wants one is called when units are left."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.drill.books import Books
from tests.drill.doors import ApiDoor, Door, Goods, PageDoor
from tests.drill.laws import is_settled
from tests.drill.options import Options
from tests.drill.screen import Screen
from tests.drill.shoppers import Habit, Shopper, draw_habits
from tests.drill.traffic import Traffic
from tests.drill.waiting import Place, Queue

PAGE_SHOPPERS_PERCENT = 20
# Every so manieth shopper at the API stays a guest.
GUEST_EVERY = 4
BESIDES_PERCENT = 8
# In front of a waiting room: the share of those who come before the doors open, within so many seconds; and the rest.
EARLY_SHARE, EARLY_SECONDS, LATE_SECONDS = 0.8, 40, 30
SETTLE_SECONDS = 90
SETTLE_LOOK_SECONDS = 2
LAST_CALLS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """What the crowd needs to know about the shop."""

    scarce: Goods
    besides: Goods | None
    emails: list[str]
    password: str
    """Empty: everybody stays a guest."""
    shipping_method: str
    hold_seconds: float
    patience_seconds: float = 45
    without: frozenset[Habit] = frozenset()
    """Habits that this shop has no time for."""
    queue: Queue | None = None
    """The waiting room in front, where there is one."""
    members_at_most: int = 100_000
    """How many sign in: an honest password hash takes its time, and that is not what is drilled."""
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when everybody has signed in and the sale begins."""


@dataclass(slots=True)
class Crowd:
    """Who came, and from when to when."""

    shoppers: list[Shopper]
    started_at: float
    ended_at: float

    @property
    def wanting(self) -> list[Shopper]:
        """Those who would still buy one; in front of a waiting room, those who were let in."""
        return [each for each in self.shoppers if each.still_wants and not each.trouble and each.is_inside]


def gather_crowd(*, hall: Hall, traffic: Traffic, options: Options) -> list[Shopper]:
    """The shoppers of this seed: habits, doors and second wishes are drawn once, the same for every run."""
    chance = Random(options.seed)
    habits = draw_habits(options.shoppers, chance, without=hall.without)
    shoppers = []
    for email, habit in zip(hall.emails, habits, strict=True):
        visitor = traffic.visitor(email)
        by_page = chance.randrange(100) < PAGE_SHOPPERS_PERCENT
        door: Door = (
            PageDoor(visitor, email=email)
            if by_page
            else ApiDoor(visitor, shipping_method=hall.shipping_method, email=email)
        )
        shoppers.append(
            Shopper(
                name=email,
                habit=habit,
                door=door,
                chance=Random(chance.random()),
                scarce=hall.scarce,
                besides=hall.besides if chance.randrange(100) < BESIDES_PERCENT else None,
                hold_seconds=hall.hold_seconds,
                place=None
                if hall.queue is None
                else Place(visitor=visitor, queue=hall.queue, by_page=by_page, chance=Random(chance.random())),
                comes_after=0.0 if hall.queue is None else _comes_after(chance),
            )
        )
    return shoppers


def _comes_after(chance: Random) -> float:
    """How many seconds after the doors open one comes: most come before, and wait."""
    return -chance.uniform(0, EARLY_SECONDS) if chance.random() < EARLY_SHARE else chance.uniform(0, LATE_SECONDS)


async def sign_in_members(*, shoppers: list[Shopper], hall: Hall, screen: Screen) -> None:
    """Let everybody sign in who is a member."""
    doors = [shopper.door for shopper in shoppers if isinstance(shopper.door, ApiDoor)]
    members = [door for position, door in enumerate(doors) if hall.password and position % GUEST_EVERY]
    signing = [door.sign_in(password=hall.password) for door in members[: hall.members_at_most]]
    await _watch(screen, "the crowd signs in", signing)


async def play_sale(
    *, shoppers: list[Shopper], hall: Hall, screen: Screen, besides: Sequence[Coroutine[Any, Any, None]] = ()
) -> Crowd:
    """Open the doors, and wait until the last has gone home; `besides` are others who come to the same sale."""
    hall.opened.set()
    started_at = time.time()
    until = max(started_at, hall.queue.opens_at if hall.queue else 0) + hall.patience_seconds
    visits = [shopper.come(until=until) for shopper in shoppers]
    await _watch(screen, "the sale is open", [*visits, *besides])
    return Crowd(shoppers=shoppers, started_at=started_at, ended_at=time.time())


async def call_again(*, crowd: Crowd, units: int, screen: Screen) -> None:
    """Call twice as many as there are units left: they come at one moment, and each has one try."""
    called = crowd.wanting[: units * 2]
    name = f"last call: {units} units, {len(called)} shoppers"
    await _watch(screen, name, [shopper.come_back() for shopper in called])
    crowd.ended_at = time.time()


async def settle(*, read: Callable[[], Books], screen: Screen, seconds: float = SETTLE_SECONDS) -> Books:
    """Wait, at most so many seconds, until nothing is on its way any more; what the books say then."""
    screen.phase("the dust settles")
    deadline = time.monotonic() + seconds
    while True:
        books = await asyncio.to_thread(read)
        if is_settled(books) or time.monotonic() > deadline:
            return books
        await asyncio.sleep(SETTLE_LOOK_SECONDS)


async def play_to_the_end(
    *,
    hall: Hall,
    traffic: Traffic,
    options: Options,
    screen: Screen,
    read: Callable[[], Books],
    settle_seconds: float = SETTLE_SECONDS,
) -> tuple[Crowd, Books]:
    """The whole sale: the rush, the settling, and last calls as long as units are left and somebody wants them."""
    shoppers = gather_crowd(hall=hall, traffic=traffic, options=options)
    await sign_in_members(shoppers=shoppers, hall=hall, screen=screen)
    crowd = await play_sale(shoppers=shoppers, hall=hall, screen=screen)
    return crowd, await sell_out(
        crowd=crowd, hall=hall, options=options, screen=screen, read=read, settle_seconds=settle_seconds
    )


async def sell_out(
    *,
    crowd: Crowd,
    hall: Hall,
    options: Options,
    screen: Screen,
    read: Callable[[], Books],
    settle_seconds: float = SETTLE_SECONDS,
) -> Books:
    """Let the dust settle, and call again as long as units are left and somebody wants them."""
    books = await settle(read=read, screen=screen, seconds=settle_seconds)
    for _ in range(LAST_CALLS):
        left = options.stock - books.sold(hall.scarce.sku)
        if left <= 0 or not crowd.wanting:
            break
        await call_again(crowd=crowd, units=left, screen=screen)
        books = await settle(read=read, screen=screen, seconds=settle_seconds)
    return books


async def _watch(screen: Screen, name: str, visits: list[Coroutine[Any, Any, None]]) -> None:
    """Run all visits at once and show how many are over."""
    over = 0
    screen.phase(name, lambda: f"{over}/{len(visits)}")

    async def count(visit: Coroutine[Any, Any, None]) -> None:
        nonlocal over
        await visit
        over += 1

    async with asyncio.TaskGroup() as group:
        for visit in visits:
            group.create_task(count(visit))
