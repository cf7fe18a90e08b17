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
from orders.press import intent_of
from orders.services import Answer
from shop.errors import ShopError
from shop.redirects import see_other
from shop.staff import ReadOnlyAdmin


class LooksDifferent(Exception):
    """What would happen now, in sentences, where it is not what was shown."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


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
        return self.has_staff_permission(request, "change")

    def has_staff_permission(self, request: HttpRequest, permission: str) -> bool:
        """As in Django, who may change orders may also look at them."""
        granted = {"view", "change"} if permission == "view" else {permission}
        return any(request.user.has_perm(f"orders.{name}_order") for name in granted)

    def sent_away(self, request: HttpRequest, order: Order, problem: ShopError) -> HttpResponse:
        """Back to the order, with the reason why nothing is asked here now."""
        if not self.has_act_permission(request):
            raise PermissionDenied
        messages.error(request, f"{problem.title}. {problem.detail}")
        return see_other(reverse("admin:orders_order_change", args=[order.pk]))

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
        preview: Callable[[], list[str]] | None = None,
        **context: Any,
    ) -> HttpResponse:
        """Ask, and once the form is sent call `service(actor=, now=)` and show the order again.

        The form carries a key that was minted with the page: sent twice, the act is done once. With a `preview` the
        first press shows what would happen, and only a press on exactly that does it. A refused act is asked again,
        with what was typed.
        """
        if not self.has_act_permission(request):
            raise PermissionDenied
        back_url = reverse("admin:orders_order_change", args=[order.pk])
        seen: list[str] = []
        if request.method == "POST" and form.is_valid():
            try:
                if preview is not None and "seen" not in request.POST:
                    seen = preview()
                else:
                    if _do_once(request, verb=title, order=order, service=service, preview=preview):
                        self.log_change(request, order, title)
                    messages.success(request, f"Order {order.number}: {done}")
                    return see_other(back_url)
            except LooksDifferent as change:
                seen = change.sentences
            except ShopError as error:
                # What was typed stays: a refusal says what to change.
                messages.error(request, f"{error.title}. {error.detail}")
        return self.page(
            request,
            "admin/orders/order/act.html",
            title=f"{title}: order {order.number}",
            order=order,
            lines=order.lines.order_by("pk"),
            form=form,
            button=button,
            explain=explain,
            preview=seen,
            seen=" ".join(seen),
            has_preview=preview is not None,
            key=request.POST.get("key") or uuid4().hex,
            back_url=back_url,
            **context,
        )


def _do_once(
    request: HttpRequest,
    *,
    verb: str,
    order: Order,
    service: Callable[..., object],
    preview: Callable[[], list[str]] | None,
) -> bool:
    """Do it, unless this page was sent before with the same in it; False if it was.

    :raises LooksDifferent: if what would happen is not what was shown.
    """
    now, actor = timezone.now(), str(request.user)

    def produce() -> Answer:
        if preview is not None and request.POST["seen"] != " ".join(sentences := preview()):
            raise LooksDifferent(sentences)
        service(actor=actor, now=now)
        return Answer(status=200, body={})

    answer = services.once(
        scope=f"user:{request.user.pk}",
        key=intent_of(request, verb=f"{verb}:{order.pk.hex}", key=request.POST.get("key") or uuid4().hex),
        fingerprint="staff",
        now=now,
        produce=produce,
        waits=True,
    )
    return not answer.is_replay
