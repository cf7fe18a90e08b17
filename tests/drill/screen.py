"""What the drill shows while it runs: a live table on a terminal, plain lines where there is none."""

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tests.drill.answers import KINDS, Answer, count_kinds
from tests.drill.laws import Law

LINE_EVERY_SECONDS = 5
STYLES = dict(zip(KINDS, ("green", "cyan", "bright_black", "yellow", "bright_black", "red", "red", "red"), strict=True))


class Screen:
    """Tells what is going on. `answers` may grow while it looks."""

    def __init__(self, answers: list[Answer]) -> None:
        self.console = Console(highlight=False)
        self.answers = answers
        is_live = self.console.is_terminal and sys.stdout.isatty()
        self._live = Live(console=self.console, refresh_per_second=4, get_renderable=self._draw) if is_live else None
        self._began = time.monotonic()
        self._phase = "getting ready"
        self._progress: Callable[[], str] = str
        self._stop = threading.Event()
        self._printer = threading.Thread(target=self._print_lines, daemon=True)

    def __enter__(self) -> "Screen":
        if self._live:
            self._live.start()
        else:
            self._printer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._live:
            self._live.stop()

    def phase(self, name: str, progress: Callable[[], str] = str) -> None:
        """A new part of the drill begins; `progress` says how far it is."""
        self._phase, self._progress = name, progress
        self.console.print(f"[{self._elapsed():>4}] [bold]{name}[/bold]")

    def say(self, sentence: str) -> None:
        """A line that stays."""
        self.console.print(f"       {sentence}", markup=False)

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:.0f} s"

    def _draw(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for kind, count in count_kinds(list(self.answers)).items():
            if count:
                bar = "\u2588" * min(40, max(1, round(40 * count / len(self.answers))))
                table.add_row(kind, Text(f"{count:,}", justify="right"), Text(bar, style=STYLES[kind]))
        heading = Text(f"[{self._elapsed():>4}] {self._phase}  {self._progress()}", style="bold")
        return Group(heading, table)

    def _print_lines(self) -> None:
        while not self._stop.wait(LINE_EVERY_SECONDS):
            counts = ", ".join(f"{count:,} {kind}" for kind, count in count_kinds(list(self.answers)).items() if count)
            print(f"[{self._elapsed():>4}] {self._phase} {self._progress()} {counts}".rstrip(), flush=True)


def print_laws(console: Console, laws: list[Law]) -> None:
    """The table at the end."""
    table = Table(title="The laws", title_justify="left", title_style="bold")
    for heading in ("", "Law", "Figures"):
        table.add_column(heading, overflow="fold")
    for law in laws:
        mark = Text("held", style="green") if law.ok else Text("BROKEN", style="bold red")
        table.add_row(mark, Text(law.name), Text(law.detail))
    console.print(table)


def print_latencies(console: Console, latencies: dict[str, dict[str, float]]) -> None:
    """Per step: how many and how long."""
    table = Table(title="Milliseconds by step", title_justify="left", title_style="bold")
    table.add_column("Step")
    for heading in ("answers", "p50", "p95", "p99", "slowest"):
        table.add_column(heading, justify="right")
    for step, figures in latencies.items():
        milliseconds = (figures[name] for name in ("p50_ms", "p95_ms", "p99_ms", "max_ms"))
        table.add_row(step, f"{int(figures['count']):,}", *(f"{value:.0f}" for value in milliseconds))
    console.print(table)
