"""Money: attempts to pay an order, what the provider said, and what went back."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid5

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from uuid6 import uuid7

from orders.models.attempt import (
    BROUGHT_MONEY,
    OPEN_ATTEMPT,
    PAYMENT_STATES,
    REFUND_STATES,
    PaymentStatus,
    RefundStatus,
)
from orders.models.order import Order, OrderStatus

# Whatever a provider still has to say of an attempt it says within this time.
ASKED_ABOUT_FOR = timedelta(days=3)
# So long after money came its provider is first asked what became of it; each pause is twice the one before.
FIRST_CHECK = timedelta(days=1)
# Whoever claims such a question has this long for it; if it fails, it is asked again then.
CHECK_LEASE = timedelta(hours=1)


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Attempts by whether their provider may still report something."""

    def open(self) -> Self:
        """Those that may still be paid: waiting for the provider, or authorised and not captured."""
        return self.filter(status__in=OPEN_ATTEMPT)

    def captured(self) -> Self:
        """Those whose money is here."""
        return self.filter(status=PaymentStatus.CAPTURED)

    def with_bank(self) -> Self:
        """Those that bought their order and of which the bank has something at this moment, all of it or a part."""
        return self.filter(Q(status=PaymentStatus.CHARGED_BACK) | Q(taken_minor__gt=0), is_kept=True)

    def end_pending(self, event: str) -> int:
        """Let those that are still open take this step; returns their number."""
        return self.open().update(status=PAYMENT_STATES.target(PaymentStatus.PENDING, event))

    def to_close(self, *, now: datetime) -> Self:
        """Over for the shop, while somebody could still pay on the provider's page.

        A declined one stays open as long as its shopper may try again there and has begun no other.
        """
        later = Payment.objects.filter(order=OuterRef("order"), created_at__gt=OuterRef("created_at"))
        is_given_up = ~Q(order__status=OrderStatus.AWAITING_PAYMENT) | Exists(later)
        ended = Q(status__in=[PaymentStatus.EXPIRED, PaymentStatus.CANCELLED])
        return self.filter(
            ended | (Q(status=PaymentStatus.DECLINED) & is_given_up),
            Q(next_close_at=None) | Q(next_close_at__lte=now),
            session_closed_at=None,
            created_at__gt=now - ASKED_ABOUT_FOR,
        ).exclude(session_reference="")

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

    def to_check(self, *, now: datetime) -> Self:
        """With money, and due to be asked about: the bank may have taken it, or a refund may have ended otherwise."""
        return self.filter(check_at__lte=now, created_at__gt=now - settings.DISPUTE_WINDOW - ASKED_ABOUT_FOR)


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
    close_attempts = models.PositiveIntegerField(default=0)
    next_close_at = models.DateTimeField(null=True, blank=True, help_text="Not before then is it tried again.")
    provider_reference = models.CharField(max_length=120, blank=True)
    redirect_url = models.TextField(blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True, blank=True)
    captured_minor = models.BigIntegerField(
        default=0, help_text="What really came, in minor units of the currency in which it came."
    )
    captured_currency = models.CharField(max_length=3, blank=True)
    is_kept = models.BooleanField(
        default=False, help_text="Whether its money bought the order. Other money goes back by a refund of its own."
    )
    taken_minor = models.BigIntegerField(default=0, help_text="What the bank has taken back of it, in minor units.")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the shop last asked the provider about it.")
    # At the provider there is one charge, under the name of the first: what goes back of a share goes back of that.
    moved_from = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="shares",
        help_text="The payment of which this is a part: it pays an order that replaces what came back.",
    )
    check_at = models.DateTimeField(
        null=True, blank=True, help_text="When the shop asks next what became of money that came. Empty: no more."
    )

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_amount_positive")]
        # The silent ones are of the last days. An index on the status would tempt InnoDB to lock its way along it.
        indexes = [
            models.Index(fields=["created_at"], name="payment_created"),
            models.Index(fields=["check_at"], name="payment_check"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    def take(self, event: str) -> None:
        """Take this step of PAYMENT_STATES, in memory. :raises NoSuchTransition: if there is none from here."""
        self.status = PAYMENT_STATES.target(self.status, event)

    def next_check(self, *, now: datetime) -> datetime | None:
        """When to ask after this moment what became of its money: after a day, and then after twice as long each time.

        The last time is the end of the dispute window; None after it.
        """
        end = self.created_at + settings.DISPUTE_WINDOW
        return min(now + max(FIRST_CHECK, now - self.created_at), end) if now < end else None

    @property
    def is_pending(self) -> bool:
        return self.status == PaymentStatus.PENDING

    @property
    def is_open(self) -> bool:
        """Whether it may still be paid: nothing came, and the provider has not given it up."""
        return self.status in OPEN_ATTEMPT

    @property
    def is_captured(self) -> bool:
        return self.status == PaymentStatus.CAPTURED

    @property
    def came_differently(self) -> bool:
        """Whether something else came than was asked for."""
        return (self.captured_minor, self.captured_currency) != (self.amount_minor, self.currency)

    @property
    def is_charged_back(self) -> bool:
        return self.status == PaymentStatus.CHARGED_BACK

    @property
    def is_share(self) -> bool:
        """Whether it is a part of an earlier order's payment."""
        return self.moved_from_id is not None


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


class StrayEvent(models.Model):
    """A signed message of a provider about no payment of this shop: another system uses the same account.

    It is answered with success, so that the provider does not go on posting it, and kept for whoever wonders.
    """

    gateway = models.CharField(max_length=32)
    event_id = models.CharField(max_length=120)
    event_key = models.CharField(max_length=64, unique=True, editable=False, help_text="As of a payment's event.")
    kind = models.CharField(max_length=32)
    provider_reference = models.CharField(max_length=120)
    payload = models.JSONField(default=dict)
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class RefundQuerySet(models.QuerySet["Refund"]):
    """Refunds by what is still to be done."""

    def due(self, *, now: datetime) -> Self:
        """To be asked of the provider now."""
        return self.filter(status=RefundStatus.PENDING, next_attempt_at__lte=now)

    def maybe_gone(self) -> Self:
        """All but those that surely did not leave: failed, and never asked for under the key that they have now.

        Of one that was given up for want of an answer nobody knows.
        """
        return self.exclude(status=RefundStatus.FAILED, attempts=0)


class Refund(models.Model):
    """Money on its way back. `key` is the idempotency key at the provider."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=RefundStatus, default=RefundStatus.PENDING)
    provider_reference = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    old_references = models.JSONField(
        default=list, blank=True, help_text="The provider's names for tries of it that failed."
    )
    failures = models.PositiveIntegerField(
        default=0, help_text="How often the provider took it and failed it after all."
    )
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive")]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    @property
    def key(self) -> UUID:
        """The idempotency key: the same for every try, and a new one once the provider has failed it for good.

        A provider answers a key that it knows with what became of it, so the old one would fail for ever.
        """
        return self._key_after(self.failures)

    def knows_key(self, key: str) -> bool:
        """Whether it was ever asked for under this key."""
        return key in [str(self._key_after(failures)) for failures in range(self.failures + 1)]

    def _key_after(self, failures: int) -> UUID:
        return uuid5(self.pk, str(failures)) if failures else self.pk

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
    def is_surely_here(self) -> bool:
        """Whether its money did not leave: it failed, and was never asked for under the key that it has now."""
        return self.status == RefundStatus.FAILED and not self.attempts

    @property
    def needs_a_person(self) -> bool:
        return self.status == RefundStatus.FAILED
