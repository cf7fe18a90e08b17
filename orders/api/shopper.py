"""Who asks: a member by a JWT, a guest by the token of a cart."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import entering, queries, services
from orders.api.documents import cart_document
from orders.api.idempotency import CART_HEADER
from orders.models import Cart, Checkout, Order
from shop.callers import address_of
from shop.drops import Access
from shop.errors import NotFound
from shop.room.names import PASS_HEADER

CART_PARAMETER = OpenApiParameter(
    name=CART_HEADER,
    type=OpenApiTypes.STR,
    location=OpenApiParameter.HEADER,
    description="A guest's key to the cart, as `cart_token` of an earlier answer. Not needed with a JWT.",
)


DROP_CODE_HEADER = "Drop-Code"
DROP_CODE_PARAMETER = OpenApiParameter(
    name=DROP_CODE_HEADER,
    type=OpenApiTypes.STR,
    location=OpenApiParameter.HEADER,
    description="The code that lets its bearer into a drop early. Wrong ones are counted, and ten are too many.",
)


PASS_PARAMETER = OpenApiParameter(
    name=PASS_HEADER,
    type=OpenApiTypes.STR,
    location=OpenApiParameter.HEADER,
    description="The pass of the waiting room, where one stands in front of the drop.",
)


def access_of(request: Request, *, now: datetime) -> Access:
    """What lets the caller into a drop early: the account, and a code in the header.

    :raises WrongCode: if the code opens none, or none any more.
    """
    code = request.headers.get(DROP_CODE_HEADER)
    drops = entering.enter_code(request=request._request, code=code, now=now) if code else []
    given = request.headers.get(PASS_HEADER)
    return Access(
        drop_ids=frozenset(str(drop.pk) for drop in drops),
        user=request.user,
        passes=(given,) if given else (),
        address=address_of(request),
    )


class OpenToGuests(APIView):
    """A view that members use with a JWT and guests with the token of their cart."""

    permission_classes = [AllowAny]
    # What the services call `quantity` is `qty` in this API, as it was from the first day.
    field_names = {"quantity": "qty"}

    @property
    def actor(self) -> str:
        """The name under which the ledger and the timeline remember who acted."""
        user = self.request.user
        return user.email if user.is_authenticated else "guest"

    def cart(self) -> Cart | None:
        """The open cart of whoever asks, if there is one."""
        return services.find_cart(user=self.request.user, token=self.request.headers.get(CART_HEADER))

    def known_cart(self) -> Cart:
        """The open cart of whoever asks.

        :raises NotFound: if there is none.
        """
        cart = self.cart()
        if cart is None:
            raise NotFound()
        return cart

    def cart_answer(self, cart: Cart | None, *, status: int = 200) -> Response:
        """The cart as it is at this moment."""
        now = timezone.now()
        summary = queries.summarise_cart(cart=cart, now=now)
        return Response(cart_document(summary, self.quote(summary, now=now)), status=status)

    def quote(self, summary: queries.CartSummary, *, now: datetime) -> services.Quote | None:
        """What the held lines cost this caller; None if nothing is held."""
        if summary.cart is None or not summary.held:
            return None
        checkout = Checkout.objects.select_related("shipping_method").filter(cart=summary.cart).first()
        lines = [each.line for each in summary.held]
        checkout = checkout or Checkout(cart=summary.cart)
        return services.quote_cart(lines=lines, checkout=checkout, user=self.request.user, now=now)

    def placed_from(self, cart_id: UUID) -> Order | None:
        """The order that a cart of whoever asks has become."""
        token = self.request.headers.get(CART_HEADER)
        return queries.placed_from(cart_id=cart_id, user=self.request.user, token=token)

    def known_order_ids(self) -> list[str]:
        """The order that the guest's cart has become: its token proves that the guest placed it.

        :raises NotAuthenticated: if the caller brings neither a JWT nor such a token.
        """
        if self.request.user.is_authenticated:
            return []
        cart_id = queries.cart_id_in(self.request.headers.get(CART_HEADER))
        if cart_id is None:
            raise NotAuthenticated(f"Send a JWT, or as a guest the header {CART_HEADER} of the cart that you ordered.")
        order = self.placed_from(cart_id)
        return [] if order is None else [str(order.pk)]

    def order(self, order_id: UUID) -> Order:
        """The order with all its details, if it is the caller's.

        :raises NotFound: if there is none, or it is somebody else's.
        """
        return queries.find_order(order_id=order_id, user=self.request.user, known_ids=self.known_order_ids())

    def finalize_response(self, request: Request, response: Any, *args: object, **kwargs: object) -> Any:
        """A guest's token stands in a header too, where a client keeps it without reading the body."""
        body = getattr(response, "data", None)
        token = body.get("cart_token") if isinstance(body, dict) else None
        if token:
            response[CART_HEADER] = token
        return super().finalize_response(request, response, *args, **kwargs)
