"""One press instead of a form: an address of the member's book for the whole checkout."""

from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_from_request

from accounts.models import User
from orders import services, shopper
from orders.views.checkout import first_incomplete, nothing_to_check_out
from shop.errors import NotFound
from shop.methods import post_only
from shop.redirects import see_other


@post_only(shown_at="orders:checkout_contact")
@login_required
def checkout_address(request: HttpRequest) -> HttpResponse:
    """Fill in contact and delivery from the address book, and go on where something is missing still."""
    cart = shopper.cart_of(request)
    if cart is None:
        return nothing_to_check_out(request, now=timezone.now())
    checkout = services.use_address(
        cart_id=cart.pk,
        user=cast(User, request.user),
        address_id=_asked(request),
        language=get_language_from_request(request),
    )
    return see_other(reverse(f"orders:checkout_{first_incomplete(checkout)}"))


def _asked(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("address", ""))
    except ValueError as error:
        raise NotFound() from error
