"""The words of an end, and what one may be made of."""

from dataclasses import dataclass
from enum import StrEnum

from orders.models import OrderEventKind

NO_EFFECT = "no effect"
REFUSED = "refused"
IMPOSSIBLE = "cannot happen"


class Happening(StrEnum):
    """What can happen to the money of an order."""

    AUTHORISED = "authorised"
    CAPTURED_IN_TIME = "captured in time"
    CAPTURED_IN_TIME_TERMS = "captured in time, pre-ordered"
    CAPTURED_IN_TIME_GONE = "captured in time, units lost meanwhile"
    CAPTURED_LATE_FREE = "captured late, units free"
    CAPTURED_LATE_TERMS = "captured late, units gone, terms accepted"
    CAPTURED_LATE_GONE = "captured late, units gone"
    CAPTURED_OVER_LIMIT = "captured, over the limit of a drop"
    CAPTURED_SECOND = "captured by another attempt too"
    CAPTURED_AGAIN = "captured again by the same attempt"
    PAID_TOO_LITTLE = "paid too little"
    PAID_TOO_MUCH = "paid too much"
    PAID_IN_ANOTHER_CURRENCY = "paid in another currency"
    DECLINED = "declined"
    EXPIRED = "expired at the provider"
    CANCELLED_AT_PROVIDER = "cancelled at the provider"
    CANCELLED_BY_SHOPPER = "cancelled by the shopper"
    WINDOW_OVER = "payment window over"
    REFUND_SUCCEEDED = "refund went through"
    REFUND_OF_A_PART = "refund of a part went through"
    REFUND_FAILED = "refund failed"
    REFUND_UNKNOWN = "refund made at the provider"
    CHARGED_BACK = "charged back"
    CHARGED_BACK_PART = "charged back in part"
    CHARGED_BACK_OTHER = "another payment charged back"
    CHARGEBACK_WON = "chargeback won"
    UNITS_ARRIVED = "back-ordered units arrived"
    DOWN_AT_START = "provider down at the start"
    DOWN_AT_ASK = "provider down when asked"
    DOWN_AT_REFUND = "provider down at a refund"
    REPORT_LOST = "report lost"
    ANSWER_LOST = "answer to a refund lost"


class StockEnd(StrEnum):
    """What becomes of the units."""

    STAYS = "stays"
    COMMITTED = "held units are allocated"
    COMMITTED_BEYOND = "held units are allocated beyond what is on hand"
    TAKEN_ANEW = "taken anew and allocated"
    BACKORDERED = "allocated beyond what is on hand"
    LET_GO = "back on sale"
    ENDS_WITH_HOLD = "back on sale when the hold ends"


class MoneyEnd(StrEnum):
    """What becomes of the money."""

    NONE = "none moves"
    KEPT = "kept"
    SENT_BACK = "what came goes back at once"
    WENT_BACK = "went back"
    STAYED = "did not go back"
    PUT_OFF = "goes back later, under the same key"
    TAKEN = "taken by the bank"
    RETURNED = "given back by the bank"


@dataclass(frozen=True, slots=True)
class End:
    """What becomes of everything when one thing happens to an order in one state. `outcome` is a stable word."""

    outcome: str
    # The step of ORDER_STATES that the order takes; empty if it stays where it is.
    order_step: str = ""
    # Whether the attempt goes where its own table says.
    moves_attempt: bool = False
    stock: StockEnd = StockEnd.STAYS
    money: MoneyEnd = MoneyEnd.NONE
    # The entry of the timeline and its sentence; facts in braces are filled in by the service.
    entry: OrderEventKind | None = None
    reads: str = ""
    # The e-mail, by its name.
    message: str = ""
    calls_staff: bool = False
    # What the staff queue says, where it is more than the timeline.
    for_staff: str = ""
    holds_parcels: bool = False
    # Why nothing happens, is refused or cannot happen.
    why: str = ""

    @property
    def is_without_effect(self) -> bool:
        return self.outcome == NO_EFFECT

    @property
    def is_refused(self) -> bool:
        return self.outcome.startswith(REFUSED)

    @property
    def is_impossible(self) -> bool:
        return self.outcome == IMPOSSIBLE


def no_effect(why: str) -> End:
    """Nothing changes, and this is why that is right."""
    return End(NO_EFFECT, why=why)


def refused(code: str) -> End:
    """Whoever asks is refused with the error of this code, and nothing changes."""
    return End(f"{REFUSED}: {code}", why="nothing changes")


def impossible(why: str) -> End:
    """The service never sees this: it counts as something else, and the test shows as what."""
    return End(IMPOSSIBLE, why=why)
