"""What must be exact whatever the speed: the books of both databases against what the callers were told."""

from typing import Any

from tests.benchmarks import figures as names
from tests.benchmarks.figures import Figures
from tests.drill.laws import Law

GRANTED, SOLD_OUT, BUSY = "granted", "sold out", "busy"
# Cells of one kind whose units all come from one SKU: every grant that was answered has a row there.
SKUS = {names.HOLD: "BENCH-HTTP", names.ADD_BY_PAGE: "BENCH-PAGE", names.RESERVE: "BENCH-SERVICE"}


def laws_of(figures: Figures, *, books: list[dict[str, Any]], units: int) -> list[Law]:
    """The laws and how they ended. `books` are those of the shop's database and of the one with the binlog."""
    plain, logged = books
    told = {name: counts[GRANTED] for name, counts in figures.outcomes.items()}
    rush = figures.outcomes["rush"] + figures.outcomes[names.SOLD_OUT]
    drifts = [*plain["drifts"], *logged["drifts"]]
    pairs = [(name, told[name], plain["held"].get(sku, 0)) for name, sku in SKUS.items()]
    pairs.append((names.RESERVE_BINLOG, told[names.RESERVE_BINLOG], logged["held"].get("BENCH-SERVICE", 0)))
    unbacked = [f"{name}: {grants} grants, {rows} rows" for name, grants, rows in pairs if grants > rows]
    refused = _others(figures, SOLD_OUT)
    strange = [
        f"{count} × {outcome} ({name})"
        for name, counts in figures.outcomes.items()
        for outcome, count in counts.items()
        if outcome not in (GRANTED, SOLD_OUT, BUSY)
    ]
    return [
        Law(
            "A hundredfold demand sells exactly what there is",
            rush[GRANTED] == plain["held"].get("BENCH-RUSH", 0) == units,
            f"{sum(rush.values()):,} requests, {units} units, {rush[GRANTED]} granted",
        ),
        Law("Nobody is told “sold out” while units are free", not refused, "; ".join(refused) or "none was"),
        Law("Every grant has its row", not unbacked, "; ".join(unbacked) or f"{sum(n for _, n, _ in pairs):,} grants"),
        Law("Every counter is what its rows say", not drifts, "; ".join(drifts[:3]) or "no drift"),
        Law("No error, no deadlock that was not retried", not strange, "; ".join(strange[:5]) or "none"),
    ]


def _others(figures: Figures, outcome: str) -> list[str]:
    """Who else was told this than those who asked for what was gone."""
    return [
        f"{counts[outcome]} × {name}"
        for name, counts in figures.outcomes.items()
        if counts[outcome] and name not in ("rush", names.SOLD_OUT)
    ]
