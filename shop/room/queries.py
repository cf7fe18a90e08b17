"""What the row of a room says, for those who keep a copy of it."""

from shop.room.models import Room
from shop.room.stores.base import Facts


def facts_of(room: Room) -> Facts:
    """What a store keeps of the row."""
    return Facts(
        key=room.key,
        name=room.name,
        address=room.address,
        opens_at=room.opens_at,
        doors_at=room.doors_at,
        ends_at=room.ends_at,
        ended_at=room.ended_at,
        is_stopped=room.is_stopped,
        cap_per_minute=room.cap_per_minute,
        secret=room.secret,
    )
