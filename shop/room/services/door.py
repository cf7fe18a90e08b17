"""The door: who is called comes in with a pass, and the first cart that uses it is the only one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from shop.room.errors import (
    RoomClosed,
    RoomNotYourTurn,
    RoomPassElsewhere,
    RoomPassNeeded,
    RoomPassOver,
    RoomTicketNeeded,
    RoomTurnMissed,
)
from shop.room.models import Admission, Room
from shop.room.places import Place, Standing
from shop.room.services.reading import reading_of
from shop.room.services.waiting import look
from shop.room.stores import current_store
from shop.room.stores.base import Facts
from shop.room.tokens import Pass, Ticket, read_pass
from shop.transactions import TryAgain, transactional


def come_in(*, key: str, token: str | None, user_id: UUID | None, now: datetime) -> Pass:
    """The pass of whoever's number is up. Asked again, the same pass, as long as it lasts.

    :raises RoomTicketNeeded: if there is no ticket of ours in the token.
    :raises RoomNotYourTurn: if the number has not come up.
    :raises RoomTurnMissed: if the place was kept long enough.
    :raises RoomPassElsewhere: if the ticket is a member's, and this is not the member.
    :raises RoomPassOver: if it was used, and the time inside is over.
    """
    ticket, place = look(key=key, token=token, now=now)
    reading = reading_of(key, now=now)
    facts = _where(reading.facts)
    if ticket is None:
        raise RoomTicketNeeded(**facts)
    if ticket.member and ticket.member != str(user_id or ""):
        raise RoomPassElsewhere(**facts)
    known = Admission.objects.filter(ticket=ticket.id).first()
    if known is None:
        _refuse_unless_turn(place, facts=facts)
        known = _admit(ticket, user_id=user_id, now=now)
        current_store().come_in(key, ticket.id, until=known.expires_at)
    if known.user_id is not None and known.user_id != user_id:
        raise RoomPassElsewhere(**facts)
    if known.expires_at <= now:
        raise RoomPassOver(**facts)
    return Pass(room=key, ticket=ticket.id, expires_at=known.expires_at)


def use_pass(*, key: str, tokens: Sequence[str], user_id: UUID | None, cart_id: UUID, now: datetime) -> None:
    """Let this cart hold things of the sale. The first cart that uses a pass is the only one. Inside a transaction.

    :raises RoomPassNeeded: if none of the tokens is a pass of ours for this room.
    :raises RoomPassOver: if its time is over.
    :raises RoomPassElsewhere: if it is another cart's, or another member's.
    """
    given = next(filter(None, (read_pass(token, room=key) for token in tokens)), None)
    where = _where(reading_of(key, now=now).facts)
    if given is None:
        raise RoomPassNeeded(**where)
    if given.expires_at <= now:
        raise RoomPassOver(**where)
    mine = Admission.objects.filter(ticket=given.ticket).of_cart(cart_id).of_member(user_id)
    if not mine.update(cart_id=cart_id):
        raise RoomPassElsewhere(**where)


def move_passes(*, from_cart_id: UUID, to_cart_id: UUID) -> None:
    """A cart became part of another: its passes go along."""
    Admission.objects.filter(cart_id=from_cart_id).update(cart_id=to_cart_id)


def _refuse_unless_turn(place: Place, *, facts: dict[str, str]) -> None:
    if place.standing is Standing.OVER:
        raise RoomClosed(room=facts["room"])
    if place.standing is Standing.MISSED:
        raise RoomTurnMissed(kept_until=place.kept_until, **facts)
    if place.standing is not Standing.TURN:
        raise RoomNotYourTurn(before=place.before, retry_after=place.ask_again_seconds, **facts)


@transactional
def _admit(ticket: Ticket, *, user_id: UUID | None, now: datetime) -> Admission:
    """Write the admission: one for a ticket, whoever asks how often."""
    known = Admission.objects.filter(ticket=ticket.id).first()
    if known is not None:
        return known
    room = Room.objects.only("pk").get(key=ticket.room)
    until = now + timedelta(minutes=settings.ROOM_PASS_MINUTES)
    try:
        return Admission.objects.create(
            room=room, ticket=ticket.id, number=ticket.number, user_id=user_id, admitted_at=now, expires_at=until
        )
    except IntegrityError as error:
        raise TryAgain from error


def _where(facts: Facts) -> dict[str, str]:
    """Where to wait, for the words of a refusal."""
    return {
        "room": facts.key,
        "name": facts.name,
        "queue_at": f"/rooms/{facts.key}/",
        "api_queue_at": f"/api/v1/rooms/{facts.key}/place",
    }
