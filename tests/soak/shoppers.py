"""Who buys in the soak, and how they behave when it comes to paying."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.drill.doors import ApiDoor, Door, Goods, Placed, choose_at_provider

LOOK_PAUSE_SECONDS = 1.0


class Habit(StrEnum):
    """What a shopper does with a placed order."""

    PAYS = "pays"
    PAYS_LATE = "pays late"
    PAYS_TWICE = "pays, and it is reported three times"
    DOUBLE_CLICKS = "double-clicks everything"
    IS_AUTHORISED = "is authorised first"
    IS_DECLINED = "is declined, pays again"
    GIVES_UP = "is declined, gives up"
    PAYS_BOTH = "is declined, then pays both attempts"
    PAYS_LITTLE = "pays too little"
    PAYS_MUCH = "pays too much"
    PAYS_OTHERWISE = "pays in another currency"
    CHARGES_BACK = "pays, charges back"
    CHARGES_BACK_IN_VAIN = "charges back in vain"
    NEVER_PAYS = "never pays"
    CANCELS = "cancels"
    CANCELS_TOO_LATE = "pays late, cancels before it is known"


# Out of a hundred orders.
CROWD = {
    Habit.PAYS: 33,
    Habit.PAYS_LATE: 10,
    Habit.PAYS_TWICE: 8,
    Habit.DOUBLE_CLICKS: 6,
    Habit.IS_AUTHORISED: 6,
    Habit.IS_DECLINED: 6,
    Habit.GIVES_UP: 3,
    Habit.PAYS_BOTH: 6,
    Habit.PAYS_LITTLE: 2,
    Habit.PAYS_MUCH: 2,
    Habit.PAYS_OTHERWISE: 2,
    Habit.CHARGES_BACK: 2,
    Habit.CHARGES_BACK_IN_VAIN: 2,
    Habit.NEVER_PAYS: 6,
    Habit.CANCELS: 3,
    Habit.CANCELS_TOO_LATE: 3,
}
# What is chosen on the provider's page, where that is all there is to do.
CHOICES = {
    Habit.PAYS: "pay",
    Habit.PAYS_LATE: "late",
    Habit.PAYS_TWICE: "twice",
    Habit.DOUBLE_CLICKS: "pay",
    Habit.IS_AUTHORISED: "authorise",
    Habit.GIVES_UP: "decline",
    Habit.PAYS_LITTLE: "little",
    Habit.PAYS_MUCH: "much",
    Habit.PAYS_OTHERWISE: "currency",
    Habit.CHARGES_BACK: "chargeback",
    Habit.CHARGES_BACK_IN_VAIN: "won",
    Habit.NEVER_PAYS: "never",
}
AT_THE_API_ALONE = (Habit.CANCELS, Habit.CANCELS_TOO_LATE)


def draw_habit(chance: Random) -> Habit:
    """One of CROWD, in its shares."""
    return chance.choices(list(CROWD), weights=list(CROWD.values()))[0]


@dataclass
class Buyer:
    """One shopper with one order, from the first add to the last look."""

    habit: Habit
    door: Door
    chance: Random
    basket: list[Goods]
    instead: Goods
    """What they take when nothing of the basket is left."""
    placed: Placed | None = None

    async def place(self) -> bool:
        """Fill the cart and place the order. False: the hold was over first.

        :raises Stuck: if the shop answers something that nobody can go on from.
        :raises Lost: if the connection breaks.
        """
        clicks = 2 if self.habit == Habit.DOUBLE_CLICKS else 1
        got = [await self.door.add(goods, clicks=clicks) for goods in self.basket]
        if not any(got) and not await self.door.add(self.instead):
            return False
        self.placed = await self.door.check_out(clicks=clicks)
        return self.placed is not None

    async def finish(self) -> None:
        """Pay, or what this shopper does instead. :raises Stuck, Lost: as above"""
        if self.placed is None:
            return
        await asyncio.sleep(self.chance.uniform(0, 1))
        if self.habit in CHOICES:
            order_id = await self._choose(self.placed, CHOICES[self.habit])
        elif self.habit in AT_THE_API_ALONE:
            order_id = await self._cancel(self.placed)
        else:
            order_id = await self._pay_after_decline(self.placed)
        if order_id and self.chance.random() < 0.3:
            await asyncio.sleep(LOOK_PAUSE_SECONDS)
            await self.door.is_paid(order_id)

    async def _choose(self, placed: Placed, choice: str) -> str:
        return await choose_at_provider(self.door.visitor, placed.pay_url, choice)

    async def _cancel(self, placed: Placed) -> str:
        """Some have paid by then, and neither they nor the shop know it yet."""
        if self.habit == Habit.CANCELS_TOO_LATE:
            await self._choose(placed, "late")
        await self.door.visitor.ask("cancel", "POST", f"/api/v1/orders/{placed.order_id}/cancel")
        return placed.order_id

    async def _pay_after_decline(self, placed: Placed) -> str:
        """A card is declined, a new attempt goes through; some then pay the first attempt as well."""
        order_id = await self._choose(placed, "decline")
        await asyncio.sleep(LOOK_PAUSE_SECONDS)
        again = await self.door.pay_again(order_id)
        if again is not None:
            await choose_at_provider(self.door.visitor, again, "pay")
        if self.habit == Habit.PAYS_BOTH:
            await self._choose(placed, "pay")
        return order_id


def needs_the_api(habit: Habit) -> bool:
    """Whether this shopper does what only the API offers without a page in between."""
    return habit in AT_THE_API_ALONE


def agrees_to_terms(door: ApiDoor, *, chance: Random, share: float) -> None:
    """Some would rather wait than get their money back."""
    if chance.random() < share:
        door.terms = {"accepts_backorder": True}
