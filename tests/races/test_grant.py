"""Those who wait in one process are granted together: exactly, each with an answer of its own, and against others."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Model
from uuid6 import uuid7

from inventory import services
from inventory.models import Reservation, ReservationState, StockItem, StockItemQuerySet
from inventory.queries import prove
from inventory.services import counters as counters_module
from inventory.services import grant
from inventory.services.grant import Queue, Wish
from shop.errors import Busy
from shop.models import Category
from tests.books import counters
from tests.factories import ACTOR, NOW, StockItemFactory, hold
from tests.races.threads import PAUSE_SECONDS, at_once, seen_within_rounds, without_checks

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]


def ask(item: StockItem, *, queue: Queue, units: int = 1, token: str = "", beside: Sequence[Model] = ()) -> Reservation:
    return queue.grant(
        Wish(
            lines={item.sku: units},
            token=token or uuid4().hex,
            reservation_id=uuid7(),
            expires_at=NOW + timedelta(minutes=10),
            now=NOW,
            actor=ACTOR,
            beside=beside,
        )
    )


def is_held(answer: object) -> bool:
    return isinstance(answer, Reservation) and answer.state == ReservationState.HELD


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many were granted in each transaction."""
    sizes: list[int] = []
    write = grant._write

    def counted(*, wishes: Sequence[Wish], **options: Any) -> Any:
        outcome = write(wishes=wishes, **options)
        sizes.append(len(wishes))
        return outcome

    monkeypatch.setattr(grant, "_write", counted)
    return sizes


