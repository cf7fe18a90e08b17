"""Money: attempts to pay an order, what the provider said, and what went back."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from orders.models.order import Order
from shop.states import StateMachine, Transition


class PaymentStatus(models.TextChoices):
    """Where an attempt stands. CAPTURED wins over whatever arrives after it."""

    PENDING = "PENDING", "Waiting for the provider"
    AUTHORISED = "AUTHORISED", "Authorised, not captured"
    CAPTURED = "CAPTURED", "Money received"
    DECLINED = "DECLINED", "Declined"
    EXPIRED = "EXPIRED", "Not paid in time"
    CANCELLED = "CANCELLED", "Cancelled"
    CHARGED_BACK = "CHARGED_BACK", "Charged back"


PAYMENT_STATES = StateMachine(
    name="Payment",
    start=PaymentStatus.PENDING,
    transitions=(
        Transition(PaymentStatus.PENDING, "captured", PaymentStatus.CAPTURED),
        Transition(PaymentStatus.PENDING, "declined", PaymentStatus.DECLINED),
        Transition(PaymentStatus.PENDING, "expired", PaymentStatus.EXPIRED),
        Transition(PaymentStatus.PENDING, "cancelled", PaymentStatus.CANCELLED),
        Transition(PaymentStatus.DECLINED, "captured", PaymentStatus.CAPTURED),
        Transition(PaymentStatus.EXPIRED, "captured", PaymentStatus.CAPTURED),
        Transition(PaymentStatus.CANCELLED, "captured", PaymentStatus.CAPTURED),
    ),
)


# Money came, even if the bank has taken it back since.
BROUGHT_MONEY = (PaymentStatus.CAPTURED, PaymentStatus.CHARGED_BACK)

# Whatever a provider still has to say of an attempt it says within this time.
ASKED_ABOUT_FOR = timedelta(days=3)


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Attempts by whether their provider may still report something."""

    def end_pending(self, event: str) -> int:
        """Let those still PENDING take this step; returns their number."""
        target = PAYMENT_STATES.target(PaymentStatus.PENDING, event)
        return self.filter(status=PaymentStatus.PENDING).update(status=target)

    def silent(self, *, now: datetime, since: timedelta) -> Self:
        """Without money for this long, not asked about for this long, and young enough to be asked about.

        Declined and ended attempts are among them: a provider may still take money for them.
        """
        return self.filter(
            Q(asked_at=None) | Q(asked_at__lte=now - since),
            status__in=[status for status in PaymentStatus if status not in BROUGHT_MONEY],
            created_at__lte=now - since,
            created_at__gt=now - ASKED_ABOUT_FOR,
        )


class Payment(models.Model):
    """One attempt to pay an order at one provider."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    gateway = models.CharField(max_length=32)
    status = models.CharField(max_length=12, choices=PaymentStatus, default=PaymentStatus.PENDING)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    session_reference = models.CharField(
        max_length=120, blank=True, help_text="The provider's name for the page on which it is paid."
    )
    session_closed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the provider was told that nobody may pay there any more."
    )
    provider_reference = models.CharField(max_length=120, blank=True)
    redirect_url = models.TextField(blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the shop last asked the provider about it.")

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_amount_positive")]
        # The silent ones are of the last days. An index on the status would tempt InnoDB to lock its way along it.
        indexes = [models.Index(fields=["created_at"], name="payment_created")]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    def take(self, event: str) -> None:
        """Take this step of PAYMENT_STATES, in memory. :raises NoSuchTransition: if there is none from here."""
        self.status = PAYMENT_STATES.target(self.status, event)

    @property
    def is_pending(self) -> bool:
        return self.status == PaymentStatus.PENDING

    @property
    def is_captured(self) -> bool:
        return self.status == PaymentStatus.CAPTURED

    @property
    def is_declined(self) -> bool:
        return self.status == PaymentStatus.DECLINED


class PaymentEvent(models.Model):
    """One message of a provider, kept as it came. Its id makes a repeated delivery harmless."""

    gateway = models.CharField(max_length=32)
    event_id = models.CharField(max_length=120)
    # MariaDB compares text without regard to case and accents; two events of a provider may differ in nothing else.
    event_key = models.CharField(max_length=64, editable=False, help_text="SHA-256 of provider and event id.")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=32)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payload = models.JSONField(default=dict)
    outcome = models.CharField(max_length=200, blank=True, help_text="What the shop made of it.")
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_key"], name="paymentevent_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.event_key = self.key_of(gateway=self.gateway, event_id=self.event_id)
        super().save(*args, **kwargs)

    @staticmethod
    def key_of(*, gateway: str, event_id: str) -> str:
        """What tells this event from every other one, to the letter."""
        return hashlib.sha256(f"{gateway}\n{event_id}".encode()).hexdigest()


class RefundStatus(models.TextChoices):
    """Where a refund stands."""

    PENDING = "PENDING", "On its way"
    SUCCEEDED = "SUCCEEDED", "Finished"
    FAILED = "FAILED", "Needs a person"


REFUND_STATES = StateMachine(
    name="Refund",
    start=RefundStatus.PENDING,
    transitions=(
        Transition(RefundStatus.PENDING, "went through", RefundStatus.SUCCEEDED),
        Transition(RefundStatus.PENDING, "failed too often", RefundStatus.FAILED),
        Transition(RefundStatus.FAILED, "tried again by staff", RefundStatus.PENDING),
        Transition(RefundStatus.FAILED, "went through", RefundStatus.SUCCEEDED),
    ),
)


class RefundQuerySet(models.QuerySet["Refund"]):
    """Refunds by what is still to be done."""

    def due(self, *, now: datetime) -> Self:
        """To be asked of the provider now."""
        return self.filter(status=RefundStatus.PENDING, next_attempt_at__lte=now)


class Refund(models.Model):
    """Money on its way back. Its id is the idempotency key at the provider."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=RefundStatus, default=RefundStatus.PENDING)
    provider_reference = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive")]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    def take(self, event: str) -> None:
        """Take this step of REFUND_STATES, in memory. :raises NoSuchTransition: if there is none from here."""
        self.status = REFUND_STATES.target(self.status, event)

    @property
    def is_finished(self) -> bool:
        return self.status == RefundStatus.SUCCEEDED

    @property
    def is_pending(self) -> bool:
        return self.status == RefundStatus.PENDING

    @property
    def needs_a_person(self) -> bool:
        return self.status == RefundStatus.FAILED
