"""Receive, adjust, allow back-orders: always with a reason, always in the ledger."""

from datetime import timedelta

import pytest

from inventory import services
from inventory.models import MovementKind, StockItem, StockMovement
from shop.errors import InvalidInput
from tests.books import counters, ledger, ledger_sums, nothing_changes
from tests.factories import ACTOR, NOW, LocationFactory, StockItemFactory, VariantFactory, allocation, hold

pytestmark = pytest.mark.django_db

BAD_NUMBERS = [0, -1, 10**9, "3", None, 1.5, True]


def receive(**changes: object) -> StockItem:
    arguments = {"quantity": 4, "location": "MAIN", "reason": "delivery 12", "actor": "staff@example.com", "now": NOW}
    return services.receive(**{**arguments, **changes})


def test_receive_makes_the_item_the_first_time_and_adds_to_it_afterwards() -> None:
    variant, location = VariantFactory(), LocationFactory()

    first = receive(sku=variant.sku)
    second = receive(sku=variant.sku, quantity=3)

    assert first.pk == second.pk
    assert (first.on_hand, second.on_hand) == (4, 7)
    assert (first.sku, first.location) == (variant.sku, location)
    assert ledger(first) == [("RECEIVE", 4, 0, 0), ("RECEIVE", 3, 0, 0)]
    assert ledger_sums(first) == counters(first) == (7, 0, 0)


def test_receive_writes_who_when_and_why() -> None:
    LocationFactory()
    item = receive(sku=VariantFactory().sku)

    movement = item.movements.get()
    assert movement.kind == MovementKind.RECEIVE
    assert (movement.reason, movement.actor, movement.created_at) == ("delivery 12", "staff@example.com", NOW)
    assert movement.reservation_id is None


@pytest.mark.parametrize("quantity", BAD_NUMBERS)
def test_receive_refuses_a_quantity_that_is_no_delivery(quantity: object) -> None:
    item = StockItemFactory()

    with nothing_changes(), pytest.raises(InvalidInput) as refusal:
        receive(sku=item.sku, quantity=quantity)

    assert refusal.value.field == "quantity"


@pytest.mark.parametrize("reason", ["", "   "])
def test_receive_refuses_to_go_without_a_reason(reason: str) -> None:
    item = StockItemFactory()

    with nothing_changes(), pytest.raises(InvalidInput) as refusal:
        receive(sku=item.sku, reason=reason)

    assert refusal.value.field == "reason"


def test_receive_refuses_an_unknown_sku_or_location() -> None:
    item = StockItemFactory()

    with nothing_changes(), pytest.raises(InvalidInput):
        receive(sku="NO-SUCH-SKU")
    with nothing_changes(), pytest.raises(InvalidInput):
        receive(sku=item.sku, location="NOWHERE")


def test_adjust_changes_what_is_on_hand_in_both_directions() -> None:
    item = StockItemFactory(on_hand=5)

    services.adjust(stock_item_id=item.pk, change=-2, reason="broken", actor=ACTOR, now=NOW)
    after = services.adjust(stock_item_id=item.pk, change=4, reason="found", actor=ACTOR, now=NOW)

    assert after.on_hand == 7
    assert ledger(item) == [("RECEIVE", 5, 0, 0), ("ADJUST", -2, 0, 0), ("ADJUST", 4, 0, 0)]
    assert list(item.movements.order_by("pk").values_list("reason", flat=True)) == ["delivery", "broken", "found"]


@pytest.mark.parametrize("change", [0, 10**9, -(10**9), "1", None, 1.5, True])
def test_adjust_refuses_a_change_that_is_none(change: object) -> None:
    item = StockItemFactory()

    with nothing_changes(), pytest.raises(InvalidInput) as refusal:
        services.adjust(stock_item_id=item.pk, change=change, reason="why", actor=ACTOR, now=NOW)

    assert refusal.value.field == "change"


def test_adjust_refuses_to_go_without_a_reason_or_an_item() -> None:
    item = StockItemFactory()

    with nothing_changes(), pytest.raises(InvalidInput) as refusal:
        services.adjust(stock_item_id=item.pk, change=1, reason=" ", actor=ACTOR, now=NOW)
    assert refusal.value.field == "reason"
    with nothing_changes(), pytest.raises(services.UnknownStockItem):
        services.adjust(stock_item_id=item.pk + 1, change=1, reason="why", actor=ACTOR, now=NOW)


def test_adjust_refuses_when_the_figure_that_was_seen_has_moved() -> None:
    item = StockItemFactory(on_hand=5)

    with nothing_changes(), pytest.raises(services.StockMoved) as refusal:
        services.adjust(stock_item_id=item.pk, change=1, reason="count", actor=ACTOR, now=NOW, seen_on_hand=4)

    assert refusal.value.facts == {"seen": 4, "on_hand": 5}