def test_whoever_waits_is_granted_together(groups: list[int], pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")
    item, queue = StockItemFactory(on_hand=20), Queue(groups=1)

    answers = at_once(*[partial(ask, item, queue=queue)] * 8)

    assert all(map(is_held, answers)), answers
    assert groups == [1, 7]
    assert (counters(item), Reservation.objects.count()) == ((20, 8, 0), 8)
    assert prove() == []


def test_reserve_is_granted_together(groups: list[int], pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")
    item = StockItemFactory(on_hand=20)

    at_once(*[partial(hold, lines={item.sku: 1})] * 8)

    assert sum(groups) == 8
    assert max(groups) > 1
    assert counters(item) == (20, 8, 0)


def test_the_last_units_go_to_the_first_of_a_group_and_the_others_are_refused(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")
    item, queue = StockItemFactory(on_hand=3), Queue(groups=1)

    answers = at_once(*[partial(ask, item, queue=queue)] * 8)

    assert sum(map(is_held, answers)) == 3
    assert sum(isinstance(answer, services.StockUnavailable) for answer in answers) == 5
    assert counters(item) == (3, 3, 0)
    assert prove() == []


def test_a_group_gives_what_is_left_to_whoever_wants_no_more(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")
    item, queue = StockItemFactory(on_hand=4), Queue(groups=1)

    answers = at_once(*[partial(ask, item, queue=queue, units=units) for units in (1, 5, 1, 5, 1, 5, 1)])

    assert [is_held(answer) for answer in answers] == [True, False, True, False, True, False, True]


# Two processes ----------------------------------------------------------------------------------------------------


def two_processes(units: int) -> tuple[StockItem, list[Any]]:
    item, queues = StockItemFactory(on_hand=units), (Queue(groups=1), Queue(groups=1))
    return item, at_once(*[without_checks(partial(ask, item, queue=queue)) for queue in queues * 6])


def test_groups_of_two_processes_do_not_oversell(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")

    for _ in range(3):
        item, answers = two_processes(5)

        assert sum(map(is_held, answers)) == 5
        assert all(isinstance(answer, Reservation | services.StockUnavailable) for answer in answers), answers
        assert counters(item) == (5, 5, 0)
    assert prove() == []


def test_control_without_the_condition_groups_of_two_processes_oversell(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_before(counters_module, "_shift")
    monkeypatch.setattr(StockItemQuerySet, "able_to_hand_over", lambda items, *, quantity: items)

    def oversold() -> bool:
        item, _ = two_processes(5)
        return counters(item)[1] > 5

    assert seen_within_rounds(oversold)


# What one of them does to the others ------------------------------------------------------------------------------


def test_a_used_token_gets_the_first_answer_and_the_others_theirs(pause_before: Pause) -> None:
    item, queue = StockItemFactory(on_hand=20), Queue(groups=1)
    first = hold(lines={item.sku: 1}, token="used")
    pause_before(counters_module, "_shift")

    answers = at_once(*[partial(ask, item, queue=queue, token=token) for token in ("", "", "used", "", "used")])

    assert all(map(is_held, answers)), answers
    assert [answer.pk == first.pk for answer in answers] == [False, False, True, False, True]
    assert counters(item) == (20, 4, 0)


def test_a_used_token_gets_the_first_answer_when_nothing_is_left(pause_before: Pause) -> None:
    item, queue = StockItemFactory(on_hand=1), Queue(groups=1)
    first = hold(lines={item.sku: 1}, token="used")
    pause_before(counters_module, "_shift")

    answers = at_once(*[partial(ask, item, queue=queue, token=token) for token in ("", "used", "")])

    assert answers[1] == first
    assert [type(answer) for answer in (answers[0], answers[2])] == [services.StockUnavailable] * 2


def test_rows_beside_are_there_with_the_hold_or_not_at_all(pause_before: Pause) -> None:
    item, queue = StockItemFactory(on_hand=20), Queue(groups=1)
    Category.objects.create(slug="taken", name="There before")
    pause_before(counters_module, "_shift")

    slugs = ["one", "two", "taken", "three"]
    answers = at_once(*[partial(ask, item, queue=queue, beside=[Category(slug=slug, name="Beside")]) for slug in slugs])

    assert [type(answer) for answer in answers] == [Reservation, Reservation, IntegrityError, Reservation]
    assert set(Category.objects.filter(name="Beside").values_list("slug", flat=True)) == {"one", "two", "three"}
    assert counters(item) == (20, 3, 0)
    assert prove() == []


def test_a_row_beside_that_somebody_else_is_writing_keeps_nobody_but_its_own_wish(pause_before: Pause) -> None:
    item, queue = StockItemFactory(on_hand=20), Queue()
    pause_before(counters_module, "_shift")
    is_written = Event()

    def another_process() -> None:
        with transaction.atomic():
            Category.objects.create(slug="taken", name="There before")
            is_written.set()
            time.sleep(10 * PAUSE_SECONDS)

    def one(slug: str) -> Reservation:
        is_written.wait(timeout=10)
        return ask(item, queue=queue, beside=[Category(slug=slug, name="Beside")])

    slugs = ["one", "two", "taken", "three", "four"]
    _, *answers = at_once(another_process, *[partial(one, slug) for slug in slugs])

    kinds = dict(zip(slugs, map(type, answers), strict=True))
    assert kinds == {slug: IntegrityError if slug == "taken" else Reservation for slug in slugs}
    assert counters(item) == (20, 4, 0)
    assert prove() == []


def test_a_crash_in_the_middle_of_a_group_leaves_nothing_and_everybody_is_answered(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, queue = StockItemFactory(on_hand=20), Queue(groups=1)
    record, crashes = grant.record, [True]

    def crashing(movements: list[Any], **options: Any) -> None:
        record(movements, **options)
        if len(movements) > 1 and crashes:
            crashes.pop()
            raise SystemExit

    monkeypatch.setattr(grant, "record", crashing)
    pause_before(counters_module, "_shift")

    def survive() -> Any:
        try:
            return ask(item, queue=queue)
        except SystemExit:
            return None

    answers = at_once(*[survive] * 6)

    assert crashes == []
    assert sum(map(is_held, answers)) == 5
    assert answers.count(None) == 1
    assert counters(item) == (20, 5, 0)
    assert prove() == []


def test_a_connection_that_breaks_at_commit_grants_nobody_twice(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, queue = StockItemFactory(on_hand=20), Queue(groups=1)
    write = grant._write

    def broken(*, wishes: Sequence[Wish], **options: Any) -> Any:
        outcome = write(wishes=wishes, **options)
        if len(wishes) > 1:
            raise OperationalError(2013, "Lost connection to server during query")
        return outcome

    monkeypatch.setattr(grant, "_write", broken)
    pause_before(counters_module, "_shift")

    answers = at_once(*[partial(ask, item, queue=queue)] * 6)

    assert all(map(is_held, answers)), answers
    assert counters(item) == (20, 6, 0)
    assert prove() == []


# When the database is the wall ------------------------------------------------------------------------------------


def test_whoever_comes_while_nothing_moves_is_told_at_once(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grant, "PATIENCE_SECONDS", 0.0)
    pause_before(counters_module, "_shift")
    item, queue = StockItemFactory(on_hand=20), Queue(groups=1)

    answers = at_once(*[partial(ask, item, queue=queue)] * 6)

    assert sum(map(is_held, answers)) >= 1
    assert all(isinstance(answer, Reservation | Busy) for answer in answers), answers
    assert counters(item) == (20, sum(map(is_held, answers)), 0)
    assert is_held(ask(item, queue=queue))
