"""Giving up what was paid and not sent: units go back on sale or are written off, and their money goes back.

Order of locks: order, payment, coupon, reservations, stock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from inventory import services as inventory
from orders.models import Order, OrderEventKind, OrderLine, Payment
from orders.services.checkout import cancel_order
from orders.services.coupon import give_back_use
from orders.services.errors import OrderNotCancellable
from orders.services.exchange import undo_for_customer
from orders.services.message import write_order_message
from orders.services.repayment import lock_repayable, pay_back, repayable_minor, worth
from orders.services.return_rows import refuse_awaiting
from orders.services.shipment import choose
from orders.services.timeline import note
from shop.errors import NotFound
from shop.money import format_money
from shop.transactions import transactional


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancellation did. `refund_minor` is what goes back, in minor units of the order's currency."""

    order: Order
    refund_minor: int


@transactional
def cancel_units(
    *, order_id: UUID, units: Mapping[UUID, int], restock: bool, reason: str, now: datetime, actor: str
) -> Cancelled:
    """Cancel units (order line to units; 0 leaves a line out) of a paid order that are owed and in no parcel.

    They go back on sale, or without `restock` out of the stock. Exactly what was charged for them goes back; with the
    last owed unit of an order of which nothing was sent goes the delivery, too. Not idempotent: the door's key says
    whether it was one intent.

    :raises OrderNotCancellable: if it is not paid, or everything was sent.
    :raises ExchangeAwaitsReturn: if a return pays for it that is not here.
    :raises NothingChosen: if there is no unit in `units`.
    :raises NotThatManyLeft: if fewer units of a line are owed and unpacked.
    :raises NotOnHand: if units that are to be written off are not in the building.
    """
    order = _lock_paid(order_id)
    chosen = choose(order, units, verb="cancel", left=lambda line: line.unpacked)
    return _cancel(order, chosen, restock=restock, reason=reason, now=now, actor=actor)


@transactional
def cancel_for_customer(*, order_id: UUID, now: datetime, actor: str) -> Order:
    """Cancel an order that waits for payment, or a paid one that nobody has packed: its units go back on sale and its
    money goes back. A cancelled order stays cancelled.

    Of an order that a return pays which is not here no money can go back: its exchange is undone.

    :raises OrderNotCancellable: if any of it is packed or sent, or it is held back, or it has ended.
    """
    undone = undo_for_customer(order_id=order_id, now=now, actor=actor)
    if undone is not None:
        return undone
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None or not order.is_paid:
        return cancel_order(order_id=order_id, now=now, actor=actor)
    lines = list(OrderLine.objects.filter(order=order).order_by("pk"))
    if order.is_held_back or any(line.packed or line.fulfilled for line in lines):
        raise OrderNotCancellable(number=order.number, status=order.get_status_display().lower())
    chosen = [(line, line.owed) for line in lines if line.owed]
    return _cancel(order, chosen, restock=True, reason="", now=now, actor=actor).order


def preview_cancellation(*, order: Order, units: Mapping[UUID, int]) -> int:
    """What would go back now for these units, in minor units. It changes and locks nothing.

    :raises NothingChosen, NotThatManyLeft: as cancel_units.
    """
    chosen = choose(order, units, verb="cancel", left=lambda line: line.unpacked)
    lines = list(OrderLine.objects.filter(order=order).order_by("pk"))
    return min(_given_up(order, lines, chosen).value_minor, repayable_minor(order))


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What it means: the worth of the units, whether nothing is owed after it, and whether nothing was ever sent."""

    value_minor: int
    is_over: bool
    is_whole: bool


def _given_up(order: Order, lines: list[OrderLine], chosen: list[tuple[OrderLine, int]]) -> GivenUp:
    """Exactly what was charged for the units; with the last one of an order of which nothing was sent, the delivery."""
    units = {line.pk: quantity for line, quantity in chosen}
    is_over = all(line.owed == units.get(line.pk, 0) for line in lines)
    is_whole = is_over and not any(line.fulfilled for line in lines)
    delivery_minor = order.total_minor - sum(line.charged_minor for line in lines) if is_whole else 0
    return GivenUp(sum(worth(line, quantity) for line, quantity in chosen) + delivery_minor, is_over, is_whole)


def _cancel(
    order: Order, chosen: list[tuple[OrderLine, int]], *, restock: bool, reason: str, now: datetime, actor: str
) -> Cancelled:
    payment, left_minor = lock_repayable(order)
    lines = list(OrderLine.objects.filter(order=order).order_by("pk"))
    given_up = _given_up(order, lines, chosen)
    # What went back before for another reason is not paid twice.
    refund_minor = min(given_up.value_minor, left_minor)
    for line, units in chosen:
        line.cancelled += units
        line.refunded += units
        line.save(update_fields=["cancelled", "refunded"])
    if given_up.is_over:
        order.take("cancelled after payment" if given_up.is_whole else "rest cancelled")
        order.ended_at = now
        order.save(update_fields=["status", "ended_at"])
    is_whole = given_up.is_whole
    _tell(order, chosen, is_whole=is_whole, refund_minor=refund_minor, reason=reason, now=now, actor=actor)
    if payment is not None and refund_minor:
        why = "order cancelled" if is_whole else "units cancelled"
        pay_back(order, payment, amount_minor=refund_minor, why=why, now=now, actor=actor, tells=False)
    if given_up.is_whole:
        give_back_use(order, now=now)
    _let_go(chosen, restock=restock, reason=reason or "order cancelled", now=now, actor=actor)
    return Cancelled(order, refund_minor)


def _tell(
    order: Order,
    chosen: list[tuple[OrderLine, int]],
    *,
    is_whole: bool,
    refund_minor: int,
    reason: str,
    now: datetime,
    actor: str,
) -> None:
    money = f"{format_money(refund_minor, order.currency)} goes back." if refund_minor else "Nothing goes back."
    why = f" {reason.strip().rstrip('.')}." if reason.strip() else ""
    if is_whole:
        note(order, OrderEventKind.CANCELLED, f"Order cancelled.{why} {money}", actor=actor, now=now)
        is_with_bank = Payment.objects.filter(order=order).with_bank().exists()
        write_order_message(
            order, name="order_cancelled", now=now, refund_minor=refund_minor, is_with_bank=is_with_bank
        )
        return
    gone = ", ".join(f"{units} × {line.product_name}" for line, units in chosen)
    note(order, OrderEventKind.LINES_CANCELLED, f"Cancelled: {gone}.{why} {money}", actor=actor, now=now)
    # Every cancellation of the order raises this number, so each has a message of its own.
    so_far = str(sum(order.lines.values_list("cancelled", flat=True)))
    write_order_message(order, name="lines_cancelled", key=so_far, now=now, cancelled=chosen, refund_minor=refund_minor)


def _let_go(chosen: list[tuple[OrderLine, int]], *, restock: bool, reason: str, now: datetime, actor: str) -> None:
    owed: dict[UUID, dict[str, int]] = {}
    for line, units in chosen:
        skus = owed.setdefault(line.reservation_id, {})
        skus[line.sku] = skus.get(line.sku, 0) + units
    give_up = inventory.give_back if restock else inventory.write_off
    for reservation_id in sorted(owed):
        give_up(reservation_id=reservation_id, lines=owed[reservation_id], reason=reason, actor=actor, now=now)


def _lock_paid(order_id: UUID) -> Order:
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None:
        raise NotFound()
    if not order.is_paid or order.is_fulfilled:
        raise OrderNotCancellable(number=order.number, status=order.get_status_display().lower())
    refuse_awaiting(order)
    return order
