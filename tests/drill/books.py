"""What the shop's database and the provider's books say, as plain rows that a law can be checked on."""

from dataclasses import dataclass, field, fields
from typing import Any, Self


class Row:
    """A row that arrives as JSON; columns that it does not know are left out."""

    @classmethod
    def read(cls, row: dict[str, Any]) -> Self:
        return cls(**{one.name: row[one.name] for one in fields(cls) if one.name in row})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock(Row):
    """The counters of one stock item, as they stand at the end."""

    id: int
    sku: str
    on_hand: int
    held: int
    allocated: int
    backorder_limit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement(Row):
    """One line of the ledger, in the order in which it was written (`id`)."""

    id: int
    stock_item_id: int
    kind: str
    on_hand_change: int = 0
    held_change: int = 0
    allocated_change: int = 0
    reservation_id: str = ""
    created_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation(Row):
    """A reservation with its units per SKU."""

    id: str
    state: str
    expires_at: float
    created_at: float
    ended_at: float | None = None
    units: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine(Row):
    """A line of an order, with the key of the reservation that keeps its units."""

    sku: str
    quantity: int
    total_minor: int
    reservation_id: str
    returned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Row):
    """An order with its lines."""

    id: str
    number: str
    cart_id: str
    status: str
    total_minor: int
    subtotal_minor: int
    discount_minor: int = 0
    shipping_minor: int
    added_tax_minor: int = 0
    currency: str = ""
    accepts_backorder: bool = False
    needs_attention: str = ""
    lines: list[OrderLine]
    events: list[str] = field(default_factory=list)
    """The kinds of its timeline, oldest first."""

    @property
    def is_paid(self) -> bool:
        return self.status in ("PAID", "BACKORDERED", "PARTLY_FULFILLED", "FULFILLED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Row):
    """A payment attempt, as the shop wrote it down."""

    id: str
    order_id: str
    status: str
    amount_minor: int
    currency: str
    captured_minor: int = 0
    moved_from_id: str | None = None
    """The payment of which this is a part that pays for an exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(Row):
    """Money on its way back, as the shop wrote it down; `key` is how the provider knows it."""

    id: str
    key: str = ""
    payment_id: str
    amount_minor: int
    currency: str = ""
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Row):
    """A line of the provider's own books: money taken (CAPTURE) or sent back (REFUND) for one of our attempts."""

    kind: str
    payment_id: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everything that is true when the dust has settled."""

    stock: list[Stock]
    movements: list[Movement]
    reservations: list[Reservation]
    orders: list[Order]
    payments: list[Payment]
    refunds: list[Refund]
    entries: list[Entry]
    cart_lines: list[str]
    """The ids of all cart lines."""
    undelivered: int = 0
    """Webhooks that the provider still has to deliver."""

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        """From the JSON that `tests.drill.inside` prints."""
        return cls(
            stock=[Stock.read(row) for row in document["stock"]],
            movements=[Movement.read(row) for row in document["movements"]],
            reservations=[Reservation.read(row) for row in document["reservations"]],
            orders=[
                Order.read(row | {"lines": [OrderLine.read(line) for line in row["lines"]]})
                for row in document["orders"]
            ],
            payments=[Payment.read(row) for row in document["payments"]],
            refunds=[Refund.read(row) for row in document["refunds"]],
            entries=[Entry.read(row) for row in document["entries"]],
            cart_lines=document["cart_lines"],
            undelivered=document["undelivered"],
        )

    def sku_of_item(self) -> dict[int, str]:
        """Stock item to SKU."""
        return {item.id: item.sku for item in self.stock}

    def sold(self, sku: str) -> int:
        """Units of `sku` in paid orders that have not come back."""
        return sum(
            line.quantity - line.returned
            for order in self.orders
            if order.is_paid
            for line in order.lines
            if line.sku == sku
        )
