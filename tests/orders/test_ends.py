"""Every end of money: each state of an order, each thing that can happen to it, and what becomes of everything.

What is expected is written down here a second time, by hand: a cell of `orders/ends/` that is changed by mistake
differs from it. The cell itself is compared with what really happened, too, so the document cannot lie.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from inventory import services as inventory
from inventory.queries import prove
from orders import ends, services
from orders.ends import ENDS, CannotHappen, Happening, MoneyEnd, StockEnd, end_of
from orders.gateways import GatewayFailed, base, sandbox
from orders.gateways.sandbox import SandboxGateway
from orders.models import (
    ATTEMPT_ENDS,
    ATTEMPT_EVENTS,
    ORDER_STATES,
    PAYMENT_STATES,
    REFUND_ENDS,
    REFUND_EVENTS,
    Message,
    OrderEventKind,
    OrderStatus,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from orders.queries import prove_owed
from shop.models import DropItem
from tests.books import counters, everything, nothing_changes
from tests.factories import ARRIVES_ON, NOW, DropFactory, report
from tests.orders.scenes import (
    BUILD,
    UNITS,
    WINDOW_ENDS,
    Provider,
    Scene,
    expired,
    receive,
    silence,
    take_what_is_free,
    waiting,
)

pytestmark = pytest.mark.django_db

S, P, H, K = OrderStatus, PaymentStatus, Happening, OrderEventKind
PAID = (S.PAID, S.BACKORDERED, S.PARTLY_FULFILLED, S.FULFILLED)
UNSENT = (S.PAID, S.BACKORDERED, S.PARTLY_FULFILLED)
OPEN = (S.AWAITING_PAYMENT, S.EXPIRED)
OVER = (S.CANCELLED, S.REFUNDED)


@dataclass(frozen=True)
class Expected:
    """What is different afterwards; the empty value stands for "as before". `shift` is held and allocated, in units."""

    order: str = ""
    attempt: str = ""
    shift: tuple[int, int] = (0, 0)
    # New refunds, in minor units; all of what came is "all".
    refund: int | str = 0
    entry: str = ""
    message: str = ""
    staff: bool = False
    held_back: bool = False
    refused: str = ""


AS_BEFORE = Expected()
BACK = Expected(attempt=P.CAPTURED, refund="all", message="payment_refunded")
TWICE = replace(BACK, entry=K.PAID_TWICE)
AFTER_THE_END = replace(BACK, entry=K.PAID_LATE_REFUNDED)
DIFFERS = replace(BACK, entry=K.AMOUNT_DIFFERS, staff=True)
GONE = replace(BACK, order=S.REFUNDED, entry=K.PAID_LATE_REFUNDED)
KEPT = Expected(S.PAID, P.CAPTURED, shift=(0, UNITS), entry=K.PAID_LATE_KEPT, message="order_paid_late")
TERMS = Expected(S.BACKORDERED, P.CAPTURED, shift=(0, UNITS), entry=K.BACKORDERED, message="order_backordered")
IN_TIME = Expected(S.PAID, P.CAPTURED, shift=(-UNITS, UNITS), entry=K.PAID, message="order_paid")
PREORDERED = Expected(S.BACKORDERED, P.CAPTURED, shift=(-UNITS, UNITS), entry=K.PREORDERED, message="order_preordered")
WENT_BACK = Expected(entry=K.REFUND_SUCCEEDED)
TAKEN = Expected(attempt=P.CHARGED_BACK, entry=K.CHARGED_BACK, staff=True, message="payment_charged_back")
WON = Expected(attempt=P.CAPTURED, entry=K.CHARGEBACK_WON)
REFUSED = Expected(refused="OrderNotPayable")


def table() -> dict[tuple[str, Happening], Expected]:
    """Every cell that can happen."""
    cells: dict[tuple[str, Happening], Expected] = {}

    def say(happening: Happening, states: Iterable[OrderStatus], expected: Expected) -> None:
        for state in states:
            assert (state, happening) not in cells
            cells[state, happening] = expected

    def waiting_only(happening: Happening, expected: Expected, otherwise: Expected = AS_BEFORE) -> None:
        say(happening, [S.AWAITING_PAYMENT], expected)
        say(happening, [state for state in S if state != S.AWAITING_PAYMENT], otherwise)

    waiting_only(H.AUTHORISED, Expected(attempt=P.AUTHORISED, entry=K.PAYMENT_AUTHORISED))
    say(H.CAPTURED_IN_TIME, [S.AWAITING_PAYMENT], IN_TIME)
    say(H.CAPTURED_IN_TIME_TERMS, [S.AWAITING_PAYMENT], PREORDERED)
    say(H.CAPTURED_IN_TIME_GONE, [S.AWAITING_PAYMENT], replace(GONE, shift=(-UNITS, 0), staff=True))
    # What the waiting order still held is let go; an expired one holds nothing.
    say(H.CAPTURED_LATE_FREE, [S.AWAITING_PAYMENT], replace(KEPT, shift=(-UNITS, UNITS)))
    say(H.CAPTURED_LATE_FREE, [S.EXPIRED], KEPT)
    say(H.CAPTURED_LATE_TERMS, OPEN, TERMS)
    say(H.CAPTURED_LATE_GONE, OPEN, GONE)
    say(H.CAPTURED_LATE_GONE, [S.CANCELLED], AFTER_THE_END)
    say(H.CAPTURED_OVER_LIMIT, [S.AWAITING_PAYMENT], replace(GONE, shift=(-UNITS, 0), entry=K.OVER_LIMIT))
    say(H.CAPTURED_OVER_LIMIT, [S.EXPIRED], replace(GONE, entry=K.OVER_LIMIT))
    say(H.CAPTURED_SECOND, PAID, TWICE)
    say(H.CAPTURED_SECOND, OVER, AFTER_THE_END)
    say(H.CAPTURED_AGAIN, S, AS_BEFORE)
    for happening in (H.PAID_TOO_LITTLE, H.PAID_TOO_MUCH, H.PAID_IN_ANOTHER_CURRENCY):
        say(happening, S, DIFFERS)
    waiting_only(H.DECLINED, Expected(attempt=P.DECLINED, entry=K.PAYMENT_DECLINED))
    waiting_only(H.EXPIRED, Expected(attempt=P.EXPIRED, entry=K.PAYMENT_CANCELLED))
    waiting_only(H.CANCELLED_AT_PROVIDER, Expected(attempt=P.CANCELLED, entry=K.PAYMENT_CANCELLED))
    cancelled = Expected(S.CANCELLED, P.CANCELLED, shift=(-UNITS, 0), entry=K.CANCELLED, message="order_cancelled")
    say(H.CANCELLED_BY_SHOPPER, [S.AWAITING_PAYMENT], cancelled)
    say(H.CANCELLED_BY_SHOPPER, [S.CANCELLED], AS_BEFORE)
    say(H.CANCELLED_BY_SHOPPER, [*PAID, S.EXPIRED, S.REFUNDED], Expected(refused="OrderNotCancellable"))
    waiting_only(H.WINDOW_OVER, Expected(S.EXPIRED, P.EXPIRED, entry=K.EXPIRED, message="order_expired"))
    say(H.REFUND_SUCCEEDED, S, WENT_BACK)
    say(H.REFUND_OF_A_PART, S, WENT_BACK)
    say(H.REFUND_FAILED, S, Expected(entry=K.REFUND_FAILED, staff=True))
    say(H.REFUND_UNKNOWN, S, Expected(refund=1, entry=K.REFUND_SUCCEEDED, staff=True))
    say(H.CHARGED_BACK, UNSENT, replace(TAKEN, held_back=True))
    say(H.CHARGED_BACK, [S.FULFILLED, *OPEN, *OVER], TAKEN)
    part = Expected(entry=K.CHARGED_BACK, staff=True, message="payment_charged_back")
    say(H.CHARGED_BACK_PART, UNSENT, replace(part, held_back=True))
    say(H.CHARGED_BACK_PART, [S.FULFILLED, *OPEN, *OVER], part)
    say(H.CHARGED_BACK_OTHER, PAID, TAKEN)
    say(H.CHARGEBACK_WON, [*PAID, *OPEN], WON)
    say(H.CHARGEBACK_WON, OVER, replace(WON, staff=True))
    say(H.UNITS_ARRIVED, [S.BACKORDERED], Expected(S.PAID, entry=K.ARRIVED, message="order_arrived"))
    say(H.UNITS_ARRIVED, [state for state in S if state != S.BACKORDERED], AS_BEFORE)
    waiting_only(H.DOWN_AT_START, Expected(entry=K.PAYMENT_STARTED, refused="GatewayFailed"), REFUSED)
    say(H.DOWN_AT_ASK, S, AS_BEFORE)
    say(H.DOWN_AT_REFUND, S, AS_BEFORE)
    say(H.REPORT_LOST, [S.AWAITING_PAYMENT], IN_TIME)
    say(H.REPORT_LOST, [S.EXPIRED], KEPT)
    say(H.REPORT_LOST, PAID, TWICE)
    say(H.REPORT_LOST, OVER, AFTER_THE_END)
    say(H.ANSWER_LOST, S, WENT_BACK)
    return cells


EXPECTED = table()


@dataclass
class Staged:
    """A scene on which a thing is about to happen: to which attempt, and how."""

    scene: Scene
    happen: Callable[[], Any]
    attempt: str = "other"


def reporting(kind: str, **changes: Any) -> Callable[[Scene, Provider], Staged]:
    """A signed webhook about the attempt that may still be paid, or, where there is none, about the one before it."""

    def stage(scene: Scene, provider: Provider) -> Staged:
        attempt = "main" if scene.order.is_awaiting_payment else "other"
        payment = getattr(scene, attempt)
        return Staged(scene, lambda: report(payment, kind=kind, now=scene.now, **changes), attempt)

    return stage


def late(*, is_gone: bool) -> Callable[[Scene, Provider], Staged]:
    def stage(scene: Scene, provider: Provider) -> Staged:
        scene.now = WINDOW_ENDS
        if is_gone and scene.order.status in OPEN:
            take_what_is_free(scene)
        return reporting("payment.captured")(scene, provider)

    return stage


def lost_meanwhile(scene: Scene, provider: Provider) -> Staged:
    """Staff may let units go that are held, where they allow promises beyond stock."""
    change = -scene.item.on_hand
    inventory.adjust(stock_item_id=scene.item.pk, change=change, reason="broken", actor="staff", now=scene.now)
    return reporting("payment.captured")(scene, provider)


def preordered(scene: Scene, provider: Provider) -> Staged:
    scene.order.lines.update(is_preorder=True, arrives_on=ARRIVES_ON)
    return lost_meanwhile(scene, provider)


def over_limit(scene: Scene, provider: Provider) -> Staged:
    """What was ordered turns out to be of a drop that allows fewer."""
    drop = DropFactory(published_at=NOW, limit_per_customer=UNITS - 1)
    line = scene.order.lines.get()
    item = DropItem.objects.create(drop=drop, variant=line.variant, price_minor=line.unit_price_minor, quota=1)
    scene.order.lines.update(drop_item=item)
    return reporting("payment.captured")(scene, provider)


def captured_again(scene: Scene, provider: Provider) -> Staged:
    if scene.order.status in (S.AWAITING_PAYMENT, S.EXPIRED, S.CANCELLED):
        report(scene.other, amount=1, now=scene.now)
        scene.settle()
        return Staged(scene, lambda: report(scene.other, now=scene.now))
    return Staged(scene, lambda: report(scene.main, now=scene.now), "main")


def with_refund(scene: Scene) -> Refund:
    """Too little came by the other attempt, and is on its way back: that can be in every state."""
    report(scene.other, amount=1_000, now=scene.now)
    scene.settle()
    return scene.last_refund


def refund_reported(kind: str) -> Callable[[Scene, Provider], Staged]:
    def stage(scene: Scene, provider: Provider) -> Staged:
        refund = with_refund(scene)
        facts = {"refund": str(refund.key), "amount": refund.amount_minor}
        return Staged(scene, lambda: report(scene.other, kind=kind, now=scene.now, **facts))

    return stage


def refund_of_a_part(scene: Scene, provider: Provider) -> Staged:
    whole = with_refund(scene)
    report(scene.other, kind="refund.failed", refund=str(whole.key), amount=1_000, now=scene.now)
    services.request_refund(scene.other, amount_minor=400, currency="IDR", reason="a part", now=scene.now)
    scene.settle()
    part = scene.last_refund
    facts = {"refund": str(part.key), "amount": 400}
    return Staged(scene, lambda: report(scene.other, kind="refund.succeeded", now=scene.now, **facts))


def refund_unknown(scene: Scene, provider: Provider) -> Staged:
    with_refund(scene)
    facts = {"refund": "re_dashboard", "amount": 1}
    return Staged(scene, lambda: report(scene.other, kind="refund.succeeded", now=scene.now, **facts))


def charged_back(scene: Scene, provider: Provider) -> Staged:
    """The payment that counts; where none does, the one that is on its way back."""
    attempt = "main" if scene.order.is_paid or scene.order.is_refunded else "other"
    if attempt == "other":
        with_refund(scene)
    payment = getattr(scene, attempt)
    return Staged(scene, lambda: report(payment, kind="payment.charged_back", now=scene.now), attempt)


def charged_back_part(scene: Scene, provider: Provider) -> Staged:
    staged = charged_back(scene, provider)
    payment = getattr(scene, staged.attempt)
    staged.happen = lambda: report(payment, kind="payment.charged_back", amount=400, now=scene.now)
    return staged


def charged_back_other(scene: Scene, provider: Provider) -> Staged:
    """Paid twice; the bank takes back what the order does not rest on."""
    report(scene.other, now=scene.now)
    scene.settle()
    return Staged(scene, lambda: report(scene.other, kind="payment.charged_back", now=scene.now))


def chargeback_won(scene: Scene, provider: Provider) -> Staged:
    staged = charged_back(scene, provider)
    staged.happen()
    scene.refresh()
    if Refund.objects.filter(status=RefundStatus.FAILED).exists():
        scene.settle()
    payment = getattr(scene, staged.attempt)
    staged.happen = lambda: report(payment, kind="payment.chargeback_won", now=scene.now)
    return staged


def cancelled_by_shopper(scene: Scene, provider: Provider) -> Staged:
    act = lambda: services.cancel_order(order_id=scene.order.pk, actor="shopper", now=scene.now)  # noqa: E731
    return Staged(scene, act, "main")


def window_over(scene: Scene, provider: Provider) -> Staged:
    return Staged(scene, lambda: services.expire_unpaid(now=WINDOW_ENDS), "main")


def units_arrived(scene: Scene, provider: Provider) -> Staged:
    receive(scene)
    return Staged(scene, lambda: services.allocate_arrivals(now=scene.now), "main")


def down_at_start(scene: Scene, provider: Provider) -> Staged:
    if scene.order.is_awaiting_payment:
        report(scene.main, kind="payment.declined")
    provider.is_down = True
    return Staged(scene, lambda: services.start_payment(order_id=scene.order.pk, now=scene.now), "main")


def down_at_ask(scene: Scene, provider: Provider) -> Staged:
    provider.is_down = True
    return Staged(scene, lambda: services.ask_about_silent_payments(now=silence(scene)))


def down_at_refund(scene: Scene, provider: Provider) -> Staged:
    with_refund(scene)
    provider.is_down = True
    return Staged(scene, lambda: services.send_due_refunds(now=scene.now))


def report_lost(scene: Scene, provider: Provider) -> Staged:
    """The provider took the money; its report never came, and it tells when it is asked."""
    attempt = "main" if scene.order.is_awaiting_payment else "other"
    payment = getattr(scene, attempt)
    provider.knows = [
        base.GatewayEvent(
            event_id="evt_lost",
            kind=base.CAPTURED,
            payment_id=str(payment.pk),
            provider_reference="ref",
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
    ]
    type(payment).objects.filter(order=scene.order).exclude(pk=payment.pk).update(asked_at=silence(scene))
    return Staged(scene, lambda: services.ask_about_silent_payments(now=silence(scene)), attempt)


def answer_lost(scene: Scene, provider: Provider) -> Staged:
    refund = with_refund(scene)
    first = {refund.key for refund in Refund.objects.filter(payment__order=scene.order, status=RefundStatus.PENDING)}
    provider.loses_answers = True
    services.send_due_refunds(now=scene.now)
    assert set(provider.book) == first
    provider.loses_answers = False
    # Only the refund of the other attempt is due: what else goes back is not what this cell is about.
    Refund.objects.exclude(pk=refund.pk).update(next_attempt_at=scene.now + timedelta(days=9))
    return Staged(scene, lambda: services.send_due_refunds(now=scene.now + django_settings.REFUND_RETRY * 9))


STAGE: dict[Happening, Callable[[Scene, Provider], Staged]] = {
    H.AUTHORISED: reporting("payment.authorised"),
    H.CAPTURED_IN_TIME: reporting("payment.captured"),
    H.CAPTURED_LATE_FREE: late(is_gone=False),
    H.CAPTURED_LATE_TERMS: late(is_gone=True),
    H.CAPTURED_LATE_GONE: late(is_gone=True),
    H.CAPTURED_IN_TIME_TERMS: preordered,
    H.CAPTURED_IN_TIME_GONE: lost_meanwhile,
    H.CAPTURED_OVER_LIMIT: over_limit,
    H.CAPTURED_SECOND: reporting("payment.captured"),
    H.CAPTURED_AGAIN: captured_again,
    H.PAID_TOO_LITTLE: reporting("payment.captured", amount=1),
    H.PAID_TOO_MUCH: reporting("payment.captured", amount=900_000),
    H.PAID_IN_ANOTHER_CURRENCY: reporting("payment.captured", currency="USD"),
    H.DECLINED: reporting("payment.declined"),
    H.EXPIRED: reporting("payment.expired"),
    H.CANCELLED_AT_PROVIDER: reporting("payment.cancelled"),
    H.CANCELLED_BY_SHOPPER: cancelled_by_shopper,
    H.WINDOW_OVER: window_over,
    H.REFUND_SUCCEEDED: refund_reported("refund.succeeded"),
    H.REFUND_OF_A_PART: refund_of_a_part,
    H.REFUND_FAILED: refund_reported("refund.failed"),
    H.REFUND_UNKNOWN: refund_unknown,
    H.CHARGED_BACK: charged_back,
    H.CHARGED_BACK_PART: charged_back_part,
    H.CHARGED_BACK_OTHER: charged_back_other,
    H.CHARGEBACK_WON: chargeback_won,
    H.UNITS_ARRIVED: units_arrived,
    H.DOWN_AT_START: down_at_start,
    H.DOWN_AT_ASK: down_at_ask,
    H.DOWN_AT_REFUND: down_at_refund,
    H.REPORT_LOST: report_lost,
    H.ANSWER_LOST: answer_lost,
}


def build(state: str, happening: Happening) -> Scene:
    if happening == H.CAPTURED_LATE_TERMS and state in OPEN:
        terms = {"accepts_backorder": True, "backorder_limit": UNITS}
        return waiting(**terms) if state == S.AWAITING_PAYMENT else expired(**terms)
    if happening in (H.CAPTURED_IN_TIME_TERMS, H.CAPTURED_IN_TIME_GONE) and state == S.AWAITING_PAYMENT:
        return waiting(backorder_limit=UNITS)
    return BUILD[OrderStatus(state)]()


def connect(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shop speak to this provider from now on."""
    for name in ("open_session", "ask", "refund"):
        call = getattr(provider, name)
        monkeypatch.setattr(SandboxGateway, name, lambda self, call=call, **request: call(**request))


