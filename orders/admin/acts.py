"""A page of its own for one act of staff: a summary, what it needs to know, one button, and a way back."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from orders import services
from orders.models import Order
from orders.services import Answer
from shop.errors import ShopError
from shop.redirects import see_other
from shop.staff import ReadOnlyAdmin


class UnitsForm(forms.Form):
    """How many units of each line: a field a line, named after its id, filled in with all that there are."""

    def __init__(self, *args: Any, lines: list[tuple[Any, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {}
        for line, most in lines:
            name = f"{line.product_name}, {line.variant_label}" if line.variant_label else line.product_name
            own[f"units-{line.pk}"] = forms.IntegerField(
                label=f"{name} ({line.sku})",
                min_value=0,
                max_value=most,
                initial=most,
                required=False,
                help_text=f"Up to {most}.",
            )
        self.fields = {**own, **self.fields}

    def units(self) -> dict[UUID, int]:
        """Order line to units, of a form that is valid."""
        prefix = "units-"
        return {
            UUID(name.removeprefix(prefix)): value or 0
            for name, value in self.cleaned_data.items()
            if name.startswith(prefix)
        }


class ActAdmin(ReadOnlyAdmin):
    """Records that change by acts. Who may change orders may act, though nobody edits a record."""

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Parcels and returns are parts of orders, and one right covers them all."""
        return request.user.has_perm("orders.change_order")

    def act(
        self,
        request: HttpRequest,
        *,
        order: Order,
        form: forms.Form,
        service: Callable[..., object],
        title: str,
        button: str,
        explain: str,
        done: str,
        is_dangerous: bool = False,
        **context: Any,
    ) -> HttpResponse:
        """Ask, and once the form is sent call `service(actor=, now=)` and show the order again.

        The form carries a key that was minted with the page: sent twice, the act is done once.
        """
        if not self.has_act_permission(request):
            raise PermissionDenied
        back_url = reverse("admin:orders_order_change", args=[order.pk])
        if request.method == "POST" and form.is_valid():
            try:
                _do_once(request, verb=title, order=order, service=service)
            except ShopError as error:
                messages.error(request, f"{error.title}. {error.detail}")
            else:
                self.log_change(request, order, title)
                messages.success(request, f"Order {order.number}: {done}")
            return see_other(back_url)
        return self.page(
            request,
            "admin/orders/order/act.html",
            title=f"{title}: order {order.number}",
            order=order,
            lines=order.lines.order_by("pk"),
            form=form,
            button=button,
            explain=explain,
            is_dangerous=is_dangerous,
            key=request.POST.get("key") or uuid4().hex,
            back_url=back_url,
            **context,
        )


def _do_once(request: HttpRequest, *, verb: str, order: Order, service: Callable[..., object]) -> None:
    now, actor = timezone.now(), str(request.user)

    def produce() -> Answer:
        service(actor=actor, now=now)
        return Answer(status=200, body={})

    services.once(
        scope=f"user:{request.user.pk}",
        key=f"{order.pk.hex}:{verb[:30]}:{request.POST.get('key', '')[:32] or uuid4().hex}",
        fingerprint="staff",
        now=now,
        produce=produce,
        waits=True,
    )
