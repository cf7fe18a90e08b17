"""The laws of money, checked on the shop's tables and on the provider's own books."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from tests.drill.answers import BUSY, ERROR, Answer
from tests.drill.books import Books, Order, Payment, Refund, Row
from tests.drill.laws import half_orders, paid_without_units
from tests.soak.provider import ProviderBooks

SHOP_CURRENCY = "IDR"
SHOWN_EXAMPLES = 5
# Entries of a timeline that say: from now on the order is owed to the shopper.
TURNS_PAID = ("PAID", "PAID_LATE_KEPT", "BACKORDERED")
PAID_MAILS = ("order_paid", "order_paid_late", "order_backordered")
WORKER_KILLS = 3
LOST_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Law:
    """One law: what was found, what should be, and the first breaches."""

    name: str
    value: str | int
    expected: str | int
    met: bool
    breaches: list[str] = field(default_factory=list)

    def as_row(self) -> dict[str, Any]:
        """For result.json."""
        row: dict[str, Any] = {"name": self.name, "value": self.value, "expected": self.expected, "met": self.met}
        return row | ({"breaches": self.breaches} if self.breaches else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Row):
    """A provider's message as the shop kept it."""

    event_id: str
    payment_id: str
    kind: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail(Row):
    """An e-mail of the outbox."""

    key: str
    is_sent: bool


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that is judged."""

    books: Books
    provider: ProviderBooks
    events: list[Event]
    mails: list[Mail]
    stocks: dict[str, int]
    """SKU to the units that were put on sale."""

    @classmethod
    def read(cls, document: dict[str, Any], *, provider: ProviderBooks, stocks: dict[str, int]) -> Self:
        """From the JSON that `tests.soak.inside books` prints."""
        return cls(
            books=Books.read(document),
            provider=provider,
            events=[Event.read(row) for row in document["payment_events"]],
            mails=[Mail.read(row) for row in document["messages"]],
            stocks=stocks,
        )

    @cached_property
    def order_of_payment(self) -> dict[str, str]:
        return {payment.id: payment.order_id for payment in self.books.payments}

    @cached_property
    def shares(self) -> list[Payment]:
        """Parts of a payment that pay for the exchange of what came back. The provider knows the whole alone."""
        return [payment for payment in self.books.payments if payment.moved_from_id is not None]

    @cached_property
    def charge_of(self) -> dict[str, str]:
        """Payment to the one under whose name the provider has its money: itself, or the one of which it is a part."""
        source = {payment.id: payment.moved_from_id for payment in self.books.payments}
        charges = {}
        for payment_id in source:
            charge = payment_id
            while (earlier := source.get(charge)) is not None:
                charge = earlier
            charges[payment_id] = charge
        return charges

    @cached_property
    def charged_back(self) -> set[str]:
        """Payments whose money the bank has taken back, as a whole and in every part."""
        gone = {charge.merchant_reference for charge in self.provider.charges if charge.is_charged_back}
        return gone | {payment_id for payment_id, charge in self.charge_of.items() if charge in gone}

    @cached_property
    def live(self) -> dict[str, int]:
        """Order to its value, of those that are paid for and whose money the bank has not taken back.

        What came back and was exchanged is worth nothing here any more: it is the value of the order that it pays.
        """
        gone = {self.order_of_payment.get(payment_id) for payment_id in self.charged_back}
        values = {order.id: order.total_minor for order in self.books.orders if order.is_paid and order.id not in gone}
        for share in self.shares:
            source = self.order_of_payment[share.moved_from_id or ""]
            if source in values:
                values[source] -= share.captured_minor
        return values

    @cached_property
    def kept(self) -> dict[str, Counter[str]]:
        """Order to what the provider keeps for it, by currency: its charges, and the parts of others that pay it."""
        kept: dict[str, Counter[str]] = defaultdict(Counter)
        for payment_id, purse in self.provider.kept().items():
            kept[self.order_of_payment.get(payment_id, f"nobody's {payment_id}")].update(purse)
        order_of_refund = {refund.key: self.order_of_payment.get(refund.payment_id) for refund in self.books.refunds}
        for refund in self.provider.refunds:
            charged, meant = self.order_of_payment.get(refund.merchant_reference), order_of_refund.get(refund.key)
            if refund.is_through and charged and meant and meant != charged:
                # Sent back of an exchange, while the provider wrote it under the order that came back.
                kept[charged][refund.currency] += refund.amount
                kept[meant][refund.currency] -= refund.amount
        for share in self.shares:
            if share.id not in self.charged_back:
                kept[self.order_of_payment[share.moved_from_id or ""]][share.currency] -= share.captured_minor
                kept[share.order_id][share.currency] += share.captured_minor
        return kept

    @cached_property
    def on_the_queue(self) -> list[Refund]:
        """Refunds that wait for a person, and whose money the provider still has."""
        through = {refund.key for refund in self.provider.refunds if refund.is_through}
        return [
            refund
            for refund in self.books.refunds
            if refund.status == "FAILED" and refund.key not in through and refund.payment_id not in self.charged_back
        ]


def laws_of_money(facts: Facts) -> list[Law]:
    """What the provider keeps, against what the shop owes for it."""
    return [
        _sum_law(facts),
        _foreign_law(facts),
        _count_law("Orders for which the provider keeps another sum than they are worth", _strays(facts)),
        _count_law("Attempts of which shop and provider say different things", _different_ends(facts)),
        _count_law("Refunds neither finished nor on the staff queue", _lost_refunds(facts)),
        _count_law("Refunds of which shop and provider say different things", _different_refunds(facts)),
        _count_law("Chargebacks that no person is told of", _silent_chargebacks(facts)),
        _count_law("Events that had two effects", _double_effects(facts)),
    ]


def laws_of_stock(facts: Facts) -> list[Law]:
    """Every paid order has its units, and no unit has two owners."""
    return [
        _count_law("Paid orders without stock or terms", _without_stock_or_terms(facts.books)),
        _count_law("SKUs of which a unit was taken twice", _taken_twice(facts)),
        _count_law("Holds that were committed twice", _committed_twice(facts.books)),
        _count_law("Half orders, and carts that became two orders", half_orders(facts.books)),
    ]


def laws_of_the_end(facts: Facts, answers: list[Answer]) -> list[Law]:
    """Nothing is left lying about, and nobody saw an error."""
    return [
        _count_law("Holds, orders and refunds left hanging", _left_hanging(facts)),
        _count_law("Paid orders told of twice, or not at all", _mails_astray(facts)),
        _count_law("Answers 5xx, but for 503 with Retry-After", _errors(answers)),
    ]


def laws_of_the_play(facts: Facts, *, orders: int, worker_kills: int, problems: list[str]) -> list[Law]:
    """That the soak was what it says it is: as many orders, kills and losses as it promises."""
    placed = len(facts.books.orders)
    sent = facts.provider.webhooks["delivered"] + facts.provider.webhooks["lost"]
    lost = facts.provider.faults.get("lose", 0) / max(sent, 1)
    answered = facts.provider.calls - facts.provider.faults.get("error", 0)
    dropped = facts.provider.faults.get("drop", 0) / max(answered, 1)
    # With few orders chance has its say.
    least = LOST_SHARE - min(0.25, 4 / max(orders, 1) ** 0.5 * 0.5)
    return [
        Law("Orders placed", placed, orders, placed == orders),
        Law("Times the worker was killed", worker_kills, WORKER_KILLS, worker_kills >= WORKER_KILLS),
        Law("Messages lost", f"{lost:.0%}", f"about {LOST_SHARE:.0%}", lost >= least),
        Law("Answers lost", f"{dropped:.0%}", f"about {LOST_SHARE:.0%}", dropped >= least),
        _count_law("Counters that drifted from their rows (manage.py prove_stock)", problems),
    ]


def _count_law(name: str, breaches: Iterable[str]) -> Law:
    found = list(breaches)
    return Law(name, len(found), 0, not found, found[:SHOWN_EXAMPLES])


def _sum_law(facts: Facts) -> Law:
    """Σ captured − Σ refunded = Σ value of live orders, and what waits on the staff queue to go back."""
    kept = sum(purse[SHOP_CURRENCY] for purse in facts.provider.kept().values())
    waiting = sum(refund.amount_minor for refund in facts.on_the_queue if refund.currency == SHOP_CURRENCY)
    live = sum(facts.live.values())
    expected = f"{live + waiting:,} = {live:,} of live orders + {waiting:,} on the staff queue"
    name = f"What the provider keeps is the value of the live orders ({SHOP_CURRENCY}, minor units)"
    return Law(name, f"{kept:,}", expected, kept == live + waiting)


def _foreign_law(facts: Facts) -> Law:
    """Money in another currency than the shop's pays nothing: all of it goes back."""
    kept: Counter[str] = Counter()
    for purse in facts.provider.kept().values():
        kept.update({currency: amount for currency, amount in purse.items() if currency != SHOP_CURRENCY})
    waiting: Counter[str] = Counter()
    for refund in facts.on_the_queue:
        if refund.currency != SHOP_CURRENCY:
            waiting[refund.currency] += refund.amount_minor
    name = "What the provider keeps in other currencies waits on the staff queue"
    return Law(name, _purse(kept), _purse(waiting), +kept == +waiting)


