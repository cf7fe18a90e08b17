"""What inventory refuses, in words for a customer or for staff."""

from django.utils.translation import gettext as _

from shop.errors import NotFound, ShopError


class StockUnavailable(ShopError):
    """Not enough to promise. Facts: `shortages`, a list of {sku, asked, available}."""

    code = "stock_unavailable"
    title = "stock unavailable"
    field = "quantity"

    @property
    def detail(self) -> str:
        parts = [
            _("%(sku)s: %(available)s free, %(asked)s asked for") % shortage for shortage in self.facts["shortages"]
        ]
        return _("There is not enough to hold. %(parts)s. Ask for fewer, or try again when a hold has ended.") % {
            "parts": "; ".join(parts)
        }


class HoldEnded(ShopError):
    """Its time is over, or somebody ended it. Facts: `reservation_ids`."""

    code = "hold_ended"
    status = 409
    title = "Your hold ended"
    detail_format = "The time of this hold is over. Your details are saved. Hold it again, if it is still free."


class ExtensionTooEarly(ShopError):
    """Facts: `offered_from` (a time of day with its zone), `minutes_left`."""

    code = "hold_extend_early"
    status = 409
    title = "No need yet"
    detail_format = "You still have {minutes_left} minutes. You can extend from {offered_from}."


class ExtensionLimitReached(ShopError):
    """Facts: `limit`, `ends_at` (a time of day with its zone)."""

    code = "hold_extend_limit"
    status = 409
    title = "No more extensions"
    detail_format = "You have used all {limit}. Your hold ends at {ends_at}."


class CounterDrifted(ShopError):
    """The counters of a stock item are not what its rows say. An incident: nothing was changed."""

    code = "counter_drifted"
    status = 409
    title = "A counter has drifted"
    detail_format = "Nothing was changed. Run the stock proof: it shows which counter and the rows behind it."


class UnknownReservation(NotFound):
    """No reservation has this id."""


class UnknownStockItem(NotFound):
    """No stock item has this id, or no such variant or location exists."""


class StockMoved(ShopError):
    """Facts: `seen`, `on_hand`."""

    code = "stock_moved"
    status = 409
    title = "The stock moved meanwhile"
    field = "seen_on_hand"
    detail_format = "You saw {seen} on hand, now there are {on_hand}. Look at the new figures and confirm again."


class BelowPromised(ShopError):
    """Facts: `held`, `allocated`, `lowest` (the lowest value that keeps every promise), `field`."""

    code = "below_promised"
    status = 409
    title = "That would break a promise"
    detail_format = (
        "{held} are held and {allocated} are paid. The lowest possible value is {lowest}. "
        "End holds first, or contact the customers of paid orders."
    )


class NotCommitted(ShopError):
    """Facts: `sku`, `asked`, `outstanding` (units committed and neither sent nor given back)."""

    code = "not_committed"
    status = 409
    title = "Not that many are owed"
    detail_format = "{asked} of {sku} asked for, but only {outstanding} are paid and not sent yet."


class NotAway(ShopError):
    """Facts: `sku`, `asked`, `away` (units that left and have not come back)."""

    code = "not_away"
    status = 409
    title = "Not that many were sent"
    detail_format = "{asked} of {sku} cannot come back: {away} left and are not back yet."


class NotOnHand(ShopError):
    """Facts: `sku`, `asked`, `on_hand`."""

    code = "not_on_hand"
    status = 409
    title = "Not in the building yet"
    detail_format = "{asked} of {sku} cannot leave: {on_hand} are on hand. Receive the delivery first."


class LineClosed(ShopError):
    """Staff closed the line: nothing more can come."""

    code = "line_closed"
    status = 409
    title = "The line is closed"
    detail_format = "Nothing more of this will come. Nobody can join the line any more."


class NotSoldOut(ShopError):
    """Facts: `available`."""

    code = "line_not_needed"
    status = 409
    title = "No need to wait"
    detail_format = "{available} are free right now. Add it to your cart and it is held for you at once."


class AlreadyInLine(ShopError):
    """Facts: `place_id`."""

    code = "line_joined_already"
    status = 409
    title = "You are in this line already"
    detail_format = "You keep your place. To ask for another number of units, leave the line and join it again."


class NotWaiting(ShopError):
    """The place has had its turn, or was left."""

    code = "line_not_waiting"
    status = 409
    title = "No longer waiting"
    detail_format = "This place has had its turn, or was left. Nothing was changed."


class TurnOver(ShopError):
    """It is not the turn of this place, or not any more."""

    code = "line_turn_over"
    status = 409
    title = "Your turn passed"
    detail_format = "It is not held for you any more. You can join the line again."


class UnknownPlace(NotFound):
    """No place in line has this id."""
