"""The step of every second: draw the lots when it is time, measure, set the pace, and call the next ones."""

from datetime import datetime, timedelta

from django.conf import settings

from shop.room import pace, places
from shop.room.models import Room
from shop.room.stores import current_store
from shop.room.stores.base import Reading
from shop.transactions import transactional

# So many numbers are written down as given away before they are; a store that forgets goes on after them.
BLOCK = 50
MEASURED_SECONDS = 5
# A room that nobody looked at for longer does not make up for it at once.
LONGEST_STEP_SECONDS = 5.0
# Time for everybody's page to put its lot back into a box that was lost right before the draw.
GRACE_SECONDS = 15


def move_on(key: str, *, now: datetime) -> Reading | None:
    """Draw the lots when it is time, and let the next ones in. Returns the room as it was before; None: unknown.

    Whoever looks at the room does this, once a second for all processes; a room that nobody looks at stands still.
    """
    store = current_store()
    before = store.read(key, now=now)
    if before is None or now < before.facts.opens_at or places.is_over(before, now=now):
        return before
    if not store.next_tick(key, now=now, every_ms=settings.ROOM_TICK_MS):
        return before
    if not before.is_drawn:
        _draw(before, now=now)
    else:
        _call_next(before, now=now)
    return before


def _draw(before: Reading, *, now: datetime) -> None:
    key, store = before.facts.key, current_store()
    room = Room.objects.get(key=key)
    if room.restores > 1 and now < before.restored_at + timedelta(seconds=GRACE_SECONDS):
        return
    room = _write_draw(key=key, lots=store.lots(key), now=now)
    drawn = len(room.lots.splitlines())
    store.close_box(key, issued=drawn, reserved=room.numbers_reserved)
    # The pace begins now.
    store.advance(key, serving=before.serving, rate=before.rate, credit=0.0, steps=before.steps, now=now)


@transactional
def _write_draw(*, key: str, lots: list[str], now: datetime) -> Room:
    """Write the order down, once: what was written first stands."""
    room = Room.objects.select_for_update().get(key=key)
    if room.drawn_at is None:
        room.drawn_at, room.lots, room.numbers_reserved = now, "\n".join(lots), len(lots) + BLOCK
        room.save(update_fields=["drawn_at", "lots", "numbers_reserved"])
    return room


def _call_next(before: Reading, *, now: datetime) -> None:
    """Measure, set the pace, and call as many as it has saved up. Numbers that were given up cost nothing."""
    store, limits = current_store(), _limits()
    waiting = max(before.issued - before.serving - len(before.left), 0)
    measured = store.measured(until=int(now.timestamp()), seconds=MEASURED_SECONDS)
    cap = before.facts.cap_per_minute
    rate = pace.next_rate(
        before.rate,
        measured=measured,
        limits=limits,
        cap=None if cap is None else cap / 60,
        is_wanted=waiting > 0 and not before.facts.is_stopped,
    )
    step = min(max((now - before.ticked_at).total_seconds(), 0.0), LONGEST_STEP_SECONDS)
    credit = before.credit + rate * step
    called = 0
    if not before.facts.is_stopped:
        inside = max(before.inside, lately_called(before, now=now))
        called = pace.called_now(credit=credit, waiting=waiting, inside=inside, limits=limits)
    serving = _number_after(before, people=called)
    # Nobody saves up for a crowd that is not there.
    credit = credit - called if waiting > called and not before.facts.is_stopped else 0.0
    store.advance(
        before.facts.key,
        serving=serving,
        rate=rate,
        credit=min(credit, rate * LONGEST_STEP_SECONDS),
        steps=_steps(before, serving=serving, now=now),
        now=now,
    )


def lately_called(before: Reading, *, now: datetime) -> int:
    """People whose number came up so lately that they are inside, or may still come in."""
    since = now.timestamp() - settings.ROOM_KEPT_SECONDS
    earlier = [serving for moment, serving in before.steps if moment <= since]
    return before.serving - (earlier[-1] if earlier else 0)


def _number_after(before: Reading, *, people: int) -> int:
    """The number that so many people further along have."""
    number, left = before.serving, set(before.left)
    while people > 0 and number < before.issued:
        number += 1
        people -= number not in left
    while number + 1 in left:
        number += 1
    return number


def _steps(before: Reading, *, serving: int, now: datetime) -> list[tuple[float, int]]:
    """The steps with this one, back to one that nobody's kept place is older than."""
    steps = before.steps if serving == before.serving else [*before.steps, (now.timestamp(), serving)]
    oldest = now.timestamp() - settings.ROOM_KEPT_SECONDS - places.BASIS_SECONDS
    recent = [step for step in steps if step[0] > oldest]
    return [*steps[: -len(recent)][-1:], *recent] if recent else steps[-1:]


def _limits() -> pace.Limits:
    return pace.Limits(
        first=settings.ROOM_RATE_FIRST,
        least=settings.ROOM_RATE_LEAST,
        most=settings.ROOM_RATE_MOST,
        target_seconds=settings.ROOM_TARGET_MS / 1000,
        most_inside=settings.ROOM_MOST_INSIDE,
    )
