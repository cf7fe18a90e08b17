"""The drill of a shop that is running: guests over HTTP, judged by what they saw and by what staff may read."""

import asyncio

from tests.drill.answers import Answer
from tests.drill.books import Books
from tests.drill.laws import Law, laws_of_answers, laws_of_ledger
from tests.drill.opening import play_opening
from tests.drill.options import Options
from tests.drill.outcome import write_outcome
from tests.drill.report import Sale
from tests.drill.sale import Crowd, Hall, gather_crowd, play_sale, sign_in_members
from tests.drill.screen import Screen
from tests.drill.shoppers import Habit
from tests.drill.staff import Staff, find_goods, find_shipping_method, sign_in_staff
from tests.drill.traffic import Traffic

# Their holds and payment windows would have to run out first, and here those last minutes.
TOO_SLOW = frozenset({Habit.PAYS_LATE, Habit.ABANDONS_CART, Habit.ABANDONS_ORDER, Habit.OVERSLEEPS})
PATIENCE_SECONDS = 30
LAST_WEBHOOKS_SECONDS = 5


async def drill_running(options: Options) -> bool:
    """Set the stock, play the opening and the sale, judge and report; whether every law held."""
    answers: list[Answer] = []
    with Screen(answers) as screen:
        screen.phase(f"the staff of {options.base_url} put {options.sku} on sale")
        staff = sign_in_staff(
            base_url=options.base_url, email=options.staff_email, password=options.staff_password, sku=options.sku
        )
        hall = _hall(options)
        staff.put_on_sale(1)
        screen.phase("one unit, three shoppers")
        opening = await asyncio.to_thread(
            play_opening,
            base_url=options.base_url,
            shoppers={f"guest {number}": {} for number in range(1, 5)},
            phones={options.sku: hall.scarce.variant_id},
        )
        screen.say(opening.sentence)
        staff.put_on_sale(options.stock)
        before = staff.stock()
        async with Traffic(options.base_url, connections=options.connections, answers=answers) as traffic:
            shoppers = gather_crowd(hall=hall, traffic=traffic, options=options)
            await sign_in_members(shoppers=shoppers, hall=hall, screen=screen)
            crowd = await play_sale(shoppers=shoppers, hall=hall, screen=screen)
        await asyncio.sleep(LAST_WEBHOOKS_SECONDS)
        books = _books(staff)
        sold = books.stock[0].allocated - before.allocated
        laws = [
            *opening.laws,
            *laws_of_ledger(books, answers, skus=[options.sku]),
            Law("No unit sold twice", sold <= options.stock, f"{sold} of {options.stock} sold"),
            _law_of_orders(crowd, sold=sold),
            *laws_of_answers(answers),
        ]
    return write_outcome(
        options=options,
        settings={
            "Shop": options.base_url,
            "SKU": options.sku,
            "Requests at a time": str(options.connections),
            "Seed": str(options.seed),
        },
        opening=opening,
        crowd=crowd,
        sale=Sale.of(books=books, sku=options.sku, answers=answers, crowd=crowd, stock=options.stock),
        laws=laws,
        books=books,
        sold=sold,
        screen=screen,
    )


def _law_of_orders(crowd: Crowd, *, sold: int) -> Law:
    """Whoever was told "paid" has one of the units that the stock counts as sold."""
    told = sum(shopper.has_bought for shopper in crowd.shoppers)
    return Law("Every \u201cpaid\u201d is a unit allocated", told <= sold, f"{told} were told so, {sold} are allocated")


def _hall(options: Options) -> Hall:
    return Hall(
        scarce=find_goods(base_url=options.base_url, sku=options.sku),
        besides=None,
        emails=[f"guest{number}@drill.example" for number in range(1, options.shoppers + 1)],
        password="",
        shipping_method=find_shipping_method(base_url=options.base_url),
        hold_seconds=0,
        patience_seconds=PATIENCE_SECONDS,
        without=TOO_SLOW,
    )


def _books(staff: Staff) -> Books:
    """What staff can see: the stock and its ledger."""
    return Books(
        stock=[staff.stock()],
        movements=staff.ledger(),
        reservations=[],
        orders=[],
        payments=[],
        refunds=[],
        entries=[],
        cart_lines=[],
    )
