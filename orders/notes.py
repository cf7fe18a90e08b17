"""What a page says after a verb: done, or refused and why, in the words of the shop."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
            title=_("Only %(available)s free") % {"available": shortage["available"]},
            text=_("You asked for %(asked)s. Nothing was changed. Ask for %(available)s or fewer.")
            % {"asked": shortage["asked"], "available": shortage["available"]},
        )
    if availability.held > 0:
        return Note(kind="warn", title=_("All of these are in carts"), text=_when_free(availability, now=now))
    return Note(kind="problem", title=_("Sold out"), text=_("The last one is taken. Nothing was changed in your cart."))


def _when_free(availability: Availability, *, now: datetime) -> str:
    count = availability.held
    held = ngettext("%(count)s is held right now", "%(count)s are held right now", count) % {"count": count}
    if availability.next_free_at is None:
        return _("%(held)s. If a hold ends unpaid, one becomes free.") % {"held": held}
    minutes = max(ceil((availability.next_free_at - now).total_seconds() / 60), 1)
    about = ngettext("in about a minute", "in about %(minutes)s minutes", minutes) % {"minutes": minutes}
    return _("%(held)s; the next hold ends %(about)s, at %(time)s. If it ends unpaid, one becomes free.") % {
        "held": held,
        "about": about,
        "time": clock_time(availability.next_free_at),
    }
