"""The room in the database, for the demo and for shops without Redis: the same contract, a few rows for each room."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Sum

from shop.room.models import Room, StoreEntry
from shop.room.pace import Measured
from shop.room.stores.base import FIGURES, Facts, Reading, facts_as_json, facts_of_json

MEASURES_KEPT_SECONDS = 120
MICRO = 1_000_000
ENDINGS = ("", ":lots", ":numbers", ":left", ":inside", ":addresses", ":seats", ":tick")


class DatabaseStore:
    """See `Store`. What has to be exact is done under the lock of the room's row."""

    def restore(
        self, facts: Facts, *, reserved: int, serving: int, issued: int, lots: list[str], now: datetime
    ) -> bool:
        moment = now.timestamp()
        with _locked(facts.key):
            if _value(facts.key, "facts") is not None:
                return False
            _put(_room(facts.key, ":lots"), dict.fromkeys(lots, ""))
            if lots or reserved:
                _set(facts.key, drawn="1")
            _set(
                facts.key,
                facts=json.dumps(facts_as_json(facts)),
                reserved=reserved,
                serving=serving,
                issued=issued,
                steps=json.dumps([[moment, serving]] if serving else []),
                ticked_at=moment,
                restored_at=moment,
            )
        return True

    def keep(self, facts: Facts) -> None:
        known = StoreEntry.objects.filter(space=_room(facts.key), name="facts")
        known.update(value=json.dumps(facts_as_json(facts)))

    def forget(self, key: str) -> None:
        StoreEntry.objects.filter(space__in=[_room(key, ending) for ending in ENDINGS]).delete()

    def read(self, key: str, *, now: datetime) -> Reading | None:
        kept = dict(StoreEntry.objects.filter(space=_room(key)).values_list("name", "value"))
        if "facts" not in kept:
            return None
        left = StoreEntry.objects.filter(space=_room(key, ":left"), rank__gt=int(kept["serving"]))
        return Reading(
            facts=facts_of_json(json.loads(kept["facts"])),
            is_drawn="drawn" in kept,
            issued=int(kept["issued"]),
            serving=int(kept["serving"]),
            early=StoreEntry.objects.filter(space=_room(key, ":lots")).count(),
            rate=float(kept.get("rate", 0)),
            credit=float(kept.get("credit", 0)),
            ticked_at=datetime.fromtimestamp(float(kept["ticked_at"]), tz=UTC),
            restored_at=datetime.fromtimestamp(float(kept["restored_at"]), tz=UTC),
            steps=[(moment, serving) for moment, serving in json.loads(kept["steps"])],
            left=list(left.order_by("rank").values_list("rank", flat=True)),
            figures={name: int(kept.get(name, 0)) for name in FIGURES},
            inside=StoreEntry.objects.filter(space=_room(key, ":inside"), rank__gte=_micro(now)).count(),
        )

    def put_lot(self, key: str, lot: str) -> None:
        _put(_room(key, ":lots"), {lot: ""})

    def lots_before(self, key: str, lot: str) -> int:
        return StoreEntry.objects.filter(space=_room(key, ":lots"), name__lt=lot).count()

    def lots(self, key: str) -> list[str]:
        return list(
            StoreEntry.objects.filter(space=_room(key, ":lots")).order_by("name").values_list("name", flat=True)
        )

    def close_box(self, key: str, *, issued: int, reserved: int) -> None:
        with _locked(key):
            _raise(key, drawn=1, issued=issued, reserved=reserved)

    def number_for(self, key: str, ticket: str) -> int | None:
        numbers = _room(key, ":numbers")
        with _locked(key):
            known = StoreEntry.objects.filter(space=numbers, name=ticket).first()
            if known is not None:
                return known.rank
            issued, reserved = int(_value(key, "issued") or 0), int(_value(key, "reserved") or 0)
            if issued >= reserved:
                return None
            _set(key, issued=issued + 1)
            StoreEntry.objects.create(space=numbers, name=ticket, rank=issued + 1)
            return issued + 1

    def allow(self, key: str, *, reserved: int) -> None:
        with _locked(key):
            _raise(key, reserved=reserved)

    def next_tick(self, key: str, *, now: datetime, every_ms: int) -> bool:
        entry, is_new = StoreEntry.objects.get_or_create(
            space=_room(key, ":tick"), name="at", defaults={"rank": _micro(now)}
        )
        if is_new:
            return True
        due = StoreEntry.objects.filter(pk=entry.pk, rank__lte=_micro(now) - every_ms * 1000)
        return bool(due.update(rank=_micro(now)))

    def advance(
        self, key: str, *, serving: int, rate: float, credit: float, steps: list[tuple[float, int]], now: datetime
    ) -> None:
        with _locked(key):
            _raise(key, serving=serving)
            _set(key, rate=rate, credit=credit, steps=json.dumps(steps), ticked_at=now.timestamp())
            StoreEntry.objects.filter(space=_room(key, ":left"), rank__lte=serving).delete()

    def leave(self, key: str, number: int) -> None:
        _put(_room(key, ":left"), {str(number): ""}, rank=number)

    def count(self, key: str, figure: str, *, by: int = 1) -> None:
        with _locked(key):
            _set(key, **{figure: int(_value(key, figure) or 0) + by})

    def come_in(self, key: str, ticket: str, *, until: datetime) -> None:
        StoreEntry.objects.update_or_create(space=_room(key, ":inside"), name=ticket, defaults={"rank": _micro(until)})

    def go_out(self, key: str, ticket: str) -> None:
        StoreEntry.objects.filter(space=_room(key, ":inside"), name=ticket).delete()

    def take_seat(self, key: str, address: str, ticket: str, *, limit: int) -> bool:
        seats = StoreEntry.objects.filter(space=_room(key, ":seats"))
        with _locked(key):
            if seats.filter(name=ticket).exists():
                return True
            if seats.filter(value=address).count() >= limit:
                return False
            StoreEntry.objects.create(space=_room(key, ":seats"), name=ticket, value=address)
            return True

    def take_units(self, address: str, hold: str, units: int, *, limit: int, now: datetime) -> bool:
        space = _holds(address)
        with transaction.atomic():
            _lock_address(space)
            others = StoreEntry.objects.filter(space=space).exclude(name__in=["", hold])
            if sum(map(int, others.values_list("value", flat=True))) + units > limit:
                return False
            values = {"value": str(units), "rank": _micro(now)}
            StoreEntry.objects.update_or_create(space=space, name=hold, defaults=values)
            return True

    def units_of(self, address: str) -> dict[str, tuple[int, datetime]]:
        kept = StoreEntry.objects.filter(space=_holds(address)).exclude(name="")
        return {
            hold: (int(units), datetime.fromtimestamp(counted_at / MICRO, tz=UTC))
            for hold, units, counted_at in kept.values_list("name", "value", "rank")
        }

    def give_units(self, address: str, holds: list[str]) -> None:
        StoreEntry.objects.filter(space=_holds(address), name__in=holds).exclude(name="").delete()

    def tries(self, who: str, *, now: datetime, seconds: int) -> int:
        window = int(now.timestamp()) // seconds
        entry, _ = StoreEntry.objects.get_or_create(space="tries", name=who)
        if entry.value == str(window):
            StoreEntry.objects.filter(pk=entry.pk).update(rank=F("rank") + 1)
        else:
            StoreEntry.objects.filter(pk=entry.pk).update(value=str(window), rank=1)
        return StoreEntry.objects.values_list("rank", flat=True).get(pk=entry.pk)

    def measure(self, *, second: int, measured: Measured) -> None:
        values = {
            "requests": measured.requests,
            "seconds": int(measured.seconds * MICRO),
            "busy": measured.busy,
        }
        for name, amount in values.items():
            StoreEntry.objects.get_or_create(space=f"room-measured:{second}", name=name)
            StoreEntry.objects.filter(space=f"room-measured:{second}", name=name).update(rank=F("rank") + amount)
        StoreEntry.objects.filter(space=f"room-measured:{second - MEASURES_KEPT_SECONDS}").delete()

    def measured(self, *, until: int, seconds: int) -> Measured:
        spaces = [f"room-measured:{second}" for second in range(until - seconds, until)]
        sums = dict(
            StoreEntry.objects.filter(space__in=spaces).values_list("name").annotate(total=Sum("rank")).order_by("name")
        )
        return Measured(
            requests=sums.get("requests", 0), seconds=sums.get("seconds", 0) / MICRO, busy=sums.get("busy", 0)
        )