def test_adjust_on_the_figure_that_was_seen_has_one_effect_when_it_is_sent_twice() -> None:
    item = StockItemFactory(on_hand=5)
    services.adjust(stock_item_id=item.pk, change=-1, reason="count", actor=ACTOR, now=NOW, seen_on_hand=5)

    with nothing_changes(), pytest.raises(services.StockMoved):
        services.adjust(stock_item_id=item.pk, change=-1, reason="count", actor=ACTOR, now=NOW, seen_on_hand=5)

    assert counters(item) == (4, 0, 0)


def test_adjust_refuses_to_fall_below_what_is_promised() -> None:
    item = StockItemFactory(on_hand=5)
    hold(lines={item.sku: 1})
    allocation(lines={item.sku: 2})

    with nothing_changes(), pytest.raises(services.BelowPromised) as refusal:
        services.adjust(stock_item_id=item.pk, change=-3, reason="flood", actor=ACTOR, now=NOW)
    assert (refusal.value.facts["held"], refusal.value.facts["allocated"]) == (1, 2)
    assert refusal.value.facts["lowest"] == 3

    services.adjust(stock_item_id=item.pk, change=-2, reason="flood", actor=ACTOR, now=NOW)
    assert counters(item) == (3, 1, 2)


def test_adjust_cannot_take_away_units_that_are_not_there() -> None:
    item = StockItemFactory(on_hand=2, backorder_limit=10)

    with nothing_changes(), pytest.raises(services.BelowPromised):
        services.adjust(stock_item_id=item.pk, change=-3, reason="flood", actor=ACTOR, now=NOW)


def test_adjust_is_not_held_up_by_a_hold_that_is_past_its_time() -> None:
    item = StockItemFactory(on_hand=1)
    reservation = hold(lines={item.sku: 1})

    services.adjust(stock_item_id=item.pk, change=-1, reason="broken", actor=ACTOR, now=reservation.expires_at)

    assert counters(item) == (0, 0, 0)


def test_set_backorder_limit_lets_more_be_promised_than_is_on_hand() -> None:
    item = StockItemFactory(on_hand=1)

    services.set_backorder_limit(stock_item_id=item.pk, limit=2, reason="pre-order", actor=ACTOR, now=NOW)
    hold(lines={item.sku: 3}, may_backorder=True)

    with pytest.raises(services.StockUnavailable):
        hold(lines={item.sku: 1}, may_backorder=True)
    assert counters(item) == (1, 3, 0)


def test_set_backorder_limit_is_told_by_the_ledger_and_a_repeat_is_not() -> None:
    item = StockItemFactory(on_hand=1)

    for _ in range(2):
        services.set_backorder_limit(stock_item_id=item.pk, limit=2, reason="pre-order", actor=ACTOR, now=NOW)

    movement = item.movements.get(kind=MovementKind.BACKORDER)
    assert movement.reason == "0 to 2: pre-order"
    assert ledger_sums(item) == counters(item) == (1, 0, 0)


def test_set_backorder_limit_refuses_to_break_a_promise() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=5)
    hold(lines={item.sku: 4}, may_backorder=True)

    with nothing_changes(), pytest.raises(services.BelowPromised) as refusal:
        services.set_backorder_limit(stock_item_id=item.pk, limit=2, reason="stop", actor=ACTOR, now=NOW)

    assert refusal.value.facts["lowest"] == 3
    later = NOW + timedelta(minutes=10)
    services.set_backorder_limit(stock_item_id=item.pk, limit=0, reason="stop", actor=ACTOR, now=later)
    assert counters(item) == (1, 0, 0)


@pytest.mark.parametrize("limit", [-1, 10**9, "3", None, True])
def test_set_backorder_limit_refuses_a_limit_that_is_none(limit: object) -> None:
    item = StockItemFactory()

    with nothing_changes(), pytest.raises(InvalidInput) as refusal:
        services.set_backorder_limit(stock_item_id=item.pk, limit=limit, reason="why", actor=ACTOR, now=NOW)

    assert refusal.value.field == "limit"


def test_a_long_reason_is_cut_and_not_refused() -> None:
    item = StockItemFactory()

    services.adjust(stock_item_id=item.pk, change=1, reason="x" * 500, actor=ACTOR, now=NOW)
    services.set_backorder_limit(stock_item_id=item.pk, limit=1, reason="x" * 500, actor=ACTOR, now=NOW)

    assert StockMovement.objects.filter(reason__startswith="x").count() == 1
    assert StockItem.objects.get(pk=item.pk).backorder_limit == 1
