"""What becomes of everything, cell by cell: each state of an order, and each thing that can happen to it."""

from collections.abc import Iterable
from dataclasses import replace

from orders.ends.end import End, Happening, MoneyEnd, StockEnd, impossible, no_effect, refused
from orders.models import PAID_STATES, UNSENT_STATES, OrderEventKind, OrderStatus

# What staff read when a chargeback is won and something had been given up while the bank had the money.
WON_AFTER_THE_END = (
    "The money is back at the shop: what was cancelled or returned has to go back to the customer, "
    "unless it went back before."
)
S = OrderStatus
H = Happening
WAITING_OR_EXPIRED = (S.AWAITING_PAYMENT, S.EXPIRED)
EVERY = tuple(OrderStatus)
_NOT_WAITING = tuple(state for state in OrderStatus if state != S.AWAITING_PAYMENT)
_NO_OPEN_ATTEMPT = "only an order that waits for payment has an open attempt"


def _sent_back(
    outcome: str,
    entry: OrderEventKind,
    reads: str,
    *,
    step: str = "",
    calls_staff: bool = False,
    stock: StockEnd = StockEnd.STAYS,
) -> End:
    return End(
        outcome,
        order_step=step,
        moves_attempt=True,
        stock=stock,
        money=MoneyEnd.SENT_BACK,
        entry=entry,
        reads=f"{reads} {{back}}",
        message="payment_refunded",
        calls_staff=calls_staff,
    )


