"""Races for units: reserve, commit, extend, release, expire."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import pytest
from django.db import connection

from inventory import services
from inventory.models import Reservation, ReservationLine, ReservationState, StockItem, StockItemQuerySet
from inventory.queries import prove
from inventory.services import counters as counters_module
from inventory.services import expiry, grant, outcome
from shop import transactions
from shop.errors import Busy
from tests.books import counters
from tests.factories import ACTOR, NOW, StockItemFactory, allocation, hold
from tests.races.threads import at_once, seen_within_rounds, without_checks

pytestmark = [
    pytest.mark.mariadb,
    pytest.mark.django_db(transaction=True),
    # Those of one process are granted together, and do not race: that is for test_grant.
    pytest.mark.usefixtures("apart"),
]

END = NOW.replace(minute=10)
Pause = Callable[[Any, str], None]


def is_held(answer: object) -> bool:
    return isinstance(answer, Reservation) and answer.state == ReservationState.HELD


def unexpected(answers: list[Any], *expected: type[Exception]) -> list[Any]:
    """Exceptions other than the expected ones."""
    return [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, expected)]


# The last unit ----------------------------------------------------------------------------------------------------


def eight_for_one() -> tuple[StockItem, list[Any]]:
    item = StockItemFactory(on_hand=1)
    return item, at_once(*[partial(hold, lines={item.sku: 1})] * 8)


def test_the_last_unit_goes_to_exactly_one_of_eight(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")

    for _ in range(3):
        item, answers = eight_for_one()

        assert sum(map(is_held, answers)) == 1
        assert unexpected(answers, services.StockUnavailable) == []
        assert counters(item) == (1, 1, 0)
    assert prove() == []


def test_control_without_the_condition_in_the_update_the_last_unit_is_sold_many_times(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_before(counters_module, "_shift")
    monkeypatch.setattr(StockItemQuerySet, "able_to_hand_over", lambda items, *, quantity: items)

    def oversold() -> bool:
        item = StockItemFactory(on_hand=1)
        answers = at_once(*[without_checks(partial(hold, lines={item.sku: 1}))] * 8)
        return sum(map(is_held, answers)) > 1 and counters(item)[1] > 1

    assert seen_within_rounds(oversold)


def test_control_without_the_condition_the_database_itself_refuses_to_oversell(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_before(counters_module, "_shift")
    monkeypatch.setattr(StockItemQuerySet, "able_to_hand_over", lambda items, *, quantity: items)

    item, answers = eight_for_one()

    assert sum(map(is_held, answers)) == 1
    assert counters(item) == (1, 1, 0)


# Commit, extend and release against the clock -----------------------------------------------------------------------


def duel(*verbs: Callable[..., Any]) -> tuple[StockItem, Reservation, list[Any]]:
    """Let the verbs meet at one hold of one unit; another shopper's hold keeps the counter from hitting zero."""
    item = StockItemFactory(on_hand=5)
    hold(lines={item.sku: 2}, minutes=60)
    contested = hold(lines={item.sku: 1}, minutes=10)
    answers = at_once(*[partial(verb, contested) for verb in verbs])
    contested.refresh_from_db()
    return item, contested, answers


def commit(contested: Reservation) -> None:
    services.commit(reservation_ids=[contested.pk], actor=ACTOR, now=NOW)


def extend(contested: Reservation) -> Reservation:
    return services.extend(reservation_id=contested.pk, now=END.replace(minute=9))


def release(contested: Reservation) -> bool:
    return services.release(reservation_id=contested.pk, reason="", actor=ACTOR, now=NOW)


def expire(contested: Reservation) -> None:
    services.expire_due(now=END)


def release_expired(contested: Reservation) -> None:
    services.release_expired(skus=[contested.lines.get().sku], now=END)


def commit_is_honest(contested: Reservation, answer: object) -> bool:
    """Whether whoever committed was told the truth, and the counters agree with it."""
    was_committed = contested.state == ReservationState.COMMITTED
    return was_committed == (answer is None) and prove() == []


