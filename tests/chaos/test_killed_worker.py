"""The worker and beat are killed: nothing may depend on their being alive."""

import asyncio
import time

import pytest

from tests.chaos.sales import broken, make_hall, play_small_sale, sign_in
from tests.drill.house import House
from tests.drill.private import SCARCE
from tests.drill.sale import settle
from tests.drill.screen import Screen
from tests.drill.traffic import Traffic

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

ROUNDS = 2


def test_sale_stays_exact_when_worker_and_beat_are_killed_in_the_middle(house: House) -> None:
    async def kill_and_restart() -> None:
        await asyncio.sleep(2)
        house.shop.worker.kill()
        house.shop.beat.kill()
        await asyncio.sleep(5)
        house.shop.worker.start()
        house.shop.beat.start()

    laws = asyncio.run(play_small_sale(house, meanwhile=kill_and_restart))

    assert broken(laws) == []


def test_hold_past_its_time_counts_for_nothing_while_the_worker_is_dead(house: House) -> None:
    house.shop.worker.kill()
    house.shop.beat.kill()

    waits = asyncio.run(_pass_the_unit_on(house))

    assert len(waits) == ROUNDS
    assert max(waits) < 1
    assert house.prove_stock()[0]


async def _pass_the_unit_on(house: House) -> list[float]:
    """Each shopper takes the only unit and does nothing; the next one asks when the time is over.

    Every other one places an order first, so that the payment window ends it. Returns how many seconds after the end
    of each hold the next one had the unit.
    """
    hall = make_hall(house, stocks={SCARCE: 1}, shoppers=ROUNDS + 1)
    async with Traffic(house.shop.url, connections=4) as traffic:
        shoppers = [await sign_in(hall, traffic, number=number) for number in range(ROUNDS + 1)]
        waits = []
        assert await shoppers[0].add(hall.scarce)
        for number in range(ROUNDS):
            lasts_seconds = hall.hold_seconds
            if number % 2:
                assert await shoppers[number].check_out() is not None
                lasts_seconds = float(house.shop.env["PAYMENT_WINDOW_SECONDS"])
            ends_at = time.time() + lasts_seconds
            assert not await shoppers[number + 1].add(hall.scarce)
            await asyncio.sleep(ends_at - time.time())
            assert await shoppers[number + 1].add(hall.scarce)
            waits.append(time.time() - ends_at)
        house.shop.worker.start()
        house.shop.beat.start()
        with Screen(traffic.answers) as screen:
            books = await settle(read=house.books, screen=screen)
    assert [order.status for order in books.orders] == ["EXPIRED"] * (ROUNDS // 2)
    assert {reservation.state for reservation in books.reservations} == {"EXPIRED"}
    return waits
