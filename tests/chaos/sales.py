"""A small sale while something is being done to the shop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tests.drill.doors import ApiDoor, Goods
from tests.drill.house import House
from tests.drill.laws import NEVER_TOO_BUSY, Law, laws_of_answers, laws_of_books
from tests.drill.options import Options
from tests.drill.private import BESIDES, SCARCE, SHIPPING_METHOD
from tests.drill.sale import Hall, play_to_the_end
from tests.drill.screen import Screen
from tests.drill.traffic import Traffic

OPTIONS = Options(shoppers=60, stock=12, seed=12, connections=24)
# A worker that dies while it asks for a refund leaves it to the next try two minutes later.
SETTLE_SECONDS = 150


async def play_small_sale(house: House, *, meanwhile: Callable[[], Coroutine[Any, Any, None]]) -> list[Law]:
    """Sixty shoppers after twelve units; `meanwhile` runs from the opening on. Every law, judged afterwards."""
    stocks = {SCARCE: OPTIONS.stock, BESIDES: OPTIONS.shoppers}
    hall = make_hall(house, stocks=stocks, shoppers=OPTIONS.shoppers)
    async with Traffic(house.shop.url, connections=OPTIONS.connections) as traffic:
        with Screen(traffic.answers) as screen:
            trouble = asyncio.create_task(_start_when_open(hall, meanwhile))
            crowd, books = await play_to_the_end(
                hall=hall,
                traffic=traffic,
                options=OPTIONS,
                screen=screen,
                read=house.books,
                settle_seconds=SETTLE_SECONDS,
            )
            await trouble
    is_proven, proof = house.prove_stock()
    return [
        *laws_of_books(books, traffic.answers, stocks=stocks, scarce=SCARCE, wanting=len(crowd.wanting)),
        *laws_of_answers(traffic.answers),
        Law("manage.py prove_stock finds no drift", is_proven, proof),
    ]


async def _start_when_open(hall: Hall, meanwhile: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await hall.opened.wait()
    await meanwhile()


def make_hall(house: House, *, stocks: dict[str, int], shoppers: int) -> Hall:
    """Put the goods on sale and make the accounts."""
    prepared = house.prepare(shoppers=shoppers, stocks=stocks)
    goods = {
        sku: Goods(sku=sku, variant_id=known["variant_id"], path=known["path"])
        for sku, known in prepared["goods"].items()
    }
    return Hall(
        scarce=goods[SCARCE],
        besides=goods.get(BESIDES, goods[SCARCE]),
        emails=prepared["emails"],
        password=prepared["password"],
        shipping_method=SHIPPING_METHOD,
        hold_seconds=float(house.shop.env["HOLD_SECONDS"]),
        patience_seconds=10,
    )


async def sign_in(hall: Hall, traffic: Traffic, *, number: int) -> ApiDoor:
    """One shopper at the API."""
    email = hall.emails[number]
    door = ApiDoor(traffic.visitor(email), shipping_method=hall.shipping_method, email=email)
    await door.sign_in(password=hall.password)
    return door


def broken(laws: list[Law], *, besides: str = "") -> list[Law]:
    """The laws that did not hold, besides one that cannot.

    An honest "busy, try again" changes nothing and is not held against a shop that is being killed.
    """
    return [law for law in laws if not law.ok and law.name not in (NEVER_TOO_BUSY, besides)]
