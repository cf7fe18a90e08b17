"""A shopper's places in line, as pages and the API show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db.models import Q
from django.utils.formats import number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import User
from inventory import line as lines
from inventory.states import PlaceState
from orders.models import Waiting
from shop.errors import NotFound
from shop.models import Variant

PLACE_TOKEN_SALT = "orders.line"  # noqa: S105 - a namespace, not a secret
# How long a page still speaks of a place that is over, and of how many places at most.
SHOWN_AFTER = timedelta(days=1)
MOST_SHOWN = 20
# Up to here a position is exact; above it, it moves too fast to be of use, and is rounded to ten.
EXACT_UP_TO = 100
# After so many seconds a page asks again: soon for who is next, less often for who has many before them.
SOONEST_SECONDS, LATEST_SECONDS = 5, 60


@dataclass(frozen=True, slots=True)
class MyPlace:
    """One place of a shopper, with whatever can be said of it at this moment."""

    waiting: Waiting
    place: lines.Place
    odds: lines.Odds
    token: str

    now: datetime

    @property
    def title(self) -> str:
        """Where it stands: exact where the number is small, rounded to ten where it is large."""
        position = self.place.position
        if position == 1:
            return _("You are next in line")
        if position <= EXACT_UP_TO:
            return _("You are %(position)s in line") % {"position": _ordinal(position)}
        return _("You are in line, about number %(position)s") % {"position": _grouped(round(position, -1))}

    @property
    def before(self) -> str:
        """Who waits before it, as precisely as the title says it."""
        people = self.place.people_before
        if people > EXACT_UP_TO:
            return _("About %(people)s people are before you") % {"people": _grouped(round(people, -1))}
        return ngettext("%(people)s person is before you", "%(people)s people are before you", people) % {
            "people": people
        }

    @property
    def price_minor(self) -> int:
        """What a unit costs at this turn: as it was told, or what it costs now."""
        told = self.waiting.unit_price_minor
        return self.waiting.price_now_minor if told is None else told

    @property
    def seconds_left(self) -> int:
        """Whole seconds of the turn, rounded down: never more than there is."""
        until = self.place.held_until
        return max(int((until - self.now).total_seconds()), 0) if until else 0

    @property
    def unpaid_in_ten(self) -> int | None:
        """How many in ten holds ended unpaid; None if too few have ended to say."""
        if not self.odds.ended or self.odds.ended_unpaid is None:
            return None
        return round(10 * self.odds.ended_unpaid / self.odds.ended)

    @property
    def ask_again_seconds(self) -> int:
        """When a page may ask again."""
        return min(max(self.place.position * 2, SOONEST_SECONDS), LATEST_SECONDS)

    @property
    def version(self) -> str:
        """Tells what is shown now from what would be shown after a change."""
        seen = (self.place.state, self.place.is_held, self.title, self.place.units_before)
        return f"{seen} {self.odds.held} {self.unpaid_in_ten} {self.place.held_until}"


def place_token(place_id: UUID) -> str:
    """The signed name of a place, for a link in an e-mail and for a page that asks how it stands."""
    return signing.dumps(str(place_id), salt=PLACE_TOKEN_SALT)


def place_id_in(token: str) -> UUID | None:
    """The place that a signed token names, or None if it was not signed here."""
    try:
        return UUID(signing.loads(token, salt=PLACE_TOKEN_SALT))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def of_shopper(*, user: User | AnonymousUser, known_ids: Iterable[str], cart_id: UUID | None = None) -> Q:
    """Whose places: the member's; for a guest those that this browser, or the cart of this program, knows."""
    if isinstance(user, User):
        return Q(user=user)
    known = Q(place_id__in=list(known_ids), user=None)
    return known if cart_id is None else known | Q(cart=cart_id, user=None)


def my_places(*, whose: Q, now: datetime) -> list[MyPlace]:
    """The places that a page shows: those that live, then those that ended within a day without the shopper's doing.

    Four queries, however many places.
    """
    rows = list(
        Waiting.objects.filter(whose)
        .select_related("variant__product__category", "drop_item")
        .order_by("is_over", "-created_at", "-pk")[:MOST_SHOWN]
    )
    known = lines.places(place_ids=[row.place_id for row in rows], now=now)
    shown = [row for row in rows if _is_shown(known[row.place_id], now=now)]
    odds = lines.odds(lines=[_line_of(known[row.place_id]) for row in shown if known[row.place_id].is_waiting])
    mine = [_my_place(row, known[row.place_id], odds, now=now) for row in shown]
    return sorted(mine, key=lambda each: (not each.place.is_turn, each.place.is_over))


def waits_anywhere(*, user: User) -> bool:
    """Whether this member waits for anything. One query."""
    return Waiting.objects.unfinished().filter(user=user).exists()


def stands_in_line(*, whose: Q, variant: Variant) -> bool:
    """Whether this shopper waits for a variant, or is at their turn. One query."""
    return Waiting.objects.unfinished().filter(whose, variant=variant).exists()


def my_place(*, place: lines.Place, now: datetime, may_count: bool) -> MyPlace:
    """One place with its odds, for a page that knows whose it is. One query, and another one to count anew."""
    odds = lines.odds(lines=[_line_of(place)], may_count=may_count) if place.is_waiting else {}
    return _my_place(Waiting(place_id=place.place_id), place, odds, now=now)


def find_place(*, token: str, now: datetime) -> lines.Place:
    """The place that a signed token names. One query. :raises NotFound: if there is none."""
    place_id = place_id_in(token)
    place = lines.places(place_ids=[place_id], now=now).get(place_id) if place_id else None
    if place is None:
        raise NotFound()
    return place


def turns_of(*, whose: Q, now: datetime) -> list[MyPlace]:
    """The turns that this shopper has right now. One query for whoever waits nowhere, else two."""
    rows = list(
        Waiting.objects.unfinished().filter(whose).select_related("variant__product", "drop_item").order_by("pk")
    )
    if not rows:
        return []
    known = lines.places(place_ids=[row.place_id for row in rows], now=now)
    return [_my_place(row, known[row.place_id], {}, now=now) for row in rows if known[row.place_id].is_turn]


def _is_shown(place: lines.Place, *, now: datetime) -> bool:
    if not place.is_over:
        return True
    ended_at = place.ended_at or place.held_until
    is_recent = ended_at is not None and now - ended_at < SHOWN_AFTER
    by_others = place.is_missed or place.state == PlaceState.CLOSED or bool(place.is_ended_by_staff)
    return is_recent and by_others


def _line_of(place: lines.Place) -> tuple[str, int | None]:
    return place.sku, place.location_id


def _my_place(
    row: Waiting, place: lines.Place, odds: dict[tuple[str, int | None], lines.Odds], *, now: datetime
) -> MyPlace:
    known = odds.get(_line_of(place), lines.NO_ODDS)
    return MyPlace(waiting=row, place=place, odds=known, token=place_token(row.place_id), now=now)


def _grouped(number: int) -> str:
    """ "1,250", and in Indonesian "1.250"."""
    return number_format(number, force_grouping=True, use_l10n=True)


def _ordinal(number: int) -> str:
    """ "3rd", and in Indonesian "nomor 3"."""
    if get_language() != "en":
        return _("number %(number)s") % {"number": number}
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
