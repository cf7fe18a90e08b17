"""What pages, API and staff read of carts and orders."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db.models import Exists, F, Max, OuterRef, Prefetch, Q, QuerySet, Sum
from django.utils.crypto import constant_time_compare

from accounts.models import User
from accounts.queries import verified_addresses
from inventory import queries as stock
from orders.models import (
    PAID_STATES,
    Cart,
    CartLine,
    Order,
    OrderEvent,
    OrderLine,
    OrderStatus,
    Paper,
    PaperKind,
    Payment,
    Refund,
    ReturnLine,
    ReturnRequest,
    Shipment,
    ShipmentLine,
    ShipmentStatus,
    ShippingMethod,
)
from shop.drops import NOBODY, ORDINARY, Access, is_in_drops, places_of, terms_of
from shop.errors import NotFound
from shop.transactions import consistent_snapshot

# Characters of an order number besides its T.
NUMBER_LENGTH = 8
CART_TOKEN_SALT = "orders.cart"  # noqa: S105 - a namespace, not a secret


@dataclass(frozen=True, slots=True)
class CartLineSummary:
    """A line as its shopper sees it, at one moment."""

    line: CartLine
    hold: stock.Hold
    now: datetime
    is_free_again: bool = False
    # What a new hold would cost; None while this one lives.
    new_price_minor: int | None = None

    @property
    def is_held(self) -> bool:
        return self.hold.is_live

    @property
    def expires_at(self) -> datetime:
        return self.hold.expires_at

    @property
    def seconds_left(self) -> int:
        """Whole seconds, rounded down: never more than there is."""
        return max(int((self.hold.expires_at - self.now).total_seconds()), 0)

    @property
    def total_seconds(self) -> int:
        """The length of the whole hold, for the bar."""
        return max(int((self.hold.expires_at - self.hold.created_at).total_seconds()), 1)

    @property
    def extensions_left(self) -> int:
        return self.hold.extensions_left

    @property
    def is_limit_reached(self) -> bool:
        return self.hold.extensions_left == 0

    @property
    def offered_from(self) -> datetime:
        return self.hold.offered_from

    @property
    def can_extend(self) -> bool:
        """Whether an extension would be granted at this moment."""
        return self.is_held and not self.is_limit_reached and self.now >= self.hold.offered_from

    @property
    def price_changed(self) -> bool:
        """Whether a new hold would have another price."""
        return not self.is_held and self.new_price_minor != self.line.unit_price_minor

    @property
    def unit_price_minor(self) -> int:
        return self.line.unit_price_minor

    @property
    def total_minor(self) -> int:
        return self.line.total_minor


@dataclass(frozen=True, slots=True)
class CartSummary:
    """A cart as its shopper sees it: what is held, and what is not held any more."""

    cart: Cart | None
    held: list[CartLineSummary] = field(default_factory=list)
    ended: list[CartLineSummary] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.held and not self.ended

    @property
    def units(self) -> int:
        """Units that are held."""
        return sum(summary.line.quantity for summary in self.held)

    @property
    def subtotal_minor(self) -> int:
        """What the held lines cost."""
        return sum(summary.total_minor for summary in self.held)

    @property
    def currency(self) -> str:
        lines = [*self.held, *self.ended]
        return lines[0].line.currency if lines else settings.SHOP_CURRENCY

    @property
    def earliest(self) -> CartLineSummary | None:
        """The held line that ends first: the one the clock speaks of."""
        return min(self.held, key=lambda summary: (summary.expires_at, summary.line.pk), default=None)


def cart_id_in(token: str | None) -> UUID | None:
    """The cart that a signed token names, or None if it was not signed here."""
    try:
        return UUID(signing.loads(token or "", salt=CART_TOKEN_SALT))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def summarise_cart(*, cart: Cart | None, now: datetime, access: Access = NOBODY) -> CartSummary:
    """The cart with the state of every hold. Three queries, and one more when a hold has ended, or two of a drop.

    `access` says which drops would let this shopper in early, for holds that could be taken again.
    """
    if cart is None:
        return CartSummary(cart=None)
    lines = list(
        CartLine.objects.filter(cart=cart)
        .select_related("variant__product__category", "drop_item__drop")
        .prefetch_related("variant__product__images")
        .annotate(has_drops=is_in_drops("variant_id"))
        .order_by("pk")
    )
    holds = stock.holds(reservation_ids=[line.reservation_id for line in lines], now=now)
    ended = [line for line in lines if not holds[line.reservation_id].is_live]
    skus = [line.variant.sku for line in ended]
    in_drops = [line.variant.sku for line in ended if line.has_drops]
    terms = terms_of(skus=in_drops, now=now, access=access) if in_drops else {}
    free = stock.available_to_promise(skus=skus, now=now, at=places_of(terms)) if ended else {}
    summaries = [
        CartLineSummary(
            line=line,
            hold=holds[line.reservation_id],
            now=now,
            is_free_again=line in ended and free[line.variant.sku].free >= line.quantity,
            new_price_minor=(
                terms.get(line.variant.sku, ORDINARY).price_minor(line.variant) if line in ended else None
            ),
        )
        for line in lines
    ]
    return CartSummary(
        cart=cart,
        held=[summary for summary in summaries if summary.is_held],
        ended=[summary for summary in summaries if not summary.is_held],
    )


def summary_of_new(*, cart: Cart, line: CartLine, hold: stock.Hold, now: datetime) -> CartSummary:
    """A cart as its shopper will see it whose one line is being held. No query."""
    return CartSummary(cart=cart, held=[CartLineSummary(line=line, hold=hold, now=now)])


@dataclass(frozen=True, slots=True)
class DropMoney:
    """What a drop brought: units and last payment by item, and what its lines were charged, before refunds."""

    sold: dict[int, tuple[int, datetime | None]]
    revenue_minor: int
    currency: str


def money_of_drop(*, item_ids: Iterable[int]) -> DropMoney:
    """What was paid for in these things of a drop. Two queries."""
    ids = list(item_ids)
    paid = OrderLine.objects.filter(drop_item__in=ids, order__status__in=PAID_STATES)
    sums = paid.values_list("order__currency").annotate(charged=Sum("charged_minor")).order_by("-charged")
    currency, revenue_minor = next(iter(sums), (settings.SHOP_CURRENCY, 0))
    return DropMoney(sold=sold_in_drops(item_ids=ids), revenue_minor=revenue_minor, currency=currency)


def orders_to_look_at(*, item_ids: Iterable[int]) -> int:
    """Orders with these things of a drop that wait for a person. One query."""
    orders = Order.objects.exclude(needs_attention="").filter(lines__drop_item__in=list(item_ids))
    return orders.distinct().count()


def sold_in_drops(*, item_ids: Iterable[int]) -> dict[int, tuple[int, datetime | None]]:
    """What was paid for of these things of drops: item to units, and when the last of them were paid. One query."""
    rows = (
        OrderLine.objects.filter(drop_item__in=list(item_ids), order__status__in=PAID_STATES)
        .values_list("drop_item_id")
        .annotate(units=Sum(F("quantity") - F("cancelled")), last_paid_at=Max("order__paid_at"))
    )
    return {item_id: (units, last_paid_at) for item_id, units, last_paid_at in rows}


def placed_from(*, cart_id: UUID, user: User | AnonymousUser, token: str | None) -> Order | None:
    """The order that this shopper's cart has become, for a second press of the button. None if it is not theirs."""
    orders = Order.objects.filter(cart_id=cart_id)
    if user.is_authenticated:
        return orders.filter(user=user).first()
    # A guest's cart stays a guest's, whoever takes the order into an account later.
    return orders.filter(cart__user=None).first() if cart_id_in(token) == cart_id else None


