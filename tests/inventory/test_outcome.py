"""Commit, fulfil and give back: what becomes of a hold that was paid for."""

from datetime import timedelta
from uuid import uuid4

import pytest

from inventory import services
from inventory.models import Reservation, ReservationState
from inventory.queries import prove
from shop.errors import NotFound
from tests.books import counters, ledger, ledger_sums, nothing_changes
from tests.factories import ACTOR, NOW, LocationFactory, StockItemFactory, VariantFactory, allocation, hold

pytestmark = pytest.mark.django_db

INSTANT = timedelta(microseconds=1)


def fulfil(reservation: Reservation, lines: dict[str, int]) -> None:
    services.fulfil(reservation_id=reservation.pk, lines=lines, actor=ACTOR, now=NOW)


def give_back(reservation: Reservation, lines: dict[str, int]) -> None:
    services.give_back(reservation_id=reservation.pk, lines=lines, reason="cancelled", actor=ACTOR, now=NOW)


def test_commit_turns_held_units_into_allocated_ones() -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 2})

    services.commit(reservation_ids=[reservation.pk], actor=ACTOR, now=NOW)

    reservation.refresh_from_db()
    assert (reservation.state, reservation.ended_at) == (ReservationState.COMMITTED, NOW)
    assert counters(item) == (5, 0, 2)
    assert ledger(item)[2:] == [("COMMIT", 0, -2, 2)]


def test_commit_twice_has_one_effect() -> None:
    item = StockItemFactory()
    reservation = allocation(lines={item.sku: 2})

    with nothing_changes():
        services.commit(reservation_ids=[reservation.pk], actor=ACTOR, now=NOW + timedelta(hours=1))


def test_commit_is_too_late_exactly_at_the_end() -> None:
    reservation = hold(lines={StockItemFactory().sku: 1})

    with nothing_changes(), pytest.raises(services.HoldEnded):
        services.commit(reservation_ids=[reservation.pk], actor=ACTOR, now=reservation.expires_at)
    services.commit(reservation_ids=[reservation.pk], actor=ACTOR, now=reservation.expires_at - INSTANT)


def test_commit_refuses_what_was_released() -> None:
    reservation = hold(lines={StockItemFactory().sku: 1})
    services.release(reservation_id=reservation.pk, reason="", actor=ACTOR, now=NOW)

    with nothing_changes(), pytest.raises(services.HoldEnded):
        services.commit(reservation_ids=[reservation.pk], actor=ACTOR, now=NOW)


def test_commit_takes_all_or_none() -> None:
    item = StockItemFactory()
    live, ended = hold(lines={item.sku: 1}), hold(lines={item.sku: 1}, minutes=1)

    with nothing_changes(), pytest.raises(services.HoldEnded) as refusal:
        services.commit(reservation_ids=[live.pk, ended.pk], actor=ACTOR, now=NOW + timedelta(minutes=1))

    assert refusal.value.facts == {"reservation_ids": [str(ended.pk)]}


def test_commit_does_not_lose_ids_that_come_as_a_generator() -> None:
    item = StockItemFactory()
    ids = [hold(lines={item.sku: 1}).pk for _ in range(3)]

    services.commit(reservation_ids=(pk for pk in ids), actor=ACTOR, now=NOW)

    assert counters(item) == (5, 0, 3)
    assert prove() == []


def test_a_committed_reservation_does_not_expire() -> None:
    item = StockItemFactory()
    allocation(lines={item.sku: 2})

    with nothing_changes():
        assert services.expire_due(now=NOW + timedelta(days=365)).total == 0


def test_fulfil_takes_the_units_out_of_the_building() -> None:
    item = StockItemFactory(on_hand=5)
    reservation = allocation(lines={item.sku: 3})

    fulfil(reservation, {item.sku: 1})
    fulfil(reservation, {item.sku: 2})

    assert counters(item) == ledger_sums(item) == (2, 0, 0)
    assert reservation.lines.get().fulfilled == 3
    assert ledger(item)[3:] == [("FULFIL", -1, 0, -1), ("FULFIL", -2, 0, -2)]


