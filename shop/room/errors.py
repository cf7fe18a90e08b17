"""What the room refuses, in words for a shopper."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _

from shop.clock import clock_time, day_and_time
from shop.errors import ShopError


class LimitRefusal(ShopError):
    """Fair play: somebody would have more than is meant for one. Staff see each (`rule`)."""

    status = 429
    rule: ClassVar[str]


class RoomRefusal(ShopError):
    """Facts: `room` (its key) and, where there is one, `queue_at` (where to wait)."""

    status = 403


class RoomPassNeeded(RoomRefusal, LimitRefusal):
    """Facts: `room`, `name`, `queue_at` (the page), `api_queue_at` (for programs)."""

    code = "room_pass_needed"
    rule = "ROOM_PASS"
    title = "This sale has a waiting room"
    detail_format = "{name} lets people in a few at a time. Take a place in its waiting room, then hold it."
    retry_after_seconds = 5


class RoomPassElsewhere(RoomPassNeeded):
    """The pass, or the place, is in use by somebody else."""

    code = "room_pass_elsewhere"
    title = "This place is in use elsewhere"
    detail_format = (
        "One place is for one shopper and one cart, and this one is used by another. Take a place of your own."
    )


class RoomPassOver(RoomPassNeeded):
    """The time inside is over."""

    code = "room_pass_over"
    title = "Your time inside is over"
    detail_format = "What you hold stays yours. To hold more of {name}, take a new place in its waiting room."


class RoomTicketNeeded(RoomRefusal):
    """The caller has no place, or none that we gave."""

    code = "room_ticket_needed"
    title = "No place in this waiting room"
    detail_format = "Take a place first."


class RoomNotYourTurn(RoomRefusal):
    """Facts: `room`, `before` (people), `retry_after`."""

    code = "room_not_your_turn"
    status = 429
    title = "Not your turn yet"

    def __init__(self, *, retry_after: int, **facts: Any) -> None:
        super().__init__(retry_after=retry_after, **facts)
        self.retry_after_seconds = retry_after  # type: ignore[misc]

    @property
    def detail(self) -> str:
        return _("Your place is kept. Ask again in %(retry_after)s seconds; asking more often changes nothing.") % {
            "retry_after": self.facts["retry_after"]
        }


class RoomTurnMissed(RoomRefusal):
    """Facts: `room`, `kept_until`."""

    code = "room_turn_missed"
    title = "Your turn passed"

    @property
    def detail(self) -> str:
        return _("We kept your place until %(kept_until)s. Take a new one; it is at the end.") % {
            "kept_until": clock_time(self.facts["kept_until"])
        }


class RoomNotOpen(RoomRefusal):
    """Facts: `room`, `doors_at`."""

    code = "room_not_open"
    title = "The waiting room is not open yet"

    @property
    def detail(self) -> str:
        return _("It opens on %(doors_at)s. Who comes by the start gets a place by lot.") % {
            "doors_at": day_and_time(self.facts["doors_at"])
        }


class RoomClosed(RoomRefusal):
    """Nobody waits here any more."""

    code = "room_closed"
    status = 409
    title = "This sale is over"
    detail_format = "Nobody is let in any more. What you hold stays yours until its clock runs out."


class RoomAddressFull(RoomRefusal, LimitRefusal):
    """Facts: `room`, `limit`."""

    code = "room_address_full"
    rule = "ROOM_ADDRESS"
    status = 429
    title = "Too many places from here"
    detail_format = (
        "{limit} people wait here from your internet address already. Come in from another network, "
        "or ask somebody at your address to leave."
    )
    retry_after_seconds = 60


class StoreDown(ShopError):
    """The store does not answer. Whoever has a place carries it."""

    code = "room_store_down"
    status = 503
    title = "One moment"
    detail_format = (
        "The waiting room is catching its breath. Your place is safe: keep this page, and ask again in a moment."
    )
    retry_after_seconds = 5
