"""The waiting room in front of a drop: who may hold its things."""

from datetime import datetime

from orders.models import Cart
from shop.drops import Access
from shop.models import Drop
from shop.room import services as room
from shop.room.sales import key_of, room_of


def refuse_without_pass(drop: Drop, *, cart: Cart, access: Access, now: datetime) -> None:
    """Refuse to hold things of a drop that has a room, unless this cart may: by its pass. Looking is free.

    Who comes early by invitation, before the room lets people in, needs none.

    :raises RoomPassNeeded, RoomPassOver, RoomPassElsewhere:
    """
    if drop.has_room and drop.has_started(now=now):
        room.use_pass(key=key_of(drop), tokens=access.passes, user_id=cart.user_id, cart_id=cart.pk, now=now)


def tell_room(drop: Drop, *, now: datetime) -> None:
    """Let the room of a drop have its name and times, if it has one: with every change of them."""
    if drop.has_room and drop.is_published:
        room.plan_room(**room_of(drop), now=now)