def test_fulfil_refuses_more_than_is_owed() -> None:
    item = StockItemFactory(on_hand=5)
    reservation = allocation(lines={item.sku: 3})
    fulfil(reservation, {item.sku: 2})

    for units in (2, 0, -1):
        with nothing_changes(), pytest.raises(services.NotCommitted) as refusal:
            fulfil(reservation, {item.sku: units})
        assert refusal.value.facts == {"sku": item.sku, "asked": units, "outstanding": 1}


def test_fulfil_of_several_skus_is_all_or_nothing() -> None:
    one, other = StockItemFactory(), StockItemFactory()
    reservation = allocation(lines={one.sku: 1, other.sku: 1})

    with nothing_changes(), pytest.raises(services.NotCommitted):
        fulfil(reservation, {one.sku: 1, other.sku: 2})
    fulfil(reservation, {one.sku: 1, other.sku: 1})

    assert (counters(one), counters(other)) == ((4, 0, 0), (4, 0, 0))


def test_fulfil_waits_for_the_delivery_of_what_was_back_ordered() -> None:
    item = StockItemFactory(on_hand=1, backorder_limit=2)
    reservation = allocation(lines={item.sku: 3}, may_backorder=True)

    with nothing_changes(), pytest.raises(services.NotOnHand) as refusal:
        fulfil(reservation, {item.sku: 3})
    assert refusal.value.facts == {"sku": item.sku, "asked": 3, "on_hand": 1}

    fulfil(reservation, {item.sku: 1})
    services.receive(sku=item.sku, location="MAIN", quantity=2, reason="delivery", actor=ACTOR, now=NOW)
    fulfil(reservation, {item.sku: 2})
    assert counters(item) == (0, 0, 0)
    assert prove() == []


def test_fulfil_sends_from_every_location_of_the_reservation() -> None:
    variant = VariantFactory()
    items = [
        StockItemFactory(variant=variant, location=LocationFactory(code=code, priority=priority), on_hand=2)
        for code, priority in [("NEAR", 10), ("FAR", 20)]
    ]
    reservation = allocation(lines={variant.sku: 4})

    fulfil(reservation, {variant.sku: 3})

    assert sum(counters(item)[0] for item in items) == 1
    assert sum(counters(item)[2] for item in items) == 1
    assert prove() == []


@pytest.mark.parametrize("state", ["held", "released"])
def test_fulfil_and_give_back_refuse_what_was_not_paid(state: str) -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 1})
    if state == "released":
        services.release(reservation_id=reservation.pk, reason="", actor=ACTOR, now=NOW)

    for verb in (fulfil, give_back):
        with nothing_changes(), pytest.raises(services.NotCommitted) as refusal:
            verb(reservation, {item.sku: 1})
        assert refusal.value.facts["outstanding"] == 0


def test_fulfil_and_give_back_of_a_reservation_that_is_not_there() -> None:
    missing = Reservation(pk=uuid4())

    for verb in (fulfil, give_back):
        with nothing_changes(), pytest.raises(NotFound):
            verb(missing, {"A": 1})


def test_give_back_puts_unsent_units_back_on_sale() -> None:
    item = StockItemFactory(on_hand=3)
    reservation = allocation(lines={item.sku: 3})
    fulfil(reservation, {item.sku: 1})

    give_back(reservation, {item.sku: 2})

    assert counters(item) == ledger_sums(item) == (2, 0, 0)
    line = reservation.lines.get()
    assert (line.fulfilled, line.given_back, line.outstanding) == (1, 2, 0)
    movement = item.movements.get(kind="GIVE_BACK")
    assert (movement.allocated_change, movement.on_hand_change, movement.reason) == (-2, 0, "cancelled")
    hold(lines={item.sku: 2})


def test_give_back_refuses_what_has_left_the_building() -> None:
    item = StockItemFactory()
    reservation = allocation(lines={item.sku: 2})
    fulfil(reservation, {item.sku: 2})

    with nothing_changes(), pytest.raises(services.NotCommitted):
        give_back(reservation, {item.sku: 1})


def test_give_back_refuses_an_unknown_sku() -> None:
    reservation = allocation(lines={StockItemFactory().sku: 2})

    with nothing_changes(), pytest.raises(services.NotCommitted):
        give_back(reservation, {"NO-SUCH-SKU": 1})
