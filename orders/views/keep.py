"""Orders that outlive their page: kept in an account, and bought again."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from allauth.account.views import SignupView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from orders import notes, services, shopper
from orders.models import CartLine, Order
from orders.press import once_for_press, posted_key
from orders.services import Answer, CartClosed, NotHeld, NothingHeld
from orders.views.order import of_an_order, order_page
from shop.methods import post_only
from shop.redirects import see_other


class SignUp(SignupView):
    """Making an account, with the address of the order that it is made for."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Remember which order is to be kept: the one that this page was asked for with, and no older one."""
        shopper.remember_to_keep(request, order_id=request.GET.get("order", ""))
        return cast(HttpResponse, super().get(request, *args, **kwargs))

    def get_initial(self) -> dict[str, Any]:
        """The address of that order, which this browser knows already."""
        initial: dict[str, Any] = super().get_initial()
        order = shopper.order_to_keep(self.request)
        return initial if order is None else {**initial, "email": order.email}


@post_only(shown_at="orders:order", keeps=("order_id",))
@login_required
def order_claim(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Add an order that this browser knows to the account. Pressed twice, it is added once."""
    order = services.claim_order(
        order_id=order_id,
        user=cast(User, request.user),
        known_ids=shopper.known_order_ids(request),
        now=timezone.now(),
    )
    messages.success(request, _("Order %(number)s is in your account now.") % {"number": order.number})
    return see_other(reverse("orders:order", args=[order.pk]))


@post_only(shown_at="orders:order_list")
@login_required
def orders_claim(request: HttpRequest) -> HttpResponse:
    """Add every order that was placed with a verified address of this member."""
    claimed = services.claim_found_orders(user=cast(User, request.user), now=timezone.now())
    if claimed:
        said = ngettext("1 order is in your account now.", "%(count)s orders are in your account now.", len(claimed))
        messages.success(request, said % {"count": len(claimed)})
    return see_other(reverse("orders:order_list"))


@post_only(shown_at="orders:order", keeps=("order_id",))
@of_an_order
def order_again(request: HttpRequest, order: Order) -> HttpResponse:
    """Put everything that the order had into the cart, as far as it can be held."""
    now = timezone.now()
    cart = shopper.cart_of(request)
    verb = f"again:{order.pk.hex}"

    def produce() -> Answer:
        done = services.reorder(
            order_id=order.pk,
            cart_id=cart.pk if cart else None,
            user=request.user,
            now=now,
            actor=shopper.actor_of(request),
            access=shopper.access_of(request),
        )
        body = {
            "lines": [str(line.pk) for line in done.held],
            "not_held": [_why(each, now=now) for each in done.not_held],
        }
        return Answer(status=303, body=body)

    try:
        answer = once_for_press(request, verb=verb, key=posted_key(request), now=now, produce=produce)
        if not _lines_of(answer):
            # What the first press put there was let go or ordered meanwhile: this one is a new intent.
            answer = once_for_press(request, verb=verb, key=uuid4(), now=now, produce=produce)
    except (NothingHeld, CartClosed) as error:
        return order_page(request, order=order, now=now, note=notes.refusal(error, now=now), status=error.status)
    for sentence in answer.body["not_held"]:
        messages.warning(request, sentence)
    if not answer.body["not_held"]:
        messages.success(
            request, _("Held for you: everything of order %(number)s, at today's prices.") % {"number": order.number}
        )
    led = see_other(reverse("orders:cart"))
    shopper.remember_cart(led, request=request, cart=_lines_of(answer)[0].cart)
    return led


def _lines_of(answer: Answer) -> list[CartLine]:
    """The lines that are still in a cart."""
    lines = CartLine.objects.select_related("cart").filter(pk__in=answer.body["lines"])
    return [line for line in lines if line.cart.is_open]


def _why(missing: NotHeld, *, now: datetime) -> str:
    reason = notes.refusal(missing.refusal, now=now).title
    return _("Not in your cart: %(quantity)s × %(name)s. %(reason)s.") % {
        "quantity": missing.line.quantity,
        "name": missing.line.product_name,
        "reason": reason,
    }