@contextmanager
def _locked(key: str) -> Iterator[None]:
    """A transaction in which nobody else moves this room: on SQLite by its one writer, else by the room's own row."""
    with transaction.atomic():
        list(Room.objects.select_for_update().filter(key=key).values_list("pk"))
        yield


def _lock_address(space: str) -> None:
    """Those of one address take turns: on SQLite by its one writer, else by a row that stands for the address."""
    StoreEntry.objects.bulk_create([StoreEntry(space=space, name="")], ignore_conflicts=True)
    list(StoreEntry.objects.select_for_update().filter(space=space, name="").values_list("pk"))


def _holds(address: str) -> str:
    return f"holds:{address}"


def _room(key: str, ending: str = "") -> str:
    return f"room:{key}{ending}"


def _micro(moment: datetime) -> int:
    return int(moment.timestamp() * MICRO)


def _put(space: str, values: dict[str, str], *, rank: int = 0) -> None:
    rows = [StoreEntry(space=space, name=name, value=value, rank=rank) for name, value in values.items()]
    StoreEntry.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def _value(key: str, name: str) -> str | None:
    return StoreEntry.objects.filter(space=_room(key), name=name).values_list("value", flat=True).first()


def _set(key: str, **values: Any) -> None:
    for name, value in values.items():
        StoreEntry.objects.update_or_create(space=_room(key), name=name, defaults={"value": str(value)})


def _raise(key: str, **values: int) -> None:
    """Set what is lower. A number that was given away is never given away again."""
    for name, value in values.items():
        _set(key, **{name: max(int(_value(key, name) or 0), value)})
