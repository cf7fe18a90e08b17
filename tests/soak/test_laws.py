"""Whether each law of the soak is found broken when it is: a judge that never finds fault proves nothing.

The books below are exact. Every test breaks them in one place and says which laws must notice, and that no other does.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.drill.answers import Answer
from tests.drill.books import Books, Movement, Order, OrderLine, Payment, Refund, Reservation, Stock
from tests.soak.laws import (
    Event,
    Facts,
    Law,
    Mail,
    laws_of_money,
    laws_of_stock,
    laws_of_the_end,
    laws_of_the_play,
)
from tests.soak.provider import Charge, ProviderBooks, SentBack

SKU = "SOAK-1"
PRICE = 25_000
SUM = "What the provider keeps is the value of the live orders (IDR, minor units)"
FOREIGN = "What the provider keeps in other currencies waits on the staff queue"
STRAYS = "Orders for which the provider keeps another sum than they are worth"
ENDS = "Attempts of which shop and provider say different things"
LOST = "Refunds neither finished nor on the staff queue"
REFUNDS = "Refunds of which shop and provider say different things"
SILENT = "Chargebacks that no person is told of"
EFFECTS = "Events that had two effects"
UNITS = "Paid orders without stock or terms"
TWICE = "SKUs of which a unit was taken twice"
COMMITS = "Holds that were committed twice"
HALF = "Half orders, and carts that became two orders"
HANGING = "Holds, orders and refunds left hanging"
MAILS = "Paid orders told of twice, or not at all"
ERRORS = "Answers 5xx, but for 503 with Retry-After"

Rows = dict[str, Any]


def order(name: str, *, status: str, events: list[str], **more: Any) -> Order:
    line = OrderLine(sku=SKU, quantity=1, total_minor=PRICE, reservation_id=f"hold-{name}")
    return Order(
        id=f"order-{name}",
        number=f"T-{name}",
        cart_id=f"cart-{name}",
        status=status,
        total_minor=PRICE,
        subtotal_minor=PRICE,
        shipping_minor=0,
        currency="IDR",
        lines=[line],
        events=events,
        **more,
    )


def payment(name: str, *, order: str, status: str = "CAPTURED") -> Payment:
    return Payment(id=f"pay-{name}", order_id=f"order-{order}", status=status, amount_minor=PRICE, currency="IDR")


def refund(name: str, *, status: str, amount: int = PRICE, currency: str = "IDR") -> Refund:
    return Refund(
        id=f"refund-{name}",
        key=f"key-{name}",
        payment_id=f"pay-{name}",
        amount_minor=amount,
        currency=currency,
        status=status,
    )


def charge(name: str, **more: Any) -> Charge:
    return Charge(**{"merchant_reference": f"pay-{name}", "amount": PRICE, "currency": "IDR"} | more)


def sent_back(name: str, **more: Any) -> SentBack:
    row = {"key": f"key-{name}", "merchant_reference": f"pay-{name}", "amount": PRICE, "currency": "IDR"}
    return SentBack(**row | {"status": "succeeded"} | more)


def hold(name: str, *, state: str) -> Reservation:
    return Reservation(id=f"hold-{name}", state=state, expires_at=40.0, created_at=0.0, units={SKU: 1})


def exact() -> Rows:
    """Order a is paid; b was paid late and its money went back; c was paid late and its refund waits for staff; d was
    paid, then charged back.
    """
    return {
        "orders": [
            order("a", status="PAID", events=["PLACED", "PAID"]),
            order("b", status="REFUNDED", events=["PLACED", "PAID_LATE_REFUNDED"]),
            order("c", status="REFUNDED", events=["PLACED", "PAID_LATE_REFUNDED"], needs_attention="A refund failed"),
            order("d", status="FULFILLED", events=["PLACED", "PAID", "CHARGED_BACK"], needs_attention="Charged back"),
        ],
        "payments": [payment(name, order=name) for name in "abc"] + [payment("d", order="d", status="CHARGED_BACK")],
        "refunds": [refund("b", status="SUCCEEDED"), refund("c", status="FAILED")],
        "reservations": [
            hold("a", state="COMMITTED"),
            hold("b", state="EXPIRED"),
            hold("c", state="EXPIRED"),
            hold("d", state="COMMITTED"),
        ],
        "stock": [Stock(id=1, sku=SKU, on_hand=9, held=0, allocated=1)],
        "movements": [Movement(id=1, stock_item_id=1, kind="COMMIT", reservation_id="hold-a")],
        "charges": [charge("a"), charge("b"), charge("c"), charge("d", is_charged_back=True)],
        "sent_back": [sent_back("b"), sent_back("c", status="failed")],
        "stocks": {SKU: 10},
        "waiting": 0,
        "events": [Event(event_id="evt-1", payment_id="pay-a", kind="captured", outcome="paid")],
        "mails": [Mail(key="order_paid:order-a:", is_sent=True), Mail(key="order_paid:order-d:", is_sent=True)],
        "answers": [Answer(shopper="s", step="add", started_at=0, ended_at=1, status=503, retry_after="1")],
    }


def judged(rows: Rows) -> list[Law]:
    facts = Facts(
        books=Books(
            stock=rows["stock"],
            movements=rows["movements"],
            reservations=rows["reservations"],
            orders=rows["orders"],
            payments=rows["payments"],
            refunds=rows["refunds"],
            entries=[],
            cart_lines=[],
        ),
        provider=ProviderBooks(
            charges=rows["charges"],
            refunds=rows["sent_back"],
            webhooks={"waiting": rows["waiting"], "delivered": 7, "lost": 3, "posts": 10},
            calls=10,
            faults={"lose": 3, "drop": 3},
        ),
        events=rows["events"],
        mails=rows["mails"],
        stocks=rows["stocks"],
    )
    return [*laws_of_money(facts), *laws_of_stock(facts), *laws_of_the_end(facts, rows["answers"])]


def broken(rows: Rows) -> set[str]:
    return {law.name for law in judged(rows) if not law.met}


def change(rows: Rows, kind: str, position: int, **changes: Any) -> None:
    rows[kind][position] = replace(rows[kind][position], **changes)


def test_exact_books_keep_every_law() -> None:
    assert broken(exact()) == set()


def test_figures_of_the_sum_are_the_providers_and_the_shops() -> None:
    law = judged(exact())[0]

    assert (law.name, law.value) == (SUM, "50,000")
    assert law.expected == "50,000 = 25,000 of live orders + 25,000 on the staff queue"


def sell_beyond(rows: Rows, *, accepts_backorder: bool) -> None:
    """One unit was put on sale and sent; staff allow another to be promised, and order a has it."""
    change(rows, "stock", 0, on_hand=0, allocated=1, backorder_limit=1)
    change(rows, "orders", 0, accepts_backorder=accepts_backorder)
    rows["stocks"] = {SKU: 1}


def test_unit_that_is_not_there_may_be_sold_by_terms() -> None:
    rows = exact()

    sell_beyond(rows, accepts_backorder=True)

    assert broken(rows) == set()


SABOTAGE: dict[str, tuple[Callable[[Rows], object], set[str]]] = {
    "money was taken of which the shop does not know": (
        lambda rows: change(rows, "payments", 0, status="EXPIRED") or change(rows, "orders", 0, status="EXPIRED"),
        {SUM, STRAYS, ENDS, TWICE},
    ),
    "a charge belongs to no order": (
        lambda rows: rows["charges"].append(charge("nobody")),
        {SUM, STRAYS, ENDS},
    ),
    "a refund never left, though the shop says so": (
        lambda rows: rows["sent_back"].pop(0),
        {SUM, STRAYS, REFUNDS},
    ),
    "a refund left twice": (
        lambda rows: rows["sent_back"].append(sent_back("b", key="another")),
        {SUM, STRAYS, REFUNDS},
    ),
    "a minor unit stayed behind": (
        lambda rows: change(rows, "sent_back", 0, amount=PRICE - 1),
        {SUM, STRAYS, REFUNDS},
    ),
    "one order has too much and another as much too little": (
        lambda rows: change(rows, "charges", 0, amount=PRICE + 5) or change(rows, "charges", 2, amount=PRICE - 5),
        {STRAYS},
    ),
    "a paid order was never charged": (
        lambda rows: rows["charges"].pop(0),
        {SUM, STRAYS, ENDS},
    ),
    "dollars were kept": (
        lambda rows: (
            rows["charges"].append(charge("usd", currency="USD")),
            rows["payments"].append(payment("usd", order="a")),
        ),
        {FOREIGN, STRAYS},
    ),
    "a refund failed and nobody is told": (
        lambda rows: change(rows, "orders", 2, needs_attention=""),
        {LOST},
    ),
    "a refund is neither finished nor failed": (
        lambda rows: change(rows, "refunds", 1, status="PENDING"),
        {SUM, STRAYS, LOST, HANGING},
    ),
    "a payment goes back twice": (
        lambda rows: rows["refunds"].append(replace(refund("b", status="FAILED"), id="refund-again", key="key-again")),
        {SUM, STRAYS, LOST, EFFECTS},
    ),
    "a chargeback is on nobody's list": (
        lambda rows: change(rows, "orders", 3, needs_attention=""),
        {SILENT},
    ),
    "a chargeback was not heard": (
        lambda rows: change(rows, "payments", 3, status="CAPTURED"),
        {ENDS},
    ),
    "an event was kept twice": (
        lambda rows: rows["events"].append(rows["events"][0]),
        {EFFECTS},
    ),
    "an order became paid twice": (
        lambda rows: rows["orders"][0].events.append("PAID_LATE_KEPT"),
        {EFFECTS},
    ),
    "a paid order lost its hold": (
        lambda rows: change(rows, "reservations", 0, state="EXPIRED"),
        {UNITS},
    ),
    "a back-order without terms": (
        lambda rows: change(rows, "orders", 0, status="BACKORDERED"),
        {UNITS},
    ),
    "a unit that is not there was sold without terms": (
        lambda rows: sell_beyond(rows, accepts_backorder=False),
        {UNITS},
    ),
    "a unit was taken twice": (
        lambda rows: change(rows, "stock", 0, on_hand=10),
        {TWICE},
    ),
    "more is promised than there is": (
        lambda rows: change(rows, "stock", 0, on_hand=0, held=0, allocated=1),
        {TWICE, UNITS},
    ),
    "a hold was committed twice": (
        lambda rows: rows["movements"].append(replace(rows["movements"][0], id=2)),
        {COMMITS},
    ),
    "a cart became two orders": (
        lambda rows: change(rows, "orders", 1, cart_id="cart-a"),
        {HALF},
    ),
    "an order does not add up": (
        lambda rows: change(rows, "orders", 1, shipping_minor=1),
        {HALF},
    ),
    "a hold is still held": (
        lambda rows: change(rows, "reservations", 1, state="HELD"),
        {HANGING},
    ),
    "an order still waits": (
        lambda rows: change(rows, "orders", 1, status="AWAITING_PAYMENT"),
        {HANGING},
    ),
    "a webhook still waits": (
        lambda rows: rows.update(waiting=1),
        {HANGING},
    ),
    "a paid order was not told of": (
        lambda rows: rows["mails"].pop(0),
        {MAILS},
    ),
    "a paid order was told of twice": (
        lambda rows: rows["mails"].append(Mail(key="order_paid_late:order-a:", is_sent=True)),
        {MAILS},
    ),
    "an e-mail never left": (
        lambda rows: change(rows, "mails", 0, is_sent=False),
        {MAILS},
    ),
    "a shopper saw an error": (
        lambda rows: change(rows, "answers", 0, status=500),
        {ERRORS},
    ),
    "busy, without a word when to come again": (
        lambda rows: change(rows, "answers", 0, retry_after=""),
        {ERRORS},
    ),
}


@pytest.mark.parametrize(("sabotage", "laws"), SABOTAGE.values(), ids=list(SABOTAGE))
def test_sabotage_is_found(sabotage: Callable[[Rows], object], laws: set[str]) -> None:
    rows = exact()

    sabotage(rows)

    assert broken(rows) == laws


def test_every_law_has_its_sabotage() -> None:
    assert {law.name for law in judged(exact())} == set().union(*(laws for _, laws in SABOTAGE.values()))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, set()),
        ({"orders": 5}, {"Orders placed"}),
        ({"worker_kills": 2}, {"Times the worker was killed"}),
        ({"problems": ["drift"]}, {"Counters that drifted from their rows (manage.py prove_stock)"}),
        ({"faults": {"drop": 3}}, {"Messages lost"}),
        ({"faults": {"lose": 3}}, {"Answers lost"}),
    ],
)
def test_soak_that_was_no_soak_is_found(changes: Rows, names: set[str]) -> None:
    rows = exact()
    provider = ProviderBooks(
        charges=[],
        refunds=[],
        webhooks={"waiting": 0, "delivered": 7, "lost": 3, "posts": 10},
        calls=10,
        faults=changes.pop("faults", {"lose": 3, "drop": 3}),
    )
    facts = Facts(
        books=Books(
            stock=[],
            movements=[],
            reservations=[],
            orders=rows["orders"],
            payments=[],
            refunds=[],
            entries=[],
            cart_lines=[],
        ),
        provider=provider,
        events=[],
        mails=[],
        stocks={},
    )

    laws = laws_of_the_play(facts, **{"orders": 4, "worker_kills": 3, "problems": []} | changes)

    assert {law.name for law in laws if not law.met} == names


def exchanged() -> Rows:
    """Order a came back in part: of its price 9,000 pay for order x, of which 4,000 were sent back."""
    rows = exact()
    rows["orders"].append(replace(order("x", status="PAID", events=["EXCHANGED"]), total_minor=9_000))
    share = Payment(
        id="pay-x",
        order_id="order-x",
        status="CAPTURED",
        amount_minor=9_000,
        captured_minor=9_000,
        currency="IDR",
        moved_from_id="pay-a",
    )
    rows["payments"].append(share)
    return rows


def money_of(rows: Rows) -> list[str]:
    """The broken laws of money."""
    money = {SUM, FOREIGN, STRAYS, ENDS, LOST, REFUNDS, SILENT}
    return [law.name for law in judged(rows) if not law.met and law.name in money]


def test_an_exchange_moves_value_and_no_money() -> None:
    assert money_of(exchanged()) == []


def test_an_exchange_that_takes_no_value_from_what_came_back_is_found() -> None:
    rows = exchanged()
    rows["payments"].pop()

    assert money_of(rows) == [SUM, STRAYS]


def test_an_exchange_that_takes_more_than_it_is_worth_is_found() -> None:
    rows = exchanged()
    rows["payments"][-1] = replace(rows["payments"][-1], captured_minor=9_001)

    assert money_of(rows) == [SUM, STRAYS]


def test_a_refund_of_an_exchange_counts_for_the_exchange() -> None:
    rows = exchanged()
    rows["orders"][-1] = replace(rows["orders"][-1], status="CANCELLED")
    rows["refunds"].append(refund("x", status="SUCCEEDED", amount=9_000))
    rows["sent_back"].append(sent_back("x", merchant_reference="pay-a", amount=9_000))

    assert money_of(rows) == []
    rows["sent_back"][-1] = replace(rows["sent_back"][-1], amount=8_999)
    assert money_of(rows) == [SUM, STRAYS, REFUNDS]


def test_a_chargeback_takes_the_exchange_with_it() -> None:
    rows = exchanged()
    rows["charges"][0] = charge("a", is_charged_back=True)

    assert money_of(rows) == [ENDS, SILENT]
    for position in (0, -1):
        rows["payments"][position] = replace(rows["payments"][position], status="CHARGED_BACK")
        rows["orders"][position] = replace(rows["orders"][position], needs_attention="Charged back")
    assert money_of(rows) == []
