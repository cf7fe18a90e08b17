"""What somebody in front of the door does: take a place, look where one stands, leave."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from django.conf import settings

from shop.room import places
from shop.room.draw import lot_of
from shop.room.errors import RoomAddressFull, RoomClosed, RoomNotOpen
from shop.room.models import Room
from shop.room.places import Place, Standing
from shop.room.services.reading import reading_of
from shop.room.services.step import BLOCK
from shop.room.stores import current_store
from shop.room.stores.base import Reading
from shop.room.tokens import Ticket, new_ticket_id, read_ticket
from shop.transactions import transactional


def take_place(*, key: str, address: str, member: str, intent: str, now: datetime) -> tuple[Ticket, Place]:
    """A place: a lot before the opening, the end of the line after it.

    `intent` is what a client that may repeat itself calls this wish; the same intent gets the same place. Empty: each
    call is a wish of its own.

    :raises RoomNotOpen: if it is too early to wait.
    :raises RoomClosed: if the sale is over.
    :raises RoomAddressFull: if this address has as many places as one may.
    """
    reading = reading_of(key, now=now)
    outside = places.place_outside(reading, now=now)
    if outside.standing is Standing.OVER:
        raise RoomClosed(room=key)
    if outside.standing is Standing.SHUT:
        raise RoomNotOpen(room=key, doors_at=reading.facts.doors_at)
    ticket_id = _ticket_id_of(key, member=member, intent=intent) if intent else new_ticket_id()
    store, limit = current_store(), settings.ROOM_PLACES_PER_ADDRESS
    if limit and not store.take_seat(key, address, ticket_id, limit=limit):
        store.count(key, "refused")
        raise RoomAddressFull(room=key, limit=limit)
    ticket = Ticket(room=key, id=ticket_id, joined_at=now, member=member)
    if now < reading.facts.opens_at:
        store.put_lot(key, lot_of(ticket_id, secret=reading.facts.secret))
    ticket = _numbered(ticket, reading)
    return ticket, places.place_of(ticket, reading, now=now)


def look(*, key: str, token: str | None, now: datetime) -> tuple[Ticket | None, Place]:
    """What the ticket in the token is worth now, with its number as soon as it has one. Costs no SQL.

    A ticket that the store has lost is put back into its place.
    """
    reading = reading_of(key, now=now)
    ticket = read_ticket(token, room=key)
    if ticket is None:
        return None, places.place_outside(reading, now=now)
    if not reading.is_drawn and _is_early(ticket, reading) and ticket.joined_at < reading.restored_at:
        current_store().put_lot(key, lot_of(ticket.id, secret=reading.facts.secret))
    ticket = _numbered(ticket, reading)
    return ticket, places.place_of(ticket, reading, now=now)


def leave(*, key: str, token: str | None, now: datetime) -> None:
    """Give the place up, or the sale behind. Whoever has none leaves nothing, and a second time neither."""
    reading = reading_of(key, now=now)
    ticket = read_ticket(token, room=key)
    if ticket is None:
        return
    ticket, store = _numbered(ticket, reading), current_store()
    if ticket.number > reading.serving and ticket.number not in reading.left:
        store.leave(key, ticket.number)
        store.count(key, "left")
    store.go_out(key, ticket.id)


def _numbered(ticket: Ticket, reading: Reading) -> Ticket:
    """The ticket with its number, if lots are drawn."""
    if ticket.number or not reading.is_drawn:
        return ticket
    store, key = current_store(), reading.facts.key
    if _is_early(ticket, reading):
        # Also for a lot that is not in the box: whoever was here by the opening stands where the lot says.
        return replace(ticket, number=store.lots_before(key, lot_of(ticket.id, secret=reading.facts.secret)) + 1)
    number = store.number_for(key, ticket.id)
    while number is None:
        store.allow(key, reserved=_reserve_numbers(key=key, beyond=reading.issued))
        number = store.number_for(key, ticket.id)
    return replace(ticket, number=number)


@transactional
def _reserve_numbers(*, key: str, beyond: int) -> int:
    """Write down that the next block is given away, before it is."""
    room = Room.objects.select_for_update().get(key=key)
    room.numbers_reserved = max(room.numbers_reserved, beyond) + BLOCK
    room.save(update_fields=["numbers_reserved"])
    return room.numbers_reserved


def _is_early(ticket: Ticket, reading: Reading) -> bool:
    return ticket.joined_at < reading.facts.opens_at


def _ticket_id_of(key: str, *, member: str, intent: str) -> str:
    return sha256(f"{settings.SECRET_KEY}:{key}:{member}:{intent}".encode()).hexdigest()[:22]
