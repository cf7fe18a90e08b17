"""The room as a process sees it: a picture at most a second old, and what is done when the store has lost it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Max

from shop.errors import NotFound
from shop.room.errors import StoreDown
from shop.room.measure import watch
from shop.room.models import Room
from shop.room.queries import facts_of
from shop.room.sales import sale_behind
from shop.room.services.step import move_on
from shop.room.stores import current_store
from shop.room.stores.base import Reading

# A picture that is so old is still shown when the store does not answer.
STALE_SECONDS = 60

_pictures: dict[str, tuple[datetime, Reading]] = {}


def reading_of(key: str, *, now: datetime) -> Reading:
    """The room as this process last saw it, at most a second ago; moves the room on where that is due.

    :raises NotFound: if there is no such room.
    :raises StoreDown: if the store does not answer and no picture is fresh enough.
    """
    watch()
    known = _pictures.get(key)
    if known is not None and timedelta(0) <= now - known[0] < timedelta(seconds=settings.ROOM_PICTURE_SECONDS):
        return known[1]
    try:
        reading = _read(key, now=now)
    except StoreDown:
        if known is None or now - known[0] > timedelta(seconds=STALE_SECONDS):
            raise
        return known[1]
    _pictures[key] = (now, reading)
    return reading


def forget_pictures() -> None:
    """Look again: this process has changed something, or a test begins."""
    _pictures.clear()


def _read(key: str, *, now: datetime) -> Reading:
    reading = move_on(key, now=now) or _restored(key, now=now)
    return current_store().read(key, now=now) or reading


def _restored(key: str, *, now: datetime) -> Reading:
    """Teach a store that knows nothing of the room what the database knows."""
    store = current_store()
    room = Room.objects.filter(key=key).first() or _planned(key)
    serving = room.admissions.aggregate(highest=Max("number"))["highest"] or 0
    is_restored = store.restore(
        facts_of(room),
        reserved=room.numbers_reserved,
        serving=serving,
        issued=room.numbers_reserved,
        lots=room.lots.splitlines(),
        now=now,
    )
    if is_restored:
        Room.objects.filter(pk=room.pk).update(restores=F("restores") + 1)
    reading = store.read(key, now=now)
    if reading is None:
        raise StoreDown(room=key)
    return reading


def _planned(key: str) -> Room:
    """The room that a sale has, and that nobody has asked for yet."""
    sale = sale_behind(key)
    if sale is None:
        raise NotFound()
    try:
        with transaction.atomic():
            return Room.objects.create(**sale)
    except IntegrityError:
        # Somebody else asked at this very moment.
        return Room.objects.get(key=key)
