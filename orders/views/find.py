"""A guest's way back to an order: its number and the e-mail address, and not too many guesses."""

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from orders import queries, shopper
from orders.forms import FindOrderForm
from orders.views.answers import see_other
from shop.errors import NotFound, ShopError

TRIES = 10
TRIES_SECONDS = 600


class TooManyTries(ShopError):
    """Somebody guesses, or types in a hurry."""

    code = "too_many_tries"
    status = 429
    title = "Too many tries"
    detail_format = "Wait ten minutes, then try again with the number and the address from your e-mail."
    retry_after_seconds = TRIES_SECONDS


@require_http_methods(["GET", "HEAD", "POST"])
def order_find(request: HttpRequest) -> HttpResponse:
    """A wrong number and a wrong address get the same answer, so that neither can be found out by trying."""
    if request.method != "POST":
        return render(request, "orders/order_find.html", {"form": FindOrderForm()})
    form = FindOrderForm(request.POST)
    if not form.is_valid():
        return render(request, "orders/order_find.html", {"form": form}, status=422)
    number = form.cleaned_data["number"]
    _count_try(f"address:{get_adapter(request).get_client_ip(request)}")
    _count_try(f"number:{''.join(filter(str.isalnum, number)).removeprefix('T')}")
    try:
        order = queries.find_guest_order(number=number, email=form.cleaned_data["email"])
    except NotFound:
        form.add_error(None, "No order has this number and this e-mail address. Check both: they stand in your e-mail.")
        return render(request, "orders/order_find.html", {"form": form}, status=422)
    shopper.remember_order(request, order=order)
    return see_other(reverse("orders:order", args=[order.pk]))


def _count_try(who: str) -> None:
    """:raises TooManyTries: after ten tries in ten minutes, right ones included."""
    key = f"order-find:{who}"
    cache.add(key, 0, TRIES_SECONDS)
    try:
        tries = cache.incr(key)
    except ValueError:
        # It ran out between the two lines: this is the first try of the next ten minutes.
        cache.set(key, 1, TRIES_SECONDS)
        return
    if tries > TRIES:
        raise TooManyTries()
