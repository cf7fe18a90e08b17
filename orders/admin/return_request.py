"""Returns: the queue, and what staff do with one: approve or refuse it, take in what came, pay it back."""

from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from orders import replacing, services
from orders.admin.acts import ActAdmin
from orders.forms import ExchangeForm
from orders.models import Payment, ReturnLine, ReturnRequest
from orders.services import Receipt
from shop.money import format_money
from shop.redirects import see_other
from shop.staff import typed


class ApproveForm(forms.Form):
    """What the customer should know."""

    answer = forms.CharField(
        max_length=300,
        required=False,
        help_text="The customer reads it: where to send it, and by when.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RefuseForm(forms.Form):
    """Why not."""

    answer = forms.CharField(
        max_length=300, help_text="The customer reads it.", widget=forms.Textarea(attrs={"rows": 3})
    )


class ReceiptForm(forms.Form):
    """What came in of each line: back on sale, written off, and what was seen."""

    def __init__(self, *args: Any, parts: list[ReturnLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in parts:
            what = f"{part.order_line.product_name} ({part.order_line.sku})"
            self.fields[f"restocked-{part.pk}"] = forms.IntegerField(
                label=f"{what}: back on sale", min_value=0, max_value=part.quantity, initial=part.quantity
            )
            self.fields[f"written_off-{part.pk}"] = forms.IntegerField(
                label=f"{what}: written off",
                min_value=0,
                max_value=part.quantity,
                initial=0,
                help_text=f"Up to {part.quantity} in both together. What did not come is in neither.",
            )
            self.fields[f"remark-{part.pk}"] = forms.CharField(label="What you saw", max_length=300, required=False)
        self.parts = parts

    def receipts(self) -> dict[Any, Receipt]:
        """Return line to what came of it, of a form that is valid."""
        return {
            part.pk: Receipt(
                restocked=self.cleaned_data[f"restocked-{part.pk}"],
                written_off=self.cleaned_data[f"written_off-{part.pk}"],
                remark=self.cleaned_data[f"remark-{part.pk}"],
            )
            for part in self.parts
        }


class BankForm(forms.Form):
    """Whether the customer has the money already."""

    bank_paid = forms.BooleanField(
        label="The chargeback is lost: the bank has paid the customer",
        required=False,
        help_text="Read it at the payment provider.",
    )


@admin.register(ReturnRequest)
class ReturnRequestAdmin(ActAdmin):
    """Returns of all orders."""

    list_display = ["order", "number", "status", "reason", "requested_at", "received_at"]
    list_filter = ["status", "reason", "requested_at"]
    list_select_related = ["order"]
    search_fields = ["order__number", "order__email"]
    search_help_text = "Order number or e-mail address"
    ordering = ["-requested_at", "-pk"]

    def get_urls(self) -> list[URLPattern]:
        own = [
            ("approve", self.approve_view),
            ("refuse", self.refuse_view),
            ("receive", self.receive_view),
            ("refund", self.refund_view),
            ("exchange", self.exchange_view),
            ("undo", self.undo_view),
            ("close", self.close_view),
        ]
        pages = [
            path(f"<uuid:object_id>/{name}/", self.admin_site.admin_view(view), name=f"orders_returnrequest_{name}")
            for name, view in own
        ]
        return [*pages, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """A return is read on the page of its order."""
        asked = self.found(request, object_id, permission="view")
        return see_other(f"{reverse('admin:orders_order_change', args=[asked.order_id])}#returns")

    def approve_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        return self._decide(
            request,
            object_id,
            approve=True,
            form=ApproveForm(typed(request)),
            title="Approve return",
            button="Approve it",
            explain="The customer is told to send it. Stock and money stay as they are until it is here.",
            done="is approved.",
        )

    def refuse_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        return self._decide(
            request,
            object_id,
            approve=False,
            form=RefuseForm(typed(request)),
            title="Refuse return",
            button="Refuse it",
            explain="The customer keeps the units and is told why.",
            done="is refused.",
        )

    def receive_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        asked = self.found(request, str(object_id), permission="change")
        form = ReceiptForm(typed(request), parts=_parts(asked))
        return self.act(
            request,
            order=asked.order,
            form=form,
            service=lambda **who: services.receive_return(return_id=asked.pk, receipts=form.receipts(), **who),
            title=f"Receive return {asked.number}",
            button="Take it in",
            explain="Units that can be sold go back on sale. The money goes back in a step of its own.",
            done=f"return {asked.number} is received. Send its money back now.",
            asked=asked,
            returned=_parts(asked),
        )

    def refund_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        asked = self.found(request, str(object_id), permission="change")
        if Payment.objects.filter(order=asked.order_id).with_bank().exists():
            return self._refund_with_bank(request, asked)
        amount = format_money(services.preview_return_refund(asked), asked.order.currency)
        return self._simple(
            request,
            object_id,
            service=services.refund_return,
            title="Refund return",
            button=f"Send {amount} back",
            explain=f"{amount} goes back: exactly what was charged for the units that came, without what went before.",
            done="is paid back.",
        )

    def _refund_with_bank(self, request: HttpRequest, asked: ReturnRequest) -> HttpResponse:
        form = BankForm(typed(request))
        return self.act(
            request,
            order=asked.order,
            form=form,
            service=lambda **who: services.refund_return(return_id=asked.pk, **form.cleaned_data, **who),
            title="Refund return",
            button="End the return",
            explain="The bank has money of this order. If it keeps it, it has paid the customer, and only what is left "
            "here goes back. Otherwise wait until the chargeback is won.",
            done=f"return {asked.number} is paid back.",
        )

    def exchange_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        asked = self.found(request, str(object_id), permission="change")
        form = ExchangeForm(typed(request), offers=replacing.offers(asked, now=timezone.now()))
        return self.act(
            request,
            order=asked.order,
            form=form,
            service=lambda **who: services.exchange_return(return_id=asked.pk, choices=form.choices(), **who),
            title=f"Exchange return {asked.number}",
            button="Exchange it",
            explain="What comes back pays for an order of other units at the same price. They are the customer's at "
            "once, and are sent when the return is here.",
            done=f"return {asked.number} is exchanged.",
            asked=asked,
            returned=_parts(asked),
        )

    def undo_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        return self._simple(
            request,
            object_id,
            service=services.undo_exchange,
            title="Undo the exchange of return",
            button="Undo it",
            explain="The new order is cancelled and its units go on sale again. The return is what it was before.",
            done="is not exchanged any more.",
        )

    def close_view(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        return self._simple(
            request,
            object_id,
            service=services.close_return,
            title="Close return",
            button="Close it",
            explain="For a return whose parcel never came. Nothing goes back.",
            done="is closed.",
        )

    def _decide(
        self, request: HttpRequest, object_id: UUID, *, approve: bool, form: forms.Form, title: str, **words: Any
    ) -> HttpResponse:
        asked = self.found(request, str(object_id), permission="change")
        words["done"] = f"return {asked.number} {words['done']}"
        return self.act(
            request,
            order=asked.order,
            form=form,
            service=lambda **who: services.decide_return(
                return_id=asked.pk, approve=approve, **form.cleaned_data, **who
            ),
            title=f"{title} {asked.number}",
            asked=asked,
            returned=_parts(asked),
            **words,
        )

    def _simple(self, request: HttpRequest, object_id: UUID, *, service: Any, title: str, **words: Any) -> HttpResponse:
        asked = self.found(request, str(object_id), permission="change")
        words["done"] = f"return {asked.number} {words['done']}"
        return self.act(
            request,
            order=asked.order,
            form=forms.Form(typed(request)),
            service=partial(service, return_id=asked.pk),
            title=f"{title} {asked.number}",
            asked=asked,
            returned=_parts(asked),
            **words,
        )


def _parts(asked: ReturnRequest) -> list[ReturnLine]:
    return list(asked.lines.select_related("order_line").order_by("order_line_id"))
