"""What the clock does to stock."""

from celery import shared_task
from django.utils import timezone

from inventory import services

BATCHES = 100


@shared_task
def expire_due_reservations() -> None:
    """End the reservations that are past their time, in small batches, until none is left for this tick."""
    for _ in range(BATCHES):
        if services.expire_due(now=timezone.now()).total == 0:
            return


@shared_task
def hand_on_waiting() -> None:
    """Offer what is free and waited for, wherever that was not done when it became free."""
    for _ in range(BATCHES):
        if services.hand_on_waiting(now=timezone.now()) == 0:
            return
