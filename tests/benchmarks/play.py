"""The run: servers, goods, rounds in which every cell has its turn, the books, the outcome."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests import servers
from tests.benchmarks.callers import Crowd, gathered
from tests.benchmarks.laws import laws_of
from tests.benchmarks.options import Options
from tests.benchmarks.outcome import write_outcome
from tests.benchmarks.rounds import Figures, Round, Stage
from tests.drill.house import THREADS, WORKERS, House, private_house
from tests.drill.screen import Screen

PROCESSES = 2
HOLD_SKUS = {10: "BENCH-HELD-10", 1000: "BENCH-HELD-1000"}
PLENTY = 1_000_000
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
    "LOG_LEVEL": "WARNING",
    "HOLD_SECONDS": "3600",
    # The whole crowd comes from one address here.
    "LIVE_UNITS_PER_ADDRESS": "0",
}
BINLOG = ("--log-bin=binlog", "--server-id=1", "--binlog-format=ROW")


async def bench(options: Options) -> bool:
    """Whether the books were exact afterwards.

    :raises StartFailed: if a server or a process of the crowd does not start, or ends
    """
    began, load = time.monotonic(), _load()
    with Screen([]) as screen:
        screen.phase("two MariaDBs, Redis, gunicorn and the crowd start")
        async with AsyncExitStack() as stack:
            house = stack.enter_context(private_house(timers=SETTINGS, application="tests.benchmarks.wsgi:application"))
            # What the clock does is measured where it is asked for.
            house.shop.beat.stop()
            house.shop.worker.stop()
            house.shop.provider.stop()
            stage = await _set(stack, house, options, screen)
            started = datetime.now(tz=UTC).astimezone()
            figures = Figures()
            await stage.rush(figures, units=options.units)
            played = await _rounds(stage, figures, options, until=began + options.duration_seconds, screen=screen)
            screen.phase("the books")
            books = [await crowd.errands.ask("books") for crowd in (stage.plain, stage.logged)]
            machine = await stage.plain.errands.ask("facts")
        laws = laws_of(figures, books=books, units=options.units)
    settings = {
        "started": f"{started:%-d %B %Y, %H:%M %Z}",
        "rounds": f"{played} of {options.rounds}",
        "cores": str(machine["cores"]),
        "load before": load,
        "database": machine["database"],
        "python": machine["python"],
        "server": f"gunicorn, {WORKERS} workers of {THREADS} threads",
        "crowd": f"{PROCESSES} processes on the same cores",
    }
    return write_outcome(options=options, settings=settings, figures=figures, laws=laws, screen=screen)


async def _rounds(stage: Stage, figures: Figures, options: Options, *, until: float, screen: Screen) -> int:
    """Play the rounds, and return how many: none begins that would not be over in time, but the first."""
    longest = 0.0
    for number in range(1, options.rounds + 1):
        began = time.monotonic()
        if began + longest > until:
            return number - 1
        screen.phase(f"round {number} of {options.rounds}")
        await Round(stage, figures).play()
        longest = max(longest, time.monotonic() - began)
    return options.rounds


async def _set(stack: AsyncExitStack, house: House, options: Options, screen: Screen) -> Stage:
    folder = stack.enter_context(servers.temporary_folder())
    logged = stack.enter_context(servers.mariadb(folder=folder, options=BINLOG))
    env = dict(house.shop.env)
    logged_env = env | {"DATABASE_URL": logged.url}
    await asyncio.to_thread(servers.manage, "migrate", "--verbosity", "0", env=logged_env)
    plain_crowd = await stack.enter_async_context(gathered(env=env, log=folder / "plain.log", processes=PROCESSES))
    logged_crowd = await stack.enter_async_context(
        gathered(env=logged_env, log=folder / "logged.log", processes=PROCESSES)
    )
    screen.phase("goods, shelves and holds that are there already")
    prepared = await _stock(plain_crowd, options)
    await logged_crowd.errands.ask("prepare", stocks={"BENCH-SERVICE": PLENTY}, shelves={})
    return Stage(
        web=house.shop.web,
        plain=plain_crowd,
        logged=logged_crowd,
        port=int(house.shop.url.rsplit(":", 1)[1]),
        goods=prepared["goods"],
        paths=prepared["paths"],
        levels=_levels(options),
        seconds=options.cell_ms / 1000,
        more=options.products,
    )


async def _stock(crowd: Crowd, options: Options) -> dict[str, Any]:
    names = ("SERVICE", "HTTP", "PAGE", "ORDER", "SWEEP")
    levels = _levels(options)
    stocks = dict.fromkeys([*(f"BENCH-{name}" for name in names), *levels.values()], PLENTY)
    shelves = {"thousand": 1000} | ({"more": options.products} if options.products > 1000 else {})
    prepared = await crowd.errands.ask("prepare", stocks=stocks | {"BENCH-RUSH": options.units}, shelves=shelves)
    for count, sku in levels.items():
        await crowd.errands.ask("add_holds", sku=sku, count=count, is_due=False)
    return prepared


def _levels(options: Options) -> dict[int, str]:
    return HOLD_SKUS | {options.holds: "BENCH-HELD-MANY"}


def _load() -> str:
    return Path("/proc/loadavg").read_text().split()[0]
