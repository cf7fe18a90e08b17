"""Waiting rooms in every state, for the stage: one room and one visitor for each."""

from datetime import datetime, timedelta

from shop.room import services
from shop.room.names import PASS_COOKIE, TICKET_COOKIE
from shop.room.stores import current_store
from shop.room.tokens import Ticket, new_ticket_id

Cookies = dict[str, str]
EARLY = 120
# Later than any look at the stage: a place that is kept for two minutes would be missed by then.
LONG = timedelta(hours=12)


def set_rooms(now: datetime) -> dict[str, Cookies]:
    """Visitor to cookies. The room of a visitor has the visitor's name."""
    _room("room-shut", opens_at=now + LONG, now=now)
    _room("room-outside", opens_at=now + timedelta(minutes=20), now=now)
    _room("room-before", opens_at=now + timedelta(minutes=20), now=now)
    _room("room-over", opens_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1), now=now)
    for key in ("room-line", "room-next", "room-stopped", "room-turn", "room-missed", "room-inside"):
        _room(key, opens_at=now - timedelta(minutes=2), now=now)
    for key in ("room-line", "room-next"):
        _let_in(key, served=70, issued=300, minutes=1, now=now)
    _let_in("room-stopped", served=1, issued=90, minutes=1, now=now)
    services.steer_room(key="room-next", is_stopped=False, cap_per_minute=1, now=now)
    services.steer_room(key="room-stopped", is_stopped=True, cap_per_minute=None, now=now)
    for key in ("room-turn", "room-inside"):
        # Called in the future, to be kept for long.
        _let_in(key, served=20, issued=20, minutes=-int(LONG.total_seconds() // 60), now=now)
    _let_in("room-missed", served=20, issued=20, minutes=30, now=now)
    visitors: dict[str, Cookies] = {"room-shut": {}, "room-outside": {}}
    numbers = {"room-line": 284, "room-next": 140, "room-stopped": 60, "room-turn": 12, "room-missed": 12}
    numbers |= {"room-before": 0, "room-over": 0, "room-inside": 12}
    for key, number in numbers.items():
        visitors[key] = {TICKET_COOKIE + key: _ticket(key, number=number, now=now)}
    given = services.come_in(
        key="room-inside", token=visitors["room-inside"][TICKET_COOKIE + "room-inside"], user_id=None, now=now
    )
    visitors["room-inside"][PASS_COOKIE + "room-inside"] = given.signed()
    return visitors


def _room(key: str, *, opens_at: datetime, now: datetime, ends_at: datetime | None = None) -> None:
    services.plan_room(
        key=key,
        name="Lilac Runner, evening drop",
        address="/p/lilac-runner/",
        opens_at=opens_at,
        ends_at=ends_at,
        now=now,
    )
    # The store knows it since a few minutes: the pace of the last minute is measured.
    services.reading_of(key, now=now - timedelta(minutes=3))
    for number in range(EARLY):
        current_store().put_lot(key, f"{number:04}:stage")


def _let_in(key: str, *, served: int, issued: int, minutes: int, now: datetime) -> None:
    """So many came up, evenly, in the last so many minutes."""
    store, begin = current_store(), now - timedelta(minutes=minutes)
    store.close_box(key, issued=issued, reserved=issued)
    seconds = abs(minutes) * 60 or 1
    steps = [((begin + timedelta(seconds=seconds * step / served)).timestamp(), step + 1) for step in range(served)]
    if minutes < 0:
        steps = [(now.timestamp() + LONG.total_seconds(), served)]
    store.advance(key, serving=served, rate=1.2, credit=0, steps=steps, now=now)
    services.forget_pictures()


def _ticket(key: str, *, number: int, now: datetime) -> str:
    ticket = Ticket(room=key, id=new_ticket_id(), joined_at=now - timedelta(minutes=5), number=number)
    return ticket.signed()
