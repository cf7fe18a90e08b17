"""Resize, extend, release and join: what becomes of a hold before it is paid."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings

from inventory import services
from inventory.models import Location, Reservation, ReservationState
from inventory.queries import prove
from shop.errors import InvalidInput, NotFound
from tests.books import counters, ledger, ledger_sums, nothing_changes
from tests.factories import ACTOR, NOW, LocationFactory, StockItemFactory, VariantFactory, allocation, hold

pytestmark = pytest.mark.django_db

BAD_QUANTITIES = [0, -1, 10**9, "3", "abc", None, 1.0, True, float("nan")]
INSTANT = timedelta(microseconds=1)


def units_at(reservation: Reservation) -> dict[str, int]:
    """Location code to the units that the reservation keeps there."""
    return dict(reservation.lines.values_list("stock_item__location__code", "quantity"))


def test_resize_takes_only_the_difference() -> None:
    item = StockItemFactory(on_hand=5)
    reservation = hold(lines={item.sku: 3})

    services.resize(reservation_id=reservation.pk, lines={item.sku: 5}, now=NOW, actor=ACTOR)
    services.resize(reservation_id=reservation.pk, lines={item.sku: 1}, now=NOW, actor=ACTOR)

    reservation.refresh_from_db()
    assert reservation.lines.get().quantity == 1
    assert reservation.expires_at == NOW + timedelta(minutes=10)
    assert counters(item) == ledger_sums(item) == (5, 1, 0)
    assert ledger(item)[2:] == [("RESIZE", 0, 2, 0), ("RESIZE", 0, -4, 0)]


def test_resize_to_the_same_quantity_changes_nothing() -> None:
    item = StockItemFactory(on_hand=5)
    reservation = hold(lines={item.sku: 3})

    with nothing_changes():
        services.resize(reservation_id=reservation.pk, lines={item.sku: 3}, now=NOW, actor=ACTOR)


def test_resize_that_cannot_be_had_keeps_what_was_held() -> None:
    item = StockItemFactory(on_hand=5)
    reservation = hold(lines={item.sku: 3})
    hold(lines={item.sku: 1})

    with nothing_changes(), pytest.raises(services.StockUnavailable) as refusal:
        services.resize(reservation_id=reservation.pk, lines={item.sku: 5}, now=NOW, actor=ACTOR)

    assert refusal.value.facts["shortages"] == [{"sku": item.sku, "asked": 2, "available": 1}]


def test_resize_spreads_over_locations_and_lets_the_last_filled_go_first() -> None:
    variant = VariantFactory()
    for code, priority in [("NEAR", 10), ("FAR", 20)]:
        StockItemFactory(variant=variant, location=LocationFactory(code=code, priority=priority), on_hand=2)
    reservation = hold(lines={variant.sku: 1})

    services.resize(reservation_id=reservation.pk, lines={variant.sku: 4}, now=NOW, actor=ACTOR)
    assert units_at(reservation) == {"NEAR": 2, "FAR": 2}
    services.resize(reservation_id=reservation.pk, lines={variant.sku: 1}, now=NOW, actor=ACTOR)
    assert units_at(reservation) == {"NEAR": 1}


def test_resize_gets_units_of_expired_holds() -> None:
    item = StockItemFactory(on_hand=2)
    hold(lines={item.sku: 1}, minutes=1)
    reservation = hold(lines={item.sku: 1}, minutes=10)

    services.resize(reservation_id=reservation.pk, lines={item.sku: 2}, now=NOW + timedelta(minutes=1), actor=ACTOR)

    assert counters(item) == (2, 2, 0)


@pytest.mark.parametrize("quantity", BAD_QUANTITIES)
def test_resize_refuses_a_quantity_that_nobody_can_buy(quantity: int) -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 1})

    with nothing_changes(), pytest.raises(InvalidInput):
        services.resize(reservation_id=reservation.pk, lines={item.sku: quantity}, now=NOW, actor=ACTOR)


def test_resize_refuses_a_hold_that_ended_this_instant() -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 1})

    with nothing_changes(), pytest.raises(services.HoldEnded):
        services.resize(reservation_id=reservation.pk, lines={item.sku: 2}, now=reservation.expires_at, actor=ACTOR)


def test_resize_leaves_the_other_skus_of_the_reservation_alone() -> None:
    one, other = StockItemFactory(on_hand=5), StockItemFactory(on_hand=5)
    reservation = hold(lines={one.sku: 1, other.sku: 2})

    services.resize(reservation_id=reservation.pk, lines={one.sku: 3}, now=NOW, actor=ACTOR)

    assert (counters(one), counters(other)) == ((5, 3, 0), (5, 2, 0))


def test_extend_pushes_the_end_back_and_counts() -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 1})
    end = reservation.expires_at

    services.extend(reservation_id=reservation.pk, now=end - INSTANT)

    reservation.refresh_from_db()
    assert (reservation.expires_at, reservation.renewals) == (end + settings.HOLD_EXTENSION, 1)
    assert counters(item) == (5, 1, 0)


def test_extend_is_offered_from_three_minutes_before_the_end() -> None:
    reservation = hold(lines={StockItemFactory().sku: 1})
    offered_from = reservation.expires_at - settings.HOLD_EXTENSION_OFFER

    with nothing_changes(), pytest.raises(services.ExtensionTooEarly) as refusal:
        services.extend(reservation_id=reservation.pk, now=offered_from - INSTANT)
    assert refusal.value.facts["offered_from"] == "12:07:00 WIB"
    services.extend(reservation_id=reservation.pk, now=offered_from)


def test_extend_never_revives() -> None:
    reservation = hold(lines={StockItemFactory().sku: 1})

    with nothing_changes(), pytest.raises(services.HoldEnded):
        services.extend(reservation_id=reservation.pk, now=reservation.expires_at)


def test_extend_ends_at_the_limit_and_says_when_the_hold_ends() -> None:
    reservation = hold(lines={StockItemFactory().sku: 1})
    for _ in range(settings.HOLD_EXTENSION_LIMIT):
        reservation = services.extend(reservation_id=reservation.pk, now=reservation.expires_at - INSTANT)

    with nothing_changes(), pytest.raises(services.ExtensionLimitReached) as refusal:
        services.extend(reservation_id=reservation.pk, now=reservation.expires_at - INSTANT)

    assert reservation.expires_at == NOW + timedelta(minutes=10 + 3 * 10)
    assert refusal.value.facts == {"limit": 10, "ends_at": "12:40 WIB"}


@pytest.mark.parametrize("end", ["release", "commit", "expire"])
def test_extend_resize_and_extend_to_refuse_what_has_ended(end: str) -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 1}, minutes=1)
    pk = reservation.pk
    if end == "release":
        services.release(reservation_id=pk, reason="", actor=ACTOR, now=NOW)
    elif end == "commit":
        services.commit(reservation_ids=[pk], actor=ACTOR, now=NOW)
    else:
        services.expire_due(now=reservation.expires_at)

    with nothing_changes(), pytest.raises(services.HoldEnded):
        services.extend(reservation_id=pk, now=NOW)
    with nothing_changes(), pytest.raises(services.HoldEnded):
        services.resize(reservation_id=pk, lines={item.sku: 2}, now=NOW, actor=ACTOR)
    with nothing_changes(), pytest.raises(services.HoldEnded):
        services.extend_to(reservation_ids=[pk], expires_at=NOW + timedelta(1), now=NOW)


def test_verbs_on_a_reservation_that_is_not_there_say_so() -> None:
    with pytest.raises(NotFound):
        services.extend(reservation_id=uuid4(), now=NOW)
    with pytest.raises(NotFound):
        services.resize(reservation_id=uuid4(), lines={"A": 1}, now=NOW, actor=ACTOR)
    with pytest.raises(NotFound):
        services.release(reservation_id=uuid4(), reason="", actor=ACTOR, now=NOW)
    with pytest.raises(services.HoldEnded):
        services.commit(reservation_ids=[uuid4()], actor=ACTOR, now=NOW)


def test_extend_to_moves_all_to_the_payment_window_and_counts_no_renewal() -> None:
    item = StockItemFactory()
    ids = [hold(lines={item.sku: 1}, minutes=minutes).pk for minutes in (1, 5)]
    window = NOW + settings.PAYMENT_WINDOW

    for _ in range(2):
        services.extend_to(reservation_ids=ids, expires_at=window, now=NOW)

    assert set(Reservation.objects.values_list("expires_at", "renewals")) == {(window, 0)}


def test_extend_to_never_shortens() -> None:
    reservation = hold(lines={StockItemFactory().sku: 1}, minutes=60)

    with nothing_changes():
        services.extend_to(reservation_ids=[reservation.pk], expires_at=NOW + timedelta(minutes=15), now=NOW)


def test_extend_to_moves_none_when_one_has_ended() -> None:
    item = StockItemFactory()
    ended, live = hold(lines={item.sku: 1}, minutes=1), hold(lines={item.sku: 1}, minutes=10)

    with nothing_changes(), pytest.raises(services.HoldEnded) as refusal:
        services.extend_to(
            reservation_ids=[live.pk, ended.pk], expires_at=NOW + timedelta(1), now=NOW + timedelta(minutes=1)
        )

    assert refusal.value.facts == {"reservation_ids": [str(ended.pk)]}


def test_release_gives_the_units_back_once() -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 2})

    assert services.release(reservation_id=reservation.pk, reason="let go", actor="ayu@example.com", now=NOW)
    with nothing_changes():
        assert not services.release(reservation_id=reservation.pk, reason="again", actor=ACTOR, now=NOW)

    reservation.refresh_from_db()
    assert (reservation.state, reservation.reason, reservation.ended_at) == (ReservationState.RELEASED, "let go", NOW)
    assert counters(item) == (5, 0, 0)
    movement = item.movements.get(kind="RELEASE")
    assert (movement.held_change, movement.reason, movement.actor) == (-2, "let go", "ayu@example.com")


def test_release_frees_what_is_past_its_time_but_not_swept_yet() -> None:
    item = StockItemFactory()
    reservation = hold(lines={item.sku: 2})

    assert services.release(reservation_id=reservation.pk, reason="", actor=ACTOR, now=NOW + timedelta(hours=1))
    assert counters(item) == (5, 0, 0)


def test_release_does_nothing_to_what_was_paid() -> None:
    item = StockItemFactory()
    reservation = allocation(lines={item.sku: 2})

    with nothing_changes():
        assert not services.release(reservation_id=reservation.pk, reason="", actor=ACTOR, now=NOW)


def test_a_location_that_closes_keeps_what_it_promised() -> None:
    item = StockItemFactory()
    kept, let_go = hold(lines={item.sku: 1}), hold(lines={item.sku: 1})
    Location.objects.update(is_active=False)

    services.commit(reservation_ids=[kept.pk], actor=ACTOR, now=NOW)
    services.release(reservation_id=let_go.pk, reason="", actor=ACTOR, now=NOW)

    assert counters(item) == (5, 0, 1)


def test_join_lets_one_hold_go_on_with_the_units_of_both() -> None:
    item, other_item = StockItemFactory(on_hand=3), StockItemFactory()
    kept, let_go = hold(lines={item.sku: 1}), hold(lines={item.sku: 2, other_item.sku: 1}, minutes=1)

    services.join(reservation_id=kept.pk, other_id=let_go.pk, reason="one shopper", actor=ACTOR, now=NOW)

    let_go.refresh_from_db()
    assert let_go.state == ReservationState.RELEASED
    assert dict(kept.lines.values_list("sku", "quantity")) == {item.sku: 3, other_item.sku: 1}
    assert counters(item) == ledger_sums(item) == (3, 3, 0)
    assert ledger(item)[3:] == [("RELEASE", 0, -2, 0), ("RESIZE", 0, 2, 0)]
    assert prove() == []


def test_join_refuses_when_one_of_them_has_ended() -> None:
    item = StockItemFactory()
    live, ended = hold(lines={item.sku: 1}), hold(lines={item.sku: 1}, minutes=1)
    later = NOW + timedelta(minutes=1)

    for one, other in ((live, ended), (ended, live)):
        with nothing_changes(), pytest.raises(services.HoldEnded) as refusal:
            services.join(reservation_id=one.pk, other_id=other.pk, reason="", actor=ACTOR, now=later)
        assert refusal.value.facts == {"reservation_ids": [str(ended.pk)]}


def test_join_with_itself_is_a_bug_and_changes_nothing() -> None:
    pk = hold(lines={StockItemFactory().sku: 1}).pk

    with nothing_changes(), pytest.raises(ValueError, match="cannot be joined with itself"):
        services.join(reservation_id=pk, other_id=pk, reason="", actor=ACTOR, now=NOW)
