"""What staff see of a room."""

from datetime import datetime, timedelta

from django.conf import settings

from shop.room import places, services
from shop.room.models import Admission
from shop.room.stores import current_store

Row = tuple[str, str, str]


def figures(*, key: str, now: datetime) -> list[Row]:
    """What it is, how much, and what that goes by; a tile each.

    :raises NotFound: if there is no such room.
    :raises StoreDown: if the store does not answer.
    """
    reading = services.reading_of(key, now=now)
    seconds = services.MEASURED_SECONDS
    measured = current_store().measured(until=int(now.timestamp()), seconds=seconds)
    admissions = Admission.objects.filter(room__key=key)
    lately = admissions.filter(admitted_at__gt=now - timedelta(seconds=settings.ROOM_KEPT_SECONDS)).count()
    speed = places.pace(reading, now=now)
    cap = reading.facts.cap_per_minute
    answers = f"{measured.requests:,} answers in {seconds} seconds"
    return [
        ("Waiting", f"{places.place_outside(reading, now=now).waiting:,}", f"{reading.early:,} were here by the start"),
        ("Let in", f"{admissions.count():,}", f"of {reading.serving:,} whose number came up"),
        (
            "May still come in",
            f"{max(services.lately_called(reading, now=now) - lately, 0):,}",
            f"called in the last {settings.ROOM_KEPT_SECONDS} seconds",
        ),
        ("Inside", f"{reading.inside:,}", "passes that are not over"),
        ("Left", f"{reading.figures['left']:,}", "gave their place up"),
        ("Refused", f"{reading.figures['refused']:,}", "too many places from one address"),
        (
            "Rate",
            f"{reading.rate * 60:,.0f} a minute",
            "as fast as the shop can serve" if cap is None else f"capped at {cap:,} a minute",
        ),
        ("Pace", "none yet" if speed is None else f"{speed * 60:,.0f} a minute", "in the last minute"),
        (
            "Answer time",
            f"{measured.mean_seconds * 1000:,.0f} ms",
            answers if measured.requests else "nobody asked lately",
        ),
    ]
