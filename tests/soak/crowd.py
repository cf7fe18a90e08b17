"""The crowd: as many orders as were asked for, so many shoppers at a time, each drawn from the seed."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.drill.doors import ApiDoor, Door, Goods, PageDoor, Stuck
from tests.drill.traffic import Lost, Traffic
from tests.soak.options import Options
from tests.soak.shoppers import Buyer, agrees_to_terms, draw_habit, needs_the_api

PAGE_SHARE = 0.15
SCARCE_SHARE = 0.4
TERMS_SHARE = 0.5
MOST_THINGS = 3
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What the crowd needs to know about the shop."""

    plenty: list[Goods]
    scarce: list[Goods]
    shipping_method: str


@dataclass
class Crowd:
    """Counts as it goes: what is on the screen while it runs, and in the report afterwards."""

    options: Options
    shelf: Shelf
    traffic: Traffic
    came: int = 0
    placed: int = 0
    by_habit: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    started_at: float = 0.0
    ended_at: float = 0.0
    _under_way: int = 0

    @property
    def share(self) -> float:
        """How much of the orders is placed, from 0 to 1."""
        return self.placed / self.options.orders

    async def buy(self, *, until: float) -> None:
        """Come until all orders are placed and seen to their end, or this moment."""
        self.started_at = time.time()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.options.shoppers):
                group.create_task(self._come_and_go(until=until))
        self.ended_at = time.time()

    async def _come_and_go(self, *, until: float) -> None:
        while self.placed < self.options.orders and time.time() < until:
            if self.placed + self._under_way >= self.options.orders:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            await self._visit(self._next_buyer())

    async def _visit(self, buyer: Buyer) -> None:
        self._under_way += 1
        try:
            is_placed = await buyer.place()
        except (Stuck, Lost) as error:
            self.troubles[str(error) or type(error).__name__] += 1
            is_placed = buyer.placed is not None
        finally:
            self._under_way -= 1
        if not is_placed:
            return
        self.placed += 1
        self.by_habit[buyer.habit] += 1
        try:
            await buyer.finish()
        except (Stuck, Lost) as error:
            self.troubles[str(error) or type(error).__name__] += 1

    def _next_buyer(self) -> Buyer:
        """The next one: the same for the same seed, whoever is served first."""
        self.came += 1
        chance = Random(f"{self.options.seed} {self.came}")
        habit = draw_habit(chance)
        return Buyer(
            habit=habit,
            door=self._door(chance, needs_api=needs_the_api(habit)),
            chance=chance,
            basket=self._basket(chance),
            instead=chance.choice(self.shelf.plenty),
        )

    def _basket(self, chance: Random) -> list[Goods]:
        wishes = [
            chance.choice(self.shelf.scarce if chance.random() < SCARCE_SHARE else self.shelf.plenty)
            for _ in range(chance.randint(1, MOST_THINGS))
        ]
        return list({goods.sku: goods for goods in wishes}.values())

    def _door(self, chance: Random, *, needs_api: bool) -> Door:
        name = f"soak{self.came}@user.com"
        visitor = self.traffic.visitor(name)
        if not needs_api and chance.random() < PAGE_SHARE:
            return PageDoor(visitor, email=name)
        door = ApiDoor(visitor, shipping_method=self.shelf.shipping_method, email=name)
        agrees_to_terms(door, chance=chance, share=TERMS_SHARE)
        return door
