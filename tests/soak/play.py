"""The soak, from the first server that starts to the last law."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.processes import Child, StartFailed
from tests import servers
from tests.drill.answers import Answer
from tests.drill.doors import Goods
from tests.drill.house import WORKERS, House, private_house
from tests.drill.private import SHIPPING_METHOD
from tests.drill.screen import Screen
from tests.drill.traffic import Traffic
from tests.soak.crowd import Crowd, Shelf
from tests.soak.laws import Facts, Law, laws_of_money, laws_of_stock, laws_of_the_end, laws_of_the_play
from tests.soak.options import Options
from tests.soak.outcome import FOLDER, Ends, write_outcome
from tests.soak.provider import ask_provider

MODULE = "tests.soak.inside"
TIMERS = {
    "HOLD_SECONDS": "40",
    "PAYMENT_WINDOW_SECONDS": "20",
    "PAYMENT_SILENCE_SECONDS": "25",
    "EXPIRY_INTERVAL_SECONDS": "2",
    "REFUND_RETRY_SECONDS": "0.25",
    # Everybody comes from one address here.
    "AUTH_THROTTLE_RATE": "100000/min",
    "LIVE_UNITS_PER_ADDRESS": "0",
    "LOG_LEVEL": "WARNING",
}
# Three of ten messages and answers are lost, on every road between shop and provider.
FAULTS = (
    "lose=0.3,forget=0.3,drop=0.3,delay=0.2,double=0.2,reorder=0.15,error=0.1,slow=0.005,"
    "decline=0.08,refund_pend=0.15,refund_fail=0.15,refund_refuse=0.05"
)
# When so much of the orders is placed, the worker dies; with the second death beat dies too.
KILLED_AT = (0.2, 0.45, 0.7)
DEAD_FOR_SECONDS = 4.0
WATCH_SECONDS = 0.2
# A worker that dies while it asks for a refund leaves it to the next try two minutes later.
SETTLE_SECONDS = 420
PLENTY_SKUS, SCARCE_SKUS = 24, 12
SCARCE_UNITS_PERCENT, LEAST_SCARCE_UNITS = 1, 2


async def soak(options: Options, *, timers: Mapping[str, str] = TIMERS, folder: Path = FOLDER) -> bool:
    """Start the servers, play, wait until nothing is due, judge and report; whether every law was met."""
    answers: list[Answer] = []
    with Screen(answers) as screen:
        screen.phase("MariaDB, Redis, gunicorn, worker and beat start")
        faults = {"SANDBOX_FAULTS": f"{FAULTS},seed={options.seed}"}
        with private_house(timers={**timers, **faults}) as house:
            ends, laws = await _play(house, options=options, answers=answers, screen=screen)
            logs = {part.name: part.log.read_text(errors="replace") for part in _parts(house)}
    return write_outcome(
        options=options,
        ends=ends,
        laws=laws,
        answers=answers,
        settings=_settings(options, timers),
        logs=logs,
        screen=screen,
        folder=folder,
    )


async def _play(house: House, *, options: Options, answers: list[Answer], screen: Screen) -> tuple[Ends, list[Law]]:
    stocks = _stocks(options.orders)
    shelf = _shelf(house.run("prepare", json.dumps({"stocks": stocks, "backorders": {}}), module=MODULE))
    async with Traffic(house.shop.url, connections=options.shoppers, answers=answers) as traffic:
        crowd = Crowd(options=options, shelf=shelf, traffic=traffic)
        with _staff(house, seed=options.seed):
            kills = await _sell(house, crowd, screen=screen, until=time.time() + options.minutes * 60)
            await _settle(house, screen=screen)
    screen.phase("the books are compared")
    provider = ask_provider(api_url=f"{house.shop.url}/sandbox/api", key=house.shop.env["SANDBOX_SIGNING_KEY"])
    facts = Facts.read(house.run("books", module=MODULE), provider=provider, stocks=stocks)
    is_proven, proof = house.prove_stock()
    laws = [
        *laws_of_money(facts),
        *laws_of_stock(facts),
        *laws_of_the_end(facts, answers),
        *laws_of_the_play(
            facts, orders=options.orders, worker_kills=kills["worker"], problems=[] if is_proven else [proof]
        ),
    ]
    return Ends(facts=facts, crowd=crowd, kills=kills, ended_at=time.time()), laws


async def _sell(house: House, crowd: Crowd, *, screen: Screen, until: float) -> dict[str, int]:
    """Let the crowd buy while the worker is killed; how often each part died."""
    orders = crowd.options.orders
    kills = {"worker": 0, "beat": 0, "provider": 0}
    screen.phase("the crowd buys", lambda: f"{crowd.placed}/{orders} orders, {kills['worker']} kills")
    killing = asyncio.create_task(_kill(house, crowd, kills))
    try:
        await crowd.buy(until=until)
        await killing
    finally:
        killing.cancel()
    return kills


async def _kill(house: House, crowd: Crowd, kills: dict[str, int]) -> None:
    """SIGKILL, whatever it is doing; some seconds later a new one starts, as a supervisor would."""
    for number, share in enumerate(KILLED_AT):
        # With few orders the crowd is gone before the last kill; there is still work to be killed at.
        while crowd.share < share and not crowd.ended_at:
            await asyncio.sleep(WATCH_SECONDS)
        dead = [house.shop.worker, house.shop.beat, house.shop.provider] if number == 1 else [house.shop.worker]
        for part in dead:
            part.kill()
            kills[part.name] += 1
        await asyncio.sleep(DEAD_FOR_SECONDS)
        for part in dead:
            part.start()


async def _settle(house: House, *, screen: Screen) -> None:
    """Wait, at most SETTLE_SECONDS, until neither shop nor provider has anything left to do."""
    left = "…"
    screen.phase("the dust settles", lambda: left)
    looking = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", MODULE, "wait", str(SETTLE_SECONDS)),
        cwd=servers.ROOT,
        env=dict(house.shop.env),
        stdout=asyncio.subprocess.PIPE,
    )
    assert looking.stdout is not None
    async for line in looking.stdout:
        counts: dict[str, int] = json.loads(line)
        left = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if await looking.wait():
        raise StartFailed(f"{MODULE} wait ended with {looking.returncode}")


@contextmanager
def _staff(house: House, *, seed: int) -> Iterator[None]:
    """People who send parcels while all this goes on."""
    log = house.shop.worker.log.with_name("staff.log")
    command = [sys.executable, "-m", MODULE, "staff", str(seed)]
    staff = Child(name="staff", command=command, log=log, folder=servers.ROOT, env=house.shop.env)
    staff.start()
    try:
        yield
        if not staff.is_alive:
            raise StartFailed(f"The staff went home. The end of their log:\n{staff.tail()}")
    finally:
        staff.stop()


def _stocks(orders: int) -> dict[str, int]:
    """SKU to units: plenty of most, few of some, so that late money sometimes finds nothing left."""
    few = max(LEAST_SCARCE_UNITS, orders * SCARCE_UNITS_PERCENT // 100)
    plenty = {f"SOAK-PLENTY-{number:02}": orders for number in range(1, PLENTY_SKUS + 1)}
    return plenty | {f"SOAK-SCARCE-{number:02}": few for number in range(1, SCARCE_SKUS + 1)}


def _shelf(prepared: dict[str, Any]) -> Shelf:
    goods = {
        sku: Goods(sku=sku, variant_id=known["variant_id"], path=known["path"])
        for sku, known in prepared["goods"].items()
    }
    return Shelf(
        plenty=[goods[sku] for sku in sorted(goods) if "PLENTY" in sku],
        scarce=[goods[sku] for sku in sorted(goods) if "SCARCE" in sku],
        shipping_method=SHIPPING_METHOD,
    )


def _parts(house: House) -> list[Child]:
    return [house.shop.web, house.shop.worker, house.shop.beat, house.shop.provider]


def _settings(options: Options, timers: Mapping[str, str]) -> dict[str, str]:
    return {
        "Servers": f"MariaDB, Redis, gunicorn with {WORKERS} workers, two Celery workers and beat",
        "Shoppers at a time": str(options.shoppers),
        "Seed": str(options.seed),
        "Hold": f"{timers['HOLD_SECONDS']} s",
        "Payment window": f"{timers['PAYMENT_WINDOW_SECONDS']} s",
        "Asked about after": f"{timers['PAYMENT_SILENCE_SECONDS']} s of silence",
        "Faults of the provider": FAULTS.replace(",", ", "),
    }
