"""The live board of a drop: seven numbers with their meanings, and two pictures drawn from rows. Seven queries."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from inventory import overview as stock_overview
from inventory.queries import Availability, HoldRow, available_to_promise, holds_at
from orders.queries import DropMoney, money_of_drop, orders_to_look_at
from shop.models import Drop, DropItem

MOST_MINUTES = 60
WIDTH, HEIGHT, AXIS = 720, 160, 18
STOCK_WIDTH = 200


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a chart, in its own units. `kind` is paid, held, ended or free."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Minute:
    """Holds that were placed in one minute, by what became of them."""

    at: datetime
    paid: int = 0
    held: int = 0
    ended: int = 0

    @property
    def total(self) -> int:
        return self.paid + self.held + self.ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """One thing of the drop: where its units are, as a bar two hundred wide."""

    item: DropItem
    paid: int
    held: int
    free: int
    sold_out_at: datetime | None

    @property
    def bars(self) -> list[Bar]:
        bars, x = [], 0.0
        for kind, units in (("paid", self.paid), ("held", self.held), ("free", self.free)):
            width = STOCK_WIDTH * units / max(self.item.quota, 1)
            bars.append(Bar(kind, round(x, 1), 0, round(width, 1), 14))
            x += width
        return bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything that the board says, at one moment."""

    drop: Drop
    now: datetime
    stocks: list[Stock]
    minutes: list[Minute]
    money: DropMoney
    oldest_at: datetime | None
    ending_soon: int
    closed: int
    closed_paid: int
    seconds_to_pay: list[int] = field(default_factory=list)
    extensions: int = 0
    to_look_at: int = 0
    proof: stock_overview.Proof | None = None

    @property
    def units(self) -> int:
        return sum(stock.item.quota for stock in self.stocks)

    @property
    def paid(self) -> int:
        return sum(stock.paid for stock in self.stocks)

    @property
    def held(self) -> int:
        return sum(stock.held for stock in self.stocks)

    @property
    def free(self) -> int:
        return sum(stock.free for stock in self.stocks)

    @property
    def at_zero(self) -> int:
        """Things of which nothing is free."""
        return sum(not stock.free for stock in self.stocks)

    @property
    def percent_paid(self) -> int | None:
        """Of the holds that are over, how many were paid. None as long as none is over."""
        return round(100 * self.closed_paid / self.closed) if self.closed else None

    @property
    def median_seconds_to_pay(self) -> int | None:
        times = sorted(self.seconds_to_pay)
        return times[len(times) // 2] if times else None

    @property
    def minutes_in(self) -> int:
        return max(int((self.now - self.drop.starts_at).total_seconds() // 60), 0)

    @property
    def oversold(self) -> int:
        """Units promised beyond the quota: a law of the database keeps this at nought."""
        return sum(max(stock.paid + stock.held - stock.item.quota, 0) for stock in self.stocks)

    @property
    def most_in_a_minute(self) -> int:
        return max((minute.total for minute in self.minutes), default=0)

    @property
    def bars(self) -> list[Bar]:
        """Stacked, one column for each minute of placing."""
        bars = []
        step = WIDTH / max(len(self.minutes), 12)
        for column, minute in enumerate(self.minutes):
            y = float(HEIGHT - AXIS)
            for kind, count in (("paid", minute.paid), ("held", minute.held), ("ended", minute.ended)):
                height = (HEIGHT - AXIS - 10) * count / max(self.most_in_a_minute, 1)
                y -= height
                if count:
                    bars.append(
                        Bar(kind, round(column * step + 1, 1), round(y, 1), round(step - 2, 1), round(height, 1))
                    )
        return bars

    @property
    def labels(self) -> list[tuple[float, datetime]]:
        """A time under every fifth column."""
        step = WIDTH / max(len(self.minutes), 12)
        return [(round(column * step, 1), each.at) for column, each in enumerate(self.minutes) if column % 5 == 0]

    @property
    def finding(self) -> str:
        """What the first picture shows, in words."""
        placed = sum(minute.total for minute in self.minutes)
        paid, held = sum(each.paid for each in self.minutes), sum(each.held for each in self.minutes)
        return f"{placed} holds placed: {paid} paid, {held} still held, {placed - paid - held} ended unpaid."

    @property
    def stamp(self) -> str:
        """Changes with what the board shows, apart from its clock."""
        shown = (
            [(each.paid, each.held, each.free) for each in self.stocks],
            [(each.paid, each.held, each.ended) for each in self.minutes],
            self.money,
            self.ending_soon,
            self.to_look_at,
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:32]


def board_of(drop: Drop, *, now: datetime) -> Board:
    """The board of a published drop. Seven queries, however many things and holds there are."""
    items = list(DropItem.objects.filter(drop=drop).select_related("variant__product").order_by("position", "pk"))
    skus = [item.variant.sku for item in items]
    left = available_to_promise(skus=skus, now=now, at={sku: [drop.location_id] for sku in skus})
    rows = holds_at(location_id=drop.location_id or 0)
    money = money_of_drop(item_ids=[item.pk for item in items])
    live = [row for row in rows if row.is_live(now=now)]
    closed = [row for row in rows if not row.is_live(now=now)]
    paid = [row for row in closed if row.is_paid]
    return Board(
        drop=drop,
        now=now,
        stocks=[_stock(item, left[item.variant.sku], money) for item in items],
        minutes=_minutes(rows, now=now),
        money=money,
        oldest_at=min((row.created_at for row in live), default=None),
        ending_soon=sum(row.expires_at <= now + timedelta(seconds=60) for row in live),
        closed=len(closed),
        closed_paid=len(paid),
        seconds_to_pay=[int((row.ended_at - row.created_at).total_seconds()) for row in paid if row.ended_at],
        extensions=sum(row.renewals for row in rows),
        to_look_at=orders_to_look_at(item_ids=[item.pk for item in items]),
        proof=stock_overview.last_proof(),
    )


def _stock(item: DropItem, left: Availability, money: DropMoney) -> Stock:
    units, last_paid_at = money.sold.get(item.pk, (0, None))
    return Stock(
        item=item,
        paid=units,
        held=left.held,
        free=left.free,
        sold_out_at=last_paid_at if units >= item.quota else None,
    )


def _minutes(rows: list[HoldRow], *, now: datetime) -> list[Minute]:
    """By the minute of placing: by the minute of the event the parts would not add up."""
    counts: dict[datetime, dict[str, int]] = defaultdict(lambda: {"paid": 0, "held": 0, "ended": 0})
    for row in rows:
        kind = "held" if row.is_live(now=now) else "paid" if row.is_paid else "ended"
        counts[row.created_at.replace(second=0, microsecond=0)][kind] += 1
    if not counts:
        return []
    first = min(counts)
    last = min(max(counts), first + timedelta(minutes=MOST_MINUTES - 1))
    span = int((last - first).total_seconds() // 60) + 1
    moments = [first + timedelta(minutes=number) for number in range(span)]
    return [Minute(at=moment, **counts[moment]) if moment in counts else Minute(at=moment) for moment in moments]
