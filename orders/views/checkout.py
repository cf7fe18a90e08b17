"""The first three steps of the checkout. Each has an address, and what is typed there is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_from_request, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Address, User
from accounts.queries import addresses_of
from accounts.services import WHERE, TooManyAddresses, add_address
from inventory import queries as stock
from orders import gateways, queries, services, shopper
from orders.forms import ContactForm, CouponForm, DeliveryForm, PaymentForm
from orders.models import Cart, CartLine, Checkout
from orders.views.answers import page_or_part, wants_part
from shop.redirects import see_other


@dataclass(frozen=True, slots=True)
class Step:
    """One step, as the step list shows it."""

    name: str
    title: str
    is_done: bool
    is_now: bool

    @property
    def url(self) -> str:
        return reverse(f"orders:checkout_{self.name}")


STEPS = {
    "contact": gettext_lazy("Contact"),
    "delivery": gettext_lazy("Delivery"),
    "payment": gettext_lazy("Payment"),
    "review": gettext_lazy("Review"),
}
NEXT = {"contact": "delivery", "delivery": "payment", "payment": "review"}


@require_http_methods(["GET", "HEAD", "POST"])
def checkout_contact(request: HttpRequest) -> HttpResponse:
    """Step 1: e-mail, name and phone."""

    def initial(checkout: Checkout) -> dict[str, Any]:
        known = request.user if request.user.is_authenticated else None
        return {
            "email": checkout.email or (known.email if known else ""),
            "name": checkout.name or (known.name if known else ""),
            "phone": checkout.phone,
        }

    return _step(request, name="contact", form_class=ContactForm, initial=initial)


@require_http_methods(["GET", "HEAD", "POST"])
def checkout_delivery(request: HttpRequest) -> HttpResponse:
    """Step 2: the address and the shipping method."""

    def initial(checkout: Checkout) -> dict[str, Any]:
        return {
            "address": checkout.address,
            "landmark": checkout.landmark,
            "city": checkout.city,
            "postal_code": checkout.postal_code,
            "shipping_method": checkout.shipping_method_id,
        }

    return _step(request, name="delivery", form_class=DeliveryForm, initial=initial)


@require_safe
def checkout_methods(request: HttpRequest) -> HttpResponse:
    """The ways to send the cart to the postcode that was typed, for the second step while it is being filled in."""
    now = timezone.now()
    cart = shopper.cart_of(request)
    if cart is None or not wants_part(request):
        return see_other(reverse("orders:checkout_delivery"))
    checkout = checkout_of(cart)
    typed = {
        "postal_code": request.GET.get("postal_code", ""),
        "shipping_method": request.GET.get("shipping_method") or checkout.shipping_method_id,
    }
    form = DeliveryForm(initial=typed, lines=_held_lines(queries.summarise_cart(cart=cart, now=now)))
    part = "orders/_delivery_methods.html"
    return page_or_part(request, page=part, part=part, context={"form": form, "postal_code": typed["postal_code"]})


@require_http_methods(["GET", "HEAD", "POST"])
def checkout_payment(request: HttpRequest) -> HttpResponse:
    """Step 3: the payment provider."""

    def initial(checkout: Checkout) -> dict[str, Any]:
        offered = list(gateways.available_gateways())
        return {
            "gateway": checkout.gateway or (offered[0] if len(offered) == 1 else ""),
            "accepts_backorder": checkout.accepts_backorder,
        }

    return _step(request, name="payment", form_class=PaymentForm, initial=initial)


def checkout_of(cart: Cart) -> Checkout:
    """What was typed so far; an empty one, not saved, where nothing was."""
    checkout = Checkout.objects.select_related("shipping_method").filter(cart=cart).first()
    return checkout or Checkout(cart=cart)


def first_incomplete(checkout: Checkout) -> str:
    """The step at which the shopper has to go on; "review" when everything is there."""
    return next(iter(services.missing_details(checkout).values()), "review")


def steps(*, now_at: str, checkout: Checkout) -> list[Step]:
    """The four steps: which is shown, and which are done."""
    names = list(STEPS)
    reached = names.index(first_incomplete(checkout))
    return [
        Step(name=name, title=str(STEPS[name]), is_done=position < reached and name != now_at, is_now=name == now_at)
        for position, name in enumerate(names)
    ]


def nothing_to_check_out(request: HttpRequest, *, now: datetime) -> HttpResponse:
    """Lead a shopper without a cart on: to the order that the cart became, else to the cart page."""
    order = shopper.awaiting_order_of(request, now=now)
    if order is None:
        return see_other(reverse("orders:cart"))
    return see_other(reverse("orders:order", args=[order.pk]))


def quote_of(request: HttpRequest, *, cart: Cart, lines: list[CartLine], now: datetime) -> services.Quote:
    """What these lines cost this shopper with the details typed so far."""
    return services.quote_cart(lines=lines, checkout=checkout_of(cart), user=request.user, now=now)


def checkout_context(
    request: HttpRequest, *, summary: queries.CartSummary, checkout: Checkout, step: str, now: datetime
) -> dict[str, Any]:
    """What every step shows: steps, holds and the total so far."""
    quote = services.quote_cart(lines=_held_lines(summary), checkout=checkout, user=request.user, now=now)
    return {
        "cart_summary": summary,
        "quote": quote,
        "coupon_form": CouponForm(),
        # The review lists them itself.
        "summary_lines": summary.held if step != "review" else [],
        "shipping_unknown": _("chosen in this step") if step == "delivery" else _("chosen in the next step"),
        "checkout": checkout,
        "steps": steps(now_at=step, checkout=checkout),
        "addresses": _addresses(request, step=step),
    }


def _addresses(request: HttpRequest, *, step: str) -> list[Address]:
    """The book of a member, where an address is asked for."""
    is_asked = step in ("contact", "delivery") and request.user.is_authenticated
    return addresses_of(cast(User, request.user)) if is_asked else []


def _keep_address(request: HttpRequest, checkout: Checkout) -> None:
    """Put what was typed into the member's book. A full book is said, and keeps nobody from buying."""
    where = {name: getattr(checkout, name) for name in WHERE}
    try:
        add_address(user_id=cast(User, request.user).pk, where=where, now=timezone.now())
    except TooManyAddresses as error:
        messages.warning(request, error.detail)


