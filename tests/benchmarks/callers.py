"""The crowd's processes, seen from outside, and what they report about one cell."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from deploy.processes import StartFailed
from tests.drill.answers import percentile
from tests.servers import ROOT

LINE_LIMIT = 2**27
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one kind of work with so many callers, in one round."""

    outcomes: Mapping[str, int]
    spans: Sequence[tuple[float, float]]

    @property
    def calls(self) -> int:
        return len(self.spans)

    @property
    def rate(self) -> float:
        """Calls a second, from the first that began to the last that came back."""
        if not self.spans:
            return 0.0
        return len(self.spans) / (max(end for _, end in self.spans) - min(start for start, _ in self.spans))

    def milliseconds(self, share: float) -> float:
        """The time that `share` of the calls did not exceed."""
        return percentile(sorted((end - start) * 1000 for start, end in self.spans), share)

    def until(self, moment: float) -> "Cell":
        """Only the calls that began before this moment."""
        return Cell(self.outcomes, [span for span in self.spans if span[0] < moment])


class Caller:
    """One process of the crowd."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, *, env: Mapping[str, str], log: Path) -> Self:
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.benchmarks.crowd",
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                limit=LINE_LIMIT,
            )
        return cls(process, log)

    async def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Let it do one thing and return what it answers.

        :raises StartFailed: if it ends, or does not answer in time
        """
        await self.send({"do": name, **arguments})
        return await self.answer()

    async def send(self, command: Mapping[str, Any]) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps(command).encode() + b"\n")
        await stdin.drain()

    async def answer(self) -> dict[str, Any]:
        """:raises StartFailed: if it ends, or does not answer in time"""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            end = "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])
            raise StartFailed(f"A process of the crowd did not answer. The end of its log:\n{end}")
        document: dict[str, Any] = json.loads(line)
        return document

    async def stop(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


class Crowd:
    """The processes that call one database: the callers of a cell are divided among them, one is left for errands."""

    def __init__(self, callers: list[Caller], *, errands: Caller) -> None:
        self._callers = callers
        self.errands = errands

    async def work(self, kind: str, *, callers: int, seconds: float, **spec: Any) -> Cell:
        """One cell: everybody gets ready, then everybody starts.

        :raises StartFailed: if a process of the crowd ends
        """
        shares = [share for share in divide(callers, len(self._callers)) if share[1]]
        able = self._callers[: len(shares)]
        for caller, (first, threads) in zip(able, shares, strict=True):
            command = {"do": "load", "kind": kind, "spec": spec, "first": first, "threads": threads}
            await caller.send(command | {"callers": callers, "seconds": seconds})
        for caller in able:
            await caller.answer()
        for caller in able:
            await caller.send({"go": True})
        outcomes: Counter[str] = Counter()
        spans: list[tuple[float, float]] = []
        for caller in able:
            report = await caller.answer()
            outcomes.update(report["outcomes"])
            spans += [(start, end) for start, end in report["spans"]]
        return Cell(outcomes, spans)


def divide(callers: int, processes: int) -> list[tuple[int, int]]:
    """For each process the number of its first caller, and how many it has: as even as can be."""
    shares = []
    first = 0
    for process in range(processes):
        threads = (callers + processes - 1 - process) // processes
        shares.append((first, threads))
        first += threads
    return shares


@asynccontextmanager
async def gathered(*, env: Mapping[str, str], log: Path, processes: int) -> AsyncIterator[Crowd]:
    """A crowd in the environment of a shop. It goes home at the end, whatever happens."""
    async with AsyncExitStack() as going:
        callers = []
        for _ in range(processes + 1):
            caller = await Caller.start(env=env, log=log)
            going.push_async_callback(caller.stop)
            callers.append(caller)
        yield Crowd(callers[1:], errands=callers[0])