def awaiting_payment(*, user: User | AnonymousUser, known_ids: Iterable[str], now: datetime) -> list[Order]:
    """Orders of this shopper that can still be paid, the most urgent first."""
    orders = Order.objects.filter(status=OrderStatus.AWAITING_PAYMENT, pay_by__gt=now)
    orders = orders.filter(user=user) if user.is_authenticated else orders.filter(pk__in=list(known_ids))
    return list(orders.order_by("pay_by", "pk"))


def orders_of(*, user: User) -> QuerySet[Order]:
    """A member's orders with their lines and papers, the newest first."""
    orders = Order.objects.filter(user=user).prefetch_related("lines", papers_in_order())
    return orders.order_by("-placed_at", "-pk")


def papers_in_order() -> Prefetch:
    """The papers of orders as they were issued, to list: without what they say, which is long."""
    return Prefetch("papers", queryset=Paper.objects.defer("content").order_by("issued_at", "pk"))


def find_order(*, order_id: UUID, user: User | AnonymousUser, known_ids: Iterable[str] = ()) -> Order:
    """An order with lines, timeline and payments, for the member who owns it or the guest who proved to know it.

    :raises NotFound: if there is none, or it is somebody else's: the two are never told apart.
    """
    orders = Order.objects.select_related("user", "instead_of__order")
    order = orders.prefetch_related(*_details()).filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    is_own = user.is_authenticated and order.user_id == user.pk
    if not is_own and not _is_known(order, known_ids=set(known_ids)):
        raise NotFound()
    return order


def orders_without_papers() -> list[UUID]:
    """Paid for and without an invoice, or with a credit note for money that did not leave; the oldest first."""
    kept = Payment.objects.filter(is_kept=True).filter(
        ~Exists(Paper.objects.filter(invoiced_order=OuterRef("order")))
        | Exists(
            Paper.objects.filter(payment=OuterRef("pk"), kind=PaperKind.CREDIT_NOTE, turn__lt=F("refund__failures"))
            .annotate(
                is_reversed=Exists(
                    Paper.objects.filter(kind=PaperKind.REVERSAL, refund=OuterRef("refund"), turn=OuterRef("turn"))
                )
            )
            .filter(is_reversed=False)
        )
    )
    return list(kept.order_by("captured_at", "pk").values_list("order_id", flat=True))


