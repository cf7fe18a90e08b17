"""A web worker is killed while it places orders: an order is whole, or it is not there."""

import asyncio
import os
import signal

import pytest

from tests.chaos.sales import broken, play_small_sale
from tests.drill.house import House
from tests.drill.laws import NO_LOST_ANSWER

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

KILLS = 6


def test_no_half_order_when_web_workers_are_killed(house: House) -> None:
    killed: list[int] = []

    async def kill_web_workers() -> None:
        await asyncio.sleep(0.3)
        for _ in range(KILLS):
            victim = house.shop.web.workers()[0]
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)
            await asyncio.sleep(0.7)

    laws = asyncio.run(play_small_sale(house, meanwhile=kill_web_workers))

    # Whoever was talking to the killed worker hears nothing; that is what a kill is.
    assert len(set(killed)) == KILLS
    assert broken(laws, besides=NO_LOST_ANSWER) == []
