"""One round: every cell has its turn, each beside the yardstick that it is compared with."""

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.processes import Child
from tests.benchmarks import figures as names
from tests.benchmarks.callers import Cell, Crowd
from tests.benchmarks.figures import CONNECTIONS, Figures, Point

SHIPPING_METHOD = "drill-courier"
RUSH_FACTOR = 100
RUSH_SECONDS = 45
DUE_HOLDS = 4000
CARTS = 10
PLACE_SECONDS = 4
SWEEP_SECONDS = 3


@dataclass(slots=True, kw_only=True)
class Stage:
    """What the rounds are played on: a crowd at the shop's database, and one at another with the binlog on."""

    web: Child
    plain: Crowd
    logged: Crowd
    port: int
    goods: dict[str, dict[str, str]]
    paths: dict[str, list[str]]
    levels: dict[int, str]
    seconds: float
    more: int

    async def rush(self, figures: Figures, *, units: int) -> None:
        """Ask a hundred times as often as there are units; until everybody has asked, or the time is over."""
        left = units * RUSH_FACTOR
        until = time.monotonic() + RUSH_SECONDS
        while left > 0 and time.monotonic() < until:
            cell = await self.over_http("hold", callers=32, **self.variant("BENCH-RUSH"))
            figures.outcomes.setdefault("rush", Counter()).update(cell.outcomes)
            left -= cell.calls

    async def over_http(self, kind: str, *, callers: int, seconds: float | None = None, **spec: Any) -> Cell:
        """A cell of requests to the shop."""
        return await self.plain.work(kind, callers=callers, seconds=seconds or self.seconds, port=self.port, **spec)

    def variant(self, sku: str) -> dict[str, str]:
        """How the API names it."""
        return {"variant_id": self.goods[sku]["variant_id"]}

    async def statements(self) -> int:
        """How many the shop's database has been asked so far."""
        return int((await self.plain.errands.ask("statements"))["count"])


@dataclass(slots=True)
class Round:
    """All cells once."""

    stage: Stage
    figures: Figures

    async def play(self) -> None:
        """Play them and write the points down."""
        for callers in CONNECTIONS:
            await self._services(callers)
            await self._requests(callers)
        await self._sold_out()
        for count, sku in self.stage.levels.items():
            await self._reserve(names.held(count), self.stage.plain, callers=8, sku=sku)
        await self._sweep()
        await self._shopping()
        await self._pages()

    async def _services(self, callers: int) -> None:
        for crowd, raw, service in (
            (self.stage.plain, names.L0, names.RESERVE),
            (self.stage.logged, names.L0_BINLOG, names.RESERVE_BINLOG),
        ):
            cell = await crowd.work("raw_update", callers=callers, seconds=self.stage.seconds)
            self._note(raw, callers, cell)
            await self._reserve(service, crowd, callers=callers, sku="BENCH-SERVICE")

    async def _reserve(self, name: str, crowd: Crowd, *, callers: int, sku: str) -> None:
        self._note(name, callers, await crowd.work("reserve", callers=callers, seconds=self.stage.seconds, sku=sku))

    async def _requests(self, callers: int) -> None:
        await self._get(names.BARE, callers, ["/nothing/bare/"])
        await self._get(names.NOTHING, callers, ["/nothing/"])
        await self._counted(names.HOLD, callers, "hold", **self.stage.variant("BENCH-HTTP"))

    async def _sold_out(self) -> None:
        await self._counted(names.SOLD_OUT, 32, "hold", **self.stage.variant("BENCH-RUSH"))

    async def _sweep(self) -> None:
        variant = self.stage.variant("BENCH-SWEEP")
        await self.stage.plain.errands.ask("add_holds", sku="BENCH-SWEEP", count=DUE_HOLDS, is_due=True)
        self._note(names.ALONE, 8, await self.stage.over_http("hold", callers=8, **variant))
        await self.stage.plain.errands.send({"do": "sweep", "seconds": SWEEP_SECONDS})
        cell = await self.stage.over_http("hold", callers=8, seconds=SWEEP_SECONDS, **variant)
        swept = await self.stage.plain.errands.answer()
        self._note(names.SWEPT, 8, cell.until(swept["ended"]))
        self.figures.sweeps.append(swept["released"] / max(swept["ended"] - swept["began"], 0.001))
        # What was not swept in time shall not be swept in the next round.
        await self.stage.plain.errands.ask("sweep", seconds=60)

    async def _shopping(self) -> None:
        variant = self.stage.variant("BENCH-ORDER")
        how = {"shipping_method": SHIPPING_METHOD, "carts": CARTS}
        cell = await self.stage.over_http("place_order", callers=8, seconds=PLACE_SECONDS, **variant, **how)
        self._note(names.ORDER, 8, cell)
        page = self.stage.goods["BENCH-PAGE"]
        cell = await self.stage.over_http("add_by_page", callers=8, variant_id=page["variant_id"], path=page["path"])
        self._note(names.ADD_BY_PAGE, 8, cell)

    async def _pages(self) -> None:
        paths = self.stage.paths["thousand"]
        await self._counted(names.WARM, 8, "get", paths=paths[:1], repeats=True)
        await self.stage.plain.errands.ask("forget")
        await self._counted(names.COLD, 8, "get", paths=paths, repeats=False)
        await self._get(names.listing(1000), 8, ["/c/thousand/"])
        if "more" in self.stage.paths:
            await self._get(names.listing(self.stage.more), 8, ["/c/more/"])

    async def _get(self, name: str, callers: int, paths: list[str]) -> None:
        await self._counted(name, callers, "get", paths=paths, repeats=True)

    async def _counted(self, name: str, callers: int, kind: str, **spec: Any) -> None:
        """A cell whose SQL statements are counted by the database, and whose time on a core by the kernel."""
        before, cpu_before = await self.stage.statements(), cpu_seconds(self.stage.web.workers())
        cell = await self.stage.over_http(kind, callers=callers, **spec)
        cpu = cpu_seconds(self.stage.web.workers()) - cpu_before
        asked = await self.stage.statements() - before - 1
        calls = max(cell.calls, 1)
        self._note(name, callers, cell, statements=asked / calls, cpu=cpu * 1000 / calls)

    def _note(self, name: str, callers: int, cell: Cell, **costs: float) -> None:
        point = Point(rate=cell.rate, p50=cell.milliseconds(0.50), p99=cell.milliseconds(0.99), **costs)
        self.figures.points.setdefault((name, callers), []).append(point)
        self.figures.outcomes.setdefault(name, Counter()).update(cell.outcomes)


def cpu_seconds(pids: list[int]) -> float:
    """The time that these processes have spent on a core so far, in the kernel's hundredths of a second."""
    # The name of the process, in parentheses, may contain spaces.
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")