@pytest.mark.parametrize("rival", [expire, release_expired, release])
def test_commit_and_its_rival_have_one_winner(pause_before: Pause, rival: Callable[..., Any]) -> None:
    pause_before(outcome.ReservationLine.objects, "filter")
    pause_before(outcome, "record")

    for _ in range(5):
        item, contested, answers = duel(commit, rival)

        assert unexpected(answers, services.HoldEnded) == []
        assert commit_is_honest(contested, answers[0])
        assert sum(counters(item)[1:]) == (3 if contested.state == ReservationState.COMMITTED else 2)


@pytest.mark.parametrize("rival", [expire, release_expired, release])
def test_control_without_the_lock_a_commit_and_its_rival_both_win(
    no_locks: None, pause_before: Pause, rival: Callable[..., Any]
) -> None:
    pause_before(outcome.ReservationLine.objects, "filter")
    pause_before(outcome, "record")

    def both_won() -> bool:
        _, contested, answers = duel(commit, rival)
        return not commit_is_honest(contested, answers[0])

    assert seen_within_rounds(both_won)


def extension_is_honest(contested: Reservation, answer: object) -> bool:
    """Whether whoever was told "extended" still has the hold, and whoever was refused has not."""
    return is_held(answer) == (contested.state == ReservationState.HELD)


@pytest.mark.parametrize("rival", [expire, release_expired])
def test_extend_and_expire_have_one_winner(pause_before: Pause, rival: Callable[..., Any]) -> None:
    pause_before(Reservation, "save")

    for _ in range(5):
        _, contested, answers = duel(extend, rival)

        assert unexpected(answers, services.HoldEnded) == []
        assert extension_is_honest(contested, answers[0])
        assert prove() == []


@pytest.mark.parametrize("rival", [expire, release_expired])
def test_control_without_the_lock_an_expired_hold_is_extended(
    no_locks: None, pause_before: Pause, rival: Callable[..., Any]
) -> None:
    pause_before(Reservation, "save")

    def revived() -> bool:
        _, contested, answers = duel(extend, rival)
        return not extension_is_honest(contested, answers[0])

    assert seen_within_rounds(revived)


# Two sweepers -----------------------------------------------------------------------------------------------------


def two_sweepers() -> tuple[StockItem, int]:
    """Ten due holds and two workers; how many were reported as expired. Live holds keep the counter above zero."""
    item = StockItemFactory(on_hand=40)
    hold(lines={item.sku: 20}, minutes=60)
    for _ in range(10):
        hold(lines={item.sku: 1})
    reports = at_once(*[partial(services.expire_due, now=END)] * 2)
    return item, sum(report.expired if isinstance(report, services.ExpiryReport) else 0 for report in reports)


def test_two_sweepers_share_the_work(pause_before: Pause) -> None:
    pause_before(expiry, "_end")

    for _ in range(3):
        item, expired = two_sweepers()

        assert expired == 10
        assert counters(item) == (40, 20, 0)
    assert prove() == []


def test_control_without_the_lock_two_sweepers_free_units_twice(no_locks: None, pause_before: Pause) -> None:
    pause_before(expiry, "_end")

    def freed_twice() -> bool:
        item, _ = two_sweepers()
        return counters(item)[1] < 20

    assert seen_within_rounds(freed_twice)


# Several SKUs in opposite order ---------------------------------------------------------------------------------------


def opposite_orders() -> list[Any]:
    one, other = StockItemFactory(on_hand=50), StockItemFactory(on_hand=50)
    forwards, backwards = {one.sku: 1, other.sku: 1}, {other.sku: 1, one.sku: 1}
    return at_once(*[partial(hold, lines=lines) for lines in (forwards, backwards) * 3])


