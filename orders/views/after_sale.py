"""What a customer does once an order was sent: ask for a return, take that back, or exchange it for something else."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from orders import notes, replacing, services, shopper, standing
from orders.forms import ExchangeForm, ReturnForm
from orders.models import Order
from orders.press import once_for_press, posted_key
from orders.services import Answer
from orders.views.order import of_an_order, of_an_orders_return, order_page
from shop.errors import ShopError
from shop.methods import post_only
from shop.redirects import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@of_an_order
def order_return(request: HttpRequest, order: Order) -> HttpResponse:
    """Which units go back, why, and what else there is to say. Pressed twice, it is one return."""
    now = timezone.now()
    lines = standing.returnable_lines(order, now=now)
    form = ReturnForm(request.POST if request.method == "POST" else None, lines=lines)
    if request.method != "POST" or not form.is_valid():
        context = {"order": order, "form": form, "can_return": bool(lines)}
        answer = render(request, "orders/order_return.html", context, status=422 if form.is_bound else 200)
        add_never_cache_headers(answer)
        return answer

    def produce() -> Answer:
        asked = services.request_return(
            order_id=order.pk,
            units=form.units(),
            reason=form.cleaned_data["reason"],
            remark=form.cleaned_data["remark"],
            now=now,
            actor=shopper.actor_of(request),
        )
        return Answer(status=303, body={"number": asked.number})

    try:
        done = once_for_press(request, verb=f"return:{order.pk.hex}", key=posted_key(request), now=now, produce=produce)
    except ShopError as error:
        return order_page(request, order=order, now=now, note=notes.refusal(error, now=now), status=error.status)
    messages.success(
        request, _("We got your return %(number)s, look at it and write to you.") % {"number": done.body["number"]}
    )
    return see_other(f"{reverse('orders:order', args=[order.pk])}#returns-title")


@require_http_methods(["GET", "HEAD", "POST"])
@of_an_orders_return
def return_exchange(request: HttpRequest, order: Order, return_id: UUID) -> HttpResponse:
    """Which variants replace what goes back. Pressed twice, it is one exchange."""
    now = timezone.now()
    asked = next(each for each in order.returns.all() if each.pk == return_id)
    form = ExchangeForm(request.POST if request.method == "POST" else None, offers=replacing.offers(asked, now=now))
    if request.method != "POST" or not form.is_valid():
        context = {"order": order, "asked": asked, "form": form}
        answer = render(request, "orders/return_exchange.html", context, status=422 if form.is_bound else 200)
        add_never_cache_headers(answer)
        return answer

    def produce() -> Answer:
        replacement = services.exchange_return(
            return_id=asked.pk, choices=form.choices(), now=now, actor=shopper.actor_of(request)
        )
        return Answer(status=303, body={"order": str(replacement.pk), "number": replacement.number})

    try:
        done = once_for_press(
            request, verb=f"exchange:{asked.pk.hex}", key=posted_key(request), now=now, produce=produce
        )
    except ShopError as error:
        return order_page(request, order=order, now=now, note=notes.refusal(error, now=now), status=error.status)
    messages.success(request, _("Booked: order %(number)s is your exchange.") % {"number": done.body["number"]})
    return see_other(reverse("orders:order", args=[done.body["order"]]))


@post_only(shown_at="orders:order", keeps=("order_id",))
@of_an_orders_return
def return_withdraw(request: HttpRequest, order: Order, return_id: UUID) -> HttpResponse:
    """Take a return back that nobody has decided on. Pressed twice, it is withdrawn once."""
    now = timezone.now()
    try:
        services.withdraw_return(return_id=return_id, now=now, actor=shopper.actor_of(request))
    except ShopError as error:
        return order_page(request, order=order, now=now, note=notes.refusal(error, now=now), status=error.status)
    return see_other(f"{reverse('orders:order', args=[order.pk])}#returns-title")
