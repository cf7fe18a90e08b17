"""The pages of drops: the list, the page in its four states, the early code, and getting ready."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orders import entering, services, shopper
from orders.forms import DropCodeForm, ReadyForm
from orders.models import Checkout
from shop.errors import NotFound
from shop.methods import post_only
from shop.models import Drop
from shop.redirects import see_other
from shop.sale import Sale, sale_of, sales_of

# How many of those that are over are still listed.
PAST_SHOWN = 12


@require_safe
def drops(request: HttpRequest) -> HttpResponse:
    """What is open, what comes, and what was."""
    now = timezone.now()
    current = list(Drop.objects.current(now=now).order_by("starts_at", "pk"))
    past = list(Drop.objects.past(now=now).order_by("-ends_at", "-pk")[:PAST_SHOWN])
    sales = sales_of(drops=[*current, *past], now=now, access=shopper.access_of(request))
    return render(
        request,
        "shop/drops.html",
        {
            "running": [sale for sale in sales if sale.is_running],
            "coming": [sale for sale in sales if sale.is_before],
            "over": [sale for sale in sales if sale.is_over],
        },
    )


@require_safe
def drop(request: HttpRequest, slug: str) -> HttpResponse:
    """One drop, as it is at this moment: before, open, ending or over."""
    return _page(request, slug=slug)


@post_only(shown_at="shop:drop", keeps=("slug",))
def drop_code(request: HttpRequest, slug: str) -> HttpResponse:
    """Come in early. A wrong code, and a drop that none opens, get the same answer."""
    form = DropCodeForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            opened = entering.enter_code(request=request, code=form.cleaned_data["code"], now=timezone.now(), slug=slug)
        except (services.WrongCode, entering.TooManyCodes) as error:
            form.add_error("code", error.detail)
            status = error.status
        else:
            shopper.remember_early(request, drops=opened)
            messages.success(request, _("The code counts. It is kept with this browser."))
            return see_other(reverse("shop:drop", args=[slug]))
    return _page(request, slug=slug, form=form, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def drop_ready(request: HttpRequest, slug: str) -> HttpResponse:
    """Type contact and address before it opens, so that the timed part is short. Kept with the cart."""
    sale = _sale(request, slug=slug)
    cart = shopper.cart_of(request)
    kept = (Checkout.objects.filter(cart=cart).first() if cart else None) or Checkout()
    if request.method != "POST":
        known = request.user if request.user.is_authenticated else None
        initial = {name: getattr(kept, name) for name in ReadyForm.base_fields}
        initial["email"] = kept.email or (known.email if known else "")
        initial["name"] = kept.name or (known.name if known else "")
        return render(request, "shop/drop_ready.html", {"sale": sale, "form": ReadyForm(initial=initial)})
    form = ReadyForm(request.POST)
    if not form.is_valid():
        return render(request, "shop/drop_ready.html", {"sale": sale, "form": form}, status=422)
    cart = cart or services.open_cart(user=request.user)
    services.save_checkout(cart_id=cart.pk, language=get_language_from_request(request), **form.cleaned_data)
    messages.success(request, _("You are ready. What you typed is kept with your cart."))
    answer = see_other(reverse("shop:drop", args=[slug]))
    shopper.remember_cart(answer, request=request, cart=cart)
    return answer


def _page(request: HttpRequest, *, slug: str, form: DropCodeForm | None = None, status: int = 200) -> HttpResponse:
    sale = _sale(request, slug=slug)
    context: dict[str, Any] = {"sale": sale, "form": form or DropCodeForm(), "here": reverse("shop:drop", args=[slug])}
    return render(request, "shop/drop.html", context, status=status)


def _sale(request: HttpRequest, *, slug: str) -> Sale:
    """Staff who may look at drops see one that is not published, as shoppers will.

    :raises Http404: for our own page of it, which shows what there is instead.
    """
    try:
        return sale_of(
            slug=slug,
            now=timezone.now(),
            access=shopper.access_of(request),
            sees_drafts=bool(request.GET.get("preview")) and request.user.has_perm("shop.view_drop"),
        )
    except NotFound as error:
        raise Http404 from error
