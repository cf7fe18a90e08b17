"""One contract, two stores: what a room asks of Redis it asks of the database, and gets the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from shop.room.models import Room
from shop.room.pace import Measured
from shop.room.queries import facts_of
from shop.room.stores.base import Facts, Store
from shop.room.stores.database import DatabaseStore
from shop.room.stores.redis import RedisStore
from tests.factories import NOW
from tests.servers import redis, temporary_folder


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with temporary_folder() as folder, redis(folder=folder) as cache:
        yield cache.url


@pytest.fixture(params=["redis", "database"])
def store(request: pytest.FixtureRequest, room: Room) -> Iterator[Store]:
    kept: Store = DatabaseStore() if request.param == "database" else RedisStore(request.getfixturevalue("redis_url"))
    yield kept
    kept.forget("evening")


@pytest.fixture
def facts(room: Room) -> Facts:
    return facts_of(room)


def begin(store: Store, facts: Facts, *, reserved: int = 0, lots: list[str] | None = None) -> None:
    store.restore(facts, reserved=reserved, serving=0, issued=reserved, lots=lots or [], now=NOW)


def test_a_store_knows_nothing_of_a_room_until_it_is_told(store: Store, facts: Facts) -> None:
    assert store.read("evening", now=NOW) is None

    store.keep(facts)

    assert store.read("evening", now=NOW) is None


def test_restoring_tells_it_everything(store: Store, facts: Facts) -> None:
    store.restore(facts, reserved=50, serving=7, issued=50, lots=["b:2", "a:1"], now=NOW)

    reading = store.read("evening", now=NOW)

    assert reading is not None
    assert reading.facts == facts
    assert (reading.issued, reading.serving, reading.early, reading.is_drawn) == (50, 7, 2, True)
    assert (reading.restored_at, reading.steps) == (NOW, [(NOW.timestamp(), 7)])
    assert store.lots("evening") == ["a:1", "b:2"]


def test_restoring_a_room_that_is_known_changes_nothing(store: Store, facts: Facts) -> None:
    begin(store, facts)
    store.put_lot("evening", "a:1")

    store.restore(facts, reserved=99, serving=9, issued=99, lots=["z:9"], now=NOW + timedelta(minutes=1))

    reading = store.read("evening", now=NOW)
    assert reading is not None
    assert (reading.issued, reading.serving, reading.is_drawn, reading.restored_at) == (0, 0, False, NOW)
    assert store.lots("evening") == ["a:1"]


def test_new_facts_replace_the_old_ones(store: Store, facts: Facts) -> None:
    begin(store, facts)
    changed = facts_of(Room(key="evening", name="Late drop", address="/", opens_at=NOW, is_stopped=True))

    store.keep(changed)

    reading = store.read("evening", now=NOW)
    assert reading is not None
    assert reading.facts == changed


def test_lots_lie_in_the_order_of_the_draw_once_each(store: Store, facts: Facts) -> None:
    begin(store, facts)
    for lot in ("c:3", "a:1", "b:2", "a:1"):
        store.put_lot("evening", lot)

    assert store.lots("evening") == ["a:1", "b:2", "c:3"]
    assert [store.lots_before("evening", lot) for lot in ("a:1", "b:2", "bb:new", "c:3")] == [0, 1, 2, 2]


def test_numbers_follow_the_draw_one_for_each_ticket(store: Store, facts: Facts) -> None:
    begin(store, facts)
    store.close_box("evening", issued=3, reserved=5)

    given = [store.number_for("evening", ticket) for ticket in ("x", "y", "x", "z")]

    assert given == [4, 5, 4, None]
    store.allow("evening", reserved=10)
    assert store.number_for("evening", "z") == 6


def test_closing_the_box_twice_takes_no_number_back(store: Store, facts: Facts) -> None:
    begin(store, facts)
    store.close_box("evening", issued=3, reserved=53)
    store.number_for("evening", "x")

    store.close_box("evening", issued=3, reserved=53)

    assert store.number_for("evening", "y") == 5


def test_one_of_two_moves_the_room_on(store: Store, facts: Facts) -> None:
    begin(store, facts)

    assert [store.next_tick("evening", now=NOW, every_ms=1000) for _ in range(2)] == [True, False]


def test_a_number_that_came_up_never_goes_back(store: Store, facts: Facts) -> None:
    begin(store, facts, reserved=50)
    moment = NOW + timedelta(seconds=3)
    store.advance("evening", serving=9, rate=2.5, credit=0.25, steps=[(1.5, 9)], now=moment)

    store.advance("evening", serving=4, rate=3.0, credit=0.5, steps=[(1.5, 9)], now=moment)

    reading = store.read("evening", now=NOW)
    assert reading is not None
    assert (reading.serving, reading.rate, reading.credit) == (9, 3.0, 0.5)
    assert (reading.steps, reading.ticked_at) == ([(1.5, 9)], moment)


def test_numbers_that_were_given_up_are_known_until_they_come_up(store: Store, facts: Facts) -> None:
    begin(store, facts, reserved=50)
    for number in (12, 3, 7):
        store.leave("evening", number)
    before = store.read("evening", now=NOW)

    store.advance("evening", serving=7, rate=1, credit=0, steps=[], now=NOW)

    after = store.read("evening", now=NOW)
    assert before is not None
    assert after is not None
    assert (before.left, after.left) == ([3, 7, 12], [12])


def test_figures_count(store: Store, facts: Facts) -> None:
    begin(store, facts)
    store.count("evening", "left")
    store.count("evening", "left", by=2)

    reading = store.read("evening", now=NOW)

    assert reading is not None
    assert reading.figures == {"left": 3, "refused": 0}


def test_those_inside_are_those_whose_pass_is_not_over(store: Store, facts: Facts) -> None:
    begin(store, facts)
    store.come_in("evening", "a", until=NOW + timedelta(minutes=1))
    store.come_in("evening", "b", until=NOW + timedelta(minutes=5))
    store.come_in("evening", "c", until=NOW + timedelta(minutes=5))
    store.go_out("evening", "c")

    inside = [store.read("evening", now=NOW + timedelta(minutes=minutes)) for minutes in (0, 2, 6)]

    assert [reading.inside for reading in inside if reading] == [2, 1, 0]


def test_an_address_has_so_many_seats_and_a_ticket_takes_one(store: Store, facts: Facts) -> None:
    begin(store, facts)

    taken = [
        store.take_seat("evening", address, ticket, limit=2)
        for address, ticket in [("home", "a"), ("home", "b"), ("home", "c"), ("home", "a"), ("work", "d")]
    ]

    assert taken == [True, True, False, True, True]


def test_measures_of_all_processes_add_up(store: Store, facts: Facts) -> None:
    second = int(datetime.now(UTC).timestamp())
    for requests in (3, 4):
        store.measure(second=second - 1, measured=Measured(requests=requests, seconds=0.5, busy=1))
    store.measure(second=second - 9, measured=Measured(requests=50, seconds=9, busy=0))

    assert store.measured(until=second, seconds=5) == Measured(requests=7, seconds=1.0, busy=2)


def test_a_room_that_is_forgotten_leaves_nothing(store: Store, facts: Facts) -> None:
    begin(store, facts, lots=["a:1"])
    store.take_seat("evening", "home", "a", limit=1)

    store.forget("evening")

    assert store.read("evening", now=NOW) is None
    assert store.lots("evening") == []
    assert store.take_seat("evening", "home", "b", limit=1)


def test_units_of_one_address_add_up_to_its_limit(store: Store, facts: Facts) -> None:
    taken = [
        store.take_units(address, hold, units, limit=5, now=NOW)
        for address, hold, units in [("h", "a", 3), ("h", "b", 2), ("h", "c", 1), ("w", "d", 5), ("h", "a", 2)]
    ]

    assert taken == [True, True, False, True, True]
    assert store.units_of("h") == {"a": (2, NOW), "b": (2, NOW)}
    store.give_units("h", ["a", "b"])
    store.give_units("w", ["d"])


def test_units_that_are_given_back_may_be_taken_again(store: Store, facts: Facts) -> None:
    store.take_units("home", "a", 5, limit=5, now=NOW)

    store.give_units("home", ["a", "unknown"])

    assert store.units_of("home") == {}
    assert store.take_units("home", "b", 5, limit=5, now=NOW)
    store.give_units("home", ["b"])


def test_tries_are_counted_for_their_seconds(store: Store, facts: Facts) -> None:
    later = NOW + timedelta(seconds=10)

    assert [store.tries("home", now=NOW, seconds=10) for _ in range(3)] == [1, 2, 3]
    assert (store.tries("work", now=NOW, seconds=10), store.tries("home", now=later, seconds=10)) == (1, 1)
