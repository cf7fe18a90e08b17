"""A coupon for the cart: entered on the cart page or at any step of the checkout, and taken out again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import services, shopper
from orders.forms import CouponForm
from orders.notes import Note
from orders.services import CartClosed, CouponRefused
from orders.views.answers import wants_part
from orders.views.cart import cart_page
from shop.methods import post_only
from shop.redirects import see_other


@post_only(shown_at="orders:cart")
def cart_coupon(request: HttpRequest) -> HttpResponse:
    """Let a coupon count for the cart. A refusal says why at the field; the cart keeps what it had."""
    now = timezone.now()
    cart = shopper.cart_of(request)
    if cart is None:
        return see_other(reverse("orders:cart"))
    form = CouponForm(request.POST)
    if form.is_valid():
        try:
            coupon = services.apply_coupon(
                cart_id=cart.pk, code=form.cleaned_data["coupon_code"], user=request.user, now=now
            )
        except CartClosed:
            return see_other(reverse("orders:cart"))
        except CouponRefused as error:
            form.add_error("coupon_code", error.detail)
        else:
            note = Note(kind="done", title=_("Coupon added"), text=f"{coupon.code}: {coupon.effect}.")
            return _done(request, note=note)
    # The answer is at the field, further down the page: the focus goes there, so that it is not missed.
    form.fields["coupon_code"].widget.attrs["data-focus"] = True
    return cart_page(request, cart=cart, now=now, coupon_form=form, status=422)


@post_only(shown_at="orders:cart")
def cart_coupon_remove(request: HttpRequest) -> HttpResponse:
    """Go on without the coupon."""
    cart = shopper.cart_of(request)
    if cart is not None:
        services.remove_coupon(cart_id=cart.pk)
    return _done(request, note=Note(kind="info", title=_("Coupon removed"), text=_("The total is without it now.")))


def _done(request: HttpRequest, *, note: Note) -> HttpResponse:
    if wants_part(request):
        return cart_page(request, cart=shopper.cart_of(request), now=timezone.now(), note=note)
    messages.success(request, f"{note.title}. {note.text}")
    return see_other(shopper.way_back(request, otherwise=reverse("orders:cart")))
