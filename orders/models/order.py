"""The order: what was bought, at frozen prices, and what happened to it."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid6 import uuid7

from orders.models.shipping import ShippingMethod
from shop.models import DropItem, Variant
from shop.states import StateMachine, Transition


class OrderStatus(models.TextChoices):
    """Where an order stands."""

    AWAITING_PAYMENT = "AWAITING_PAYMENT", _("Waiting for payment")
    PAID = "PAID", _("Paid")
    BACKORDERED = "BACKORDERED", _("Paid, on back-order")
    PARTLY_FULFILLED = "PARTLY_FULFILLED", _("Partly sent")
    FULFILLED = "FULFILLED", _("Sent")
    CANCELLED = "CANCELLED", _("Cancelled")
    EXPIRED = "EXPIRED", _("Not paid in time")
    REFUNDED = "REFUNDED", _("Refunded")


ORDER_STATES = StateMachine(
    name="Order",
    start=OrderStatus.AWAITING_PAYMENT,
    transitions=(
        Transition(OrderStatus.AWAITING_PAYMENT, "paid in time", OrderStatus.PAID),
        Transition(OrderStatus.AWAITING_PAYMENT, "paid by what came back", OrderStatus.PAID),
        Transition(OrderStatus.AWAITING_PAYMENT, "paid in time, pre-ordered", OrderStatus.BACKORDERED),
        Transition(OrderStatus.AWAITING_PAYMENT, "paid in time, units gone", OrderStatus.REFUNDED),
        Transition(OrderStatus.AWAITING_PAYMENT, "paid late, units free", OrderStatus.PAID),
        Transition(OrderStatus.AWAITING_PAYMENT, "paid late, back-ordered", OrderStatus.BACKORDERED),
        Transition(OrderStatus.AWAITING_PAYMENT, "paid late, units gone", OrderStatus.REFUNDED),
        Transition(OrderStatus.AWAITING_PAYMENT, "paid over the limit", OrderStatus.REFUNDED),
        Transition(OrderStatus.AWAITING_PAYMENT, "cancelled", OrderStatus.CANCELLED),
        Transition(OrderStatus.AWAITING_PAYMENT, "window over", OrderStatus.EXPIRED),
        Transition(OrderStatus.EXPIRED, "paid late, units free", OrderStatus.PAID),
        Transition(OrderStatus.EXPIRED, "paid late, back-ordered", OrderStatus.BACKORDERED),
        Transition(OrderStatus.EXPIRED, "paid late, units gone", OrderStatus.REFUNDED),
        Transition(OrderStatus.EXPIRED, "paid over the limit", OrderStatus.REFUNDED),
        Transition(OrderStatus.BACKORDERED, "units arrived", OrderStatus.PAID),
        Transition(OrderStatus.BACKORDERED, "cancelled after payment", OrderStatus.CANCELLED),
        Transition(OrderStatus.PAID, "part sent", OrderStatus.PARTLY_FULFILLED),
        Transition(OrderStatus.PAID, "sent", OrderStatus.FULFILLED),
        Transition(OrderStatus.PAID, "cancelled after payment", OrderStatus.CANCELLED),
        Transition(OrderStatus.PARTLY_FULFILLED, "rest sent", OrderStatus.FULFILLED),
        Transition(OrderStatus.PARTLY_FULFILLED, "rest cancelled", OrderStatus.FULFILLED),
    ),
)


# Paid for, and not given up since: what is not sent of them is owed.
PAID_STATES = (OrderStatus.PAID, OrderStatus.BACKORDERED, OrderStatus.PARTLY_FULFILLED, OrderStatus.FULFILLED)

# Those of which something is still to be sent.
UNSENT_STATES = (OrderStatus.PAID, OrderStatus.BACKORDERED, OrderStatus.PARTLY_FULFILLED)


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders by what has to happen to them."""

    def unpaid_past_deadline(self, *, now: datetime) -> Self:
        """Waiting for payment although the payment window is over, except those that a person has to look at."""
        return self.filter(status=OrderStatus.AWAITING_PAYMENT, pay_by__lte=now, set_aside_at=None)

    def to_send(self) -> Self:
        """Paid, not sent in full, and waiting for neither a delivery nor a return, nor held back."""
        ready = self.filter(status__in=[OrderStatus.PAID, OrderStatus.PARTLY_FULFILLED], held_back_at=None)
        return ready.filter(Q(replaces=None) | Q(replaces__received_at__isnull=False))


