"""What the shop answered, as the shoppers saw it: one record per request."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

# Kinds of answers, in the order in which they are listed and drawn.
GRANTED, REPLAYED, SOLD_OUT, HOLD_ENDED, REFUSED, BUSY, ERROR, LOST = KINDS = (
    "granted",
    "same answer again",
    "sold out",
    "hold ended",
    "refused otherwise",
    "busy (503)",
    "server error",
    "no answer",
)
HOLD_ENDED_CODES = ("holds_ended", "hold_ended", "order_not_payable", "cart_empty")
SOLD_OUT_CODES = ("stock_unavailable",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request and what came back. Times are seconds since the epoch, on the clock that the shop uses too."""

    shopper: str
    step: str
    started_at: float
    ended_at: float
    status: int
    """HTTP status; 0 if the connection broke."""
    code: str = ""
    """The machine-readable reason of a refusal."""
    sku: str = ""
    quantity: int = 0
    key: str = ""
    """The idempotency key that was sent."""
    made: str = ""
    """The id of what the answer says it made: a cart line after an add, an order after a checkout."""
    is_repeat: bool = False
    """Whether it was the second click of a double click."""
    note: str = ""
    retry_after: str = ""
    """When to come again, as an honest refusal says."""

    @property
    def seconds(self) -> float:
        return self.ended_at - self.started_at

    @property
    def kind(self) -> str:
        """Which of KINDS it is."""
        if self.status == 0:
            return LOST
        if self.status == 503:
            return BUSY
        if self.status >= 500:
            return ERROR
        if self.code in SOLD_OUT_CODES:
            return SOLD_OUT
        if self.code in HOLD_ENDED_CODES:
            return HOLD_ENDED
        if self.status >= 400:
            return REFUSED
        return REPLAYED if self.is_repeat else GRANTED

    def as_row(self) -> dict[str, Any]:
        """For a line of JSON."""
        return asdict(self) | {"kind": self.kind}


def count_kinds(answers: Iterable[Answer]) -> dict[str, int]:
    """How many answers there were of each kind, all kinds named."""
    counts = dict.fromkeys(KINDS, 0)
    for answer in answers:
        counts[answer.kind] += 1
    return counts


def percentile(ordered: list[float], share: float) -> float:
    """The value that `share` of the ordered values do not exceed (nearest rank); 0.0 of nothing."""
    return ordered[max(0, ceil(len(ordered) * share) - 1)] if ordered else 0.0


def latencies_by_step(answers: Iterable[Answer]) -> dict[str, dict[str, float]]:
    """Per step: how many, and p50, p95, p99 and the slowest in milliseconds."""
    by_step: dict[str, list[float]] = {}
    for answer in answers:
        by_step.setdefault(answer.step, []).append(answer.seconds * 1000)
    figures = {}
    for step, values in by_step.items():
        values.sort()
        figures[step] = {
            "count": len(values),
            "p50_ms": round(percentile(values, 0.50), 1),
            "p95_ms": round(percentile(values, 0.95), 1),
            "p99_ms": round(percentile(values, 0.99), 1),
            "max_ms": round(values[-1], 1),
        }
    return figures