def find_paper(*, order: Order, number: str) -> Paper:
    """The invoice or credit note of this order with this number. :raises NotFound: if it has none."""
    paper = Paper.objects.filter(order=order, number=number).first()
    if paper is None:
        raise NotFound()
    return paper


def spelled_number(typed: str) -> str:
    """An order number as it is kept. Case, spaces, hyphens and a missing T- are forgiven; nothing is guessed."""
    cleaned = "".join(character for character in typed.upper() if character.isascii() and character.isalnum())
    if len(cleaned) > NUMBER_LENGTH:
        cleaned = cleaned.removeprefix("T")
    return f"T-{cleaned[:4]}-{cleaned[4:]}"


def find_guest_order(*, number: str, email: str) -> Order:
    """The order with this number, for whoever also knows its e-mail address. Spelling is forgiven, not guessed.

    The address is compared here and not in the database, whose collations take "é" for "e", and in the same time
    whether there is such an order or not.

    :raises NotFound: whichever of the two is wrong.
    """
    order = Order.objects.only("pk", "email").filter(number=spelled_number(number)).first()
    is_right = constant_time_compare(_address(order.email if order else ""), _address(email))
    if order is None or not is_right:
        raise NotFound()
    return Order.objects.select_related("user", "instead_of__order").prefetch_related(*_details()).get(pk=order.pk)


def unclaimed_orders(*, user: User) -> list[Order]:
    """Guests' orders that were placed with an address which this member has verified, the newest first."""
    addresses = verified_addresses(user)
    if not addresses:
        return []
    is_alike = reduce(or_, (Q(email__iexact=address) for address in sorted(addresses)))
    alike = Order.objects.filter(is_alike, user=None).order_by("-placed_at", "-pk")
    return [order for order in alike if _address(order.email) in addresses]


def may_claim(order: Order, *, user: User, known_ids: Iterable[str] = ()) -> bool:
    """Whether this member may take the order into the account: nobody's yet, and its address or itself is known."""
    if order.user_id is not None:
        return False
    return str(order.pk) in set(known_ids) or _address(order.email) in verified_addresses(user)


def find_payment(*, payment_id: UUID, user: User | AnonymousUser, known_ids: Iterable[str] = ()) -> Payment:
    """An attempt, for whoever may see its order.

    :raises NotFound: as find_order.
    """
    payment = Payment.objects.select_related("order").filter(pk=payment_id).first()
    if payment is None:
        raise NotFound()
    find_order(order_id=payment.order_id, user=user, known_ids=known_ids)
    return payment


def delivery_methods() -> list[ShippingMethod]:
    """The ways to send a parcel that the shop offers, with their zones."""
    return list(ShippingMethod.objects.filter(is_active=True).prefetch_related("zones").order_by("position", "pk"))


@dataclass(frozen=True, slots=True)
class OwedDrift:
    """Units that paid orders are owed and inventory has allocated, where the two do not agree."""

    sku: str
    allocated: int
    owed: int

    @property
    def sentence(self) -> str:
        return f"{self.sku}: inventory has allocated {self.allocated}, paid orders are owed {self.owed}"


def prove_owed() -> list[OwedDrift]:
    """Compare, SKU by SKU, what inventory has allocated with what paid and unsent order lines add up to."""
    rows = (
        OrderLine.objects.filter(order__status__in=PAID_STATES)
        .values_list("sku")
        .annotate(units=Sum(F("quantity") - F("fulfilled") - F("cancelled")))
    )
    with consistent_snapshot():
        owed = {sku: units for sku, units in rows if units}
        allocated = stock.allocated_by_sku()
    return [
        OwedDrift(sku=sku, allocated=allocated.get(sku, 0), owed=owed.get(sku, 0))
        for sku in sorted(owed.keys() | allocated.keys())
        if owed.get(sku, 0) != allocated.get(sku, 0)
    ]


def _is_known(order: Order, *, known_ids: set[str]) -> bool:
    """Whether it is one of those, or replaces what came back of one: who knows an order knows what became of it."""
    if str(order.pk) in known_ids:
        return True
    return order.instead_of is not None and _is_known(order.instead_of.order, known_ids=known_ids)


def _address(email: str) -> str:
    return email.strip().lower()


def _details() -> list[Prefetch]:
    return [
        Prefetch("lines", queryset=OrderLine.objects.order_by("pk")),
        Prefetch("shipments", queryset=Shipment.objects.exclude(status=ShipmentStatus.UNPACKED).order_by("number")),
        Prefetch("shipments__lines", queryset=ShipmentLine.objects.select_related("order_line").order_by("pk")),
        Prefetch("returns", queryset=ReturnRequest.objects.select_related("refund", "replacement").order_by("number")),
        Prefetch("returns__lines", queryset=ReturnLine.objects.select_related("order_line").order_by("pk")),
        Prefetch("events", queryset=OrderEvent.objects.for_customer().order_by("-happened_at", "-pk")),
        papers_in_order(),
        Prefetch("payments", queryset=Payment.objects.order_by("created_at", "pk")),
        Prefetch("payments__refunds", queryset=Refund.objects.order_by("created_at", "pk")),
    ]
