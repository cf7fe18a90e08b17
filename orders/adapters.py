"""What the shop does when somebody logs in: the guest's cart comes along, and the language they chose."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.language import remember_language
from accounts.models import User
from orders import places, services, shopper
from orders.queries import cart_id_in
from orders.wishes import wishlist_id_in
from shop.errors import NotFound


class AccountAdapter(DefaultAccountAdapter):
    """allauth's own, with the cart, and with errors that say the repair."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "No account has this address and password together. Check both, or reset the password."
        ),
        "email_taken": _("There is an account with this address already. Sign in, or reset the password."),
        "enter_current_password": _("Enter the password that you use now."),
        "incorrect_password": _("This is not the password that you use now."),
    }

    def post_login(self, request: HttpRequest, user: User, *, signup: bool, **kwargs: Any) -> HttpResponse:
        """Merge the guest's cart into the member's and take the guest's token back.

        From then on the cart belongs to the account: a browser that logs out keeps nothing of it. An account that was
        made to keep an order has it from the start: this browser knows that order.
        """
        answer = super().post_login(request, user, signup=signup, **kwargs)
        if user.language:
            remember_language(answer, user.language)
        order = shopper.order_to_keep(request) if signup else None
        if order is not None:
            # Somebody else who knows it may be quicker; then it is theirs, and stays to be seen here.
            with suppress(NotFound):
                services.claim_order(order_id=order.pk, user=user, known_ids=[str(order.pk)], now=timezone.now())
        wishlist_id = wishlist_id_in(request.COOKIES.get(shopper.WISHLIST_COOKIE))
        if wishlist_id is not None:
            services.merge_wishlists(guest_wishlist_id=wishlist_id, user=user, now=timezone.now())
            shopper.forget_wishlist(answer)
        cart_id = cart_id_in(request.COOKIES.get(shopper.CART_COOKIE))
        if cart_id is not None:
            services.merge_carts(guest_cart_id=cart_id, user=user, now=timezone.now())
            shopper.forget_cart(answer)
        known = [UUID(place_id) for place_id in shopper.known_place_ids(request)]
        if known:
            services.bring_places(place_ids=known, user=user, now=timezone.now())
        if places.waits_anywhere(user=user):
            shopper.remember_that_waits(request)
        return answer

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, str]]:
        """The ways to say once more who it is, in the words of the shop."""
        words = {
            "reauthenticate": gettext("Use your password"),
            "mfa_reauthenticate": gettext("Use a code"),
            "mfa_reauthenticate:webauthn": gettext("Use a passkey"),
        }
        ways = super().get_reauthentication_methods(user)
        return [{**way, "description": words.get(way["id"], way["description"])} for way in ways]
