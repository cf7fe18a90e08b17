"""Orders: the queue, the whole story of one, and the things that staff do with it."""

import json
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from orders import papers, queries, services, standing
from orders.admin.acts import ActAdmin, UnitsForm
from orders.admin.fields import AmountField
from orders.admin.shipment import TrackingForm
from orders.models import (
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    PaymentEvent,
    Refund,
    RefundStatus,
    ReturnLine,
    ReturnRequest,
    Shipment,
    ShipmentLine,
)
from shop.money import format_money
from shop.staff import typed


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
            return queryset.to_send()
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


class HeldBackForm(RemarkForm):
    """What the person found about an order of which the bank has money, and whether it is sent all the same."""

    sends_anyway = forms.BooleanField(
        label="Send it all the same",
        required=False,
        help_text="The bank still has the money. Leave it empty to keep the parcels here.",
    )


class CancelForm(UnitsForm):
    """Which units are given up, and where they go."""

    restock = forms.ChoiceField(
        label="The units",
        choices=[("yes", "go back on sale"), ("no", "are lost: write them off")],
        initial="yes",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(max_length=150, required=False, help_text="The customer reads it.")


class RefundForm(forms.Form):
    """How much goes back, and why."""

    reason = forms.CharField(max_length=150, help_text="The customer reads it.")

    def __init__(self, *args: Any, currency: str, left_minor: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        left = format_money(left_minor, currency)
        amount = AmountField(currency=currency, label=f"Amount in {currency}", help_text=f"At most {left}.")
        self.fields = {"amount": amount, **self.fields}
        self._left_minor, self._left = left_minor, left

    def clean_amount(self) -> int:
        amount_minor: int = self.cleaned_data["amount"]
        if amount_minor > self._left_minor:
            raise forms.ValidationError(f"At most {self._left} can still go back. Enter that or less.")
        return amount_minor


class NoteForm(forms.Form):
    """What the next colleague should know."""

    text = forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(Order)
class OrderAdmin(ActAdmin):
    """Orders with their lines, money and timeline. They change by what happens to them, not by editing."""

    instead = "Orders are never deleted: they are what was sold. Cancel it instead, as long as nothing of it was sent."
    list_display = ["number", "status", "total", "placed_at", "paid_at", "email", "needs_attention"]
    list_filter = [QueueFilter, "status", "placed_at"]
    search_fields = ["number", "email", "lines__sku"]
    search_help_text = "Number, e-mail address or SKU"
    ordering = ["-placed_at", "-pk"]

    @admin.display(ordering="total_minor")
    def total(self, order: Order) -> str:
        return format_money(order.total_minor, order.currency)

    def get_urls(self) -> list[URLPattern]:
        own = [
            ("cancel", self.cancel_view),
            ("pack", self.pack_view),
            ("send", self.send_view),
            ("refund", self.refund_view),
            ("note", self.note_view),
            ("settle", self.settle_view),
        ]
        paper = self.admin_site.admin_view(self.paper_view)
        pages = [
            path(f"<uuid:object_id>/{name}/", self.admin_site.admin_view(view), name=f"orders_order_{name}")
            for name, view in own
        ]
        pages.append(path("<uuid:object_id>/papers/<str:number>.pdf", paper, name="orders_order_paper"))
        return [*pages, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """The order's page: what was bought, by whom, what happened, and where the money is."""
        found = self.found(request, object_id, permission="view")
        order = Order.objects.select_related("user", "instead_of__order").prefetch_related(*_story()).get(pk=found.pk)
        is_awaiting = standing.awaited_return(order) is not None
        has_unpacked = any(line.unpacked for line in order.lines.all())
        is_kept_here = order.is_fulfilled or order.is_held_back or order.is_backordered or is_awaiting
        return self.page(
            request,
            "admin/orders/order/story.html",
            title=f"Order {order.number}",
            order=order,
            is_awaiting=is_awaiting,
            payments=[_with_payloads(payment) for payment in order.payments.all()],
            may_act=self.has_act_permission(request),
            may_retry=request.user.has_perm("orders.change_refund"),
            can_cancel=order.is_awaiting_payment or (order.is_paid and not is_awaiting and has_unpacked),
            can_refund=standing.left_here(order) > 0 and not is_awaiting,
            can_send=order.is_paid and not is_kept_here and has_unpacked,
            parcels=[each for each in order.shipments.all() if not each.is_unpacked],
        )

    def paper_view(self, request: HttpRequest, object_id: Any, number: str) -> HttpResponse:
        """An invoice or credit note as the customer has it, for whoever may look at the order."""
        order = self.found(request, str(object_id), permission="view")
        return papers.pdf_answer(queries.find_paper(order=order, number=number))

    def cancel_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """An unpaid order as a whole; of a paid one the units that are chosen, with a look at stock and money first."""
        order = self.found(request, str(object_id), permission="change")
        if order.is_paid:
            return self._cancel_paid(request, order)
        return self.act(
            request,
            order=order,
            form=forms.Form(typed(request)),
            service=partial(services.cancel_order, order_id=order.pk),
            title="Cancel",
            button="Cancel this order",
            explain="Its units are free again at once. If money arrives after this, it goes back.",
            done="it is cancelled.",
        )

    def _cancel_paid(self, request: HttpRequest, order: Order) -> HttpResponse:
        form = CancelForm(typed(request), lines=[(line, line.unpacked) for line in _lines(order) if line.unpacked > 0])
        return self.act(
            request,
            order=order,
            form=form,
            service=lambda **who: services.cancel_units(
                order_id=order.pk,
                units=form.units(),
                restock=form.cleaned_data["restock"] == "yes",
                reason=form.cleaned_data["reason"],
                **who,
            ),
            title="Cancel units",
            button="Cancel these units",
            explain="What is owed and in no parcel can be cancelled. Unpack a parcel first to cancel what is in it.",
            done="the units are cancelled.",
            preview=lambda: _cancellation_in_words(order, form),
        )

    def refund_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        order = self.found(request, str(object_id), permission="change")
        left_minor = max([0, *map(services.left_of, order.payments.captured())])
        if not left_minor:
            return self.sent_away(request, order, services.NothingToPayBack(number=order.number))
        form = RefundForm(typed(request), currency=order.currency, left_minor=left_minor)
        left = format_money(left_minor, order.currency)

        def preview() -> list[str]:
            amount = format_money(form.cleaned_data["amount"], order.currency)
            return [
                f"{amount} of at most {left} goes back to the customer.",
                "The order, its units and the stock stay as they are.",
            ]

        return self.act(
            request,
            order=order,
            form=form,
            service=lambda **who: services.repay(
                order_id=order.pk,
                amount_minor=form.cleaned_data["amount"],
                reason=form.cleaned_data["reason"],
                **who,
            ),
            title="Refund",
            button="Send the money back",
            explain=f"Up to {left} can still go back. The stock stays as it is, and the customer is told.",
            done="the money is on its way back.",
            preview=preview,
        )

    def note_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        order = self.found(request, str(object_id), permission="change")
        form = NoteForm(typed(request))
        return self.act(
            request,
            order=order,
            form=form,
            service=lambda **who: services.write_note(order_id=order.pk, **form.cleaned_data, **who),
            title="Note",
            button="Write it down",
            explain="It stands on the timeline for staff. The customer does not see it.",
            done="the note is on the timeline.",
        )

    def pack_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        order = self.found(request, str(object_id), permission="change")
        if problem := services.why_unsendable(order):
            return self.sent_away(request, order, problem)
        form = UnitsForm(typed(request), lines=[(line, line.unpacked) for line in _lines(order) if line.unpacked > 0])
        return self.act(
            request,
            order=order,
            form=form,
            service=lambda **who: services.pack(order_id=order.pk, units=form.units(), **who),
            title="Pack",
            button="Pack a parcel",
            explain="These units go into one parcel. The stock stays as it is until the parcel is sent.",
            done="a parcel is packed. Print its slip, and mark it as sent when it leaves.",
        )

    def send_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        order = self.found(request, str(object_id), permission="change")
        if problem := services.why_unsendable(order):
            return self.sent_away(request, order, problem)
        form = TrackingForm(typed(request))
        return self.act(
            request,
            order=order,
            form=form,
            service=lambda **who: services.fulfil_order(order_id=order.pk, **form.cleaned_data, **who),
            title="Send the rest",
            button="Mark as sent",
            explain="All that is in no parcel yet goes in one. Its units leave the stock, and the customer is told.",
            done="the parcel is marked as sent.",
        )

    def settle_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        order = self.found(request, str(object_id), permission="change")
        form = HeldBackForm(typed(request)) if order.is_held_back else RemarkForm(typed(request))
        return self.act(
            request,
            order=order,
            form=form,
            service=lambda **who: services.settle_attention(order_id=order.pk, **form.cleaned_data, **who),
            title="Settle",
            button="Take it off the queue",
            explain="It needs nobody any more. Say what you found. Refunds that failed stay on their own queue, and "
            "what a chargeback holds back stays held unless you say otherwise.",
            done="it is settled.",
        )


def _lines(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("pk"))


def _cancellation_in_words(order: Order, form: CancelForm) -> list[str]:
    """What the chosen cancellation does to stock and money."""
    units = form.units()
    refund_minor = services.preview_cancellation(order=order, units=units)
    where = "back on sale" if form.cleaned_data["restock"] == "yes" else "out of the stock, written off"
    gone = ", ".join(f"{units[line.pk]} × {line.sku}" for line in _lines(order) if units.get(line.pk))
    rest = sum(line.owed - units.get(line.pk, 0) for line in _lines(order))
    return [
        f"{gone}: {where}.",
        f"{format_money(refund_minor, order.currency)} goes back to the customer.",
        f"Units that stay owed: {rest}." if rest else "Nothing stays owed.",
    ]


def _story() -> list[Prefetch]:
    return [
        Prefetch("lines", queryset=OrderLine.objects.order_by("pk")),
        Prefetch("shipments", queryset=Shipment.objects.order_by("number")),
        Prefetch("shipments__lines", queryset=ShipmentLine.objects.select_related("order_line").order_by("pk")),
        Prefetch("returns", queryset=ReturnRequest.objects.select_related("refund", "replacement").order_by("number")),
        Prefetch("returns__lines", queryset=ReturnLine.objects.select_related("order_line").order_by("pk")),
        Prefetch("events", queryset=OrderEvent.objects.order_by("-happened_at", "-pk")),
        queries.papers_in_order(),
        Prefetch("payments", queryset=Payment.objects.order_by("created_at", "pk")),
        Prefetch("payments__events", queryset=PaymentEvent.objects.order_by("-received_at", "-pk")),
        Prefetch("payments__refunds", queryset=Refund.objects.order_by("created_at", "pk")),
    ]


def _with_payloads(payment: Payment) -> dict[str, Any]:
    """A payment with its events, each beside what the provider sent, readable."""
    events = [(event, json.dumps(event.payload, indent=2, sort_keys=True)) for event in payment.events.all()]
    return {"payment": payment, "events": events, "refunds": list(payment.refunds.all())}