class Order(models.Model):
    """A placed order. Prices, names and the address are copies: later changes elsewhere do not touch them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=16, unique=True, help_text="What the customer reads out: T-7K3M-Q9XD.")
    # One cart becomes one order, however often the button is pressed.
    cart = models.OneToOneField("orders.Cart", on_delete=models.PROTECT, related_name="order", null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders"
    )
    status = models.CharField(max_length=16, choices=OrderStatus, default=OrderStatus.AWAITING_PAYMENT)
    language = models.CharField(max_length=8, default="en", help_text="The language of its e-mails and papers.")
    email = models.EmailField(db_index=True)
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=32)
    address = models.CharField(max_length=200)
    landmark = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=80)
    postal_code = models.CharField(max_length=16)
    country = models.CharField(max_length=2)
    shipping_method = models.ForeignKey(ShippingMethod, on_delete=models.PROTECT, related_name="+")
    shipping_name = models.CharField(max_length=80)
    gateway = models.CharField(max_length=32, help_text="The provider that the shopper chose.")
    currency = models.CharField(max_length=3)
    subtotal_minor = models.BigIntegerField(help_text="The lines before discounts.")
    discount_minor = models.BigIntegerField(default=0, help_text="Taken off lines and delivery.")
    shipping_minor = models.BigIntegerField(help_text="The delivery before discounts.")
    shipping_discount_minor = models.BigIntegerField(default=0, help_text="The part of the discount on delivery.")
    tax_minor = models.BigIntegerField(default=0, help_text="All tax in the total, included in prices or added.")
    shipping_tax_minor = models.BigIntegerField(default=0, help_text="The part of the tax on delivery.")
    added_tax_minor = models.BigIntegerField(default=0, help_text="The tax on top of prices; 0 where they include it.")
    total_minor = models.BigIntegerField()
    coupon_code = models.CharField(max_length=32, blank=True)
    accepts_backorder = models.BooleanField(
        default=False, help_text="Whether the shopper took the back-order terms, should the units be gone."
    )
    placed_at = models.DateTimeField()
    pay_by = models.DateTimeField(help_text="The end of the payment window: until then the units stay held.")
    paid_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was sent, cancelled, expired or refunded."
    )
    last_shipped_at = models.DateTimeField(null=True, blank=True, help_text="When its last parcel left.")
    set_aside_at = models.DateTimeField(null=True, blank=True, help_text="When the sweep gave up on it.")
    held_back_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when nothing of it may be sent: the bank took a payment back."
    )
    instead_of = models.ForeignKey(
        "orders.ReturnRequest",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="exchanges",
        help_text="The return that pays for it; or was to pay, if the exchange was undone.",
    )
    needs_attention = models.TextField(blank=True, help_text="Why a person has to look at it.")

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("subtotal_minor") - F("discount_minor") + F("shipping_minor") + F("added_tax_minor")
                ),
                name="order_total_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(
                    subtotal_minor__gt=0,
                    discount_minor__gte=F("shipping_discount_minor"),
                    shipping_minor__gte=F("shipping_discount_minor"),
                    shipping_discount_minor__gte=0,
                    tax_minor__gte=F("shipping_tax_minor"),
                    shipping_tax_minor__gte=0,
                    added_tax_minor__gte=0,
                    total_minor__gt=0,
                ),
                name="order_amounts_not_negative",
            ),
        ]
        indexes = [models.Index(fields=["status", "pay_by"], name="order_status_pay_by")]

    def __str__(self) -> str:
        return self.number

    @property
    def is_awaiting_payment(self) -> bool:
        return self.status == OrderStatus.AWAITING_PAYMENT

    @property
    def is_paid(self) -> bool:
        """Paid for and owed to the customer, sent or not."""
        return self.status in PAID_STATES

    @property
    def is_fulfilled(self) -> bool:
        return self.status == OrderStatus.FULFILLED

    @property
    def is_partly_fulfilled(self) -> bool:
        return self.status == OrderStatus.PARTLY_FULFILLED

    @property
    def is_guests(self) -> bool:
        """Whether it was placed without an account, and is in none since."""
        return self.user_id is None

    @property
    def is_cancelled(self) -> bool:
        return self.status == OrderStatus.CANCELLED

    @property
    def is_backordered(self) -> bool:
        """Paid, and waiting for units that are not in the building yet."""
        return self.status == OrderStatus.BACKORDERED

    @property
    def is_held_back(self) -> bool:
        """Whether nothing of it may be sent before the chargeback is won or staff have settled it."""
        return self.held_back_at is not None

    @property
    def is_refunded(self) -> bool:
        return self.status == OrderStatus.REFUNDED

    @property
    def returnable_until(self) -> datetime | None:
        """Until when a return may be asked for. None as long as nothing was sent."""
        return self.last_shipped_at + timedelta(days=settings.RETURN_DAYS) if self.last_shipped_at else None

    def take(self, event: str) -> None:
        """Take this step of ORDER_STATES, in memory. :raises NoSuchTransition: if there is none from here."""
        self.status = ORDER_STATES.target(self.status, event)

    def can_be_paid(self, *, now: datetime) -> bool:
        """Whether a payment may still be started."""
        return self.is_awaiting_payment and self.pay_by > now


class OrderLine(models.Model):
    """So many units of one variant, as they were named and priced when the order was placed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64)
    product_name = models.CharField(max_length=120)
    variant_label = models.CharField(max_length=120, blank=True)
    picture_stem = models.CharField(max_length=160, blank=True)
    unit_price_minor = models.BigIntegerField()
    quantity = models.PositiveIntegerField()
    total_minor = models.BigIntegerField(help_text="Quantity times unit price.")
    discount_minor = models.BigIntegerField(default=0)
    tax_rate_bp = models.PositiveIntegerField(default=0, help_text="Basis points: 1100 is 11 %.")
    tax_minor = models.BigIntegerField(default=0, help_text="The tax in what is charged, included or added.")
    added_tax_minor = models.BigIntegerField(
        default=0, help_text="The tax on top of the price; 0 where it includes it."
    )
    charged_minor = models.BigIntegerField(help_text="What the customer pays for the line.")
    reservation_id = models.UUIDField(db_index=True)
    drop_item = models.ForeignKey(DropItem, null=True, blank=True, on_delete=models.PROTECT, related_name="order_lines")
    is_preorder = models.BooleanField(default=False, help_text="Whether the shopper took the terms of a pre-order.")
    arrives_on = models.DateField(null=True, blank=True, help_text="The day that went with those terms.")
    packed = models.PositiveIntegerField(default=0, help_text="Units in parcels that have not left.")
    fulfilled = models.PositiveIntegerField(default=0, help_text="Units that were sent.")
    cancelled = models.PositiveIntegerField(default=0, help_text="Units given up after the payment, before sending.")
    returned = models.PositiveIntegerField(default=0, help_text="Units that were sent and came back.")
    refunded = models.PositiveIntegerField(
        default=0, help_text="Units, cancelled or returned, whose price was given back."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orderline_quantity_positive"),
            models.CheckConstraint(
                condition=Q(total_minor=F("unit_price_minor") * F("quantity")), name="orderline_total_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(
                    charged_minor=F("total_minor") - F("discount_minor") + F("added_tax_minor"),
                    total_minor__gte=F("discount_minor"),
                    discount_minor__gte=0,
                    tax_minor__gte=F("added_tax_minor"),
                    added_tax_minor__gte=0,
                ),
                name="orderline_charge_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(
                    quantity__gte=F("packed") + F("fulfilled") + F("cancelled"),
                    fulfilled__gte=F("returned"),
                    refunded__lte=F("cancelled") + F("returned"),
                ),
                name="orderline_ends_within_quantity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"

    @property
    def owed(self) -> int:
        """Units that are paid and neither sent nor given up."""
        return self.quantity - self.fulfilled - self.cancelled

    def returnable(self, *, spoken_for: int) -> int:
        """Units that were sent and are not back, without those that an open return speaks for."""
        return self.fulfilled - self.returned - spoken_for

    @property
    def unpacked(self) -> int:
        """Units that are owed and in no parcel yet."""
        return self.owed - self.packed


