"""For every state of an order and everything that can happen to its money: one defined end.

The services look an end up here and do what it says. The tables of docs/domain.md are drawn from it, and a test builds
each state, lets each thing happen and compares.
"""

from orders.ends.end import End, Happening, MoneyEnd, StockEnd
from orders.ends.tables import WON_AFTER_THE_END, written_down

__all__ = [
    "ENDS",
    "WON_AFTER_THE_END",
    "CannotHappen",
    "End",
    "Happening",
    "MoneyEnd",
    "StockEnd",
    "end_of",
]

ENDS = written_down()


class CannotHappen(Exception):
    """Something happened that the table proves impossible: a bug, and loud. Nothing is kept, so nothing is lost."""


def end_of(status: str, happening: Happening) -> End:
    """The end of this happening for an order in this state. :raises CannotHappen: if it is proven impossible."""
    end = ENDS[status, happening]
    if end.is_impossible:
        raise CannotHappen(f"{happening} in state {status}: {end.why}")
    return end
