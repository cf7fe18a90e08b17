"""A real Redis that is killed, emptied and started again in the middle of an evening."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shop.room import services
from shop.room.errors import StoreDown
from shop.room.models import Room
from shop.room.places import Standing
from shop.room.stores import current_store
from tests.factories import NOW
from tests.room.conftest import OPENS_AT
from tests.room.scenes import Evening
from tests.servers import Cache, redis, temporary_folder


@pytest.fixture
def cache(settings: Any) -> Iterator[Cache]:
    with temporary_folder() as folder, redis(folder=folder) as started:
        settings.ROOM_REDIS_URL = started.url
        settings.ROOM_TICK_MS = 1
        settings.ROOM_PLACES_PER_ADDRESS = 0
        yield started


@pytest.fixture
def evening(cache: Cache, room: Room) -> Evening:
    return Evening(key=room.key, now=NOW)


def kill(cache: Cache) -> None:
    """As a machine that loses power: nothing was on disk."""
    cache.process.kill()


def start(cache: Cache) -> None:
    cache.process.start()
    cache.process.wait_until(lambda: _answers(), seconds=20)
    assert current_store().read("evening", now=NOW) is None


def _answers() -> bool:
    try:
        current_store().read("evening", now=NOW)
    except StoreDown:
        return False
    return True


def test_a_look_is_answered_while_redis_is_down_and_a_place_is_not_taken(evening: Evening, cache: Cache) -> None:
    token = evening.take()
    kill(cache)

    assert evening.look(token).standing is Standing.BEFORE
    with pytest.raises(StoreDown) as refusal:
        evening.take()
    assert (refusal.value.status, refusal.value.retry_after_seconds) == (503, 5)
    evening.wait(90)
    with pytest.raises(StoreDown):
        evening.look(token)


def test_an_evening_goes_on_after_redis_was_killed_before_the_draw(evening: Evening, cache: Cache) -> None:
    tokens = [evening.take() for _ in range(30)]
    kill(cache)
    start(cache)
    evening.wait(60)
    for token in tokens[:20]:
        evening.look(token)
    evening.now = OPENS_AT + timedelta(seconds=1)
    evening.tick()
    expected = sorted(range(30), key=lambda place: _lot(tokens[place]))

    numbers = [evening.look(token).number for token in tokens]

    # The same order as without the accident, for those whose page was open and for those who slept.
    assert [place for place in sorted(range(30), key=lambda place: numbers[place]) if place < 20] == [
        place for place in expected if place < 20
    ]
    for early, late in itertools.pairwise(expected):
        assert numbers[early] <= numbers[late]


def test_an_evening_goes_on_after_redis_was_killed_in_the_middle(evening: Evening, cache: Cache) -> None:
    for _ in range(40):
        evening.take()
    evening.now = OPENS_AT
    evening.tick()
    late = [evening.take() for _ in range(10)]
    evening.tick(5)
    before = _numbers(evening)
    served = services.reading_of("evening", now=evening.now).serving
    evening.come_in(evening.tokens[before.index(served)])
    # Half of the pages are open and know their number; the tokens of the others are as old as their places.
    for token in evening.tokens[::2]:
        evening.look(token)
    kill(cache)
    start(cache)

    evening.tick(3)
    newcomer = evening.take()

    assert _numbers(evening)[:-1] == before
    assert len(set(before)) == len(before)
    assert _number(evening, newcomer) > max(_number(evening, token) for token in [*late, *evening.tokens[:40]])
    assert services.reading_of("evening", now=evening.now).serving >= served
    assert evening.look(evening.tokens[before.index(served + 4)]).standing is Standing.TURN


def _numbers(evening: Evening) -> list[int]:
    return [_number(evening, token) for token in evening.tokens]


def _number(evening: Evening, token: str) -> int:
    return services.look(key="evening", token=token, now=evening.now)[1].number


def _lot(token: str) -> str:
    from shop.room.draw import lot_of
    from shop.room.tokens import read_ticket

    ticket = read_ticket(token, room="evening")
    assert ticket is not None
    return lot_of(ticket.id, secret=Room.objects.get().secret)
