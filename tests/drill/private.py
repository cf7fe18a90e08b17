"""The drill on servers of its own: everything can be seen, so everything is judged."""

import asyncio
from typing import Any

from tests.drill.doors import Goods
from tests.drill.house import THREADS, TIMERS, WORKERS, House, private_house
from tests.drill.laws import Law, laws_of_answers, laws_of_books
from tests.drill.opening import Opening, play_opening, sign_in
from tests.drill.options import Options
from tests.drill.outcome import write_outcome
from tests.drill.report import Sale
from tests.drill.sale import Hall, play_to_the_end
from tests.drill.screen import Screen
from tests.drill.traffic import Traffic

PHONES = [f"DRILL-PHONE-{number}" for number in range(1, 7)]
SCARCE, BESIDES = "DRILL-SNEAKER", "DRILL-SOCKS"
SHIPPING_METHOD = "drill-courier"


async def drill_private(options: Options) -> bool:
    """Start the servers, play the opening and the sale, judge and report; whether every law held."""
    traffic_answers: list[Any] = []
    with Screen(traffic_answers) as screen:
        screen.phase("MariaDB, Redis, gunicorn, worker and beat start")
        with private_house() as house:
            stocks = dict.fromkeys(PHONES, 1) | {SCARCE: options.stock, BESIDES: options.shoppers}
            prepared = house.prepare(shoppers=options.shoppers + 4, stocks=stocks)
            hall = _hall(prepared)
            opening = await _open(house, prepared, screen)
            async with Traffic(house.shop.url, connections=options.connections, answers=traffic_answers) as traffic:
                crowd, books = await play_to_the_end(
                    hall=hall, traffic=traffic, options=options, screen=screen, read=house.books
                )
            is_proven, proof = await asyncio.to_thread(house.prove_stock)
        answers = [*opening.answers, *traffic.answers]
        laws = [
            *opening.laws,
            *laws_of_books(books, answers, stocks=stocks, scarce=SCARCE, wanting=len(crowd.wanting)),
            *laws_of_answers(answers),
            Law("manage.py prove_stock finds no drift", is_proven, proof),
        ]
    return write_outcome(
        options=options,
        settings=_settings(options),
        opening=opening,
        crowd=crowd,
        sale=Sale.of(books=books, sku=SCARCE, answers=traffic.answers, crowd=crowd, stock=options.stock),
        laws=laws,
        books=books,
        sold=books.sold(SCARCE),
        screen=screen,
    )


async def _open(house: House, prepared: dict[str, Any], screen: Screen) -> Opening:
    screen.phase("one unit, three shoppers")
    opening = await asyncio.to_thread(_play_opening, house.shop.url, prepared)
    screen.say(opening.sentence)
    return opening


def _play_opening(base_url: str, prepared: dict[str, Any]) -> Opening:
    shoppers = sign_in(base_url=base_url, emails=prepared["emails"][:4], password=prepared["password"])
    phones = {sku: prepared["goods"][sku]["product_id"] for sku in PHONES}
    return play_opening(base_url=base_url, shoppers=shoppers, phones=phones)


def _hall(prepared: dict[str, Any]) -> Hall:
    goods = {
        sku: Goods(sku=sku, variant_id=known["variant_id"], path=known["path"])
        for sku, known in prepared["goods"].items()
    }
    return Hall(
        scarce=goods[SCARCE],
        besides=goods[BESIDES],
        emails=prepared["emails"][4:],
        password=prepared["password"],
        shipping_method=SHIPPING_METHOD,
        hold_seconds=float(TIMERS["HOLD_SECONDS"]),
    )


def _settings(options: Options) -> dict[str, str]:
    return {
        "Servers": f"MariaDB, Redis, gunicorn with {WORKERS} workers of {THREADS} threads, Celery worker and beat",
        "Hold": f"{TIMERS['HOLD_SECONDS']} s",
        "Payment window": f"{TIMERS['PAYMENT_WINDOW_SECONDS']} s",
        "Sweep": f"every {TIMERS['EXPIRY_INTERVAL_SECONDS']} s",
        "Requests at a time": str(options.connections),
        "Seed": str(options.seed),
    }
