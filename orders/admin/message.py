"""The outbox: what the shop told its customers, and whether it left."""

from typing import Any
from uuid import uuid4

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from orders import services
from orders.models import Message
from shop.redirects import see_other
from shop.staff import ReadOnlyAdmin, told


class SentFilter(admin.SimpleListFilter):
    """Messages by whether they left."""

    title = "sent"
    parameter_name = "sent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Sent"), ("no", "Waiting"), ("failing", "Failed at least once"), ("person", "Needs a person")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "yes":
            return queryset.exclude(sent_at=None)
        if self.value() == "no":
            return queryset.filter(sent_at=None)
        if self.value() == "failing":
            return queryset.filter(sent_at=None, attempts__gt=0)
        if self.value() == "person":
            return queryset.stuck()
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

    def get_urls(self) -> list[URLPattern]:
        again = path(
            "<uuid:object_id>/again/", self.admin_site.admin_view(self.again_view), name="orders_message_again"
        )
        return [again, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = {"may_send": self.has_staff_permission(request, "change")}
        return super().changeform_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def again_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Send a copy. The page carries a key that was minted with it: pressed twice, one copy leaves."""
        message = self.found(request, str(object_id), permission="change")
        back_url = self.address("change", object_id)
        press = request.POST.get("key", "")
        if request.method == "POST" and press:
            if told(
                request,
                lambda: services.send_again(message_id=message.pk, press=press, now=timezone.now()),
                done=f"A copy goes to {message.to}.",
            ):
                self.log_change(request, message, "Sent again")
            return see_other(back_url)
        return self.page(
            request,
            "admin/orders/message/act.html",
            title="Send again",
            message=message,
            button="Send a copy",
            key=uuid4().hex,
            back_url=back_url,
        )