def _step(
    request: HttpRequest,
    *,
    name: str,
    form_class: type[forms.Form],
    initial: Callable[[Checkout], dict[str, Any]],
) -> HttpResponse:
    """One step: shown, or taken and kept.

    The second one is about what travels, so its form is given the lines. The third one asks for the back-order terms
    only if one of them may be back-ordered.
    """
    now = timezone.now()
    cart = shopper.cart_of(request)
    if cart is None:
        return nothing_to_check_out(request, now=now)
    checkout = checkout_of(cart)
    earlier = first_incomplete(checkout)
    names = list(STEPS)
    if names.index(earlier) < names.index(name):
        return see_other(reverse(f"orders:checkout_{earlier}"))
    summary = queries.summarise_cart(cart=cart, now=now)
    about = _about(request, summary, form_class=form_class)
    if request.method != "POST":
        form = form_class(initial=initial(checkout), **about)
        return _show(request, summary=summary, checkout=checkout, step=name, form=form, now=now)
    form = form_class(request.POST, **about)
    if not form.is_valid():
        return _show(request, summary=summary, checkout=checkout, step=name, form=form, now=now, status=422)
    language = get_language_from_request(request)
    keeps_address = form.cleaned_data.pop("keeps_address", False)
    saved = services.save_checkout(cart_id=cart.pk, language=language, **form.cleaned_data)
    if keeps_address and request.user.is_authenticated:
        _keep_address(request, saved)
    # Who came by a Change link goes straight back to the review.
    onward = "review" if first_incomplete(saved) == "review" and earlier == "review" else NEXT[name]
    return see_other(reverse(f"orders:checkout_{onward}"))


def _about(request: HttpRequest, summary: queries.CartSummary, *, form_class: type[forms.Form]) -> dict[str, Any]:
    lines = _held_lines(summary)
    if form_class is DeliveryForm:
        return {"lines": lines, "offers_keeping": request.user.is_authenticated}
    if form_class is PaymentForm:
        return {"offers_backorder": stock.may_be_backordered(skus=[line.variant.sku for line in lines])}
    return {}


def _show(
    request: HttpRequest,
    *,
    summary: queries.CartSummary,
    checkout: Checkout,
    step: str,
    form: forms.Form,
    now: datetime,
    status: int = 200,
) -> HttpResponse:
    context = checkout_context(request, summary=summary, checkout=checkout, step=step, now=now)
    if summary.is_empty:
        messages.info(request, _("Put something into the cart first."))
        return see_other(reverse("orders:cart"))
    template = f"orders/checkout_{step}.html"
    return page_or_part(request, page=template, part=template, context={**context, "form": form}, status=status)


def _held_lines(summary: queries.CartSummary) -> list[CartLine]:
    return [each.line for each in summary.held]
