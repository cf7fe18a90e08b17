"""The sandbox provider's own books. The shop never reads them."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from uuid6 import uuid7


class SandboxPayment(models.Model):
    """What a merchant asked to be paid, and what was taken for it, as the provider sees it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    merchant_reference = models.CharField(max_length=64, unique=True)
    description = models.CharField(max_length=120)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    expires_at = models.DateTimeField()
    return_url = models.CharField(max_length=400)
    webhook_url = models.URLField(max_length=400)
    captured_at = models.DateTimeField(null=True, blank=True)
    captured_amount = models.BigIntegerField(default=0, help_text="What was taken; it may differ from what was asked.")
    captured_currency = models.CharField(max_length=3, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    charged_back_at = models.DateTimeField(null=True, blank=True, help_text="When the bank takes the money back.")
    chargeback_won_at = models.DateTimeField(null=True, blank=True, help_text="When the bank returns it after all.")
    calls = models.PositiveIntegerField(default=0, help_text="How often the merchant has asked about it.")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.description} {self.amount} {self.currency}"

    def is_charged_back(self, *, now: datetime) -> bool:
        """Whether the money is gone to the shopper's bank at this moment."""
        is_gone = self.charged_back_at is not None and self.charged_back_at <= now
        return is_gone and not (self.chargeback_won_at is not None and self.chargeback_won_at <= now)


class RefundState(models.TextChoices):
    """Where a refund stands, in the words of the provider's API."""

    OPEN = "open"
    """The bank has not answered: nothing has moved, and the same key may be tried again."""
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class SandboxRefund(models.Model):
    """Money that the provider was asked to send back. The merchant's key makes a repeat harmless."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=100, unique=True)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    tries = models.PositiveIntegerField(default=1, help_text="How often the merchant has asked for it.")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True, help_text="When it goes through.")
    refused_at = models.DateTimeField(null=True, blank=True, help_text="When the shopper's bank refused it for good.")

    def __str__(self) -> str:
        return f"{self.key} {self.amount} {self.currency}"

    def state(self, *, now: datetime) -> RefundState:
        """Where it stands at this moment."""
        if self.refused_at is not None:
            return RefundState.FAILED
        if self.finished_at is None:
            return RefundState.OPEN
        return RefundState.SUCCEEDED if self.finished_at <= now else RefundState.PENDING


class SandboxWebhookQuerySet(models.QuerySet["SandboxWebhook"]):
    """Webhooks by what is still to be done."""

    def waiting(self) -> Self:
        """Not delivered, and not lost."""
        return self.filter(delivered_at=None, is_lost=False)

    def due(self, *, now: datetime) -> Self:
        """Waiting, and due."""
        return self.waiting().filter(due_at__lte=now)

    def reported(self, *, now: datetime) -> Self:
        """Known to a merchant whose post arrives: due, or posted before, whenever the next try may be."""
        return self.filter(Q(due_at__lte=now) | Q(attempts__gt=0))


class SandboxWebhook(models.Model):
    """An event to be posted to the merchant until it is taken."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(SandboxPayment, on_delete=models.PROTECT, related_name="webhooks")
    refund = models.ForeignKey(SandboxRefund, null=True, blank=True, on_delete=models.PROTECT, related_name="webhooks")
    kind = models.CharField(max_length=32)
    event_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    is_lost = models.BooleanField(default=False, help_text="It is never posted.")
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)

    objects = SandboxWebhookQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class SandboxFault(models.Model):
    """Something that went wrong on purpose."""

    kind = models.CharField(max_length=16)
    subject = models.CharField(max_length=120)
    happened_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
