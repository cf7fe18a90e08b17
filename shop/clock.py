"""How a moment is written for people: absolute, 24 hours, with its zone."""

from datetime import datetime

from django.utils import timezone


def clock_time(moment: datetime) -> str:
    """ "20:15 WIB" in the shop's zone."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M} {local.tzname()}"


def day_and_time(moment: datetime) -> str:
    """ "Fri 21 Aug 2026, 20:15 WIB" in the shop's zone."""
    local = timezone.localtime(moment)
    return f"{local:%a} {local.day} {local:%b %Y}, {clock_time(moment)}"
