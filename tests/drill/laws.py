"""The laws, checked on what the shoppers saw and on what the books say."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tests.drill.answers import BUSY, ERROR, LOST, SOLD_OUT, Answer
from tests.drill.books import Books, Order
from tests.drill.ledger import find_false_refusals, promised_floor

SHOWN_EXAMPLES = 3
NO_LOST_ANSWER = "No lost answer"
NEVER_TOO_BUSY = "Never too busy"


@dataclass(frozen=True, slots=True)
class Law:
    """One law: whether it held, and the figures behind that."""

    name: str
    ok: bool
    detail: str

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


def laws_of_answers(answers: list[Answer]) -> list[Law]:
    """What can be judged from the outside: no error, no "busy", no lost answer, one effect a key."""
    kinds = Counter(answer.kind for answer in answers)
    errors = [f"{answer.status} at {answer.step}" for answer in answers if answer.kind == ERROR]
    lost = [f"{answer.step}: {answer.note}" for answer in answers if answer.kind == LOST]
    return [
        _law("No server error", errors, f"{len(answers)} answers, 0 of them 5xx"),
        _law(NO_LOST_ANSWER, lost, "every request was answered"),
        Law(NEVER_TOO_BUSY, not kinds[BUSY], f"{kinds[BUSY]} answers 503 with Retry-After"),
        _law(
            "One key, one effect",
            _differing_repeats(answers),
            f"{sum(answer.is_repeat for answer in answers)} second clicks, no second effect",
        ),
    ]


def laws_of_books(
    books: Books, answers: list[Answer], *, stocks: dict[str, int], scarce: str, wanting: int
) -> list[Law]:
    """What the database and the provider's books must show.

    `stocks` is SKU to the units that were put on sale, `wanting` how many shoppers would still buy the scarce one.
    """
    unsold = stocks[scarce] - books.sold(scarce)
    return [
        _law("No unit sold twice", _oversold(books, stocks), _sold_sentence(books, stocks)),
        *laws_of_ledger(books, answers, skus=list(stocks)),
        Law(
            "Everything sold while somebody wanted it",
            unsold == 0 or wanting == 0,
            f"{unsold} of {stocks[scarce]} units left over, {wanting} shoppers still want one",
        ),
        _law("Every paid order has its units", paid_without_units(books), f"{_count_paid(books)} paid orders"),
        _law("No half order", half_orders(books), f"{len(books.orders)} orders, each with lines, total and units"),
        _law(
            "Every \u201cdone\u201d is backed by a row",
            _unbacked(books, answers),
            f"{len({answer.made for answer in answers if answer.made})} rows claimed, all there",
        ),
        _law("Every rupiah has a place", _stray_money(books), _money_sentence(books)),
        _law("Everything settled", _unsettled(books), "no live hold, no refund or webhook on its way"),
    ]


def laws_of_ledger(books: Books, answers: list[Answer], *, skus: list[str]) -> list[Law]:
    """What the ledger of these SKUs must show."""
    false_refusals = find_false_refusals(books, answers, skus=skus)
    refusals = sum(answer.kind == SOLD_OUT for answer in answers)
    return [
        _law("Never promised more than there is", _overpromised(books, skus), "at no moment of the ledger"),
        _law(
            "No false \u201csold out\u201d",
            [f"{one.free} free for {one.answer.shopper} at {one.answer.started_at:.3f}" for one in false_refusals],
            f"{refusals} refusals, each while nothing was free",
        ),
    ]


def is_settled(books: Books) -> bool:
    """Whether nothing is on its way any more."""
    return not _unsettled(books)


def _law(name: str, breaches: Iterable[str], detail: str) -> Law:
    """A law that holds if there is no breach; the first few breaches are told."""
    found = list(breaches)
    if not found:
        return Law(name, True, detail)
    rest = f" and {len(found) - SHOWN_EXAMPLES} more" if len(found) > SHOWN_EXAMPLES else ""
    return Law(name, False, f"{len(found)} breaches: {'; '.join(found[:SHOWN_EXAMPLES])}{rest}")


def _differing_repeats(answers: list[Answer]) -> list[str]:
    """Double clicks that were granted twice with different answers. A refusal leaves no trace, and may differ."""
    by_key: dict[tuple[str, str], set[tuple[int, str]]] = defaultdict(set)
    for answer in answers:
        if answer.key and 0 < answer.status < 400:
            by_key[answer.step, answer.key].add((answer.status, answer.made))
    return [f"{step} answered {sorted(seen)}" for (step, _), seen in by_key.items() if len(seen) > 1]


def _oversold(books: Books, stocks: dict[str, int]) -> list[str]:
    """SKUs with more units in paid orders than there were, or than the counters say."""
    breaches = []
    for sku in {item.sku for item in books.stock}:
        items = [item for item in books.stock if item.sku == sku]
        sold, allocated, on_hand = books.sold(sku), sum(i.allocated for i in items), sum(i.on_hand for i in items)
        if sold > stocks.get(sku, sold):
            breaches.append(f"{sold} of {stocks[sku]} {sku} sold")
        if sold != allocated + stocks.get(sku, 0) - on_hand:
            breaches.append(f"{sku}: {sold} sold, but {allocated} allocated and {on_hand} on hand")
    for item in books.stock:
        if item.held + item.allocated > item.on_hand + item.backorder_limit:
            breaches.append(f"{item.sku}: {item.held} held and {item.allocated} allocated of {item.on_hand}")
    return breaches


def _sold_sentence(books: Books, stocks: dict[str, int]) -> str:
    return ", ".join(f"{books.sold(sku)} of {units} {sku} sold" for sku, units in stocks.items() if units > 1)


def _overpromised(books: Books, skus: list[str]) -> list[str]:
    breaches = []
    for sku in skus:
        floor = promised_floor(books, sku=sku)
        moments = zip(floor.times, floor.values, strict=True)
        breaches += [f"{sku}: {-left} too many at {at:.3f}" for at, left in moments if left < 0]
    return breaches


def _count_paid(books: Books) -> int:
    return sum(order.is_paid for order in books.orders)


def paid_without_units(books: Books) -> list[str]:
    """Paid orders whose reservations are not committed with exactly the units of their lines."""
    return [
        f"{order.number} is paid without its units"
        for order in books.orders
        if order.is_paid and not _keeps_its_units(books, order, state="COMMITTED")
    ]


def _keeps_its_units(books: Books, order: Order, *, state: str) -> bool:
    reservations = {reservation.id: reservation for reservation in books.reservations}
    wanted: Counter[tuple[str, str]] = Counter()
    for line in order.lines:
        wanted[line.reservation_id, line.sku] += line.quantity
    for (reservation_id, sku), units in wanted.items():
        reservation = reservations.get(reservation_id)
        if reservation is None or reservation.units.get(sku) != units:
            return False
        if state and reservation.state != state:
            return False
    return True


def half_orders(books: Books) -> list[str]:
    """Orders without lines, with a total that does not add up, without units, or two of one cart."""
    breaches = []
    for order in books.orders:
        if not order.lines or sum(line.total_minor for line in order.lines) != order.subtotal_minor:
            breaches.append(f"{order.number} has lines that do not make its subtotal")
        if not _adds_up(order):
            breaches.append(f"{order.number} does not add up")
        if not _keeps_its_units(books, order, state=""):
            breaches.append(f"{order.number} has no units behind it")
    carts = Counter(order.cart_id for order in books.orders if order.cart_id)
    return breaches + [f"cart {cart} became {times} orders" for cart, times in carts.items() if times > 1]


def _adds_up(order: Order) -> bool:
    parts = order.subtotal_minor - order.discount_minor + order.shipping_minor + order.added_tax_minor
    return parts == order.total_minor


def _unbacked(books: Books, answers: list[Answer]) -> list[str]:
    """Answers that say they made something of which there is no row. Who puts it back forgets the cart line as well."""
    rows = {order.id for order in books.orders} | set(books.cart_lines)
    let_go = {answer.shopper for answer in answers if answer.step == "let go"}
    claims = {answer.made: answer for answer in answers if answer.made and answer.shopper not in let_go}
    return [f"{answer.step} said {made}" for made, answer in claims.items() if made not in rows]


def _stray_money(books: Books) -> list[str]:
    """Captures of the provider that neither pay an order nor went back, and what the shop believes wrongly."""
    taken: Counter[str] = Counter()
    returned: Counter[str] = Counter()
    for entry in books.entries:
        (taken if entry.kind == "CAPTURE" else returned)[entry.payment_id] += entry.amount_minor
    refunded: Counter[str] = Counter()
    for refund in books.refunds:
        if refund.status == "SUCCEEDED":
            refunded[refund.payment_id] += refund.amount_minor
    kept: Counter[str] = Counter()
    breaches = []
    for payment in books.payments:
        kept[payment.order_id] += taken[payment.id] - returned[payment.id]
        if returned[payment.id] != refunded[payment.id]:
            sent, told = returned[payment.id], refunded[payment.id]
            breaches.append(f"{payment.id}: the provider sent {sent} back, the shop says {told}")
    for order in books.orders:
        owed = order.total_minor if order.is_paid else 0
        if kept[order.id] != owed:
            breaches.append(f"{order.number} ({order.status}): provider keeps {kept[order.id]}, order is worth {owed}")
    strangers = set(taken) - {payment.id for payment in books.payments}
    return breaches + [f"{payment_id}: the provider took money for nothing" for payment_id in sorted(strangers)]


def _money_sentence(books: Books) -> str:
    captures = sum(entry.kind == "CAPTURE" for entry in books.entries)
    refunds = sum(entry.kind == "REFUND" for entry in books.entries)
    return f"{captures} captures in the provider\u2019s books: {captures - refunds} pay an order, {refunds} went back"


def _unsettled(books: Books) -> list[str]:
    held = [f"reservation {row.id} is still held" for row in books.reservations if row.state == "HELD"]
    pending = [f"refund {row.id} is {row.status}" for row in books.refunds if row.status != "SUCCEEDED"]
    waiting = [f"order {row.number} awaits payment" for row in books.orders if row.status == "AWAITING_PAYMENT"]
    attention = [f"order {row.number}: {row.needs_attention}" for row in books.orders if row.needs_attention]
    webhooks = [f"{books.undelivered} webhooks are not delivered"] if books.undelivered else []
    return held + pending + waiting + attention + webhooks
