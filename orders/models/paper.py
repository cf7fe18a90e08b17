"""Invoices, credit notes and their reversals: numbered without a gap, and frozen as they were issued."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from orders.models.order import Order
from orders.models.payment import Payment, Refund


class PaperKind(models.TextChoices):
    """What a paper is."""

    INVOICE = "INVOICE", _("Invoice")
    CREDIT_NOTE = "CREDIT_NOTE", _("Credit note")
    REVERSAL = "REVERSAL", _("Reversal")


class PaperCounter(models.Model):
    """The last number of a series (INV-2026). Its row is locked until the commit, so that a rollback leaves no gap."""

    series = models.CharField(max_length=16, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.series}-{self.last:06}"


class Paper(models.Model):
    """An invoice, a credit note for money that went back or pays an exchange, or its reversal, should it not have gone
    after all.

    `content` is all that it says, and never changes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(
        max_length=24, unique=True, help_text="INV-2026-000001, CN-2026-000001 or RV-2026-000001."
    )
    kind = models.CharField(max_length=12, choices=PaperKind)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="papers")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="+")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, blank=True, related_name="papers")
    turn = models.PositiveIntegerField(
        null=True, blank=True, help_text="How often the provider had failed the refund before it went through."
    )
    # What came back and pays for another order is credited, too: once for each share of the payment.
    share = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="credit_note")
    # One invoice for each order: its number here, NULL on a credit note.
    invoiced_order = models.OneToOneField(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    language = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    content = models.JSONField()
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            # One credit note and one reversal each time a refund goes through; NULLs of an invoice all differ.
            models.UniqueConstraint(fields=["refund", "kind", "turn"], name="paper_once_for_each_turn"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_invoice(self) -> bool:
        return self.kind == PaperKind.INVOICE

    @property
    def is_reversal(self) -> bool:
        return self.kind == PaperKind.REVERSAL
