"""Attempts to pay and what the providers said, as records."""

from django.contrib import admin

from orders.models import Payment, PaymentEvent, StrayEvent
from shop.money import format_money
from shop.staff import ReadOnlyAdmin, ReadOnlyInline


class PaymentEventInline(ReadOnlyInline):
    """What the provider said about this attempt."""

    model = PaymentEvent
    ordering = ["-received_at", "-pk"]
    fields = ["received_at", "kind", "amount_minor", "currency", "outcome", "event_id"]


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Attempts to pay an order."""

    list_display = ["order", "gateway", "status", "amount", "created_at", "captured_at", "provider_reference"]
    list_filter = ["status", "created_at"]
    list_select_related = ["order"]
    search_fields = ["order__number", "provider_reference"]
    search_help_text = "Order number or the provider's reference"
    ordering = ["-created_at", "-pk"]
    inlines = [PaymentEventInline]
    fields = [
        "id",
        "order",
        ("gateway", "status"),
        "amount",
        "provider_reference",
        ("is_kept", "captured_minor", "taken_minor"),
        ("created_at", "expires_at", "captured_at", "asked_at", "check_at"),
        ("session_reference", "session_closed_at", "close_attempts"),
    ]

    @admin.display(ordering="amount_minor")
    def amount(self, payment: Payment) -> str:
        return format_money(payment.amount_minor, payment.currency)


@admin.register(PaymentEvent)
class PaymentEventAdmin(ReadOnlyAdmin):
    """Messages of the providers, as they came."""

    list_display = ["received_at", "gateway", "kind", "amount", "outcome", "event_id"]
    list_filter = ["received_at"]
    search_fields = ["event_id", "payment__order__number"]
    search_help_text = "Event id or order number"
    ordering = ["-received_at", "-pk"]
    fields = [("received_at", "gateway"), "kind", "event_id", "payment", "amount", "outcome", "payload"]

    @admin.display(ordering="amount_minor")
    def amount(self, event: PaymentEvent) -> str:
        return format_money(event.amount_minor, event.currency)


@admin.register(StrayEvent)
class StrayEventAdmin(ReadOnlyAdmin):
    """Messages of the providers about payments that are not of this shop."""

    list_display = ["received_at", "gateway", "kind", "provider_reference", "event_id"]
    list_filter = ["received_at"]
    search_fields = ["event_id", "provider_reference"]
    search_help_text = "Event id or the provider's reference"
    ordering = ["-received_at", "-pk"]
    fields = [("received_at", "gateway"), "kind", "event_id", "provider_reference", "payload"]
