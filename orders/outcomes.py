"""What became of a payment, in words: read from the order and its timeline, whatever the provider's page said."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from orders import standing
from orders.models import Order, OrderEvent, OrderEventKind, Payment, Refund, RefundStatus, ReturnRequest
from shop.clock import clock_time
from shop.money import format_money


@dataclass(frozen=True, slots=True)
class Outcome:
    """One state of the payment result page. `code` is stable; `can_retry` offers another try before the deadline."""

    code: str
    kind: str
    title: str
    text: str
    is_pending: bool = False
    can_retry: bool = False
    # What is worth offering when the units are no longer the shopper's.
    offers_shopping: bool = False

    @property
    def spoken(self) -> str:
        """Title and text as one breath, for those who listen."""
        return f"{self.title.removesuffix('.')}. {self.text}"


# Money that came and could not buy what it was meant for. The event's own sentence carries amount and time.
MONEY_BACK = {
    OrderEventKind.PAID_LATE_REFUNDED: ("pay.late_refunded", "Paid too late. Your money is on its way back"),
    OrderEventKind.PAID_TWICE: ("pay.twice", "You paid twice"),
    OrderEventKind.AMOUNT_DIFFERS: ("pay.amount_differs", "The amount was not the one we asked for"),
}
# What an order says that is paid, beyond that it is: the event's own sentence says the rest. Code, kind and title.
PAID_WORDS = {
    OrderEventKind.PAID_LATE_KEPT: ("pay.late_kept", "done", "Paid after the deadline, and you still got it"),
    OrderEventKind.BACKORDERED: ("pay.backordered", "info", "Paid, and on back-order"),
    OrderEventKind.ARRIVED: ("pay.arrived", "done", "Back in stock, and yours"),
    OrderEventKind.CHARGED_BACK: ("pay.charged_back", "warn", "The payment was charged back"),
}
# What an order says that still waits, and can be paid by another try. Code, title and what happened.
WAITING_WORDS = {
    OrderEventKind.PAYMENT_DECLINED: ("pay.failed", "Not paid", "The payment was declined."),
    OrderEventKind.PAYMENT_CANCELLED: ("pay.given_up", "Not paid yet", "The payment page was closed."),
}
# Events after which the page says something of its own. Of several, the latest speaks.
TELLING = {
    OrderEventKind.PLACED,
    OrderEventKind.PAYMENT_STARTED,
    OrderEventKind.PAYMENT_AUTHORISED,
    OrderEventKind.PAID,
    OrderEventKind.CHARGEBACK_WON,
    *MONEY_BACK,
    *PAID_WORDS,
    *WAITING_WORDS,
}


def payment_outcome(*, order: Order, events: list[OrderEvent], now: datetime) -> Outcome:
    """The state of the payment at this moment.

    `events` is the order's timeline, newest first. The order's own status decides between paid and not; the latest
    telling event decides which words fit.
    """
    last = next((event for event in events if event.kind in TELLING), None)
    if last is not None and last.kind in MONEY_BACK:
        return _money_back(order=order, event=last, now=now)
    if order.is_paid:
        return _paid(order=order, event=last)
    if not order.can_be_paid(now=now):
        return _over(order=order, events=events)
    return _waiting(order=order, event=last)


def _paid(*, order: Order, event: OrderEvent | None) -> Outcome:
    if standing.is_paid_back(order):
        went_back = format_money(standing.money_of(order).refunded_minor, order.currency)
        return Outcome(
            "pay.paid_back",
            "info",
            "Everything you paid went back",
            f"{went_back} is there or on its way; banks need up to 3 working days. You have nothing to do.",
        )
    if order.instead_of is not None and (event is None or event.kind not in PAID_WORDS):
        return _exchanged(order, order.instead_of)
    if event is not None and event.kind in PAID_WORDS:
        code, kind, title = PAID_WORDS[OrderEventKind(event.kind)]
        return Outcome(code, kind, title, event.text)
    return Outcome(
        "pay.done",
        "done",
        "Paid. It is yours.",
        f"Order {order.number} over {_total(order)} is paid. A copy went to {order.email}.",
    )


def _waiting(*, order: Order, event: OrderEvent | None) -> Outcome:
    if event is not None and event.kind in WAITING_WORDS:
        code, title, happened = WAITING_WORDS[OrderEventKind(event.kind)]
        held = f"Everything stays held for you until {clock_time(order.pay_by)}."
        return Outcome(code, "warn", title, f"{happened} Nothing was charged. {held}", can_retry=True)
    if event is not None and event.kind == OrderEventKind.PAYMENT_AUTHORISED:
        return Outcome(
            "pay.authorised",
            "info",
            "Authorised, and on its way",
            f"Your bank has agreed to {_total(order)} and not sent it yet. You have nothing to do. "
            f"Everything stays held for you until {clock_time(order.pay_by)}.",
            is_pending=True,
        )
    return Outcome(
        "pay.pending",
        "info",
        "Waiting for your payment",
        f"We have not heard from the payment provider yet. {_total(order)} is due by {clock_time(order.pay_by)}; "
        "everything stays held for you until then.",
        is_pending=True,
        can_retry=True,
    )


def _money_back(*, order: Order, event: OrderEvent, now: datetime) -> Outcome:
    code, title = MONEY_BACK[OrderEventKind(event.kind)]
    can_retry = order.can_be_paid(now=now)
    return Outcome(
        code,
        "info" if order.is_paid else "warn",
        title,
        event.text,
        can_retry=can_retry,
        offers_shopping=not can_retry and not order.is_paid,
    )


def _exchanged(order: Order, asked: ReturnRequest) -> Outcome:
    what = f"return {asked.number} of order {asked.order.number}"
    if standing.awaited_return(order):
        text = f"It is yours, and is sent when {what} is here. Nothing is charged for it."
        return Outcome("exchange.awaits", "info", "Waits for your return", text)
    return Outcome("exchange.paid", "done", "Exchanged. It is yours.", f"It is paid by {what}. Nothing is charged.")


def _over(*, order: Order, events: list[OrderEvent]) -> Outcome:
    undone = next((event for event in events if event.kind == OrderEventKind.EXCHANGE_UNDONE), None)
    if order.is_cancelled and not order.payments.all() and undone is not None:
        return Outcome("exchange.undone", "info", "The exchange was undone", undone.text, offers_shopping=True)
    if order.is_refunded:
        return Outcome("pay.refunded", "info", *_after_refunding(order))
    if order.is_cancelled:
        return Outcome(
            "pay.cancelled",
            "info",
            "Cancelled",
            _after_cancelling(order) if order.paid_at else "Nothing was charged, and what you held is back on sale.",
            offers_shopping=True,
        )
    return Outcome(
        "pay.over",
        "problem",
        "Not paid in time",
        f"The hold ended at {clock_time(order.pay_by)} and went back on sale. "
        "We have received no money for this order. "
        "If a payment still comes in, it buys the order if everything is free, and else goes back to you at once.",
        offers_shopping=True,
    )


def _after_cancelling(order: Order) -> str:
    """Where the money of a cancelled order is that was paid for."""
    payments = list(order.payments.all())
    if any(payment.is_charged_back and payment.is_kept for payment in payments):
        return (
            "Your bank took the payment back, so the shop has nothing to send back now. "
            "If the bank returns it to us, we send it on to you."
        )
    gone_minor = _gone_minor(payments)
    if gone_minor >= sum(payment.captured_minor for payment in payments):
        return "What you paid is on its way back; banks need up to 3 working days."
    if gone_minor:
        return f"{format_money(gone_minor, order.currency)} of what you paid is on its way back, or back already."
    return "What you paid has not gone back yet. Our staff see to it; you have nothing to do."


def _after_refunding(order: Order) -> tuple[str, str]:
    """Where the money of an order is whose units were gone when it was paid: title and text."""
    payments = list(order.payments.all())
    came_minor = sum(payment.captured_minor for payment in payments)
    if any(payment.is_charged_back for payment in payments):
        return "Your bank has the money", "Your bank took the payment back. You have nothing to do."
    if _gone_minor(payments) < came_minor:
        return "Your money is not back yet", "Sending it back has failed so far. Our staff see to it."
    if Refund.objects.filter(payment__in=payments, status=RefundStatus.PENDING).exists():
        return "Money on its way back", f"{_total(order)} is on its way back; banks need up to 3 working days."
    return "Money sent back", f"We returned {_total(order)}. You have nothing to do."


def _gone_minor(payments: list[Payment]) -> int:
    """What is on its way back or there, in minor units."""
    refunds = Refund.objects.filter(payment__in=payments).exclude(status=RefundStatus.FAILED)
    return refunds.aggregate(gone=Sum("amount_minor"))["gone"] or 0


def _total(order: Order) -> str:
    return format_money(order.total_minor, order.currency)
