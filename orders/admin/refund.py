"""Money on its way back, and the ones that need a person."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path
from django.utils import timezone

from orders import services
from orders.models import Refund
from shop.money import format_money
from shop.redirects import see_other
from shop.staff import ReadOnlyAdmin, told


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Refunds. The worker sends them; one that failed too often is tried again when staff say so."""

    list_display = ["order_number", "amount", "status", "reason", "attempts", "created_at", "finished_at", "last_error"]
    list_filter = ["status", "created_at"]
    list_select_related = ["payment__order"]
    search_fields = ["payment__order__number", "provider_reference"]
    search_help_text = "Order number or the provider's reference"
    ordering = ["-created_at", "-pk"]
    actions = ["try_again"]
    change_form_template = "admin/orders/refund/change_form.html"
    fields = [
        "id",
        "order_number",
        "payment",
        ("amount", "status"),
        "reason",
        "provider_reference",
        ("attempts", "next_attempt_at"),
        "last_error",
        ("created_at", "finished_at"),
    ]

    @admin.display(description="Order", ordering="payment__order__number")
    def order_number(self, refund: Refund) -> str:
        return refund.payment.order.number

    @admin.display(ordering="amount_minor")
    def amount(self, refund: Refund) -> str:
        return format_money(refund.amount_minor, refund.currency)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may change refunds may try them again, though nobody edits one."""
        return self.has_staff_permission(request, "change")

    @admin.action(description="Try again", permissions=["retry"])
    def try_again(self, request: HttpRequest, chosen: QuerySet[Refund]) -> None:
        for refund in chosen:
            self._retry(request, refund)

    def get_urls(self) -> list[URLPattern]:
        retry = path("<uuid:object_id>/retry/", self.admin_site.admin_view(self.retry_view), name="orders_refund_retry")
        return [retry, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = {"may_retry": self.has_retry_permission(request)}
        return super().changeform_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def retry_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """POST only. Its key at the provider is the same until the provider has failed it for good, and new after that:
        trying again never pays back twice.
        """
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_retry_permission(request):
            raise PermissionDenied
        refund = self.found(request, str(object_id), permission="change")
        self._retry(request, refund)
        return see_other(self.address("change", refund.pk))

    def _retry(self, request: HttpRequest, refund: Refund) -> None:
        done = told(
            request,
            lambda: services.retry_refund(refund_id=refund.pk, actor=str(request.user), now=timezone.now()),
            done=f"{self.order_number(refund)}: the refund of {self.amount(refund)} is on its way again.",
        )
        if done:
            self.log_change(request, refund, "Tried again")
