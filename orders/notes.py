"""What a page says after a verb: done, or refused and why, in the words of the shop."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from inventory.queries import Availability, available_to_promise
from inventory.services import StockUnavailable
from shop.clock import clock_time
from shop.drops import places_of, terms_of
from shop.errors import ShopError


@dataclass(frozen=True, slots=True)
class Undo:
    """What to hold again when the shopper thinks better of letting go."""

    variant_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Note:
    """One notice above the content. `kind` is info, done, warn or problem."""

    kind: str
    title: str
    text: str = ""
    undo: Undo | None = None


def refusal(error: ShopError, *, now: datetime) -> Note:
    """The refusal as a notice. Too little stock is told from what is free and what is held at this moment."""
    if isinstance(error, StockUnavailable):
        return _shortage(error, now=now)
    return Note(kind="problem", title=error.title, text=error.detail)


def _shortage(error: StockUnavailable, *, now: datetime) -> Note:
    shortage = error.facts["shortages"][0]
    sku = str(shortage["sku"])
    availability = available_to_promise(skus=[sku], now=now, at=places_of(terms_of(skus=[sku], now=now)))[sku]
    if shortage["available"] > 0:
        return Note(
            kind="warn",
            title=f"Only {shortage['available']} free",
            text=f"You asked for {shortage['asked']}. Nothing was changed. Ask for {shortage['available']} or fewer.",
        )
    if availability.held > 0:
        return Note(kind="warn", title="All of these are in carts", text=_when_free(availability, now=now))
    return Note(kind="problem", title="Sold out", text="The last one is taken. Nothing was changed in your cart.")


def _when_free(availability: Availability, *, now: datetime) -> str:
    held = f"{availability.held} {'is' if availability.held == 1 else 'are'} held right now"
    if availability.next_free_at is None:
        return f"{held}. If a hold ends unpaid, one becomes free."
    minutes = max(ceil((availability.next_free_at - now).total_seconds() / 60), 1)
    about = "in about a minute" if minutes == 1 else f"in about {minutes} minutes"
    return (
        f"{held}; the next hold ends {about}, at {clock_time(availability.next_free_at)}. "
        "If it ends unpaid, one becomes free."
    )
