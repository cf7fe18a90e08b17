"""The sandbox provider's own books. The shop never reads them."""

from datetime import datetime
from typing import Self

from django.db import models
from uuid6 import uuid7


class SandboxPayment(models.Model):
    """What a merchant asked to be paid, as the provider sees it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    merchant_reference = models.CharField(max_length=64, unique=True)
    description = models.CharField(max_length=120)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    expires_at = models.DateTimeField()
    return_url = models.CharField(max_length=400)
    webhook_url = models.URLField(max_length=400)
    captured_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.description} {self.amount} {self.currency}"


class SandboxRefund(models.Model):
    """Money that the provider sent back. The merchant's key makes a repeat harmless."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=100, unique=True)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key} {self.amount} {self.currency}"


class SandboxWebhookQuerySet(models.QuerySet["SandboxWebhook"]):
    """Webhooks by what is still to be done."""

    def due(self, *, now: datetime) -> Self:
        """Not delivered, and due."""
        return self.filter(delivered_at=None, due_at__lte=now)

    def reported(self, *, now: datetime) -> Self:
        """Known to a merchant whose post arrives: due, or posted before, whenever the next try may be."""
        return self.filter(models.Q(due_at__lte=now) | models.Q(attempts__gt=0))


class SandboxWebhook(models.Model):
    """An event to be posted to the merchant until it is taken."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.PROTECT, related_name="webhooks")
    kind = models.CharField(max_length=32)
    event_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)

    objects = SandboxWebhookQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