def facts(scene: Scene, attempt: str) -> dict[str, Any]:
    """What the tables say of everything that an end is about."""
    scene.refresh()
    return {
        "order": scene.order.status,
        "attempt": getattr(scene, attempt).status,
        "counters": counters(scene.item),
        "refunds": {row.pk: row.amount_minor for row in Refund.objects.filter(payment__order=scene.order)},
        "entries": list(scene.order.events.order_by("pk").values_list("kind", flat=True)),
        "messages": set(Message.objects.values_list("key", flat=True)),
        "staff": scene.order.needs_attention,
    }


CELLS = [(state, happening) for happening in Happening for state in OrderStatus]
POSSIBLE = [cell for cell in CELLS if not ENDS[cell].is_impossible]
IMPOSSIBLE = [cell for cell in CELLS if ENDS[cell].is_impossible]


def test_the_tables_are_complete() -> None:
    assert set(ENDS) == set(CELLS)
    assert set(EXPECTED) == set(POSSIBLE)
    assert set(STAGE) == set(Happening)
    assert set(ATTEMPT_ENDS) == {(state, event) for state in PaymentStatus for event in ATTEMPT_EVENTS}
    assert set(REFUND_ENDS) == {(state, event) for state in RefundStatus for event in REFUND_EVENTS}


