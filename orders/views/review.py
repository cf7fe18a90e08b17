"""The last step: everything once more, and one button that places the order and starts the payment."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from orders import gateways, notes, queries, services, shopper
from orders.gateways import GatewayFailed
from orders.models import Cart, Order
from orders.notes import Note
from orders.services import CartEmpty, CheckoutIncomplete, NotDelivered
from orders.views.answers import lead_to_providers, page_or_part
from orders.views.checkout import checkout_context, checkout_of, first_incomplete, nothing_to_check_out
from shop.errors import ShopError
from shop.redirects import see_other

LONGEST_TOTAL = 16


@require_http_methods(["GET", "HEAD", "POST"])
def checkout_review(request: HttpRequest) -> HttpResponse:
    """Show everything; on POST place the order and lead to the provider.

    A double click, a second tab or the Back button posts the same cart again: it became one order, and the answer
    leads to the payment of that order.
    """
    now = timezone.now()
    if request.method == "POST":
        placed = _order_of_cart(request)
        if placed is not None:
            return _lead_to_payment(request, order=placed, now=now)
    cart = shopper.cart_of(request)
    if cart is None:
        return nothing_to_check_out(request, now=now)
    if request.method != "POST":
        return _review_page(request, cart=cart, now=now)
    try:
        order = services.place_order(
            cart_id=cart.pk,
            user=request.user,
            now=now,
            actor=shopper.actor_of(request),
            expected_total_minor=_seen_total(request),
        )
    except (CheckoutIncomplete, NotDelivered) as error:
        messages.warning(request, error.detail)
        return see_other(reverse(f"orders:checkout_{error.facts['step']}"))
    except CartEmpty:
        return see_other(reverse("orders:cart"))
    except ShopError as error:
        return _review_page(request, cart=cart, now=now, note=notes.refusal(error, now=now), status=error.status)
    return _lead_to_payment(request, order=order, now=now)


def _seen_total(request: HttpRequest) -> int | None:
    """The total on the page whose button was pressed. What is no number is as good as none."""
    seen = request.POST.get("total", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < LONGEST_TOTAL else None


def _order_of_cart(request: HttpRequest) -> Order | None:
    """The order that the posted cart became already. Its signed token proves that the form was this shopper's."""
    token = request.POST.get("cart")
    cart_id = queries.cart_id_in(token)
    return queries.placed_from(cart_id=cart_id, user=request.user, token=token) if cart_id else None


def _lead_to_payment(request: HttpRequest, *, order: Order, now: datetime) -> HttpResponse:
    """Start the payment (or go on with the one that was started) and send the browser to the provider."""
    shopper.remember_order(request, order=order)
    answer = see_other(_payment_address(request, order=order, now=now))
    shopper.forget_cart(answer)
    return answer


def _payment_address(request: HttpRequest, *, order: Order, now: datetime) -> str:
    if not order.can_be_paid(now=now):
        return reverse("orders:order", args=[order.pk])
    try:
        return services.start_payment(order_id=order.pk, now=now).redirect_url
    except (ShopError, GatewayFailed):
        messages.warning(
            request,
            _(
                "Your order is placed and held for you, but the payment page did not open. Nothing was "
                "charged. Press Continue to payment to try again."
            ),
        )
        return reverse("orders:order", args=[order.pk])


def _review_page(
    request: HttpRequest, *, cart: Cart, now: datetime, note: Note | None = None, status: int = 200
) -> HttpResponse:
    checkout = checkout_of(cart)
    step = first_incomplete(checkout)
    if step != "review":
        return see_other(reverse(f"orders:checkout_{step}"))
    summary = queries.summarise_cart(cart=cart, now=now)
    if summary.is_empty:
        return see_other(reverse("orders:cart"))
    context = checkout_context(request, summary=summary, checkout=checkout, step="review", now=now)
    problem = context["quote"].delivery_problem
    if problem is not None and summary.held:
        messages.warning(request, problem.detail)
        return see_other(reverse("orders:checkout_delivery"))
    gateway = gateways.gateway_named(checkout.gateway)
    context |= {"note": note, "gateway": gateway, "cart_token": services.cart_token(cart)}
    template = "orders/checkout_review.html"
    return lead_to_providers(page_or_part(request, page=template, part=template, context=context, status=status))
