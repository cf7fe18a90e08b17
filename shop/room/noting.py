"""A refusal of fair play at any door: told to the shopper, and written down for staff."""

from typing import Any

from django.utils import timezone

from shop.callers import address_of
from shop.room import services
from shop.room.errors import LimitRefusal


def note_refusal(request: Any, error: Exception) -> None:
    """Write a limit down, with the account or else the internet address; anything else is no matter of this record."""
    if isinstance(error, LimitRefusal):
        user = getattr(request, "user", None)
        who = user.email if user is not None and user.is_authenticated else address_of(request)
        services.note_limit(error, who=who, now=timezone.now())
