"""Orders that outlive their session, for programs: kept in an account, and bought again."""

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from orders import queries, services
from orders.api.documents import CartDocument, OrderDocument, cart_document
from orders.api.idempotency import CART_HEADER, idempotent
from orders.api.shopper import CART_PARAMETER, OpenToGuests, access_of
from shop.api_fields import written


class NotHeldDocument(serializers.Serializer):
    """A line that could not be held: the code and the words are those of adding it alone."""

    sku = serializers.CharField()
    name = serializers.CharField()
    qty = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ReorderDocument(serializers.Serializer):
    """The cart with what could be held, and what could not."""

    cart = CartDocument()
    not_held = NotHeldDocument(many=True)


class ClaimOrder(OpenToGuests):
    """A guest's order into the account of whoever proves to know it."""

    permission_classes: Any = [IsAuthenticated]

    @extend_schema(
        operation_id="claim_order",
        tags=["orders"],
        summary="Add a guest's order to the member's account",
        description=(
            "For a member with the order's e-mail address, verified; or with the guest's Cart-Token beside the JWT, as "
            "the checkout and `/orders/find` answer it. A repeat changes nothing."
        ),
        parameters=[CART_PARAMETER],
        request=None,
        responses=OrderDocument,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        user = cast(User, request.user)
        known_ids = self._proved_ids()
        services.claim_order(order_id=order_id, user=user, known_ids=known_ids, now=timezone.now())
        return Response(OrderDocument(self.order(order_id)).data)

    def _proved_ids(self) -> list[str]:
        """The order of the guest's cart whose token came along."""
        token = self.request.headers.get(CART_HEADER)
        cart_id = queries.cart_id_in(token)
        if cart_id is None:
            return []
        order = queries.placed_from(cart_id=cart_id, user=AnonymousUser(), token=token)
        return [] if order is None else [str(order.pk)]


class Reorder(OpenToGuests):
    """The same again."""

    @extend_schema(
        operation_id="reorder",
        tags=["orders"],
        summary="Hold again what an order had, as far as it is free",
        description=(
            "At today's prices, in the caller's open cart or a new one, each line whole or not at all. `not_held` says "
            "what is missing and why; refused if nothing could be held."
        ),
        parameters=[CART_PARAMETER],
        request=None,
        responses={201: ReorderDocument},
    )
    @idempotent
    def post(self, request: Request, order_id: UUID) -> Response:
        order, cart, now = self.order(order_id), self.cart(), timezone.now()
        done = services.reorder(
            order_id=order.pk,
            cart_id=cart.pk if cart else None,
            user=request.user,
            now=now,
            actor=self.actor,
            access=access_of(request, now=now),
        )
        summary = queries.summarise_cart(cart=done.cart, now=now)
        not_held = [each.facts for each in done.not_held]
        document = {
            "cart": cart_document(summary, self.quote(summary, now=now)),
            "not_held": [written(NotHeldDocument, each) for each in not_held],
        }
        return Response(document, status=201)
