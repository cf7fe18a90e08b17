"""Where a payment attempt and a refund can stand, and what each report of a provider makes of it, cell by cell."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.states import StateMachine, Transition


class PaymentStatus(models.TextChoices):
    """Where an attempt stands. CAPTURED wins over whatever arrives after it, except the bank that takes it back."""

    PENDING = "PENDING", _("Waiting for the provider")
    AUTHORISED = "AUTHORISED", _("Authorised, not captured")
    CAPTURED = "CAPTURED", _("Money received")
    DECLINED = "DECLINED", _("Declined")
    EXPIRED = "EXPIRED", _("Not paid in time")
    CANCELLED = "CANCELLED", _("Cancelled")
    CHARGED_BACK = "CHARGED_BACK", _("Charged back")


class RefundStatus(models.TextChoices):
    """Where a refund stands."""

    PENDING = "PENDING", _("On its way")
    SUCCEEDED = "SUCCEEDED", _("Finished")
    FAILED = "FAILED", _("Needs a person")


@dataclass(frozen=True, slots=True)
class ReportEnd:
    """What one report makes of one attempt or refund: the state it goes to, or why it stays where it is.

    `calls_staff` puts the order on the staff queue, because a person has to find out what happened.
    """

    target: str = ""
    why: str = ""
    calls_staff: bool = False

    @property
    def moves(self) -> bool:
        return bool(self.target)


# Still with the provider: the shopper may pay, and nothing has been taken. Only an order that waits for payment has
# one: whatever ends the waiting ends them, in the same transaction.
OPEN_ATTEMPT = (PaymentStatus.PENDING, PaymentStatus.AUTHORISED)
# Money came, even if the bank has taken it back since.
BROUGHT_MONEY = (PaymentStatus.CAPTURED, PaymentStatus.CHARGED_BACK)

_OVER = "the attempt is over already"
_NO_PART = "it counts as the whole: only of money that is here a part is told apart"
_UNKNOWN_DISPUTE = ReportEnd(why="no chargeback of it is known here", calls_staff=True)


def _attempt_rows() -> dict[tuple[str, str], ReportEnd]:
    status = PaymentStatus
    ended = (status.DECLINED, status.EXPIRED, status.CANCELLED)
    rows: dict[tuple[str, str], ReportEnd] = {
        (status.PENDING, "authorised"): ReportEnd(status.AUTHORISED),
        (status.AUTHORISED, "authorised"): ReportEnd(why="it is authorised already"),
        # The page of many providers lets the shopper try another card after a decline: it is one attempt here.
        (status.DECLINED, "authorised"): ReportEnd(status.AUTHORISED),
        (status.EXPIRED, "authorised"): ReportEnd(why="it is over; the bank frees the money by itself"),
        (status.CANCELLED, "authorised"): ReportEnd(why="it is over; the bank frees the money by itself"),
        (status.CAPTURED, "authorised"): ReportEnd(why="the money is here already"),
        (status.CHARGED_BACK, "authorised"): ReportEnd(why="the money came and was taken back"),
        (status.CAPTURED, "captured"): ReportEnd(why="this attempt was captured already"),
        (status.CHARGED_BACK, "captured"): ReportEnd(why="the money came and was taken back"),
        (status.CHARGED_BACK, "charged back"): ReportEnd(why="it is charged back already"),
        (status.CHARGED_BACK, "chargeback won"): ReportEnd(status.CAPTURED),
        (status.CAPTURED, "chargeback won"): ReportEnd(why="the money is here already"),
        (status.CAPTURED, "charged back in part"): ReportEnd(status.CAPTURED),
        (status.CAPTURED, "part won"): ReportEnd(status.CAPTURED),
    }
    for each in (*OPEN_ATTEMPT, *ended):
        # Money is a fact: it may come after the provider has given the attempt up, and go before we heard of it.
        rows[each, "captured"] = ReportEnd(status.CAPTURED)
        rows[each, "charged back"] = ReportEnd(status.CHARGED_BACK)
        rows[each, "chargeback won"] = _UNKNOWN_DISPUTE
    for each in (*OPEN_ATTEMPT, *ended, status.CHARGED_BACK):
        rows |= {(each, event): ReportEnd(why=_NO_PART) for event in ("charged back in part", "part won")}
    rows[status.CAPTURED, "charged back"] = ReportEnd(status.CHARGED_BACK)
    for event, target in (
        ("declined", status.DECLINED),
        ("expired", status.EXPIRED),
        ("cancelled", status.CANCELLED),
    ):
        rows |= {(each, event): ReportEnd(target) for each in OPEN_ATTEMPT}
        rows |= {(each, event): ReportEnd(why=_OVER) for each in ended}
        rows |= {(each, event): ReportEnd(why="money came before it") for each in BROUGHT_MONEY}
    return rows


ATTEMPT_EVENTS = (
    "authorised",
    "captured",
    "declined",
    "expired",
    "cancelled",
    "charged back",
    "chargeback won",
    "charged back in part",
    "part won",
)
ATTEMPT_ENDS = _attempt_rows()

REFUND_EVENTS = (
    "went through",
    "failed too often",
    "failed at the provider",
    "charged back",
    "tried again by staff",
)
REFUND_ENDS: dict[tuple[str, str], ReportEnd] = {
    (RefundStatus.PENDING, "went through"): ReportEnd(RefundStatus.SUCCEEDED),
    (RefundStatus.PENDING, "failed too often"): ReportEnd(RefundStatus.FAILED, calls_staff=True),
    (RefundStatus.PENDING, "failed at the provider"): ReportEnd(RefundStatus.FAILED, calls_staff=True),
    (RefundStatus.PENDING, "charged back"): ReportEnd(RefundStatus.FAILED, calls_staff=True),
    (RefundStatus.PENDING, "tried again by staff"): ReportEnd(why="refused: it is on its way"),
    (RefundStatus.SUCCEEDED, "went through"): ReportEnd(why="it went through already"),
    (RefundStatus.SUCCEEDED, "failed too often"): ReportEnd(why="it went through already"),
    (RefundStatus.SUCCEEDED, "failed at the provider"): ReportEnd(RefundStatus.FAILED, calls_staff=True),
    (RefundStatus.SUCCEEDED, "charged back"): ReportEnd(why="it went through already"),
    (RefundStatus.SUCCEEDED, "tried again by staff"): ReportEnd(why="refused: it is finished"),
    (RefundStatus.FAILED, "went through"): ReportEnd(RefundStatus.SUCCEEDED),
    (RefundStatus.FAILED, "failed too often"): ReportEnd(why="it is with a person already"),
    (RefundStatus.FAILED, "failed at the provider"): ReportEnd(why="it is with a person already"),
    (RefundStatus.FAILED, "charged back"): ReportEnd(why="it is with a person already"),
    (RefundStatus.FAILED, "tried again by staff"): ReportEnd(RefundStatus.PENDING),
}


def _machine(name: str, *, start: str, states: list[str], ends: dict[tuple[str, str], ReportEnd]) -> StateMachine:
    """The steps of a table, in the order of its states."""
    steps = [
        Transition(state, event, end.target)
        for state in states
        for (source, event), end in ends.items()
        if source == state and end.moves
    ]
    return StateMachine(name=name, start=start, transitions=tuple(steps))


PAYMENT_STATES = _machine("Payment", start=PaymentStatus.PENDING, states=list(PaymentStatus), ends=ATTEMPT_ENDS)
REFUND_STATES = _machine("Refund", start=RefundStatus.PENDING, states=list(RefundStatus), ends=REFUND_ENDS)