def _purse(amounts: Counter[str]) -> str:
    return ", ".join(f"{amount:,} {currency}" for currency, amount in sorted((+amounts).items())) or "0"


def _strays(facts: Facts) -> list[str]:
    """Order by order: kept money is the order's value, and what waits on the queue."""
    kept = facts.kept
    owed: dict[str, Counter[str]] = defaultdict(Counter)
    for order in facts.books.orders:
        owed[order.id][order.currency] += facts.live.get(order.id, 0)
    for refund in facts.on_the_queue:
        owed[facts.order_of_payment[refund.payment_id]][refund.currency] += refund.amount_minor
    names = {order.id: f"{order.number} ({order.status})" for order in facts.books.orders}
    return [
        f"{names.get(order_id, order_id)}: kept {_purse(kept[order_id])}, should be {_purse(owed[order_id])}"
        for order_id in sorted(kept.keys() | owed.keys())
        if _nonzero(kept[order_id]) != _nonzero(owed[order_id])
    ]


def _nonzero(purse: Counter[str]) -> dict[str, int]:
    """Unlike `+purse` this keeps what is below nothing: more went back than came."""
    return {currency: amount for currency, amount in purse.items() if amount}


def _different_ends(facts: Facts) -> list[str]:
    """Taken there means captured here; taken back there means charged back here; and nothing else is."""
    wanted = {
        charge.merchant_reference: "CHARGED_BACK" if charge.is_charged_back else "CAPTURED"
        for charge in facts.provider.charges
    }
    breaches = []
    for payment in facts.books.payments:
        is_money = payment.status in ("CAPTURED", "CHARGED_BACK")
        charge = facts.charge_of[payment.id]
        if payment.status != wanted.get(charge, payment.status) or (is_money and charge not in wanted):
            breaches.append(f"{payment.id}: {payment.status} here, {wanted.get(charge, 'not charged')} there")
    return breaches + [f"{payment_id}: charged for nothing" for payment_id in wanted.keys() - facts.order_of_payment]


