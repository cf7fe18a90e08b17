"""What staff do to stock: receive, adjust, allow back-orders. Always with a reason, always in the ledger."""

from datetime import date, datetime

from inventory.models import Location, MovementKind, StockItem, StockMovement
from inventory.services.counters import record
from inventory.services.errors import BelowPromised, StockMoved, UnknownStockItem
from inventory.services.expiry import release_expired
from inventory.services.handover import lock_awaited_lines
from inventory.services.line import open_stock_item
from inventory.sold_out import units_freed
from shop.errors import InvalidInput
from shop.models import Variant
from shop.transactions import transactional

MAX_CHANGE = 1_000_000


@transactional
def open_location(*, code: str, name: str, priority: int) -> Location:
    """A place that holds stock, made if there is none with this code; one that is there stays as it is."""
    location, _ = Location.objects.get_or_create(code=code, defaults={"name": name, "priority": priority})
    return location


@transactional
def receive(
    *,
    sku: str,
    location: str,
    quantity: int,
    reason: str,
    actor: str,
    now: datetime,
    seen_on_hand: int | None = None,
) -> StockItem:
    """Take `quantity` units of a SKU into the location with this code. Makes the stock item when it is the first time.

    Not idempotent: each call is a delivery. A door that may repeat itself brings an idempotency key, or says with
    `seen_on_hand` which figure (0 for a new item) its caller saw, which makes a repeat harmless.

    :raises StockMoved: if the figure is another one by now.
    :raises InvalidInput: if the quantity or the reason cannot be used, or there is no such variant or location.
    """
    _refuse_bad_change(field="quantity", units=quantity, lowest=1)
    _refuse_empty_reason(reason)
    place = Location.objects.filter(code=location).first()
    if not Variant.objects.filter(sku=sku).exists():
        raise InvalidInput(field="sku", problem=f"No variant has the SKU {sku}. Check it, or make the variant first.")
    if place is None:
        problem = f"No location has the code {location}. Check it, or make the location first."
        raise InvalidInput(field="location", problem=problem)
    item = open_stock_item(sku=sku, location=place)
    if seen_on_hand is not None:
        lock_awaited_lines([item.pk])
        item = StockItem.objects.select_for_update().get(pk=item.pk)
        if seen_on_hand != item.on_hand:
            raise StockMoved(seen=seen_on_hand, on_hand=item.on_hand)
    record([_movement(item, MovementKind.RECEIVE, change=quantity, reason=reason, actor=actor, now=now)])
    item.refresh_from_db()
    return item


@transactional
def adjust(
    *, stock_item_id: int, change: int, reason: str, actor: str, now: datetime, seen_on_hand: int | None = None
) -> StockItem:
    """Correct the units on hand by `change` (units, either sign), with the reason.

    With `seen_on_hand` the caller says which figure the change was decided on, which also makes a repeat harmless.

    :raises StockMoved: if the figure is another one by now.
    :raises BelowPromised: if less would remain than is held and paid.
    :raises InvalidInput: if the change is zero or absurd, or the reason is missing.
    """
    _refuse_bad_change(field="change", units=change, lowest=-MAX_CHANGE)
    _refuse_empty_reason(reason)
    item = _lock_item(stock_item_id, now=now)
    if seen_on_hand is not None and seen_on_hand != item.on_hand:
        raise StockMoved(seen=seen_on_hand, on_hand=item.on_hand)
    promised = max(item.held + item.allocated - item.backorder_limit, 0)
    if item.on_hand + change < promised:
        raise BelowPromised(held=item.held, allocated=item.allocated, lowest=promised, field="change")
    record([_movement(item, MovementKind.ADJUST, change=change, reason=reason, actor=actor, now=now)])
    item.refresh_from_db()
    return item


@transactional
def set_backorder_limit(
    *, stock_item_id: int, limit: int, reason: str, actor: str, now: datetime, arrives_on: date | None = None
) -> StockItem:
    """Allow promises of up to `limit` units beyond what is on hand. The same twice changes nothing.

    With `arrives_on`, the day on which more is expected, shoppers are offered a pre-order that names it. Without one,
    a unit beyond stock is promised only to whoever pays late and took the terms for that.

    :raises BelowPromised: if more than that is promised already.
    :raises InvalidInput: if the limit is negative or absurd, or the reason is missing.
    """
    _refuse_bad_change(field="limit", units=limit, lowest=0, zero_allowed=True)
    _refuse_empty_reason(reason)
    item = _lock_item(stock_item_id, now=now)
    beyond = max(item.held + item.allocated - item.on_hand, 0)
    if limit < beyond:
        raise BelowPromised(held=item.held, allocated=item.allocated, lowest=beyond, field="limit")
    if (limit, arrives_on) == (item.backorder_limit, item.arrives_on):
        return item
    expected = f", expected {arrives_on:%-d %b %Y}" if arrives_on else ""
    reason = f"{item.backorder_limit} to {limit}{expected}: {reason}"
    record([_movement(item, MovementKind.BACKORDER, change=0, reason=reason, actor=actor, now=now)])
    item.backorder_limit, item.arrives_on = limit, arrives_on
    item.save(update_fields=["backorder_limit", "arrives_on"])
    units_freed([item.pk])
    # What may be promised from now on is promised to those who wait for it.
    record([], lines=dict.fromkeys(lock_awaited_lines([item.pk]), 0), now=now)
    item.refresh_from_db()
    return item


def _lock_item(stock_item_id: int, *, now: datetime) -> StockItem:
    """The locked row, after its expired holds were released: they may refuse staff as little as shoppers.

    The line of those who wait for it is locked before.
    """
    seen = StockItem.objects.filter(pk=stock_item_id).first()
    if seen is None:
        raise UnknownStockItem()
    release_expired(skus=[seen.sku], now=now)
    lock_awaited_lines([stock_item_id])
    return StockItem.objects.select_for_update().get(pk=stock_item_id)


def _movement(
    item: StockItem, kind: MovementKind, *, change: int, reason: str, actor: str, now: datetime
) -> StockMovement:
    return StockMovement(
        stock_item=item, kind=kind, on_hand_change=change, reason=reason[:200], actor=actor, created_at=now
    )


def _refuse_bad_change(*, field: str, units: int, lowest: int, zero_allowed: bool = False) -> None:
    is_whole = isinstance(units, int) and not isinstance(units, bool)
    if not is_whole or not lowest <= units <= MAX_CHANGE or (units == 0 and not zero_allowed):
        least = f"{lowest:,}" if lowest > -MAX_CHANGE else f"\u2212{MAX_CHANGE:,}"
        suffix = "" if zero_allowed else ", but not 0"
        raise InvalidInput(field=field, problem=f"Enter a whole number from {least} to {MAX_CHANGE:,}{suffix}.")


def _refuse_empty_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(field="reason", problem="Say why: the reason is kept in the ledger.")
