"""A small sale that never happened, for the tests of the drill's own judgement: built row by row, exact by design."""

from dataclasses import dataclass, field
from typing import Any

from tests.drill.answers import Answer
from tests.drill.books import Books, Entry, Movement, Order, OrderLine, Payment, Refund, Reservation, Stock

SKU = "RUSH-1"
ITEM = 1
PRICE = 25_000


@dataclass
class SampleSale:
    """Writes the ledger as the shop would; `books()` is what stands at the end."""

    units: int
    hold_seconds: float = 10
    movements: list[Movement] = field(default_factory=list)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._move("RECEIVE", at=0, on_hand_change=self.units)

    def reserve(self, name: str, *, at: float, quantity: int = 1) -> None:
        self.reservations[name] = Reservation(
            id=name, state="HELD", expires_at=at + self.hold_seconds, created_at=at, units={SKU: quantity}
        )
        self._move("RESERVE", at=at, reservation_id=name, held_change=quantity)

    def expire(self, name: str, *, at: float) -> None:
        """Tidy up a hold whose time is over."""
        self._end(name, "EXPIRED", at=at)
        self._move("EXPIRE", at=at, reservation_id=name, held_change=-self._quantity(name))

    def release(self, name: str, *, at: float) -> None:
        self._end(name, "RELEASED", at=at)
        self._move("RELEASE", at=at, reservation_id=name, held_change=-self._quantity(name))

    def order(self, name: str, *, status: str = "AWAITING_PAYMENT") -> None:
        quantity = self._quantity(name)
        total = quantity * PRICE
        line = OrderLine(sku=SKU, quantity=quantity, total_minor=total, reservation_id=name)
        self.orders.append(
            Order(
                id=f"order-{name}",
                number=f"T-{name}",
                cart_id=f"cart-{name}",
                status=status,
                total_minor=total,
                subtotal_minor=total,
                shipping_minor=0,
                lines=[line],
            )
        )

    def pay(self, name: str, *, at: float) -> None:
        """Place an order for the hold, take the money, commit the units."""
        self.order(name, status="PAID")
        self._end(name, "COMMITTED", at=at)
        quantity = self._quantity(name)
        self._move("COMMIT", at=at, reservation_id=name, held_change=-quantity, allocated_change=quantity)
        self.capture(f"payment-{name}", order=f"order-{name}", amount=quantity * PRICE)

    def capture(self, payment: str, *, order: str, amount: int) -> None:
        if payment not in [row.id for row in self.payments]:
            self.payments.append(
                Payment(id=payment, order_id=order, status="CAPTURED", amount_minor=amount, currency="IDR")
            )
        self.entries.append(Entry(kind="CAPTURE", payment_id=payment, amount_minor=amount, currency="IDR"))

    def refund(self, payment: str, *, amount: int, status: str = "SUCCEEDED") -> None:
        self.refunds.append(Refund(id=f"refund-{payment}", payment_id=payment, amount_minor=amount, status=status))
        if status == "SUCCEEDED":
            self.entries.append(Entry(kind="REFUND", payment_id=payment, amount_minor=amount, currency="IDR"))

    def books(self) -> Books:
        totals = {
            name: sum(getattr(movement, f"{name}_change") for movement in self.movements)
            for name in ("on_hand", "held", "allocated")
        }
        return Books(
            stock=[Stock(id=ITEM, sku=SKU, **totals)],
            movements=self.movements,
            reservations=list(self.reservations.values()),
            orders=self.orders,
            payments=self.payments,
            refunds=self.refunds,
            entries=self.entries,
            cart_lines=[],
        )

    def _quantity(self, name: str) -> int:
        return self.reservations[name].units[SKU]

    def _end(self, name: str, state: str, *, at: float) -> None:
        row = self.reservations[name]
        self.reservations[name] = Reservation(
            id=row.id, state=state, expires_at=row.expires_at, created_at=row.created_at, ended_at=at, units=row.units
        )

    def _move(self, kind: str, *, at: float, **changes: Any) -> None:
        movement_id = len(self.movements) + 1
        self.movements.append(Movement(id=movement_id, stock_item_id=ITEM, kind=kind, created_at=at, **changes))


def refusal(*, start: float, end: float, quantity: int = 1) -> Answer:
    """ "Sold out", said to somebody who asked from `start` to `end`."""
    return Answer(
        shopper="s1",
        step="add",
        started_at=start,
        ended_at=end,
        status=422,
        code="stock_unavailable",
        sku=SKU,
        quantity=quantity,
    )
