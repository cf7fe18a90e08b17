"""A guest's look-up of an order, from a page or the API: one count of tries for both, so that no door adds guesses."""

from django.http import HttpRequest

from orders import queries
from orders.models import Order
from orders.tries import Tries, caller_of
from shop.errors import ShopError

TRIES = Tries(name="order-find", limit=10, seconds=600)


class TooManyTries(ShopError):
    """Somebody guesses, or types in a hurry."""

    code = "too_many_tries"
    status = 429
    title = "Too many tries"
    detail_format = "Wait ten minutes, then try again with the number and the address from your e-mail."
    retry_after_seconds = TRIES.seconds


def find_order(*, request: HttpRequest, number: str, email: str) -> Order:
    """The order that this number and e-mail address name together.

    :raises TooManyTries: after ten tries in ten minutes from one address or for one number, right ones included.
    :raises NotFound: whichever of the two is wrong.
    """
    for who in (caller_of(request), f"number:{queries.spelled_number(number)}"):
        if not TRIES.count(who):
            raise TooManyTries()
    return queries.find_guest_order(number=number, email=email)