def _lost_refunds(facts: Facts) -> list[str]:
    attention = {order.id for order in facts.books.orders if order.needs_attention}
    return [
        f"{refund.id}: {refund.status}"
        for refund in facts.books.refunds
        if refund.status not in ("SUCCEEDED", "FAILED")
        or (refund.status == "FAILED" and facts.order_of_payment[refund.payment_id] not in attention)
    ]


def _different_refunds(facts: Facts) -> list[str]:
    """Finished here means gone there, with the same sum. One that failed here may have gone after all: a lost answer
    to the last try. A person looks at it.
    """
    there = {refund.key: refund for refund in facts.provider.refunds if refund.is_through}
    here = {refund.key: refund for refund in facts.books.refunds}
    breaches = [
        f"{refund.id}: {refund.amount_minor} {refund.currency} finished here, not there"
        for refund in here.values()
        if refund.status == "SUCCEEDED" and not _is_the_same(refund, there.get(refund.key))
    ]
    return breaches + [f"{key}: sent back there, unknown here" for key in there.keys() - here.keys()]


def _is_the_same(refund: Refund, other: Any) -> bool:
    return other is not None and (refund.amount_minor, refund.currency) == (other.amount, other.currency)


def _silent_chargebacks(facts: Facts) -> list[str]:
    attention = {order.id for order in facts.books.orders if order.needs_attention}
    return [
        f"{payment_id} was charged back, and the order is on nobody's list"
        for payment_id in sorted(facts.charged_back)
        if facts.order_of_payment.get(payment_id) not in attention
    ]