def test_every_cell_says_what_becomes_of_the_order_and_what_the_shopper_reads_or_why_nothing_does() -> None:
    for (state, happening), end in ENDS.items():
        if end.order_step:
            assert ORDER_STATES.target(state, end.order_step), happening
        assert end.outcome
        assert end.why or (end.entry and end.reads), (state, happening)


def test_every_report_of_a_provider_is_known_to_the_tables() -> None:
    money = {base.AUTHORISED, base.CAPTURED, base.DECLINED, base.EXPIRED, base.CANCELLED}
    disputes = {base.CHARGED_BACK, base.CHARGEBACK_WON}

    assert set(ATTEMPT_EVENTS) - {"charged back in part", "part won"} == money | disputes
    assert set(sandbox.KINDS.values()) == money | disputes | {base.REFUND_SUCCEEDED, base.REFUND_FAILED}


@pytest.mark.parametrize(("state", "happening"), POSSIBLE, ids=lambda value: str(value))
def test_end(state: str, happening: Happening, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, end = EXPECTED[state, happening], ENDS[state, happening]
    scene, provider = build(state, happening), Provider()
    connect(provider, monkeypatch)
    staged = STAGE[happening](scene, provider)
    assert scene.order.status == state
    nothing_may_change = expected == AS_BEFORE and happening not in (H.DOWN_AT_ASK, H.DOWN_AT_REFUND)
    before, rows = facts(scene, staged.attempt), everything() if nothing_may_change else {}

    refusal = outcome = None
    try:
        outcome = staged.happen()
    except (services.OrderNotPayable, services.OrderNotCancellable, GatewayFailed) as error:
        refusal = error

    after = facts(scene, staged.attempt)
    assert (type(refusal).__name__ if refusal else "") == expected.refused
    assert after["order"] == (expected.order or state)
    assert after["attempt"] == (expected.attempt or before["attempt"])
    on_hand, held, allocated = before["counters"]
    assert after["counters"] == (on_hand, held + expected.shift[0], allocated + expected.shift[1])
    came = getattr(scene, staged.attempt).captured_minor
    new_refunds = [after["refunds"][key] for key in after["refunds"].keys() - before["refunds"].keys()]
    assert new_refunds == ([came if expected.refund == "all" else expected.refund] if expected.refund else [])
    new_entries = after["entries"][len(before["entries"]) :]
    assert new_entries[-1:] == ([expected.entry] if expected.entry else [])
    told = {key.split(":")[0] for key in after["messages"] - before["messages"]}
    assert told == ({expected.message} if expected.message else set())
    assert bool(after["staff"]) == expected.staff
    assert scene.order.is_held_back == expected.held_back
    assert (prove(), prove_owed()) == ([], [])

    agrees_with_the_document(end, expected, outcome)
    if nothing_may_change:
        without_the_event = {**everything(), "orders.PaymentEvent": rows["orders.PaymentEvent"]}
        assert without_the_event == rows


def agrees_with_the_document(end: ends.End, expected: Expected, outcome: Any) -> None:
    """The cell, field by field, where it is not the end of another one."""
    if end.outcome == "asked about":
        return
    if expected.order:
        assert end.order_step
    assert end.entry == (expected.entry or None) or end.outcome == "refund asked for again" or expected.refused
    assert end.message == expected.message
    assert (end.money == MoneyEnd.SENT_BACK) == (expected.refund == "all")
    assert end.calls_staff == expected.staff
    assert end.holds_parcels == expected.held_back
    stocked = {StockEnd.COMMITTED, StockEnd.COMMITTED_BEYOND, StockEnd.TAKEN_ANEW, StockEnd.BACKORDERED}
    assert (end.stock in stocked) == (expected.shift[1] > 0)
    if hasattr(outcome, "outcome"):
        assert outcome.outcome.split(":")[0] == end.outcome


COUNTS_AS = {
    H.CAPTURED_SECOND: {S.AWAITING_PAYMENT: H.CAPTURED_IN_TIME, S.EXPIRED: H.CAPTURED_LATE_FREE},
    H.CAPTURED_IN_TIME: {S.EXPIRED: H.CAPTURED_LATE_FREE},
    H.CAPTURED_IN_TIME_TERMS: {S.EXPIRED: H.CAPTURED_LATE_FREE},
    H.CAPTURED_IN_TIME_GONE: {S.EXPIRED: H.CAPTURED_LATE_FREE},
}


@pytest.mark.parametrize(("state", "happening"), IMPOSSIBLE, ids=lambda value: str(value))
def test_what_cannot_happen_counts_as_something_else(state: str, happening: Happening, settings: Any) -> None:
    if happening == H.CHARGED_BACK_OTHER:
        staged = charged_back(BUILD[OrderStatus(state)](), Provider())
        assert staged.happen().outcome == ENDS[state, H.CHARGED_BACK].outcome
        return
    if happening == H.CAPTURED_IN_TIME and state == S.EXPIRED:
        # The window is over and the hold still lives: the nearest that there is to "in time".
        settings.PAYMENT_WINDOW = django_settings.HOLD_TIME / 2
    scene = build(state, happening) if happening != H.CAPTURED_IN_TIME or state != S.EXPIRED else expired_early()
    if state == S.CANCELLED:
        counts_as = H.CAPTURED_LATE_GONE
    else:
        counts_as = COUNTS_AS.get(happening, {}).get(OrderStatus(state), H.CAPTURED_SECOND)
    payment = scene.other
    if happening == H.CAPTURED_SECOND:
        report(scene.other, amount=1, now=scene.now)
        payment = scene.main

    event = report(payment, now=scene.now)

    assert event.outcome == ENDS[state, counts_as].outcome
    assert (prove(), prove_owed()) == ([], [])
    with pytest.raises(CannotHappen):
        end_of(state, happening)


def expired_early() -> Scene:
    scene = waiting()
    scene.now = scene.order.pay_by
    services.expire_unpaid(now=scene.now)
    scene.refresh()
    return scene


# One attempt ----------------------------------------------------------------------------------------------------------

KIND = {
    "authorised": "payment.authorised",
    "captured": "payment.captured",
    "declined": "payment.declined",
    "expired": "payment.expired",
    "cancelled": "payment.cancelled",
    "charged back": "payment.charged_back",
    "chargeback won": "payment.chargeback_won",
}
# Said of a part only where the money is here: everywhere else the same report counts as the whole.
PARTS = ("charged back in part", "part won")
STAYS = ""
# Rows are states, columns the events above in this order; what is written here by hand is what has to happen.
ATTEMPTS: dict[str, tuple[str, ...]] = {
    P.PENDING: (P.AUTHORISED, P.CAPTURED, P.DECLINED, P.EXPIRED, P.CANCELLED, P.CHARGED_BACK, STAYS),
    P.AUTHORISED: (STAYS, P.CAPTURED, P.DECLINED, P.EXPIRED, P.CANCELLED, P.CHARGED_BACK, STAYS),
    P.CAPTURED: (STAYS, STAYS, STAYS, STAYS, STAYS, P.CHARGED_BACK, STAYS),
    P.DECLINED: (P.AUTHORISED, P.CAPTURED, STAYS, STAYS, STAYS, P.CHARGED_BACK, STAYS),
    P.EXPIRED: (STAYS, P.CAPTURED, STAYS, STAYS, STAYS, P.CHARGED_BACK, STAYS),
    P.CANCELLED: (STAYS, P.CAPTURED, STAYS, STAYS, STAYS, P.CHARGED_BACK, STAYS),
    P.CHARGED_BACK: (STAYS, STAYS, STAYS, STAYS, STAYS, STAYS, P.CAPTURED),
}
# How an attempt comes to a state while its order waits: by these reports. Captured, it differs, so the order waits on.
WAY: dict[str, list[dict[str, Any]]] = {
    P.PENDING: [],
    P.AUTHORISED: [{"kind": "payment.authorised"}],
    P.CAPTURED: [{"amount": 1_000}],
    P.DECLINED: [{"kind": "payment.declined"}],
    P.EXPIRED: [{"kind": "payment.expired"}],
    P.CANCELLED: [{"kind": "payment.cancelled"}],
    P.CHARGED_BACK: [{"amount": 1_000}, {"kind": "payment.charged_back"}],
}


@pytest.mark.parametrize("event", KIND)
@pytest.mark.parametrize("state", PaymentStatus)
def test_attempt(state: str, event: str) -> None:
    scene = waiting()
    for reported in WAY[state]:
        report(scene.main, **reported)
    scene.settle()
    assert scene.main.status == state
    target = ATTEMPTS[state][list(KIND).index(event)]
    end = ATTEMPT_ENDS[state, event]
    rows = everything()

    record = report(scene.main, kind=KIND[event])

    scene.refresh()
    assert scene.main.status == (target or state)
    assert end.target == target
    if target == STAYS:
        assert record.outcome.startswith("no effect")
        assert bool(scene.order.needs_attention) == end.calls_staff
        changed = {name for name, now in everything().items() if now != rows[name]}
        assert changed == ({"orders.PaymentEvent", "orders.Order"} if end.calls_staff else {"orders.PaymentEvent"})
    assert (prove(), prove_owed()) == ([], [])


@pytest.mark.parametrize("event", PARTS)
def test_a_part_is_disputed_of_money_that_is_here_alone(event: str) -> None:
    assert [state for state in PaymentStatus if ATTEMPT_ENDS[state, event].moves] == [P.CAPTURED]
    assert ATTEMPT_ENDS[P.CAPTURED, event].target == P.CAPTURED


def test_an_open_attempt_belongs_to_an_order_that_waits() -> None:
    for state, build_scene in BUILD.items():
        is_open = build_scene().order.payments.open().exists()
        assert is_open == (state == S.AWAITING_PAYMENT)


def test_a_chargeback_that_overtakes_its_capture_and_is_won_pays_the_order() -> None:
    scene = waiting()
    report(scene.main, kind="payment.charged_back")
    report(scene.main)

    record = report(scene.main, kind="payment.chargeback_won")

    scene.refresh()
    assert (scene.order.status, scene.main.status, record.outcome) == (S.PAID, P.CAPTURED, "paid")
    assert (prove(), prove_owed()) == ([], [])


def test_a_case_that_is_told_as_won_before_it_began_leaves_the_money_here() -> None:
    scene = BUILD[S.PAID]()
    report(scene.main, kind="payment.chargeback_won")

    report(scene.main, kind="payment.charged_back")

    scene.refresh()
    assert (scene.main.status, scene.order.is_held_back, scene.order.needs_attention) == (P.CAPTURED, False, "")
    report(scene.main, kind="payment.charged_back")
    scene.refresh()
    assert (scene.main.status, scene.order.is_held_back) == (P.CHARGED_BACK, True)


def test_nothing_is_sent_while_the_bank_has_the_money() -> None:
    scene = BUILD[S.PAID]()
    report(scene.main, kind="payment.charged_back")

    with nothing_changes(), pytest.raises(services.OrderHeldBack):
        services.fulfil_order(order_id=scene.order.pk, actor="staff", now=NOW)

    report(scene.main, kind="payment.chargeback_won")
    services.fulfil_order(order_id=scene.order.pk, actor="staff", now=NOW)
    scene.refresh()
    assert (scene.order.status, scene.order.needs_attention) == (S.FULFILLED, "")


def test_what_was_cancelled_while_the_bank_had_the_money_calls_staff_when_it_is_back() -> None:
    whole, part = BUILD[S.PAID](), BUILD[S.PAID]()
    for scene, units in ((whole, UNITS), (part, 1)):
        report(scene.main, kind="payment.charged_back")
        line = scene.order.lines.get()
        services.cancel_units(
            order_id=scene.order.pk, units={line.pk: units}, restock=True, reason="", actor="staff", now=NOW
        )

        report(scene.main, kind="payment.chargeback_won")

        scene.refresh()
        assert scene.order.needs_attention == ends.WON_AFTER_THE_END
    assert (whole.order.status, part.order.status) == (S.CANCELLED, S.PAID)


def test_a_return_is_not_paid_back_while_the_bank_has_the_money() -> None:
    scene = BUILD[S.FULFILLED]()
    line = scene.order.lines.get()
    asked = services.request_return(
        order_id=scene.order.pk, units={line.pk: UNITS}, reason="UNWANTED", remark="", actor="guest", now=NOW
    )
    services.decide_return(return_id=asked.pk, approve=True, answer="", actor="staff", now=NOW)
    came = {asked.lines.get().pk: services.Receipt(restocked=UNITS)}
    services.receive_return(return_id=asked.pk, receipts=came, actor="staff", now=NOW)
    report(scene.main, kind="payment.charged_back")

    with nothing_changes(), pytest.raises(services.PaymentChargedBack):
        services.refund_return(return_id=asked.pk, actor="staff", now=NOW)

    report(scene.main, kind="payment.chargeback_won")
    scene.refresh()
    assert scene.order.needs_attention == ends.WON_AFTER_THE_END
    services.refund_return(return_id=asked.pk, actor="staff", now=NOW)
    assert scene.last_refund.amount_minor == line.charged_minor


def test_a_return_whose_money_the_bank_keeps_is_ended_by_staff() -> None:
    scene = BUILD[S.FULFILLED]()
    line = scene.order.lines.get()
    asked = services.request_return(
        order_id=scene.order.pk, units={line.pk: UNITS}, reason="UNWANTED", remark="", actor="guest", now=NOW
    )
    services.decide_return(return_id=asked.pk, approve=True, answer="", actor="staff", now=NOW)
    came = {asked.lines.get().pk: services.Receipt(restocked=UNITS)}
    services.receive_return(return_id=asked.pk, receipts=came, actor="staff", now=NOW)
    report(scene.main, kind="payment.charged_back")

    ended = services.refund_return(return_id=asked.pk, bank_paid=True, actor="staff", now=NOW)

    assert (ended.is_refunded, ended.refund) == (True, None)
    assert not Refund.objects.filter(payment=scene.main).exists()
    assert scene.order.events.latest("pk").text == "Return 1: your bank has given the money back."


def test_staff_may_send_what_a_chargeback_held_back() -> None:
    scene = BUILD[S.PAID]()
    report(scene.main, kind="payment.charged_back")
    services.settle_attention(order_id=scene.order.pk, remark="seen", sends_anyway=True, actor="staff", now=NOW)

    services.fulfil_order(order_id=scene.order.pk, actor="staff", now=NOW)

    scene.refresh()
    assert scene.order.is_fulfilled


def test_the_machines_have_no_step_that_no_table_knows() -> None:
    assert {(step.source, step.event) for step in PAYMENT_STATES.transitions} == {
        cell for cell, end in ATTEMPT_ENDS.items() if end.moves
    }


def test_a_chargeback_is_told_each_time_however_long_the_providers_ids_are() -> None:
    """SQLite keeps what is too long for its column; MariaDB refuses it, and with it the whole report."""
    scene = BUILD[S.PAID]()
    for number in range(2):
        report(scene.main, kind="payment.charged_back", id=f"{number}{'e' * 119}")
        report(scene.main, kind="payment.chargeback_won")

    told = Message.objects.filter(key__startswith="payment_charged_back").values_list("key", flat=True)
    assert len(told) == 2
    assert max(map(len, told)) <= (Message._meta.get_field("key").max_length or 0)


def test_a_bank_that_takes_a_part_leaves_the_rest_here_and_is_told_with_amounts() -> None:
    scene = BUILD[S.PAID]()
    came = scene.main.captured_minor

    report(scene.main, kind="payment.charged_back", amount=20_000)

    scene.refresh()
    assert (scene.main.status, services.left_of(scene.main)) == (P.CAPTURED, came - 20_000)
    assert scene.order.needs_attention.startswith("The bank took Rp\xa020.000 of Rp\xa0520.000 back.")
    with nothing_changes(), pytest.raises(services.OrderHeldBack):
        services.fulfil_order(order_id=scene.order.pk, actor="staff", now=NOW)
    services.repay(order_id=scene.order.pk, amount_minor=came - 20_000, reason="rest", actor="staff", now=NOW)
    with nothing_changes(), pytest.raises(services.NothingToPayBack):
        services.repay(order_id=scene.order.pk, amount_minor=1, reason="more", actor="staff", now=NOW)

    report(scene.main, kind="payment.chargeback_won", amount=20_000)

    scene.refresh()
    assert (scene.main.status, services.left_of(scene.main), scene.order.is_held_back) == (P.CAPTURED, 20_000, False)


def test_a_bank_that_takes_all_that_is_left_after_a_refund_has_taken_the_whole() -> None:
    scene = BUILD[S.PAID]()
    services.repay(order_id=scene.order.pk, amount_minor=20_000, reason="sorry", actor="staff", now=NOW)
    report(scene.main, kind="refund.succeeded", amount=20_000, refund=str(scene.last_refund.key))

    report(scene.main, kind="payment.charged_back", amount=500_000)

    scene.refresh()
    assert (scene.main.status, scene.order.is_held_back) == (P.CHARGED_BACK, True)


def test_refunds_that_no_longer_fit_into_what_a_bank_left_are_stopped() -> None:
    scene = BUILD[S.PAID]()
    services.repay(order_id=scene.order.pk, amount_minor=510_000, reason="sorry", actor="staff", now=NOW)

    report(scene.main, kind="payment.charged_back", amount=20_000)

    assert scene.last_refund.status == RefundStatus.FAILED


def test_an_order_paid_twice_is_sent_though_the_bank_takes_the_second_payment_back_and_returns_it() -> None:
    scene = BUILD[S.PAID]()
    report(scene.other)
    scene.settle()

    report(scene.other, kind="payment.charged_back")

    scene.refresh()
    assert (scene.order.is_held_back, scene.other.status, scene.main.status) == (False, P.CHARGED_BACK, P.CAPTURED)
    assert "The order stands." in scene.order.needs_attention
    services.fulfil_order(order_id=scene.order.pk, actor="staff", now=NOW)
    report(scene.other, kind="payment.chargeback_won")
    scene.refresh()
    assert (scene.order.status, scene.other.status) == (S.FULFILLED, P.CAPTURED)


def test_a_payment_won_back_lets_no_parcel_go_that_another_one_holds() -> None:
    scene = BUILD[S.PAID]()
    report(scene.other)
    report(scene.main, kind="payment.charged_back")
    report(scene.other, kind="payment.charged_back")

    report(scene.other, kind="payment.chargeback_won")

    scene.refresh()
    assert scene.order.is_held_back


@pytest.mark.parametrize("deliveries", [1, 3])
def test_money_that_comes_by_one_attempt_twice_goes_back_at_once_and_is_looked_at(deliveries: int) -> None:
    """Other money has another reference at the provider; its reports may come under several ids, too."""
    scene = BUILD[S.PAID]()

    for _ in range(deliveries):
        record = report(scene.main, payment="sandbox-second-capture")

    scene.refresh()
    outcomes = {1: "paid twice, sent back", 3: "no effect: this attempt was captured already"}
    second = scene.order.payments.get(provider_reference="sandbox-second-capture")
    assert record.outcome == outcomes[deliveries]
    assert (second.status, second.captured_minor, second.is_kept) == (P.CAPTURED, 520_000, False)
    assert [(refund.payment, refund.amount_minor) for refund in Refund.objects.all()] == [(second, 520_000)]
    assert "by one payment page twice" in scene.order.needs_attention
    assert (scene.order.status, scene.main.status, scene.main.is_kept) == (S.PAID, P.CAPTURED, True)
    assert scene.order.events.filter(kind=K.PAID_TWICE).count() == 1
    assert (prove(), prove_owed()) == ([], [])


def test_the_same_money_told_under_another_id_is_not_other_money() -> None:
    scene = BUILD[S.PAID]()

    record = report(scene.main)

    assert record.outcome == "no effect: this attempt was captured already"
    assert not Refund.objects.exists()
