"""The drill on servers of its own: everything can be seen, so everything is judged."""

import asyncio
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.drill.answers import percentile
from tests.drill.books import Books
from tests.drill.bots import Bot, gather_bots
from tests.drill.doors import ApiDoor, Goods
from tests.drill.house import THREADS, TIMERS, WORKERS, House, private_house
from tests.drill.laws import Law, laws_of_answers, laws_of_books
from tests.drill.opening import Opening, play_opening, sign_in
from tests.drill.options import Options
from tests.drill.outcome import write_outcome
from tests.drill.report import Sale
from tests.drill.room_laws import RoomBooks, laws_of_room
from tests.drill.sale import Crowd, Hall, gather_crowd, play_sale, play_to_the_end, sell_out, sign_in_members
from tests.drill.screen import Screen
from tests.drill.traffic import Traffic
from tests.drill.waiting import Queue

# A drop's holds last minutes; a drill waits for one.
DROP_HOLD_SECONDS = 60
LIMIT = 1
# Before the doors open: time for those who come early.
LEAD_SECONDS = 50
PATIENCE_SECONDS = 300
MEMBERS_AT_MOST = 300
PHONES = [f"DRILL-PHONE-{number}" for number in range(1, 7)]
SCARCE, BESIDES = "DRILL-SNEAKER", "DRILL-SOCKS"
SHIPPING_METHOD = "drill-courier"
ROOM_KEY = "drop-drill"


async def drill_private(options: Options) -> bool:
    """Start the servers, play the opening and the sale, judge and report; whether every law held."""
    traffic_answers: list[Any] = []
    with Screen(traffic_answers) as screen:
        screen.phase("MariaDB, Redis, gunicorn, worker and beat start")
        with private_house() as house:
            stocks = dict.fromkeys(PHONES, 1) | {SCARCE: options.stock, BESIDES: options.shoppers}
            prepared = house.prepare(shoppers=options.shoppers + 4, stocks=stocks)
            hall = _hall(prepared, has_room=options.has_room)
            opening = await _open(house, prepared, screen)
            async with Traffic(house.shop.url, connections=options.connections, answers=traffic_answers) as traffic:
                if hall.queue is None:
                    evening = None
                    crowd, books = await play_to_the_end(
                        hall=hall, traffic=traffic, options=options, screen=screen, read=house.books
                    )
                else:
                    evening = await _play_evening(house, hall, hall.queue, traffic, options, screen)
                    crowd, books = evening.crowd, evening.books
            is_proven, proof = await asyncio.to_thread(house.prove_stock)
        answers = [*opening.answers, *traffic.answers]
        laws = [
            *opening.laws,
            *laws_of_books(books, answers, stocks=stocks, scarce=SCARCE, wanting=len(crowd.wanting)),
            *laws_of_answers(answers),
            Law("manage.py prove_stock finds no drift", is_proven, proof),
            *(evening.laws if evening else []),
        ]
    return write_outcome(
        options=options,
        settings=_settings(options),
        room=evening.figures if evening else {},
        opening=opening,
        crowd=crowd,
        sale=Sale.of(books=books, sku=SCARCE, answers=traffic.answers, crowd=crowd, stock=options.stock),
        laws=laws,
        books=books,
        sold=books.sold(SCARCE),
        screen=screen,
    )


