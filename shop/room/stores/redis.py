"""The room in Redis: every look is one round trip, and every step is one script or one pipeline."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import redis

from shop.room.errors import StoreDown
from shop.room.pace import Measured
from shop.room.stores.base import FIGURES, Facts, Reading, facts_as_json, facts_of_json

ANSWER_SECONDS = 1.0
MEASURES_KEPT_SECONDS = 120
# Longer than any hold with all its extensions and the time to pay.
UNITS_KEPT_SECONDS = 6 * 60 * 60

# A ticket keeps its number. KEYS: room, numbers. ARGV: ticket.
NUMBER_FOR = """
local known = redis.call('HGET', KEYS[2], ARGV[1])
if known then return tonumber(known) end
local issued = tonumber(redis.call('HGET', KEYS[1], 'issued') or '0')
local reserved = tonumber(redis.call('HGET', KEYS[1], 'reserved') or '0')
if issued >= reserved then return -1 end
redis.call('HSET', KEYS[1], 'issued', issued + 1)
redis.call('HSET', KEYS[2], ARGV[1], issued + 1)
return issued + 1
"""

# KEYS: room, left. ARGV: serving, rate, credit, steps, ticked at. Numbers that have come up need not be skipped.
ADVANCE = """
local serving = math.max(tonumber(redis.call('HGET', KEYS[1], 'serving') or '0'), tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'serving', serving, 'rate', ARGV[2], 'credit', ARGV[3], 'steps', ARGV[4],
  'ticked_at', ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', serving)
"""

# KEYS: room. ARGV: field, value, other field, value. A number that was given away is never given away again.
RAISE = """
for place = 1, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', KEYS[1], ARGV[place]) or '0')
  redis.call('HSET', KEYS[1], ARGV[place], math.max(known, tonumber(ARGV[place + 1])))
end
"""

# KEYS: addresses, seats. ARGV: address, ticket, limit.
TAKE_SEAT = """
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 1 then return 1 end
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') >= tonumber(ARGV[3]) then return 0 end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('SADD', KEYS[2], ARGV[2])
return 1
"""

# KEYS: holds of the address. ARGV: hold, units, limit, now, seconds to remember. The same hold is counted once.
TAKE_UNITS = """
local taken = 0
local known = redis.call('HGETALL', KEYS[1])
for place = 1, #known, 2 do
  if known[place] ~= ARGV[1] then taken = taken + tonumber(string.match(known[place + 1], '^%d+')) end
end
if taken + tonumber(ARGV[2]) > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""

# KEYS: room, lots, numbers. ARGV: facts, reserved, serving, issued, steps, restored at, lots…
RESTORE = """
if redis.call('HEXISTS', KEYS[1], 'facts') == 1 then return 0 end
redis.call('DEL', KEYS[2], KEYS[3])
for place = 7, #ARGV do redis.call('ZADD', KEYS[2], 0, ARGV[place]) end
redis.call('HSET', KEYS[1], 'facts', ARGV[1], 'reserved', ARGV[2], 'serving', ARGV[3], 'issued', ARGV[4],
  'steps', ARGV[5], 'ticked_at', ARGV[6], 'restored_at', ARGV[6])
if #ARGV > 6 or tonumber(ARGV[2]) > 0 then redis.call('HSET', KEYS[1], 'drawn', 1) end
return 1
"""


class RedisStore:
    """See `Store`. Keys of a room begin with `room:<key>`."""

    def __init__(self, url: str) -> None:
        self._redis: Any = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
        )
        self._number_for = self._redis.register_script(NUMBER_FOR)
        self._advance = self._redis.register_script(ADVANCE)
        self._raise = self._redis.register_script(RAISE)
        self._take_seat = self._redis.register_script(TAKE_SEAT)
        self._take_units = self._redis.register_script(TAKE_UNITS)
        self._restore = self._redis.register_script(RESTORE)

    def restore(
        self, facts: Facts, *, reserved: int, serving: int, issued: int, lots: list[str], now: datetime
    ) -> bool:
        moment = now.timestamp()
        steps = json.dumps([[moment, serving]] if serving else [])
        values: list[str | int | float] = [
            json.dumps(facts_as_json(facts)),
            reserved,
            serving,
            issued,
            steps,
            moment,
            *lots,
        ]
        with _answers():
            return bool(self._restore(keys=_keys(facts.key, "", ":lots", ":numbers"), args=values))

    def keep(self, facts: Facts) -> None:
        with _answers():
            if self._redis.hexists(_room(facts.key), "facts"):
                self._redis.hset(_room(facts.key), "facts", json.dumps(facts_as_json(facts)))

    def forget(self, key: str) -> None:
        endings = ("", ":lots", ":numbers", ":left", ":inside", ":addresses", ":seats", ":tick")
        with _answers():
            self._redis.delete(*_keys(key, *endings))

    def read(self, key: str, *, now: datetime) -> Reading | None:
        with _answers():
            pipe = self._redis.pipeline(transaction=False)
            pipe.hgetall(_room(key))
            pipe.zcard(f"{_room(key)}:lots")
            pipe.zrange(f"{_room(key)}:left", 0, -1, withscores=True)
            pipe.zcount(f"{_room(key)}:inside", now.timestamp(), "+inf")
            kept, early, left, inside = pipe.execute()
        if "facts" not in kept:
            return None
        return Reading(
            facts=facts_of_json(json.loads(kept["facts"])),
            is_drawn="drawn" in kept,
            issued=int(kept.get("issued", 0)),
            serving=int(kept.get("serving", 0)),
            early=early,
            rate=float(kept.get("rate", 0)),
            credit=float(kept.get("credit", 0)),
            ticked_at=datetime.fromtimestamp(float(kept["ticked_at"]), tz=UTC),
            restored_at=datetime.fromtimestamp(float(kept["restored_at"]), tz=UTC),
            steps=[(moment, serving) for moment, serving in json.loads(kept.get("steps", "[]"))],
            left=[int(number) for _, number in left],
            figures={name: int(kept.get(name, 0)) for name in FIGURES},
            inside=inside,
        )

    def put_lot(self, key: str, lot: str) -> None:
        with _answers():
            self._redis.zadd(f"{_room(key)}:lots", {lot: 0}, nx=True)

    def lots_before(self, key: str, lot: str) -> int:
        with _answers():
            return int(self._redis.zlexcount(f"{_room(key)}:lots", "-", f"({lot}"))

    def lots(self, key: str) -> list[str]:
        with _answers():
            return list(self._redis.zrange(f"{_room(key)}:lots", 0, -1))

    def close_box(self, key: str, *, issued: int, reserved: int) -> None:
        with _answers():
            self._raise(keys=[_room(key)], args=["drawn", 1, "issued", issued, "reserved", reserved])

    def number_for(self, key: str, ticket: str) -> int | None:
        with _answers():
            number = int(self._number_for(keys=_keys(key, "", ":numbers"), args=[ticket]))
        return None if number < 0 else number

    def allow(self, key: str, *, reserved: int) -> None:
        with _answers():
            self._raise(keys=[_room(key)], args=["reserved", reserved])

    def next_tick(self, key: str, *, now: datetime, every_ms: int) -> bool:
        with _answers():
            return bool(self._redis.set(f"{_room(key)}:tick", int(now.timestamp()), nx=True, px=every_ms))

    def advance(
        self, key: str, *, serving: int, rate: float, credit: float, steps: list[tuple[float, int]], now: datetime
    ) -> None:
        values: list[str | int | float] = [serving, rate, credit, json.dumps(steps), now.timestamp()]
        with _answers():
            self._advance(keys=_keys(key, "", ":left"), args=values)

    def leave(self, key: str, number: int) -> None:
        with _answers():
            self._redis.zadd(f"{_room(key)}:left", {str(number): number})

    def count(self, key: str, figure: str, *, by: int = 1) -> None:
        with _answers():
            self._redis.hincrby(_room(key), figure, by)

    def come_in(self, key: str, ticket: str, *, until: datetime) -> None:
        with _answers():
            self._redis.zadd(f"{_room(key)}:inside", {ticket: until.timestamp()})

    def go_out(self, key: str, ticket: str) -> None:
        with _answers():
            self._redis.zrem(f"{_room(key)}:inside", ticket)

    def take_seat(self, key: str, address: str, ticket: str, *, limit: int) -> bool:
        with _answers():
            return bool(self._take_seat(keys=_keys(key, ":addresses", ":seats"), args=[address, ticket, limit]))

    def take_units(self, address: str, hold: str, units: int, *, limit: int, now: datetime) -> bool:
        values: list[str | int | float] = [hold, units, limit, now.timestamp(), UNITS_KEPT_SECONDS]
        with _answers():
            return bool(self._take_units(keys=[_holds(address)], args=values))

    def units_of(self, address: str) -> dict[str, tuple[int, datetime]]:
        with _answers():
            kept = self._redis.hgetall(_holds(address))
        parts = {hold: value.partition(":") for hold, value in kept.items()}
        return {
            hold: (int(units), datetime.fromtimestamp(float(counted_at), tz=UTC))
            for hold, (units, _, counted_at) in parts.items()
        }

    def give_units(self, address: str, holds: list[str]) -> None:
        with _answers():
            if holds:
                self._redis.hdel(_holds(address), *holds)

    def tries(self, who: str, *, now: datetime, seconds: int) -> int:
        window = f"tries:{who}:{int(now.timestamp()) // seconds}"
        with _answers():
            pipe = self._redis.pipeline(transaction=False)
            pipe.incr(window)
            pipe.expire(window, seconds)
            return int(pipe.execute()[0])

    def measure(self, *, second: int, measured: Measured) -> None:
        with _answers():
            pipe = self._redis.pipeline(transaction=False)
            pipe.hincrby(_second(second), "requests", measured.requests)
            pipe.hincrbyfloat(_second(second), "seconds", measured.seconds)
            pipe.hincrby(_second(second), "busy", measured.busy)
            pipe.expire(_second(second), MEASURES_KEPT_SECONDS)
            pipe.execute()

    def measured(self, *, until: int, seconds: int) -> Measured:
        with _answers():
            pipe = self._redis.pipeline(transaction=False)
            for second in range(until - seconds, until):
                pipe.hgetall(_second(second))
            found = pipe.execute()
        return Measured(
            requests=sum(int(each.get("requests", 0)) for each in found),
            seconds=sum(float(each.get("seconds", 0)) for each in found),
            busy=sum(int(each.get("busy", 0)) for each in found),
        )


@contextmanager
def _answers() -> Iterator[None]:
    """:raises StoreDown: if Redis does not answer"""
    try:
        yield
    except redis.RedisError as error:
        raise StoreDown() from error


def _room(key: str) -> str:
    return f"room:{{{key}}}"


def _keys(key: str, *endings: str) -> list[str]:
    return [f"{_room(key)}{ending}" for ending in endings]


def _holds(address: str) -> str:
    return f"holds:{address}"


def _second(second: int) -> str:
    return f"room-measured:{second}"
