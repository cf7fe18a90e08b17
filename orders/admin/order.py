"""Orders: the queue, the whole story of one, and the things that staff do with it."""

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from orders import services
from orders.models import Order, OrderEvent, OrderLine, OrderStatus, Payment, PaymentEvent, Refund, RefundStatus
from shop.errors import ShopError
from shop.money import format_money
from shop.redirects import see_other
from shop.staff import ReadOnlyAdmin, typed


class QueueFilter(admin.SimpleListFilter):
    """The staff queues."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("person", "Needs a person"), ("send", "To send")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "person":
            return needing_a_person(queryset)
        if self.value() == "send":
            return queryset.filter(status=OrderStatus.PAID)
        return queryset


def needing_a_person(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Those that say so, and those with a refund that failed."""
    failed = Refund.objects.filter(payment__order=OuterRef("pk"), status=RefundStatus.FAILED)
    return orders.exclude(needs_attention="") | orders.filter(Exists(failed))


class RemarkForm(forms.Form):
    """What the person found."""

    remark = forms.CharField(
        max_length=300, help_text="Customer and staff read it on the order.", widget=forms.Textarea(attrs={"rows": 3})
    )


class SendForm(forms.Form):
    """How the customer follows the parcel."""

    tracking_number = forms.CharField(
        max_length=80, required=False, help_text="Goes to the customer. Leave it empty if the parcel has none."
    )


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders with their lines, money and timeline. They change by what happens to them, not by editing."""

    instead = "Orders are never deleted: they are what was sold. Cancel it instead, as long as it is not paid."
    list_display = ["number", "status", "total", "placed_at", "paid_at", "email", "needs_attention"]
    list_filter = [QueueFilter, "status", "placed_at"]
    search_fields = ["number", "email", "lines__sku"]
    search_help_text = "Number, e-mail address or SKU"
    ordering = ["-placed_at", "-pk"]

    @admin.display(ordering="total_minor")
    def total(self, order: Order) -> str:
        return format_money(order.total_minor, order.currency)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may change orders may cancel and send them, though nobody edits one."""
        return self.has_staff_permission(request, "change")

    def get_urls(self) -> list[URLPattern]:
        own = [("cancel", self.cancel_view), ("send", self.send_view), ("settle", self.settle_view)]
        pages = [
            path(f"<uuid:object_id>/{name}/", self.admin_site.admin_view(view), name=f"orders_order_{name}")
            for name, view in own
        ]
        return [*pages, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The order's page: what was bought, by whom, what happened, and where the money is."""
        found = self.found(request, object_id, permission="view")
        order = Order.objects.select_related("user").prefetch_related(*_story()).get(pk=found.pk)
        return self.page(
            request,
            "admin/orders/order/story.html",
            title=f"Order {order.number}",
            order=order,
            payments=[_with_payloads(payment) for payment in order.payments.all()],
            may_act=self.has_act_permission(request),
            may_retry=request.user.has_perm("orders.change_refund"),
            can_cancel=order.is_awaiting_payment,
            can_send=order.is_paid and not order.is_fulfilled,
        )

    def cancel_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return self._act(
            request,
            str(object_id),
            service=services.cancel_order,
            form=forms.Form(typed(request)),
            title="Cancel order",
            button="Cancel this order",
            explain="Its units are free again at once. If money arrives after this, it goes back.",
            done="is cancelled",
        )

    def send_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return self._act(
            request,
            str(object_id),
            service=services.fulfil_order,
            form=SendForm(typed(request)),
            title="Mark as sent",
            button="Mark as sent",
            explain="Its units leave the stock, and the customer is told.",
            done="is marked as sent",
        )

    def settle_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return self._act(
            request,
            str(object_id),
            service=services.settle_attention,
            form=RemarkForm(typed(request)),
            title="Settle",
            button="Take it off the queue",
            explain="It needs nobody any more. Say what you found; refunds that failed stay on their own queue.",
            done="is off the queue",
        )

    def _act(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        service: Callable[..., Order],
        form: forms.Form,
        title: str,
        button: str,
        explain: str,
        done: str,
    ) -> HttpResponse:
        """A page of its own for one act: a summary, a button, and afterwards the order again."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        order = self.found(request, object_id, permission="change")
        if request.method == "POST" and form.is_valid():
            try:
                service(order_id=order.pk, actor=str(request.user), now=timezone.now(), **form.cleaned_data)
            except ShopError as error:
                messages.error(request, f"{error.title}. {error.detail}")
            else:
                self.log_change(request, order, title)
                messages.success(request, f"Order {order.number} {done}.")
            return see_other(self.address("change", order.pk))
        return self.page(
            request,
            "admin/orders/order/act.html",
            title=f"{title} {order.number}",
            order=order,
            lines=order.lines.order_by("pk"),
            form=form,
            button=button,
            explain=explain,
            back_url=self.address("change", order.pk),
        )


def _story() -> list[Prefetch]:
    return [
        Prefetch("lines", queryset=OrderLine.objects.order_by("pk")),
        Prefetch("events", queryset=OrderEvent.objects.order_by("-happened_at", "-pk")),
        Prefetch("payments", queryset=Payment.objects.order_by("created_at", "pk")),
        Prefetch("payments__events", queryset=PaymentEvent.objects.order_by("-received_at", "-pk")),
        Prefetch("payments__refunds", queryset=Refund.objects.order_by("created_at", "pk")),
    ]


def _with_payloads(payment: Payment) -> dict[str, Any]:
    """A payment with its events, each beside what the provider sent, readable."""
    events = [(event, json.dumps(event.payload, indent=2, sort_keys=True)) for event in payment.events.all()]
    return {"payment": payment, "events": events, "refunds": list(payment.refunds.all())}
