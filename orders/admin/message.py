"""The outbox: what the shop told its customers, and whether it left."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from orders.models import Message
from shop.staff import ReadOnlyAdmin


class SentFilter(admin.SimpleListFilter):
    """Messages by whether they left."""

    title = "sent"
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Sent"), ("no", "Waiting"), ("failing", "Failed at least once")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "yes":
            return queryset.exclude(sent_at=None)
        if self.value() == "no":
            return queryset.filter(sent_at=None)
        if self.value() == "failing":
            return queryset.filter(sent_at=None, attempts__gt=0)
        return queryset


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """E-mails, with their text as it was sent."""

    list_display = ["subject", "to", "created_at", "sent_at", "attempts", "last_error"]
    list_filter = [SentFilter, "created_at"]
    search_fields = ["to", "subject"]
    search_help_text = "Address or subject"
    ordering = ["-created_at", "-pk"]
    fields = ["subject", "to", "text", ("created_at", "sent_at"), ("attempts", "next_attempt_at"), "last_error", "key"]
