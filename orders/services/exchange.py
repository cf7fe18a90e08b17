"""Exchange: what comes back pays, unit for unit, an order of other variants. See ADR 15.

Chosen before the parcel is here, the new units are the customer's at once, and are sent when it has come.
Order of locks: older order, return, payment, newer order, counter of papers, reservations, stock.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError
from uuid6 import uuid7

from inventory import services as inventory
from orders.models import (
    Order,
    OrderEventKind,
    OrderLine,
    Paper,
    Payment,
    ReturnLine,
    ReturnRequest,
)
from orders.pricing import refund_for_units
from orders.replacing import costs_the_same
from orders.services.checkout import new_number
from orders.services.errors import PaymentChargedBack
from orders.services.errors.exchange import (
    ExchangeIncomplete,
    ExchangeNotCovered,
    ExchangeSoldOut,
    NotAReplacement,
    NotEqualInPrice,
    ReturnExchanged,
)
from orders.services.message import write_order_message
from orders.services.paper import issue_exchange_note, issue_invoice
from orders.services.repayment import lock_repayable, worth
from orders.services.return_rows import awaited_by, lock_return, moved, parts_of
from orders.services.share import join_share, move_share
from orders.services.timeline import note
from shop.models import Variant
from shop.transactions import TryAgain, transactional

# The hold of an exchange lives until the commit of the same transaction.
MOMENT = timedelta(minutes=1)


@transactional
def exchange_return(*, return_id: UUID, choices: Mapping[int, UUID], now: datetime, actor: str) -> Order:
    """Exchange a whole return: for each of its lines (return line to variant) as many units of another variant.

    The new order is paid by what comes back, so no money moves. The same choice twice gives the first order. A refusal
    leaves the return as it was.

    :raises ReturnMoved: if it is neither approved nor received.
    :raises ReturnExchanged: if something else was chosen for it before.
    :raises NotAReplacement: if a choice is missing, or is no variant of the same product that is on sale.
    :raises NotEqualInPrice: if a choice has another price.
    :raises PaymentChargedBack: if the bank has money of the order, and what is left here is not enough.
    :raises ExchangeNotCovered: if part of the money went back already.
    :raises ExchangeSoldOut: if the units are not free in the building.
    """
    asked, order = lock_return(return_id)
    parts = parts_of(asked)
    if asked.replacement is not None:
        return _the_same(asked, asked.replacement, parts, choices)
    if not asked.can_be_exchanged:
        raise moved(asked, verb="exchanged")
    wanted = [(part, units, _chosen(part, choices)) for part, units in _units(asked, parts)]
    payment, value_minor = _credit(asked, order, wanted)
    replacement = _write_order(order, asked, wanted, value_minor=value_minor, now=now)
    share = move_share(payment, order=replacement, amount_minor=value_minor, now=now)
    asked.replacement = replacement
    asked.save(update_fields=["replacement"])
    _tell(asked, replacement, wanted, now=now, actor=actor)
    if asked.is_received:
        _finish(asked, order, replacement, share, parts, step="exchanged", now=now)
    _allocate(replacement, wanted, now=now, actor=actor)
    return replacement


@transactional
def undo_exchange(*, return_id: UUID, now: datetime, actor: str) -> ReturnRequest:
    """Take an exchange back whose return is not here: its units go on sale again, and the return is what it was before.

    A return that is not exchanged stays as it is. Once it is here, the order that it paid is cancelled like any other.

    :raises ReturnMoved: if it is here.
    """
    asked, order = lock_return(return_id)
    if asked.replacement is None:
        return asked
    if not asked.is_awaited:
        raise moved(asked, verb="had back as it was")
    call_off(asked, order, now=now, actor=actor)
    return asked


def call_off(asked: ReturnRequest, order: Order, *, now: datetime, actor: str) -> None:
    """The same for a locked return that awaits its parcel."""
    assert asked.replacement_id is not None, "the caller has looked"
    replacement = Order.objects.select_for_update().get(pk=asked.replacement_id)
    lines = list(OrderLine.objects.filter(order=replacement).order_by("pk"))
    asked.replacement = None
    asked.save(update_fields=["replacement"])
    replacement.take("cancelled after payment")
    replacement.ended_at = now
    replacement.save(update_fields=["status", "ended_at"])
    units: dict[str, int] = {}
    for line in lines:
        units[line.sku] = units.get(line.sku, 0) + line.owed
        line.cancelled = line.refunded = line.quantity
        line.save(update_fields=["cancelled", "refunded"])
    join_share(replacement)
    text = f"The exchange of {_name(asked, order)} for order {replacement.number} was undone. No money moved."
    for each in (order, replacement):
        note(each, OrderEventKind.EXCHANGE_UNDONE, text, actor=actor, now=now)
    write_order_message(replacement, name="exchange_undone", now=now, return_request=asked)
    reason = f"exchange for {order.number} undone"
    inventory.give_back(reservation_id=lines[0].reservation_id, lines=units, reason=reason, actor=actor, now=now)


def undo_for_customer(*, order_id: UUID, now: datetime, actor: str) -> Order | None:
    """Undo the exchange to which an order is owed, where its return is not here; None if it is an order like others."""
    awaited = awaited_by(order_id)
    if awaited is None:
        return None
    asked, order = lock_return(awaited.pk)
    if not asked.is_awaited or asked.replacement_id != order_id:
        raise TryAgain("the return came, or its exchange was undone")
    call_off(asked, order, now=now, actor=actor)
    return Order.objects.get(pk=order_id)


def finish_awaited(asked: ReturnRequest, order: Order, parts: list[ReturnLine], *, now: datetime) -> None:
    """What pays an order is here: a locked return that was exchanged before it came. Its units count as received.

    :raises ExchangeIncomplete: if not all of it came.
    """
    assert asked.replacement_id is not None, "the caller has looked"
    replacement = Order.objects.select_for_update().get(pk=asked.replacement_id)
    if any(part.came < part.quantity for part in parts):
        raise ExchangeIncomplete(number=asked.number, order=replacement.number)
    share = Payment.objects.filter(order=replacement).exclude(moved_from=None).get()
    _finish(asked, order, replacement, share, parts, step="received, exchange chosen before", now=now)


def _the_same(asked: ReturnRequest, replacement: Order, parts: list[ReturnLine], choices: Mapping[int, UUID]) -> Order:
    before = list(replacement.lines.order_by("pk").values_list("variant_id", flat=True))
    if [choices.get(part.pk) for part, _ in _units(asked, parts)] == before:
        return replacement
    raise ReturnExchanged(number=asked.number, order=replacement.number)


def _units(asked: ReturnRequest, parts: list[ReturnLine]) -> list[tuple[ReturnLine, int]]:
    """What came; or, before anything came, what is to come."""
    units = [(part, part.came if asked.received_at else part.quantity) for part in parts]
    return [(part, came) for part, came in units if came]


def _chosen(part: ReturnLine, choices: Mapping[int, UUID]) -> Variant:
    line = part.order_line
    if part.pk not in choices:
        raise NotAReplacement(name=line.product_name)
    variant = Variant.objects.select_related("product").filter(pk=choices[part.pk]).first()
    if variant is None or variant.product_id != line.variant.product_id:
        raise NotAReplacement(name=line.product_name)
    if not (variant.is_active and variant.product.is_published):
        raise NotAReplacement(name=line.product_name)
    if not costs_the_same(line, variant):
        raise NotEqualInPrice(
            name=_variant_name(variant),
            price_minor=variant.price_minor,
            paid_minor=line.unit_price_minor,
            currency=variant.currency,
        )
    return variant


def _credit(asked: ReturnRequest, order: Order, wanted: list[tuple[ReturnLine, int, Variant]]) -> tuple[Payment, int]:
    """The payment that has the money, locked, and how much what comes back is worth."""
    payment, left_minor = lock_repayable(order)
    value_minor = sum(worth(part.order_line, units) for part, units, _ in wanted)
    if payment is None or value_minor > left_minor or not value_minor:
        if Payment.objects.filter(order=order).with_bank().exists():
            raise PaymentChargedBack()
        raise ExchangeNotCovered(number=asked.number, left_minor=left_minor, currency=order.currency)
    return payment, value_minor


def _write_order(
    order: Order,
    asked: ReturnRequest,
    wanted: list[tuple[ReturnLine, int, Variant]],
    *,
    value_minor: int,
    now: datetime,
) -> Order:
    """The new order: to the same address, without a price for the delivery, worth exactly what comes back."""
    replacement = Order(
        number=new_number(), placed_at=now, pay_by=now, paid_at=now, total_minor=value_minor, instead_of=asked
    )
    for name in (
        *("user_id", "language", "email", "name", "phone", "address", "landmark", "city", "postal_code", "country"),
        *("shipping_method_id", "shipping_name", "gateway", "currency"),
    ):
        setattr(replacement, name, getattr(order, name))
    reservation_id = uuid7()
    lines = [
        _write_line(replacement, part.order_line, units, variant, reservation_id=reservation_id)
        for part, units, variant in wanted
    ]
    replacement.take("paid by what came back")
    replacement.subtotal_minor = sum(line.total_minor for line in lines)
    replacement.discount_minor = sum(line.discount_minor for line in lines)
    replacement.shipping_minor = 0
    replacement.tax_minor = sum(line.tax_minor for line in lines)
    replacement.added_tax_minor = sum(line.added_tax_minor for line in lines)
    try:
        replacement.save(force_insert=True)
    except IntegrityError as error:
        # Two orders drew the same number out of 10^12: draw again.
        raise TryAgain from error
    OrderLine.objects.bulk_create(lines)
    return replacement


def _write_line(
    replacement: Order, line: OrderLine, units: int, variant: Variant, *, reservation_id: UUID
) -> OrderLine:
    """As many units of the variant, at the price and with the discount and the tax of those that come back."""
    share = refund_for_units(line, units, line.refunded)
    total_minor = line.unit_price_minor * units
    # Shares of a discount are rounded down, so what is left over may be the tax's.
    added_tax_minor = max(share.tax_minor, share.amount_minor - total_minor) if line.added_tax_minor else 0
    return OrderLine(
        order=replacement,
        variant=variant,
        sku=variant.sku,
        product_name=line.product_name,
        variant_label=variant.label,
        picture_stem=line.picture_stem,
        unit_price_minor=line.unit_price_minor,
        quantity=units,
        total_minor=total_minor,
        discount_minor=total_minor + added_tax_minor - share.amount_minor,
        tax_rate_bp=line.tax_rate_bp,
        tax_minor=max(share.tax_minor, added_tax_minor),
        added_tax_minor=added_tax_minor,
        charged_minor=share.amount_minor,
        reservation_id=reservation_id,
    )


def _tell(
    asked: ReturnRequest,
    replacement: Order,
    wanted: list[tuple[ReturnLine, int, Variant]],
    *,
    now: datetime,
    actor: str,
) -> None:
    what = ", ".join(f"{units} × {_variant_name(variant)}" for _, units, variant in wanted)
    waits = "" if asked.is_received else " It is sent when the return is here."
    there = f"{asked} is exchanged for order {replacement.number}: {what}.{waits}"
    here = f"In exchange for {_name(asked, asked.order)}, which pays for it.{waits}"
    note(asked.order, OrderEventKind.EXCHANGED, there, actor=actor, now=now)
    note(replacement, OrderEventKind.EXCHANGED, here, actor=actor, now=now)
    write_order_message(replacement, name="exchange_placed", now=now, return_request=asked)


def _finish(
    asked: ReturnRequest,
    order: Order,
    replacement: Order,
    share: Payment,
    parts: list[ReturnLine],
    *,
    step: str,
    now: datetime,
) -> None:
    """The value of what came is spent: for the old order a credit note, for the new one an invoice."""
    for part in parts:
        part.order_line.refunded += part.came
        part.order_line.save(update_fields=["refunded"])
    asked.take(step)
    asked.save(update_fields=["status"])
    invoice = Paper.objects.filter(invoiced_order=order).first()
    issue_exchange_note(share, invoice=invoice, now=now)
    issue_invoice(replacement, payment=share, now=now)


def _allocate(replacement: Order, wanted: list[tuple[ReturnLine, int, Variant]], *, now: datetime, actor: str) -> None:
    """Hold and commit in one: the hot rows come last, and a unit that is not free undoes everything before."""
    units: dict[str, int] = {}
    for _, quantity, variant in wanted:
        units[variant.sku] = units.get(variant.sku, 0) + quantity
    reservation_id = OrderLine.objects.filter(order=replacement).values_list("reservation_id", flat=True)[0]
    try:
        inventory.reserve(
            lines=units,
            token=f"exchange-{replacement.pk}",
            expires_at=now + MOMENT,
            now=now,
            actor=actor,
            reservation_id=reservation_id,
            may_backorder=False,
        )
        inventory.commit(reservation_ids=[reservation_id], actor=actor, now=now)
    except inventory.StockUnavailable as error:
        short = {shortage["sku"] for shortage in error.facts["shortages"]}
        names = [_variant_name(variant) for _, _, variant in wanted if variant.sku in short]
        raise ExchangeSoldOut(names=names) from error
    except inventory.HoldEnded as error:
        raise TryAgain from error


def _variant_name(variant: Variant) -> str:
    return ", ".join(filter(None, [variant.product.name, variant.label]))


def _name(asked: ReturnRequest, order: Order) -> str:
    return f"return {asked.number} of order {order.number}"
