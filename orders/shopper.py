"""Who is at the door: the cart, the name and the orders that a browser may ask for. Pages only; the API has tokens."""

from datetime import datetime, timedelta
from typing import cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme

from orders import queries, services, wishes
from orders.models import Cart, Order, Wishlist
from shop.callers import address_of
from shop.drops import Access
from shop.models import Drop
from shop.room.names import PASS_COOKIE

CART_COOKIE = "cart"
CART_COOKIE_AGE = timedelta(days=30)
WISHLIST_COOKIE = "wishlist"
WISHLIST_COOKIE_AGE = timedelta(days=365)
ORDERS_KEY = "order_ids"
REMEMBERED_ORDERS = 50
# Whether this browser has anything to do with a line.
WAITS_KEY = "waits"
PLACES_KEY = "place_ids"
KEEP_KEY = "order_to_keep"
EARLY_KEY = "early_drops"
REMEMBERED_DROPS = 20


def actor_of(request: HttpRequest) -> str:
    """The name under which the ledger and the timeline remember who acted."""
    return request.user.email if request.user.is_authenticated else "guest"


def cart_of(request: HttpRequest) -> Cart | None:
    """The shopper's open cart. No query for a visitor who has no cart cookie and is not logged in."""
    token = request.COOKIES.get(CART_COOKIE)
    if token is None and not request.user.is_authenticated:
        return None
    return services.find_cart(user=request.user, token=token)


def access_of(request: HttpRequest) -> Access:
    """What lets this browser into a drop early. The session is read only where that decides something."""
    codes = SimpleLazyObject(lambda: frozenset(request.session.get(EARLY_KEY, [])))
    passes = tuple(value for name, value in request.COOKIES.items() if name.startswith(PASS_COOKIE))
    return Access(drop_ids=cast(frozenset[str], codes), user=request.user, passes=passes, address=address_of(request))


def remember_early(request: HttpRequest, *, drops: list[Drop]) -> None:
    """Let this browser into these drops early from now on. Sessions lie with the server: nobody else writes them."""
    known = request.session.get(EARLY_KEY, [])
    request.session[EARLY_KEY] = sorted({*known, *(str(drop.pk) for drop in drops)})[-REMEMBERED_DROPS:]


def remember_cart(answer: HttpResponse, *, request: HttpRequest, cart: Cart) -> None:
    """Give a guest the token of the cart for 30 days. A member's cart is found by the member and needs none."""
    if request.user.is_authenticated:
        return
    answer.set_cookie(
        CART_COOKIE,
        services.cart_token(cart),
        max_age=CART_COOKIE_AGE,
        secure=settings.SECURE_SSL,
        httponly=True,
        samesite="Lax",
    )


def forget_cart(answer: HttpResponseBase) -> None:
    """Take the token back: the cart became an order, or moved to a member."""
    answer.delete_cookie(CART_COOKIE, samesite="Lax")


def wishlist_of(request: HttpRequest) -> Wishlist | None:
    """What this shopper keeps for later. No query for a guest who keeps nothing."""
    return wishes.find_wishlist(user=request.user, token=request.COOKIES.get(WISHLIST_COOKIE))


def remember_wishlist(answer: HttpResponse, *, request: HttpRequest, wishlist: Wishlist) -> None:
    """Give a guest the token of the wishlist for a year. A member's is found by the member."""
    if request.user.is_authenticated:
        return
    answer.set_cookie(
        WISHLIST_COOKIE,
        services.wishlist_token(wishlist),
        max_age=WISHLIST_COOKIE_AGE,
        secure=settings.SECURE_SSL,
        httponly=True,
        samesite="Lax",
    )


def forget_wishlist(answer: HttpResponseBase) -> None:
    """Take the token back: what was kept moved to a member."""
    answer.delete_cookie(WISHLIST_COOKIE, samesite="Lax")


def remember_order(request: HttpRequest, *, order: Order) -> None:
    """Let this browser see the order from now on."""
    known = [order_id for order_id in known_order_ids(request) if order_id != str(order.pk)]
    request.session[ORDERS_KEY] = [*known, str(order.pk)][-REMEMBERED_ORDERS:]


def known_order_ids(request: HttpRequest) -> list[str]:
    """The orders that this browser placed or found."""
    return list(request.session.get(ORDERS_KEY, []))


def remember_place(request: HttpRequest, *, place_id: str) -> None:
    """Let this browser see the place in line from now on. A member's are found by the member."""
    request.session[WAITS_KEY] = True
    if not request.user.is_authenticated:
        known = [each for each in known_place_ids(request) if each != place_id]
        request.session[PLACES_KEY] = [*known, place_id][-REMEMBERED_ORDERS:]


def may_wait(request: HttpRequest) -> bool:
    """Whether it is worth asking for this shopper's places in line. No query."""
    if not request.user.is_authenticated:
        return bool(known_place_ids(request))
    return bool(request.session.get(WAITS_KEY)) or services.has_joined_lately(user_id=request.user.pk)


def remember_that_waits(request: HttpRequest) -> None:
    """This member waits somewhere: pages look from now on."""
    request.session[WAITS_KEY] = True


def known_place_ids(request: HttpRequest) -> list[str]:
    """The places in line that this browser joined, or opened from an e-mail."""
    return list(request.session.get(PLACES_KEY, []))


def remember_to_keep(request: HttpRequest, *, order_id: str) -> None:
    """Note for which order an account is being made: one that this browser knows, or none."""
    if order_id in known_order_ids(request):
        request.session[KEEP_KEY] = order_id
    else:
        request.session.pop(KEEP_KEY, None)


def order_to_keep(request: HttpRequest) -> Order | None:
    """The guest's order for which this browser is making an account."""
    order_id = request.session.get(KEEP_KEY)
    return None if order_id is None else Order.objects.filter(pk=order_id, user=None).first()


def awaiting_order_of(request: HttpRequest, *, now: datetime) -> Order | None:
    """The order of this shopper that is held for payment and ends first."""
    known_ids = known_order_ids(request)
    if not known_ids and not request.user.is_authenticated:
        return None
    return next(iter(queries.awaiting_payment(user=request.user, known_ids=known_ids, now=now)), None)


def way_back(request: HttpRequest, *, otherwise: str) -> str:
    """The page of this shop that the form names in `next`: never another site's."""
    target = request.POST.get("next", "")
    if not target or not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return otherwise
    return urlsplit(target)._replace(fragment="").geturl()
