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
