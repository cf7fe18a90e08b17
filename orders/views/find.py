"""A guest's way back to an order: its number and the e-mail address, and not too many guesses."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from orders import finding, shopper
from orders.forms import FindOrderForm
from shop.errors import NotFound
from shop.redirects import see_other


@require_http_methods(["GET", "HEAD", "POST"])
def order_find(request: HttpRequest) -> HttpResponse:
    """A wrong number and a wrong address get the same answer, so that neither can be found out by trying."""
    if request.method != "POST":
        return render(request, "orders/order_find.html", {"form": FindOrderForm()})
    form = FindOrderForm(request.POST)
    if not form.is_valid():
        return render(request, "orders/order_find.html", {"form": form}, status=422)
    try:
        order = finding.find_order(request=request, **form.cleaned_data)
    except NotFound:
        form.add_error(
            None, _("No order has this number and this e-mail address. Check both: they stand in your e-mail.")
        )
        return render(request, "orders/order_find.html", {"form": form}, status=422)
    shopper.remember_order(request, order=order)
    return see_other(reverse("orders:order", args=[order.pk]))
