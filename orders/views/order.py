"""The order: its page, the result of its payment, and what a shopper can do with it."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from orders import notes, queries, services, shopper, standing
from orders.gateways import GatewayFailed
from orders.models import Order
from orders.notes import Note
from orders.outcomes import payment_outcome
from orders.views.answers import lead_to_providers, page_or_part
from shop.errors import NotFound, ShopError
from shop.methods import post_only
from shop.redirects import see_other

ORDERS_PER_PAGE = 20


def of_an_order(view: Callable[[HttpRequest, Order], HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the view the order that its address names, where this shopper may see it.

    Else the answer is 404 with the two ways to an order, the same whether there is one or not: the link of an e-mail is
    often opened in a browser that does not know the shopper.
    """

    @wraps(view)
    def answer(request: HttpRequest, order_id: UUID) -> HttpResponse:
        known_ids = shopper.known_order_ids(request)
        try:
            order = queries.find_order(order_id=order_id, user=request.user, known_ids=known_ids)
        except NotFound:
            # The page, where the address is only a verb.
            context = {"next": reverse("orders:order", args=[order_id])}
            missing = render(request, "orders/order_not_found.html", context, status=NotFound.status)
            add_never_cache_headers(missing)
            return missing
        return view(request, order)

    return answer


def of_an_orders_return(view: Callable[[HttpRequest, Order, UUID], HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the view the order and the id of its return. A return of another order is as unknown as none."""

    @wraps(view)
    def answer(request: HttpRequest, order_id: UUID, return_id: UUID) -> HttpResponse:
        def of_this_order(request: HttpRequest, order: Order) -> HttpResponse:
            if return_id not in {asked.pk for asked in order.returns.all()}:
                raise NotFound()
            return view(request, order, return_id)

        return of_an_order(of_this_order)(request, order_id)

    return answer


@require_safe
@of_an_order
def order(request: HttpRequest, order: Order) -> HttpResponse:
    """Number, state, timeline, lines, totals and address."""
    return order_page(request, order=order, now=timezone.now())


@post_only(shown_at="orders:order", keeps=("order_id",))
@of_an_order
def order_pay(request: HttpRequest, order: Order) -> HttpResponse:
    """Go on with the payment at the provider; an attempt that is open already is the same attempt."""
    now = timezone.now()
    try:
        payment = services.start_payment(order_id=order.pk, now=now)
    except GatewayFailed:
        return order_page(request, order=order, now=now, note=_no_payment_page(), status=503)
    except ShopError as error:
        return order_page(request, order=order, now=now, note=notes.refusal(error, now=now), status=error.status)
    return see_other(payment.redirect_url)


@post_only(shown_at="orders:order", keeps=("order_id",))
@of_an_order
def order_cancel(request: HttpRequest, order: Order) -> HttpResponse:
    """Give up an order that is not packed: what was paid goes back. Pressed twice, it is cancelled once."""
    now = timezone.now()
    try:
        services.cancel_for_customer(order_id=order.pk, now=now, actor=shopper.actor_of(request))
    except ShopError as error:
        return order_page(request, order=order, now=now, note=notes.refusal(error, now=now), status=error.status)
    return see_other(reverse("orders:order", args=[order.pk]))


@require_safe
@of_an_order
def order_payment(request: HttpRequest, order: Order) -> HttpResponse:
    """What became of the payment. The provider sends the browser here, and it asks again while nothing is known."""
    now = timezone.now()
    context = _context(order=order, now=now)
    return lead_to_providers(
        page_or_part(request, page="orders/payment.html", part="orders/_payment.html", context=context)
    )


@require_safe
@login_required
def order_list(request: HttpRequest) -> HttpResponse:
    """A member's orders, the latest first."""
    now = timezone.now()
    page = Paginator(queries.orders_of(user=cast(User, request.user)), ORDERS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    unclaimed = queries.unclaimed_orders(user=cast(User, request.user))
    context = {"page": page, "unclaimed": unclaimed, "awaiting_order": shopper.awaiting_order_of(request, now=now)}
    answer = render(request, "orders/order_list.html", context)
    add_never_cache_headers(answer)
    return answer


def order_page(
    request: HttpRequest, *, order: Order, now: datetime, note: Note | None = None, status: int = 200
) -> HttpResponse:
    """The order as it is at this moment, with what there is to say about the last verb."""
    context = {**_context(order=order, now=now), "note": note}
    context["timeline"] = standing.told(context["events"], order=order)
    context["money"] = standing.money_of(order)
    context["can_cancel"] = standing.can_be_cancelled(order)
    context["is_awaiting"] = standing.awaited_return(order) is not None
    context["goes_back_minor"] = standing.left_here(order)
    context["can_return"] = bool(standing.returnable_lines(order, now=now))
    answer = render(request, "orders/order.html", context, status=status)
    add_never_cache_headers(answer)
    return lead_to_providers(answer)


def _context(*, order: Order, now: datetime) -> dict[str, Any]:
    events = list(order.events.all())
    return {
        "order": order,
        "events": events,
        "outcome": payment_outcome(order=order, events=events, now=now),
        "can_be_paid": order.can_be_paid(now=now),
    }


def _no_payment_page() -> Note:
    return Note(
        kind="warn",
        title=_("The payment page did not open"),
        text=_("Nothing was charged and everything stays held for you. Press Continue to payment to try again."),
    )
