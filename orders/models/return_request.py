"""Returns: what a customer wants to send back, what came in, and what became of it: money, or another order."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from orders.models.order import Order, OrderLine
from orders.models.payment import Refund
from shop.states import StateMachine, Transition


class ReturnStatus(models.TextChoices):
    """Where a return stands."""

    REQUESTED = "REQUESTED", _("Asked for")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")
    REJECTED = "REJECTED", _("Refused")
    APPROVED = "APPROVED", _("Approved")
    RECEIVED = "RECEIVED", _("Received")
    REFUNDED = "REFUNDED", _("Refunded")
    EXCHANGED = "EXCHANGED", _("Exchanged")


RETURN_STATES = StateMachine(
    name="Return",
    start=ReturnStatus.REQUESTED,
    transitions=(
        Transition(ReturnStatus.REQUESTED, "withdrawn", ReturnStatus.WITHDRAWN),
        Transition(ReturnStatus.REQUESTED, "refused", ReturnStatus.REJECTED),
        Transition(ReturnStatus.REQUESTED, "approved", ReturnStatus.APPROVED),
        Transition(ReturnStatus.APPROVED, "never came", ReturnStatus.WITHDRAWN),
        Transition(ReturnStatus.APPROVED, "received", ReturnStatus.RECEIVED),
        Transition(ReturnStatus.APPROVED, "received, exchange chosen before", ReturnStatus.EXCHANGED),
        Transition(ReturnStatus.RECEIVED, "refunded", ReturnStatus.REFUNDED),
        Transition(ReturnStatus.RECEIVED, "exchanged", ReturnStatus.EXCHANGED),
    ),
)
# Its units are spoken for: nobody can ask for their return once more.
OPEN_RETURN = (ReturnStatus.REQUESTED, ReturnStatus.APPROVED)


class ReturnReason(models.TextChoices):
    """Why it goes back."""

    UNWANTED = "UNWANTED", _("I changed my mind")
    DOES_NOT_FIT = "DOES_NOT_FIT", _("It does not fit")
    DAMAGED = "DAMAGED", _("It arrived damaged")
    FAULTY = "FAULTY", _("It does not work")
    WRONG_ITEM = "WRONG_ITEM", _("It is not what I ordered")
    OTHER = "OTHER", _("Something else")


class ReturnRequest(models.Model):
    """One parcel that goes back, or should."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="returns")
    number = models.PositiveIntegerField(help_text="Within the order: return 1, return 2.")
    status = models.CharField(max_length=10, choices=ReturnStatus, default=ReturnStatus.REQUESTED)
    reason = models.CharField(max_length=16, choices=ReturnReason)
    note = models.CharField(max_length=500, blank=True, help_text="What the customer wrote.")
    answer = models.CharField(max_length=300, blank=True, help_text="What staff answered; the customer reads it.")
    refund = models.OneToOneField(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="return_request"
    )
    replacement = models.OneToOneField(
        Order,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replaces",
        help_text="The order that the customer gets instead of the money.",
    )
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="returnrequest_number_once_in_order")]

    def __str__(self) -> str:
        return f"Return {self.number}"

    def take(self, event: str) -> None:
        """Take this step of RETURN_STATES, in memory. :raises NoSuchTransition: if there is none from here."""
        self.status = RETURN_STATES.target(self.status, event)

    @property
    def is_requested(self) -> bool:
        return self.status == ReturnStatus.REQUESTED

    @property
    def is_approved(self) -> bool:
        return self.status == ReturnStatus.APPROVED

    @property
    def is_rejected(self) -> bool:
        return self.status == ReturnStatus.REJECTED

    @property
    def is_withdrawn(self) -> bool:
        return self.status == ReturnStatus.WITHDRAWN

    @property
    def is_received(self) -> bool:
        return self.status == ReturnStatus.RECEIVED

    @property
    def is_refunded(self) -> bool:
        return self.status == ReturnStatus.REFUNDED

    @property
    def is_exchanged(self) -> bool:
        """Whether it is here, and paid for another order."""
        return self.status == ReturnStatus.EXCHANGED

    @property
    def is_awaited(self) -> bool:
        """Whether the order that it pays for waits until it is here."""
        return self.replacement_id is not None and self.is_approved

    @property
    def can_be_exchanged(self) -> bool:
        """Whether other units may be chosen for it: approved or here, and neither paid back nor exchanged."""
        return self.replacement_id is None and (self.is_approved or self.is_received)


class ReturnLine(models.Model):
    """So many units of one order line that go back, and what became of them on receipt."""

    return_request = models.ForeignKey(ReturnRequest, on_delete=models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="return_lines")
    quantity = models.PositiveIntegerField()
    restocked = models.PositiveIntegerField(default=0, help_text="Units that came in and are on sale again.")
    written_off = models.PositiveIntegerField(default=0, help_text="Units that came in and cannot be sold.")
    remark = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["return_request", "order_line"], name="returnline_one_per_order_line"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, quantity__gte=F("restocked") + F("written_off")),
                name="returnline_ends_within_quantity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.order_line_id}"

    @property
    def came(self) -> int:
        """Units that really came in."""
        return self.restocked + self.written_off
