"""The provider's clock."""

from celery import shared_task
from django.utils import timezone

from orders.sandbox import provider


@shared_task
def deliver_due_webhooks() -> None:
    """Post the webhooks that are due."""
    provider.deliver_due_webhooks(now=timezone.now())
