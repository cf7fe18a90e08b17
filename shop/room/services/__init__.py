"""The verbs of the waiting room."""

from shop.room.services.door import come_in, move_passes, use_pass
from shop.room.services.limits import forget_counts, note_limit
from shop.room.services.reading import forget_pictures, reading_of
from shop.room.services.steering import end_room, plan_room, steer_room
from shop.room.services.step import MEASURED_SECONDS, lately_called, move_on
from shop.room.services.waiting import leave, look, take_place

__all__ = [
    "MEASURED_SECONDS",
    "come_in",
    "end_room",
    "forget_counts",
    "forget_pictures",
    "lately_called",
    "leave",
    "look",
    "move_on",
    "move_passes",
    "note_limit",
    "plan_room",
    "reading_of",
    "steer_room",
    "take_place",
    "use_pass",
]
