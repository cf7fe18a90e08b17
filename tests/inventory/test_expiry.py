"""Time ends holds, with and without a sweep, and one bad row blocks nobody."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from inventory import services, tasks
from inventory.models import Reservation, ReservationState, StockItem
from inventory.queries import prove
from tests.books import counters, ledger, nothing_changes
from tests.factories import ACTOR, NOW, StockItemFactory, hold

pytestmark = pytest.mark.django_db

INSTANT = timedelta(microseconds=1)


def poisoned(*, minutes: int = 10) -> tuple[StockItem, Reservation]:
    """A hold whose counter was emptied behind the shop's back, so that nothing can be taken off it."""
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 1}, minutes=minutes)
    StockItem.objects.filter(pk=item.pk).update(held=0)
    return item, reservation


def states() -> list[str]:
    return list(Reservation.objects.order_by("pk").values_list("state", flat=True))


def test_expire_due_ends_what_is_past_its_time_to_the_instant() -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 2})

    with nothing_changes():
        assert services.expire_due(now=reservation.expires_at - INSTANT).total == 0
    report = services.expire_due(now=reservation.expires_at)

    reservation.refresh_from_db()
    assert (report.expired, report.set_aside) == (1, 0)
    assert (reservation.state, reservation.ended_at) == (ReservationState.EXPIRED, reservation.expires_at)
    assert counters(item) == (5, 0, 0)
    assert ledger(item)[2:] == [("EXPIRE", 0, -2, 0)]
    assert item.movements.get(kind="EXPIRE").actor == "clock"


def test_expire_due_twice_finds_nothing_to_do() -> None:
    reservation = hold(lines={StockItemFactory().sku: 2})
    services.expire_due(now=reservation.expires_at)

    with nothing_changes():
        assert services.expire_due(now=reservation.expires_at).total == 0


def test_expire_due_goes_by_batches_the_oldest_first() -> None:
    item = StockItemFactory(on_hand=9)
    for minutes in (5, 1, 3, 4, 2):
        hold(lines={item.sku: 1}, minutes=minutes)
    now = NOW + timedelta(hours=1)

    first = services.expire_due(now=now, limit=2)
    left = Reservation.objects.held().order_by("expires_at").values_list("expires_at", flat=True)
    assert first.expired == 2
    assert list(left) == [NOW + timedelta(minutes=minutes) for minutes in (3, 4, 5)]
    assert [services.expire_due(now=now, limit=2).expired for _ in range(3)] == [2, 1, 0]
    assert counters(item) == (9, 0, 0)


def test_expire_due_leaves_live_released_and_paid_ones_alone() -> None:
    item = StockItemFactory()
    live, released, paid = [hold(lines={item.sku: 1}) for _ in range(3)]
    services.release(reservation_id=released.pk, reason="", actor=ACTOR, now=NOW)
    services.commit(reservation_ids=[paid.pk], actor=ACTOR, now=NOW)

    with nothing_changes():
        services.expire_due(now=live.expires_at - INSTANT)


def test_expire_due_frees_several_skus_of_several_holds_in_one_go() -> None:
    items = [StockItemFactory() for _ in range(3)]
    for _ in range(2):
        hold(lines={item.sku: 2 for item in items})

    assert services.expire_due(now=NOW + timedelta(minutes=10)).expired == 2
    assert [counters(item) for item in items] == [(5, 0, 0)] * 3
    assert prove() == []


def test_a_row_that_cannot_be_ended_is_set_aside_and_told_and_blocks_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    item, poison = poisoned(minutes=1)
    good_item = StockItemFactory()
    good = [hold(lines={good_item.sku: 1}, minutes=minutes) for minutes in (1, 2, 3)]
    now = NOW + timedelta(minutes=10)

    with caplog.at_level(logging.ERROR):
        report = services.expire_due(now=now)

    assert (report.expired, report.set_aside) == (3, 1)
    poison.refresh_from_db()
    assert (poison.state, poison.set_aside_at) == (ReservationState.HELD, now)
    assert poison.set_aside_reason
    assert str(poison.pk) in caplog.text
    assert {Reservation.objects.get(pk=row.pk).state for row in good} == {ReservationState.EXPIRED}
    assert counters(good_item) == (5, 0, 0)
    assert ledger(item) == [("RECEIVE", 5, 0, 0), ("RESERVE", 0, 1, 0)]