@dataclass(frozen=True, slots=True)
class Evening:
    """A sale behind a waiting room: who came, and what became of it."""

    crowd: Crowd
    books: Books
    bots: list[Bot]
    room: RoomBooks
    queue: Queue

    @property
    def laws(self) -> list[Law]:
        return laws_of_room(self.room, self.queue, self.bots, limit=LIMIT)

    @property
    def figures(self) -> dict[str, Any]:
        """For the report."""
        waited = self.queue.waits
        spans = [at for at, _ in self.queue.entered.values()]
        seconds = max(max(spans, default=0) - self.queue.opens_at, 1)
        return {
            "doors opened after": f"{self.queue.opens_at - self.crowd.started_at:.0f} s",
            "in time for the draw": len(self.room.lots),
            "took a number after it": max(self.room.issued - len(self.room.lots), 0),
            "numbers that came up": self.room.serving,
            "let in": len(self.room.admissions),
            "looks": len(self.queue.looks),
            "let in a minute, in the mean": f"{len(spans) * 60 / seconds:.0f}",
            "rate at the end": f"{self.room.rate_per_minute:.0f} a minute",
            "half waited less than": f"{percentile(waited, 0.5):.0f} s",
            "95 of 100 waited less than": f"{percentile(waited, 0.95):.0f} s",
            "bots": len(self.bots),
            "units that bots held, one each": sum(bot.held for bot in self.bots),
        }


async def _play_evening(
    house: House, hall: Hall, queue: Queue, traffic: Traffic, options: Options, screen: Screen
) -> Evening:
    """Everybody signs in, the drop is published, people gather, lots are drawn, and they are let in."""
    shoppers = gather_crowd(hall=hall, traffic=traffic, options=options)
    await sign_in_members(shoppers=shoppers, hall=hall, screen=screen)
    doors = [
        ApiDoor(traffic.visitor(f"bot{number}"), shipping_method=SHIPPING_METHOD, email=f"bot{number}@bots.example")
        for number in range(options.bots)
    ]
    bots = gather_bots(
        count=options.bots, doors=doors, queue=queue, scarce=hall.scarce, chance=Random(options.seed + 1)
    )
    screen.phase("the drop is published")
    opened = await asyncio.to_thread(
        house.open_drop, sku=SCARCE, units=options.stock, in_seconds=LEAD_SECONDS, limit=LIMIT
    )
    queue.opens_at = opened["opens_at"]
    until = queue.opens_at + hall.patience_seconds
    crowd = await play_sale(
        shoppers=shoppers, hall=hall, screen=screen, besides=[bot.come(until=until) for bot in bots]
    )
    books = await sell_out(crowd=crowd, hall=hall, options=options, screen=screen, read=house.books)
    room = await asyncio.to_thread(house.room, sku=SCARCE, key=queue.key)
    return Evening(crowd=crowd, books=books, bots=bots, room=room, queue=queue)


async def _open(house: House, prepared: dict[str, Any], screen: Screen) -> Opening:
    screen.phase("one unit, three shoppers")
    opening = await asyncio.to_thread(_play_opening, house.shop.url, prepared)
    screen.say(opening.sentence)
    return opening


def _play_opening(base_url: str, prepared: dict[str, Any]) -> Opening:
    shoppers = sign_in(base_url=base_url, emails=prepared["emails"][:4], password=prepared["password"])
    phones = {sku: prepared["goods"][sku]["product_id"] for sku in PHONES}
    return play_opening(base_url=base_url, shoppers=shoppers, phones=phones)


def _hall(prepared: dict[str, Any], *, has_room: bool) -> Hall:
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
        hold_seconds=DROP_HOLD_SECONDS if has_room else float(TIMERS["HOLD_SECONDS"]),
        queue=Queue(key=ROOM_KEY, opens_at=0) if has_room else None,
        members_at_most=MEMBERS_AT_MOST if has_room else 100_000,
        **({"patience_seconds": PATIENCE_SECONDS} if has_room else {}),
    )


def _settings(options: Options) -> dict[str, str]:
    return {
        "Servers": f"MariaDB, Redis, gunicorn with {WORKERS} workers of {THREADS} threads, Celery worker and beat",
        "Hold": f"{DROP_HOLD_SECONDS if options.has_room else TIMERS['HOLD_SECONDS']} s",
        "Payment window": f"{TIMERS['PAYMENT_WINDOW_SECONDS']} s",
        "Sweep": f"every {TIMERS['EXPIRY_INTERVAL_SECONDS']} s",
        "Requests at a time": str(options.connections),
        "Seed": str(options.seed),
    }