def test_carts_in_opposite_order_do_not_deadlock(pause_before: Pause, monkeypatch: pytest.MonkeyPatch) -> None:
    pause_before(counters_module, "_shift")
    monkeypatch.setattr(transactions, "ATTEMPTS", 1)

    for _ in range(3):
        answers = opposite_orders()

        assert all(map(is_held, answers)), answers
    assert prove() == []


def test_control_without_the_order_of_primary_keys_they_deadlock(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_before(counters_module, "_shift")
    monkeypatch.setattr(transactions, "ATTEMPTS", 1)
    turns = count()

    def in_any_order(ids: Any) -> list[int]:
        return sorted(ids, reverse=bool(next(turns) % 2))

    monkeypatch.setattr(counters_module, "sorted", in_any_order, raising=False)

    assert seen_within_rounds(lambda: any(isinstance(answer, Busy) for answer in opposite_orders()))


def test_a_deadlock_is_tried_again_and_nobody_notices(pause_before: Pause, monkeypatch: pytest.MonkeyPatch) -> None:
    pause_before(counters_module, "_shift")
    turns = count()
    monkeypatch.setattr(
        counters_module, "sorted", lambda ids: sorted(ids, reverse=bool(next(turns) % 2)), raising=False
    )
    monkeypatch.setattr(transactions, "ATTEMPTS", 50)

    answers = opposite_orders()

    assert all(map(is_held, answers)), answers
    assert prove() == []


# Two parcels and one unit in the building ----------------------------------------------------------------------------


def two_parcels() -> list[Any]:
    item = StockItemFactory(on_hand=1, backorder_limit=1)
    owed = [allocation(lines={item.sku: 1}, may_backorder=True).pk for _ in range(2)]
    return at_once(
        *[partial(services.fulfil, reservation_id=pk, lines={item.sku: 1}, actor=ACTOR, now=NOW) for pk in owed]
    )


def test_one_unit_in_the_building_leaves_in_one_parcel(pause_before: Pause) -> None:
    pause_before(outcome, "record")

    for _ in range(5):
        answers = two_parcels()

        assert answers.count(None) == 1
        assert unexpected(answers, services.NotOnHand) == []
    assert prove() == []


def test_control_without_the_lock_both_parcels_count_on_the_same_unit(no_locks: None, pause_before: Pause) -> None:
    pause_before(outcome, "record")

    assert seen_within_rounds(lambda: unexpected(two_parcels(), services.NotOnHand) != [])


# One token ------------------------------------------------------------------------------------------------------------


def one_token_four_times() -> tuple[StockItem, list[Any]]:
    item = StockItemFactory(on_hand=5)
    return item, at_once(*[partial(hold, lines={item.sku: 1}, token=f"intent for {item.sku}")] * 4)


@pytest.fixture
def no_unique_token() -> Iterator[None]:
    """Take the unique constraint away that makes the second caller look again."""
    unique = Reservation._meta.get_field("token")
    # A clone, not a copy: a copy takes along what the field has already worked out about itself.
    shared = unique.clone()
    shared._unique = False
    shared.set_attributes_from_name(unique.name)
    shared.model = Reservation
    with connection.schema_editor() as editor:
        editor.alter_field(Reservation, unique, shared)
    yield
    ReservationLine.objects.all().delete()
    Reservation.objects.all().delete()
    with connection.schema_editor() as editor:
        editor.alter_field(Reservation, shared, unique)


def test_one_token_at_one_moment_is_one_reservation(pause_before: Pause) -> None:
    pause_before(grant, "plan_all")
    for _ in range(3):
        item, answers = one_token_four_times()

        assert len({answer.pk for answer in answers}) == 1
        assert counters(item) == (5, 1, 0)


def test_control_without_the_unique_token_one_intent_holds_several_units(
    no_unique_token: None, pause_before: Pause
) -> None:
    pause_before(grant, "plan_all")

    assert seen_within_rounds(lambda: counters(one_token_four_times()[0])[1] > 1)
