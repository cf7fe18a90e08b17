"""A guest's look-up of an order, from a page or the API: one count of tries for both, so that no door adds guesses."""

from ipaddress import ip_address, ip_network

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

from orders import queries
from orders.models import Order
from shop.errors import ShopError

TRIES = 10
TRIES_SECONDS = 600


class TooManyTries(ShopError):
    """Somebody guesses, or types in a hurry."""

    code = "too_many_tries"
    status = 429
    title = "Too many tries"
    detail_format = "Wait ten minutes, then try again with the number and the address from your e-mail."
    retry_after_seconds = TRIES_SECONDS


def find_order(*, request: HttpRequest, number: str, email: str) -> Order:
    """The order that this number and e-mail address name together.

    :raises TooManyTries: after ten tries in ten minutes from one address or for one number, right ones included.
    :raises NotFound: whichever of the two is wrong.
    """
    _count_try(f"address:{_network(get_adapter(request).get_client_ip(request))}")
    _count_try(f"number:{queries.spelled_number(number)}")
    return queries.find_guest_order(number=number, email=email)


def _network(address: str) -> str:
    """Who counts as one: an address, and with IPv6 the whole /64, which is what one household has."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


def _count_try(who: str) -> None:
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
