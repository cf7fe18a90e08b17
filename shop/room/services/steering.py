"""What staff and sales do with a room: plan it, stop it, cap it, end it."""

from datetime import datetime
from functools import partial

from django.db import transaction

from shop.errors import NotFound
from shop.room.errors import RoomClosed
from shop.room.models import Room
from shop.room.queries import facts_of
from shop.room.services.reading import forget_pictures
from shop.room.stores import current_store
from shop.room.stores.base import Facts
from shop.transactions import transactional


@transactional
def plan_room(
    *, key: str, name: str, address: str, opens_at: datetime, ends_at: datetime | None, now: datetime
) -> Room:
    """A room in front of the sale `key`. Asked again it takes the new times, unless lots were drawn already."""
    room = Room.objects.select_for_update().filter(key=key).first() or Room(key=key, opens_at=opens_at)
    room.name, room.address, room.ends_at = name[:120], address, ends_at
    if room.drawn_at is None:
        room.opens_at = opens_at
    room.save()
    _tell_store(room)
    return room


@transactional
def steer_room(*, key: str, is_stopped: bool, cap_per_minute: int | None, now: datetime) -> Room:
    """Stop letting people in or go on, and cap the rate. Everybody keeps their place. The same twice changes nothing.

    :raises NotFound: if there is no such room.
    :raises RoomClosed: if it is over.
    """
    room = _locked_room(key)
    if room.ended_at is not None:
        raise RoomClosed(room=key)
    room.is_stopped, room.cap_per_minute = is_stopped, cap_per_minute
    room.save(update_fields=["is_stopped", "cap_per_minute"])
    _tell_store(room)
    return room


@transactional
def end_room(*, key: str, now: datetime) -> Room:
    """Nobody is let in any more. A second end changes nothing.

    :raises NotFound: if there is no such room.
    """
    room = _locked_room(key)
    if room.ended_at is None:
        room.ended_at = now
        room.save(update_fields=["ended_at"])
        _tell_store(room)
    return room


def _locked_room(key: str) -> Room:
    room = Room.objects.select_for_update().filter(key=key).first()
    if room is None:
        raise NotFound()
    return room


def _tell_store(room: Room) -> None:
    """After the commit: nobody may read a picture of what was rolled back."""
    transaction.on_commit(partial(_keep, facts_of(room)))


def _keep(facts: Facts) -> None:
    current_store().keep(facts)
    forget_pictures()