class _Table:
    """The cells while they are written down: none twice."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, Happening], End] = {}

    def say(self, happening: Happening, states: Iterable[OrderStatus], end: End) -> None:
        for state in states:
            if (state, happening) in self.cells:
                raise ValueError(f"{happening} in state {state} has an end already")
            self.cells[state, happening] = end


def _captures(table: _Table) -> None:
    """Money that is exactly what was asked for."""
    in_time = End(
        "paid",
        order_step="paid in time",
        moves_attempt=True,
        stock=StockEnd.COMMITTED,
        money=MoneyEnd.KEPT,
        entry=OrderEventKind.PAID,
        reads="Paid. It is yours.",
        message="order_paid",
    )
    late_kept = End(
        "paid late, kept",
        order_step="paid late, units free",
        moves_attempt=True,
        stock=StockEnd.TAKEN_ANEW,
        money=MoneyEnd.KEPT,
        entry=OrderEventKind.PAID_LATE_KEPT,
        reads="Paid after the hold had ended. It was still free, so the order stands. {remark}",
        message="order_paid_late",
    )
    backordered = End(
        "paid late, back-ordered",
        order_step="paid late, back-ordered",
        moves_attempt=True,
        stock=StockEnd.BACKORDERED,
        money=MoneyEnd.KEPT,
        entry=OrderEventKind.BACKORDERED,
        reads="Paid after the hold had ended, when it was sold out. By the terms you took it is sent when it is back.",
        message="order_backordered",
    )
    gone = _sent_back(
        "paid late, sent back",
        OrderEventKind.PAID_LATE_REFUNDED,
        "The payment arrived after the hold had ended, and none was left.",
        step="paid late, units gone",
    )
    preordered = End(
        "paid, pre-ordered",
        order_step="paid in time, pre-ordered",
        moves_attempt=True,
        stock=StockEnd.COMMITTED_BEYOND,
        money=MoneyEnd.KEPT,
        entry=OrderEventKind.PREORDERED,
        reads="Paid. {remark}",
        message="order_preordered",
    )
    lost = _sent_back(
        "paid in time, units lost, sent back",
        OrderEventKind.PAID_LATE_REFUNDED,
        "What was held for you was lost before you paid, and there is no other.",
        step="paid in time, units gone",
        calls_staff=True,
        stock=StockEnd.LET_GO,
    )
    over_limit = _sent_back(
        "over the limit, sent back",
        OrderEventKind.OVER_LIMIT,
        "{remark}",
        step="paid over the limit",
        stock=StockEnd.LET_GO,
    )
    twice = _sent_back("paid twice, sent back", OrderEventKind.PAID_TWICE, "You paid twice.")
    ended = _sent_back(
        "paid after the end, sent back",
        OrderEventKind.PAID_LATE_REFUNDED,
        "A payment arrived although the order is {status}.",
    )
    table.say(H.CAPTURED_IN_TIME, [S.AWAITING_PAYMENT], in_time)
    table.say(H.CAPTURED_IN_TIME_TERMS, [S.AWAITING_PAYMENT], preordered)
    table.say(H.CAPTURED_IN_TIME_GONE, [S.AWAITING_PAYMENT], lost)
    for happening in (H.CAPTURED_IN_TIME_TERMS, H.CAPTURED_IN_TIME_GONE):
        table.say(happening, [S.EXPIRED], impossible("once expired it is late, even if a hold still lives"))
        table.say(happening, [S.CANCELLED], impossible("its units were let go: it counts as late, units gone"))
    table.say(H.CAPTURED_IN_TIME, [S.EXPIRED], impossible("once expired it is late, even if a hold still lives"))
    table.say(H.CAPTURED_IN_TIME, [S.CANCELLED], impossible("its units were let go: it counts as late, units gone"))
    for happening, end in (
        (H.CAPTURED_LATE_FREE, late_kept),
        (H.CAPTURED_LATE_TERMS, backordered),
        (H.CAPTURED_LATE_GONE, gone),
    ):
        table.say(happening, WAITING_OR_EXPIRED, end)
    for happening in (H.CAPTURED_LATE_FREE, H.CAPTURED_LATE_TERMS):
        table.say(happening, [S.CANCELLED], impossible("its units were let go: it counts as late, units gone"))
    table.say(H.CAPTURED_LATE_GONE, [S.CANCELLED], ended)
    table.say(H.CAPTURED_OVER_LIMIT, WAITING_OR_EXPIRED, over_limit)
    table.say(H.CAPTURED_OVER_LIMIT, [S.CANCELLED], impossible("its units were let go: it counts as late, units gone"))
    for happening in (
        H.CAPTURED_IN_TIME,
        H.CAPTURED_IN_TIME_TERMS,
        H.CAPTURED_IN_TIME_GONE,
        H.CAPTURED_LATE_FREE,
        H.CAPTURED_LATE_TERMS,
        H.CAPTURED_LATE_GONE,
        H.CAPTURED_OVER_LIMIT,
    ):
        table.say(
            happening, [*PAID_STATES, S.REFUNDED], impossible("money came before: it counts as by another attempt")
        )
    table.say(H.CAPTURED_SECOND, WAITING_OR_EXPIRED, impossible("no money was kept so far: it counts as the first"))
    table.say(H.CAPTURED_SECOND, PAID_STATES, twice)
    table.say(H.CAPTURED_SECOND, [S.CANCELLED, S.REFUNDED], ended)
    table.say(H.CAPTURED_AGAIN, EVERY, no_effect("this attempt was captured already"))


def _differing(table: _Table) -> None:
    """Money that is not what was asked for."""
    differs = _sent_back(
        "amount differs, sent back",
        OrderEventKind.AMOUNT_DIFFERS,
        "The provider reported {came} instead of {asked}. The order is not paid by it.",
        calls_staff=True,
    )
    for happening in (H.PAID_TOO_LITTLE, H.PAID_TOO_MUCH, H.PAID_IN_ANOTHER_CURRENCY):
        table.say(happening, EVERY, differs)


def _without_money(table: _Table) -> None:
    """Attempts that brought nothing, and orders that nobody paid."""
    for happening, outcome, entry, reads in (
        (H.AUTHORISED, "authorised", OrderEventKind.PAYMENT_AUTHORISED, "The payment is authorised, not taken yet."),
        (H.DECLINED, "declined", OrderEventKind.PAYMENT_DECLINED, "The payment was declined. Nothing was charged."),
        (
            H.EXPIRED,
            "attempt expired",
            OrderEventKind.PAYMENT_CANCELLED,
            "The provider closed the payment page. Nothing was charged.",
        ),
        (
            H.CANCELLED_AT_PROVIDER,
            "attempt cancelled",
            OrderEventKind.PAYMENT_CANCELLED,
            "The payment was cancelled. Nothing was charged.",
        ),
    ):
        reads = f"{reads} Everything stays held for you until {{deadline}}."
        table.say(happening, [S.AWAITING_PAYMENT], End(outcome, moves_attempt=True, entry=entry, reads=reads))
        table.say(happening, _NOT_WAITING, no_effect(_NO_OPEN_ATTEMPT))
    cancelled = End(
        "cancelled",
        order_step="cancelled",
        moves_attempt=True,
        stock=StockEnd.LET_GO,
        entry=OrderEventKind.CANCELLED,
        reads="Order cancelled. {charged}",
        message="order_cancelled",
    )
    table.say(H.CANCELLED_BY_SHOPPER, [S.AWAITING_PAYMENT], cancelled)
    table.say(H.CANCELLED_BY_SHOPPER, [S.CANCELLED], no_effect("it is cancelled already"))
    table.say(H.CANCELLED_BY_SHOPPER, [*PAID_STATES, S.EXPIRED, S.REFUNDED], refused("order_not_cancellable"))
    expired = End(
        "not paid in time",
        order_step="window over",
        moves_attempt=True,
        stock=StockEnd.ENDS_WITH_HOLD,
        entry=OrderEventKind.EXPIRED,
        reads="Not paid by {deadline}. The items went back on sale.",
        message="order_expired",
    )
    table.say(H.WINDOW_OVER, [S.AWAITING_PAYMENT], expired)
    table.say(H.WINDOW_OVER, _NOT_WAITING, no_effect("it does not wait for payment"))


def _money_back(table: _Table) -> None:
    """Refunds, by us and by others, and what banks do."""
    went = End(
        "refund finished",
        money=MoneyEnd.WENT_BACK,
        entry=OrderEventKind.REFUND_SUCCEEDED,
        reads="{amount} went back.",
    )
    part = End(
        "refund of a part finished",
        money=MoneyEnd.WENT_BACK,
        entry=OrderEventKind.REFUND_SUCCEEDED,
        reads="{amount} of {came} went back.",
    )
    failed = End(
        "refund failed",
        money=MoneyEnd.STAYED,
        entry=OrderEventKind.REFUND_FAILED,
        reads="A refund of {amount} needs a person. You have nothing to do.",
        calls_staff=True,
        for_staff="A refund of {amount} failed: {problem}",
    )
    unknown = End(
        "refund at the provider written down",
        money=MoneyEnd.WENT_BACK,
        entry=OrderEventKind.REFUND_SUCCEEDED,
        reads="{amount} went back from the provider's own pages.",
        calls_staff=True,
    )
    taken = End(
        "charged back",
        moves_attempt=True,
        money=MoneyEnd.TAKEN,
        entry=OrderEventKind.CHARGED_BACK,
        reads="The bank took a payment back.",
        message="payment_charged_back",
        calls_staff=True,
    )
    won = End(
        "chargeback won",
        moves_attempt=True,
        money=MoneyEnd.RETURNED,
        entry=OrderEventKind.CHARGEBACK_WON,
        reads="The bank gave the payment back to the shop. You have nothing to do.",
        why="where the capture itself was never reported, it counts as captured; "
        "where units were cancelled or came back, staff are called, too",
    )
    won_after_the_end = replace(
        won, calls_staff=True, for_staff=WON_AFTER_THE_END, why="it was cancelled or refunded while the bank had it"
    )
    held_back = End(
        "charged back, parcels held back",
        moves_attempt=True,
        money=MoneyEnd.TAKEN,
        entry=OrderEventKind.CHARGED_BACK,
        reads="The bank took the payment back. What is not sent yet waits until that is settled.",
        message="payment_charged_back",
        calls_staff=True,
        holds_parcels=True,
    )
    table.say(H.REFUND_SUCCEEDED, EVERY, went)
    table.say(H.REFUND_OF_A_PART, EVERY, part)
    table.say(H.REFUND_FAILED, EVERY, failed)
    table.say(H.REFUND_UNKNOWN, EVERY, unknown)
    part_taken = replace(taken, outcome="charged back in part", reads="The bank took {amount} of {came} back.")
    table.say(
        H.CHARGED_BACK_PART,
        UNSENT_STATES,
        replace(
            held_back,
            outcome="charged back in part, parcels held back",
            reads="The bank took {amount} of {came} back. What is not sent yet waits until that is settled.",
        ),
    )
    table.say(H.CHARGED_BACK_PART, [state for state in EVERY if state not in UNSENT_STATES], part_taken)
    stands = replace(
        taken,
        outcome="charged back, order stands",
        reads="The bank took a payment back that did not buy this order. The order stands.",
    )
    table.say(H.CHARGED_BACK_OTHER, PAID_STATES, stands)
    other = impossible("only a paid order has a payment that it rests on: it counts as charged back")
    table.say(H.CHARGED_BACK_OTHER, [state for state in EVERY if state not in PAID_STATES], other)
    table.say(H.CHARGED_BACK, UNSENT_STATES, held_back)
    table.say(H.CHARGED_BACK, [state for state in EVERY if state not in UNSENT_STATES], taken)
    table.say(H.CHARGEBACK_WON, [S.CANCELLED, S.REFUNDED], won_after_the_end)
    table.say(H.CHARGEBACK_WON, [state for state in EVERY if state not in (S.CANCELLED, S.REFUNDED)], won)


def _arrivals(table: _Table) -> None:
    arrived = End(
        "arrived",
        order_step="units arrived",
        entry=OrderEventKind.ARRIVED,
        reads="It is back in stock and yours. We pack it now.",
        message="order_arrived",
    )
    table.say(H.UNITS_ARRIVED, [S.BACKORDERED], arrived)
    table.say(
        H.UNITS_ARRIVED,
        [state for state in EVERY if state != S.BACKORDERED],
        no_effect("it waits for no units"),
    )


def _silence(table: _Table) -> None:
    """Providers that do not answer, and what is lost on the way."""
    table.say(
        H.DOWN_AT_START,
        [S.AWAITING_PAYMENT],
        End("not started", why="the shopper is told to try again; the attempt stays, and is given again"),
    )
    table.say(H.DOWN_AT_START, _NOT_WAITING, refused("order_not_payable"))
    table.say(H.DOWN_AT_ASK, EVERY, no_effect("it is asked about again after the same silence"))
    table.say(
        H.DOWN_AT_REFUND,
        EVERY,
        End("refund put off", money=MoneyEnd.PUT_OFF, why="tried again later each time, at last by a person"),
    )
    table.say(
        H.REPORT_LOST,
        EVERY,
        End("asked about", moves_attempt=True, why="the shop asks, and it is settled as if the report had come"),
    )
    table.say(
        H.ANSWER_LOST,
        EVERY,
        End("refund asked for again", money=MoneyEnd.PUT_OFF, why="the provider knows the key: one effect"),
    )


def written_down() -> dict[tuple[str, Happening], End]:
    """Every cell: state of the order and happening to what becomes of everything."""
    table = _Table()
    for part in (_captures, _differing, _without_money, _money_back, _arrivals, _silence):
        part(table)
    return table.cells