def test_a_row_that_was_set_aside_is_not_tried_again_by_the_sweep() -> None:
    poisoned()
    now = NOW + timedelta(hours=1)
    assert services.expire_due(now=now).set_aside == 1

    with nothing_changes():
        assert services.expire_due(now=now + timedelta(hours=1)).total == 0


def test_many_bad_rows_do_not_fill_the_batches() -> None:
    for _ in range(4):
        poisoned(minutes=1)
    good = hold(lines={StockItemFactory().sku: 1}, minutes=2)
    now = NOW + timedelta(minutes=10)

    reports = [services.expire_due(now=now, limit=2) for _ in range(3)]

    assert [(report.expired, report.set_aside) for report in reports] == [(0, 2), (0, 2), (1, 0)]
    good.refresh_from_db()
    assert good.state == ReservationState.EXPIRED


def test_a_bad_row_does_not_keep_the_next_shopper_from_the_other_units() -> None:
    broken, wanted = StockItemFactory(), StockItemFactory(on_hand=5)
    poison = hold(lines={broken.sku: 1, wanted.sku: 1})
    StockItem.objects.filter(pk=broken.pk).update(held=0)
    hold(lines={wanted.sku: 4})
    later = NOW + timedelta(minutes=10)

    reservation = hold(lines={wanted.sku: 4}, now=later)

    assert reservation.state == ReservationState.HELD
    assert counters(wanted) == (5, 5, 0)
    poison.refresh_from_db()
    assert poison.set_aside_at == later


def test_a_bad_row_turns_no_refusal_into_a_crash() -> None:
    item, poison = poisoned()
    later, before = NOW + timedelta(minutes=10), ledger(item)

    with pytest.raises(services.StockUnavailable) as refusal:
        hold(lines={item.sku: 6}, now=later)

    assert refusal.value.facts["shortages"] == [{"sku": item.sku, "asked": 6, "available": 5}]
    assert (counters(item), ledger(item)) == ((5, 0, 0), before)
    poison.refresh_from_db()
    assert poison.set_aside_at == later


def test_a_person_can_release_a_row_that_was_set_aside_when_the_counter_is_right_again() -> None:
    item, poison = poisoned()
    services.expire_due(now=NOW + timedelta(minutes=10))
    StockItem.objects.filter(pk=item.pk).update(held=1)

    assert services.release(reservation_id=poison.pk, reason="counter mended", actor="staff", now=NOW)

    poison.refresh_from_db()
    assert poison.state == ReservationState.RELEASED
    assert prove() == []


def test_release_expired_frees_the_named_skus_only() -> None:
    wanted, other = StockItemFactory(), StockItemFactory()
    hold(lines={wanted.sku: 1})
    hold(lines={other.sku: 1})

    services.release_expired(skus=[wanted.sku], now=NOW + timedelta(minutes=10))

    assert (counters(wanted), counters(other)) == ((5, 0, 0), (5, 1, 0))


def test_release_expired_ends_a_whole_reservation_of_several_skus() -> None:
    wanted, other = StockItemFactory(), StockItemFactory()
    hold(lines={wanted.sku: 1, other.sku: 1})

    services.release_expired(skus=[wanted.sku], now=NOW + timedelta(minutes=10))

    assert (counters(wanted), counters(other)) == ((5, 0, 0), (5, 0, 0))
    assert prove() == []


def test_release_expired_leaves_live_holds_alone() -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 1})

    with nothing_changes():
        services.release_expired(skus=[item.sku], now=reservation.expires_at - INSTANT)


def test_expire_due_reservations_the_task_goes_on_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    item = StockItemFactory(on_hand=9)
    start = timezone.now() - timedelta(hours=1)
    for _ in range(5):
        hold(lines={item.sku: 1}, now=start)
    expire_due = services.expire_due
    monkeypatch.setattr(services, "expire_due", lambda *, now: expire_due(now=now, limit=2))

    tasks.expire_due_reservations()

    assert states() == ["EXPIRED"] * 5
    assert counters(item) == (9, 0, 0)


def test_release_of_a_poisoned_hold_is_refused_in_words_and_changes_nothing() -> None:
    _, poison = poisoned()
    with nothing_changes(), pytest.raises(services.CounterDrifted):
        services.release(reservation_id=poison.pk, reason="staff", actor="staff", now=NOW)
