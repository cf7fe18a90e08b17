"""Who comes to a sale, and what they do there."""

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.drill.doors import Door, Goods, Placed, Stuck, choose_at_provider
from tests.drill.traffic import Lost
from tests.drill.waiting import Place

TRIES = 7
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 6.0
INSIDE_SECONDS = 20
RESULT_LOOKS = 6
LOOK_PAUSE_SECONDS = 1.2


class Habit(StrEnum):
    """How a shopper behaves once there is something to win."""

    PAYS = "pays"
    PAYS_LATE = "pays late"
    PAYS_TWICE = "pays twice"
    IS_DECLINED = "is declined, tries again"
    PAYS_BOTH = "is declined, then pays both attempts"
    DOUBLE_CLICKS = "double-clicks everything"
    ABANDONS_CART = "leaves with a full cart"
    ABANDONS_ORDER = "orders and never pays"
    OVERSLEEPS = "oversleeps the hold"
    LETS_GO = "puts it back"


# Out of a hundred shoppers.
CROWD = {
    Habit.PAYS: 36,
    Habit.PAYS_LATE: 8,
    Habit.PAYS_TWICE: 8,
    Habit.IS_DECLINED: 8,
    Habit.PAYS_BOTH: 4,
    Habit.DOUBLE_CLICKS: 10,
    Habit.ABANDONS_CART: 9,
    Habit.ABANDONS_ORDER: 7,
    Habit.OVERSLEEPS: 5,
    Habit.LETS_GO: 5,
}
NEVER_BUY = {Habit.ABANDONS_CART, Habit.ABANDONS_ORDER, Habit.LETS_GO}


def draw_habits(count: int, chance: Random, *, without: frozenset[Habit] = frozenset()) -> list[Habit]:
    """So many shoppers in the shares of CROWD, in random order; the remainder pays."""
    shares = {habit: share for habit, share in CROWD.items() if habit not in without}
    habits = [habit for habit, share in shares.items() for _ in range(count * share // 100)]
    habits += [Habit.PAYS] * (count - len(habits))
    chance.shuffle(habits)
    return habits


@dataclass
class Shopper:
    """One shopper, from the first try to the end of their patience."""

    name: str
    habit: Habit
    door: Door
    chance: Random
    scarce: Goods
    hold_seconds: float
    besides: Goods | None = None
    """A second thing that some put into the cart first, or behind a waiting room, last."""
    place: Place | None = None
    """Where to wait, if there is a waiting room in front."""
    comes_after: float = 0.0
    """Seconds after the room's doors open; most come before."""
    has_come: bool = False
    has_held: bool = False
    has_ordered: bool = False
    has_bought: bool = False
    trouble: str = ""

    def __post_init__(self) -> None:
        self.came_as = self.habit

    @property
    def still_wants(self) -> bool:
        """Whether they would buy if there was one left."""
        return not self.has_bought and not self.has_ordered and self.habit not in NEVER_BUY

    @property
    def is_inside(self) -> bool:
        """Whether there was no waiting room, or it let them in."""
        return self.place is None or self.name in self.place.queue.entered

    async def come(self, *, until: float) -> None:
        """Play the whole visit; give up at the moment `until`. What goes wrong is kept in `trouble`."""
        try:
            await self._visit(until=until)
        except Stuck as error:
            self.trouble = str(error)
        except Lost:
            self.trouble = "the connection broke"

    async def _visit(self, *, until: float) -> None:
        if self.place is None:
            await self._add_besides()
        elif await self._is_let_in(self.place, until=until):
            # Patience begins anew inside.
            until = max(until, time.time() + INSIDE_SECONDS)
        else:
            return
        if not await self._win(until=until):
            return
        if self.place is not None:
            # Held before, it would have run out in the waiting room.
            await self._add_besides()
        await self._go_on(until=until)

    async def _add_besides(self) -> None:
        if self.besides is not None:
            await self.door.add(self.besides)

    async def come_back(self) -> None:
        """The last call: one try, and if there is a unit, pay for it at once."""
        self.habit = Habit.PAYS
        await self.come(until=time.time())

    async def _is_let_in(self, place: Place, *, until: float) -> bool:
        """Come at one's time and wait for one's turn; whoever has been in is let in."""
        if not self.has_come:
            await asyncio.sleep(max(place.queue.opens_at + self.comes_after - time.time(), 0))
        self.has_come = True
        return self.is_inside or await place.wait(until=until)

    async def _win(self, *, until: float) -> bool:
        """Try until there is a unit or the patience is over, waiting longer each time."""
        pause = FIRST_PAUSE_SECONDS
        for _ in range(TRIES):
            if await self.door.add(self.scarce, clicks=self._clicks):
                self.has_held = True
                return True
            if time.time() + pause > until:
                return False
            await asyncio.sleep(pause * self.chance.uniform(0.6, 1.4))
            pause = min(pause * 1.6, LONGEST_PAUSE_SECONDS)
        return False

    async def _go_on(self, *, until: float) -> None:
        """What becomes of a unit that is held."""
        if self.habit == Habit.ABANDONS_CART:
            return
        if self.habit == Habit.LETS_GO:
            await asyncio.sleep(self.chance.uniform(0.5, 3))
            await self.door.let_go()
            return
        if self.habit == Habit.OVERSLEEPS:
            await asyncio.sleep(self.hold_seconds + 0.5)
        placed = await self._check_out()
        if placed is None and await self._win(until=until):
            placed = await self._check_out()
        if placed is not None:
            await self._pay(placed)

    @property
    def _clicks(self) -> int:
        return 2 if self.habit == Habit.DOUBLE_CLICKS else 1

    async def _check_out(self) -> Placed | None:
        placed = await self.door.check_out(clicks=self._clicks)
        self.has_ordered = placed is not None
        return placed

    async def _pay(self, placed: Placed) -> None:
        """At the provider's page."""
        visitor = self.door.visitor
        if self.habit == Habit.ABANDONS_ORDER:
            await choose_at_provider(visitor, placed.pay_url, "never")
            return
        if self.habit == Habit.PAYS_LATE:
            order_id = await choose_at_provider(visitor, placed.pay_url, "late")
        elif self.habit == Habit.PAYS_TWICE:
            order_id = await choose_at_provider(visitor, placed.pay_url, "twice", times=2)
        elif self.habit in (Habit.IS_DECLINED, Habit.PAYS_BOTH):
            order_id = await self._pay_after_decline(placed)
        else:
            order_id = await choose_at_provider(visitor, placed.pay_url, "pay")
        if order_id:
            await self._see_result(order_id)

    async def _pay_after_decline(self, placed: Placed) -> str:
        """A card is declined, a new attempt goes through; some then pay the first attempt as well."""
        visitor = self.door.visitor
        order_id = await choose_at_provider(visitor, placed.pay_url, "decline")
        await asyncio.sleep(LOOK_PAUSE_SECONDS)
        again = await self.door.pay_again(order_id)
        if again is None:
            return ""
        await choose_at_provider(visitor, again, "pay")
        if self.habit == Habit.PAYS_BOTH:
            await choose_at_provider(visitor, placed.pay_url, "pay")
        return order_id

    async def _see_result(self, order_id: str) -> None:
        """Look a few times whether the shop says "paid"."""
        looks = 1 if self.habit == Habit.PAYS_LATE else RESULT_LOOKS
        for _ in range(looks):
            await asyncio.sleep(LOOK_PAUSE_SECONDS)
            if await self.door.is_paid(order_id):
                self.has_bought = True
                return
