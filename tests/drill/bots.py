"""Bots in the crowd: what people try who want more than their place. None of it may get them anything."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from tests.drill.doors import ApiDoor, Goods, Stuck
from tests.drill.traffic import Lost
from tests.drill.waiting import TURN, Place, Queue


class Trick(StrEnum):
    """What a bot tries."""

    HAMMERS = "hammers the add without a pass"
    SHARES = "uses the ticket and the pass of another"
    MANY_TABS = "takes five places"
    IMPATIENT = "asks five times a second"


GANG = 4
HAMMER_BLOWS = 25
TABS = 5
IMPATIENT_SECONDS = 0.2
IMPATIENT_LOOKS = 60


@dataclass
class Gang:
    """Bots that share what one of them has: the ticket, and in the end the pass."""

    place: Place | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    came_in: asyncio.Event = field(default_factory=asyncio.Event)
    held: int = 0


@dataclass
class Bot:
    """One bot."""

    name: str
    trick: Trick
    door: ApiDoor
    queue: Queue
    scarce: Goods
    chance: Random
    gang: Gang
    without_pass: int = 0
    """Adds that were granted although no pass was sent. None may be."""
    held: int = 0

    async def come(self, *, until: float) -> None:
        """Try it, and go."""
        with suppress(Lost, Stuck):
            if self.trick is Trick.HAMMERS:
                await self._hammer()
            elif self.trick is Trick.SHARES:
                await self._share(until=until)
            elif self.trick is Trick.MANY_TABS:
                await self._many_tabs(until=until)
            else:
                await self._ask_too_often(until=until)

    async def _hammer(self) -> None:
        await asyncio.sleep(max(self.queue.opens_at - time.time(), 0) + self.chance.uniform(0, 3))
        for _ in range(HAMMER_BLOWS):
            with suppress(Stuck):
                self.without_pass += await self.door.add(self.scarce)
            await asyncio.sleep(0.05)

    async def _share(self, *, until: float) -> None:
        """The first takes a place; when it is called all use the ticket, and then the pass, each with a cart."""
        if self.gang.place is None:
            self.gang.place = self._place()
            if await self.gang.place.take() and await self.gang.place._until_called(until=until) == TURN:
                self.gang.ready.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(until - time.time(), 0)):
                await self.gang.ready.wait()
        if not self.gang.ready.is_set():
            return
        copy = self._place()
        copy.headers, copy.number = dict(self.gang.place.headers), self.gang.place.number
        if await copy.come_in():
            is_held = await self.door.add(self.scarce)
            self.held += is_held
            self.gang.held += is_held

    async def _many_tabs(self, *, until: float) -> None:
        """Five places for one cart: the first that is called gets in, and the others are tried as well."""
        places = [self._place() for _ in range(TABS)]
        for place in places:
            await place.take()
        for place in places:
            if await place._until_called(until=until) == TURN and await place.come_in():
                self.held += await self.door.add(self.scarce)

    async def _ask_too_often(self, *, until: float) -> None:
        place = self._place()
        await place.take()
        await asyncio.sleep(max(self.queue.opens_at - time.time(), 0))
        for _ in range(IMPATIENT_LOOKS):
            if await place.look() == TURN:
                break
            await asyncio.sleep(IMPATIENT_SECONDS)
        if await place._until_called(until=until) == TURN and await place.come_in():
            self.held += await self.door.add(self.scarce)

    def _place(self) -> Place:
        return Place(visitor=self.door.visitor, queue=self.queue, by_page=False, chance=self.chance)


def gather_bots(*, count: int, doors: list[ApiDoor], queue: Queue, scarce: Goods, chance: Random) -> list[Bot]:
    """So many bots, their tricks in turn; those that share are in gangs."""
    tricks = list(Trick)
    bots: list[Bot] = []
    gang = Gang()
    sharers = 0
    for position in range(count):
        trick = tricks[position % len(tricks)]
        if trick is Trick.SHARES:
            gang = Gang() if sharers % GANG == 0 else gang
            sharers += 1
        bots.append(
            Bot(
                name=doors[position].visitor.name,
                trick=trick,
                door=doors[position],
                queue=queue,
                scarce=scarce,
                chance=Random(chance.random()),
                gang=gang if trick is Trick.SHARES else Gang(),
            )
        )
    return bots