def _double_effects(facts: Facts) -> list[str]:
    seen = Counter((event.payment_id, event.event_id) for event in facts.events)
    twice = [f"event {event_id} was kept {times} times" for (_, event_id), times in seen.items() if times > 1]
    for order in facts.books.orders:
        turns = [kind for kind in order.events if kind in TURNS_PAID]
        if len(turns) > 1:
            twice.append(f"{order.number} became paid {len(turns)} times: {', '.join(turns)}")
    asked = Counter((refund.payment_id, refund.amount_minor) for refund in facts.books.refunds)
    return twice + [f"{payment_id} goes back {times} times" for (payment_id, _), times in asked.items() if times > 1]


def _without_stock_or_terms(books: Books) -> list[str]:
    without = [order.number for order in books.orders if order.status == "BACKORDERED" and not order.accepts_backorder]
    by_terms: Counter[str] = Counter()
    for order in books.orders:
        if order.is_paid and order.accepts_backorder:
            by_terms.update({line.sku: line.quantity for line in order.lines})
    return [
        *paid_without_units(books),
        *(f"{number} is back-ordered without terms" for number in without),
        *(
            f"{item.sku}: {item.allocated} owed and {item.on_hand} on hand, but terms for {by_terms[item.sku]} alone"
            for item in books.stock
            if item.allocated - item.on_hand > by_terms[item.sku]
        ),
    ]


def _taken_twice(facts: Facts) -> list[str]:
    """Against the units that were put on sale, and against the counters."""
    breaches = []
    for item in facts.books.stock:
        sold, received = facts.books.sold(item.sku), facts.stocks.get(item.sku, 0)
        if item.sku not in facts.stocks:
            continue
        if sold > received + item.backorder_limit:
            breaches.append(f"{item.sku}: {sold} sold of {received} and {item.backorder_limit} on back-order")
        if sold != item.allocated + received - item.on_hand:
            left = f"{item.allocated} allocated, {item.on_hand} of {received} on hand"
            breaches.append(f"{item.sku}: {sold} sold, but {left}")
        if item.held + item.allocated > item.on_hand + item.backorder_limit:
            breaches.append(f"{item.sku}: {item.held} held and {item.allocated} allocated of {item.on_hand}")
    return breaches


def _committed_twice(books: Books) -> list[str]:
    times = Counter((row.reservation_id, row.stock_item_id) for row in books.movements if row.kind == "COMMIT")
    return [f"reservation {reservation} was committed {n} times" for (reservation, _), n in times.items() if n > 1]


def _left_hanging(facts: Facts) -> list[str]:
    books = facts.books
    left = [f"reservation {row.id} is still held" for row in books.reservations if row.state == "HELD"]
    left += [f"order {row.number} awaits payment" for row in books.orders if row.status == "AWAITING_PAYMENT"]
    left += [f"refund {row.id} is on its way" for row in books.refunds if row.status == "PENDING"]
    waiting = facts.provider.webhooks["waiting"]
    return left + ([f"{waiting} webhooks wait at the provider"] if waiting else [])


def _mails_astray(facts: Facts) -> list[str]:
    """Every order that became paid has one e-mail that says so, and it has left."""
    told: Counter[str] = Counter()
    unsent = []
    for mail in facts.mails:
        name, _, rest = mail.key.partition(":")
        if name in PAID_MAILS:
            told[rest.partition(":")[0]] += 1
        if not mail.is_sent:
            unsent.append(f"{mail.key} was never sent")
    became_paid = {order.id: order for order in facts.books.orders if _became_paid(order)}
    astray = [f"{order.number} was told {told[pk]} times" for pk, order in became_paid.items() if told[pk] != 1]
    return astray + unsent


def _became_paid(order: Order) -> bool:
    return any(kind in TURNS_PAID for kind in order.events)


def _errors(answers: list[Answer]) -> list[str]:
    return [
        f"{answer.status} at {answer.step}: {answer.note[:80]}"
        for answer in answers
        if answer.kind == ERROR or (answer.kind == BUSY and not answer.retry_after)
    ]
