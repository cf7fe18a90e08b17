"""What became of a payment, in words: read from the order and its timeline, whatever the provider's page said."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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
    OrderEventKind.PAID_LATE_REFUNDED: (
        "pay.late_refunded",
        gettext_lazy("Paid too late. Your money is on its way back"),
    ),
    OrderEventKind.PAID_TWICE: ("pay.twice", gettext_lazy("You paid twice")),
    OrderEventKind.AMOUNT_DIFFERS: ("pay.amount_differs", gettext_lazy("The amount was not the one we asked for")),
}
# What an order says that is paid, beyond that it is: the event's own sentence says the rest. Code, kind and title.
PAID_WORDS = {
    OrderEventKind.PAID_LATE_KEPT: (
        "pay.late_kept",
        "done",
        gettext_lazy("Paid after the deadline, and you still got it"),
    ),
    OrderEventKind.BACKORDERED: ("pay.backordered", "info", gettext_lazy("Paid, and on back-order")),
    OrderEventKind.ARRIVED: ("pay.arrived", "done", gettext_lazy("Back in stock, and yours")),
    OrderEventKind.CHARGED_BACK: ("pay.charged_back", "warn", gettext_lazy("The payment was charged back")),
}
# What an order says that still waits, and can be paid by another try. Code, title and what happened.
WAITING_WORDS = {
    OrderEventKind.PAYMENT_DECLINED: (
        "pay.failed",
        gettext_lazy("Not paid"),
        gettext_lazy("The payment was declined."),
    ),
    OrderEventKind.PAYMENT_CANCELLED: (
        "pay.given_up",
        gettext_lazy("Not paid yet"),
        gettext_lazy("The payment page was closed."),
    ),
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
            _("Everything you paid went back"),
            _("%(went_back)s is there or on its way; banks need up to 3 working days. You have nothing to do.")
            % {"went_back": went_back},
        )
    if order.instead_of is not None and (event is None or event.kind not in PAID_WORDS):
        return _exchanged(order, order.instead_of)
    if event is not None and event.kind in PAID_WORDS:
        code, kind, title = PAID_WORDS[OrderEventKind(event.kind)]
        return Outcome(code, kind, str(title), event.text)
    return Outcome(
        "pay.done",
        "done",
        _("Paid. It is yours."),
        _("Order %(number)s over %(order)s is paid. A copy went to %(email)s.")
        % {"number": order.number, "order": _total(order), "email": order.email},
    )


def _waiting(*, order: Order, event: OrderEvent | None) -> Outcome:
    if event is not None and event.kind in WAITING_WORDS:
        code, title, happened = WAITING_WORDS[OrderEventKind(event.kind)]
        held = _("Everything stays held for you until %(time)s.") % {"time": clock_time(order.pay_by)}
        return Outcome(
            code,
            "warn",
            str(title),
            _("%(happened)s Nothing was charged. %(held)s") % {"happened": happened, "held": held},
            can_retry=True,
        )
    if event is not None and event.kind == OrderEventKind.PAYMENT_AUTHORISED:
        return Outcome(
            "pay.authorised",
            "info",
            _("Authorised, and on its way"),
            _(
                "Your bank has agreed to %(order)s and not sent it yet. You have nothing to do. "
                "Everything stays held for you until %(pay_by)s."
            )
            % {"order": _total(order), "pay_by": clock_time(order.pay_by)},
            is_pending=True,
        )
    return Outcome(
        "pay.pending",
        "info",
        _("Waiting for your payment"),
        _(
            "We have not heard from the payment provider yet. %(order)s is due by %(pay_by)s; everything "
            "stays held for you until then."
        )
        % {"order": _total(order), "pay_by": clock_time(order.pay_by)},
        is_pending=True,
        can_retry=True,
    )


def _money_back(*, order: Order, event: OrderEvent, now: datetime) -> Outcome:
    code, title = MONEY_BACK[OrderEventKind(event.kind)]
    can_retry = order.can_be_paid(now=now)
    return Outcome(
        code,
        "info" if order.is_paid else "warn",
        str(title),
        event.text,
        can_retry=can_retry,
        offers_shopping=not can_retry and not order.is_paid,
    )


def _exchanged(order: Order, asked: ReturnRequest) -> Outcome:
    what = _("return %(number)s of order %(order)s") % {"number": asked.number, "order": asked.order.number}
    if standing.awaited_return(order):
        text = _("It is yours, and is sent when %(what)s is here. Nothing is charged for it.") % {"what": what}
        return Outcome("exchange.awaits", "info", _("Waits for your return"), text)
    return Outcome(
        "exchange.paid",
        "done",
        _("Exchanged. It is yours."),
        _("It is paid by %(what)s. Nothing is charged.") % {"what": what},
    )


def _over(*, order: Order, events: list[OrderEvent]) -> Outcome:
    undone = next((event for event in events if event.kind == OrderEventKind.EXCHANGE_UNDONE), None)
    if order.is_cancelled and not order.payments.all() and undone is not None:
        return Outcome("exchange.undone", "info", _("The exchange was undone"), undone.text, offers_shopping=True)
    if order.is_refunded:
        return Outcome("pay.refunded", "info", *_after_refunding(order))
    if order.is_cancelled:
        return Outcome(
            "pay.cancelled",
            "info",
            _("Cancelled"),
            _after_cancelling(order) if order.paid_at else _("Nothing was charged, and what you held is back on sale."),
            offers_shopping=True,
        )
    return Outcome(
        "pay.over",
        "problem",
        _("Not paid in time"),
        _(
            "The hold ended at %(pay_by)s and went back on sale. We have received no money for this "
            "order. If a payment still comes in, it buys the order if everything is free, and else goes "
            "back to you at once."
        )
        % {"pay_by": clock_time(order.pay_by)},
        offers_shopping=True,
    )


def _after_cancelling(order: Order) -> str:
    """Where the money of a cancelled order is that was paid for."""
    payments = list(order.payments.all())
    if any(payment.is_charged_back and payment.is_kept for payment in payments):
        return _(
            "Your bank took the payment back, so the shop has nothing to send back now. "
            "If the bank returns it to us, we send it on to you."
        )
    gone_minor = _gone_minor(payments)
    if gone_minor >= sum(payment.captured_minor for payment in payments):
        return _("What you paid is on its way back; banks need up to 3 working days.")
    if gone_minor:
        return _("%(gone)s of what you paid is on its way back, or back already.") % {
            "gone": format_money(gone_minor, order.currency)
        }
    return _("What you paid has not gone back yet. Our staff see to it; you have nothing to do.")


def _after_refunding(order: Order) -> tuple[str, str]:
    """Where the money of an order is whose units were gone when it was paid: title and text."""
    payments = list(order.payments.all())
    came_minor = sum(payment.captured_minor for payment in payments)
    if any(payment.is_charged_back for payment in payments):
        return _("Your bank has the money"), _("Your bank took the payment back. You have nothing to do.")
    if _gone_minor(payments) < came_minor:
        return _("Your money is not back yet"), _("Sending it back has failed so far. Our staff see to it.")
    if Refund.objects.filter(payment__in=payments, status=RefundStatus.PENDING).exists():
        sentence = _("%(total)s is on its way back; banks need up to 3 working days.")
        return _("Money on its way back"), sentence % {"total": _total(order)}
    return _("Money sent back"), _("We returned %(total)s. You have nothing to do.") % {"total": _total(order)}


def _gone_minor(payments: list[Payment]) -> int:
    """What is on its way back or there, in minor units."""
    refunds = Refund.objects.filter(payment__in=payments).exclude(status=RefundStatus.FAILED)
    return refunds.aggregate(gone=Sum("amount_minor"))["gone"] or 0


def _total(order: Order) -> str:
    return format_money(order.total_minor, order.currency)