class OrderEventKind(models.TextChoices):
    """What can happen to an order."""

    PLACED = "PLACED", "Placed"
    PAYMENT_STARTED = "PAYMENT_STARTED", "Payment started"
    PAYMENT_AUTHORISED = "PAYMENT_AUTHORISED", "Payment authorised"
    PAYMENT_DECLINED = "PAYMENT_DECLINED", "Payment declined"
    PAYMENT_CANCELLED = "PAYMENT_CANCELLED", "Payment cancelled"
    PAID = "PAID", "Paid"
    PAID_LATE_KEPT = "PAID_LATE_KEPT", "Paid late, order kept"
    PREORDERED = "PREORDERED", "Paid, pre-ordered"
    BACKORDERED = "BACKORDERED", "Back-ordered"
    ARRIVED = "ARRIVED", "Back-ordered units arrived"
    PAID_LATE_REFUNDED = "PAID_LATE_REFUNDED", "Paid late, money sent back"
    PAID_TWICE = "PAID_TWICE", "Paid twice, one payment sent back"
    OVER_LIMIT = "OVER_LIMIT", "Over the limit of a drop, money sent back"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS", "Amount differs, money sent back"
    CHARGED_BACK = "CHARGED_BACK", "Charged back"
    CHARGEBACK_WON = "CHARGEBACK_WON", "Chargeback won"
    REFUND_REQUESTED = "REFUND_REQUESTED", "Refund on its way"
    REFUND_SUCCEEDED = "REFUND_SUCCEEDED", "Refund finished"
    REFUND_FAILED = "REFUND_FAILED", "Refund failed"
    EXPIRED = "EXPIRED", "Not paid in time"
    CANCELLED = "CANCELLED", "Cancelled"
    LINES_CANCELLED = "LINES_CANCELLED", "Partly cancelled"
    PACKED = "PACKED", "Packed"
    UNPACKED = "UNPACKED", "Unpacked again"
    SHIPPED = "SHIPPED", "Parcel sent"
    FULFILLED = "FULFILLED", "Sent"
    DELIVERED = "DELIVERED", "Delivered"
    RETURN_REQUESTED = "RETURN_REQUESTED", "Return asked for"
    RETURN_APPROVED = "RETURN_APPROVED", "Return approved"
    RETURN_REJECTED = "RETURN_REJECTED", "Return refused"
    RETURN_WITHDRAWN = "RETURN_WITHDRAWN", "Return withdrawn"
    RETURN_RECEIVED = "RETURN_RECEIVED", "Return received"
    EXCHANGED = "EXCHANGED", "Exchanged"
    EXCHANGE_UNDONE = "EXCHANGE_UNDONE", "Exchange undone"
    INVOICED = "INVOICED", "Invoice written"
    CREDITED = "CREDITED", "Credit note written"
    CLAIMED = "CLAIMED", "Taken into an account"
    NOTE = "NOTE", "Note of staff"
    ATTENDED = "ATTENDED", "Looked at by staff"


class OrderEventQuerySet(models.QuerySet["OrderEvent"]):
    """Entries by who reads them."""

    def for_customer(self) -> Self:
        """Without the notes that staff write for each other."""
        return self.exclude(kind=OrderEventKind.NOTE)


class OrderEvent(models.Model):
    """One entry of an order's timeline."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20, choices=OrderEventKind)
    text = models.CharField(max_length=300, help_text="The sentence that shopper and staff read.")
    actor = models.CharField(max_length=254)
    happened_at = models.DateTimeField()

    objects = OrderEventQuerySet.as_manager()

    def __str__(self) -> str:
        return self.text
