"""What rooms stand in front of: drops that have one. The only place where the two know of each other."""

from typing import Any

from django.urls import reverse

from shop.models import Drop

PREFIX = "drop-"


def key_of(drop: Drop) -> str:
    """The name by which the room of this drop is known."""
    return f"{PREFIX}{drop.slug}"


def room_of(drop: Drop) -> dict[str, Any]:
    """What `plan_room` wants to know of this drop."""
    return {
        "key": key_of(drop),
        "name": drop.name,
        "address": reverse("shop:drop", args=[drop.slug]),
        "opens_at": drop.starts_at,
        "ends_at": drop.ends_at,
    }


def sale_behind(key: str) -> dict[str, Any] | None:
    """What `plan_room` wants to know of the sale with this key, if there is one and it has a room. One query."""
    if not key.startswith(PREFIX):
        return None
    drop = Drop.objects.published().filter(slug=key.removeprefix(PREFIX), has_room=True).first()
    return None if drop is None else room_of(drop)
