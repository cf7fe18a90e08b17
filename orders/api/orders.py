"""Placed orders, for programs: a member's own, and the one that a guest can prove to know."""

from typing import Any, cast
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from orders import finding, queries, services
from orders.api.documents import FoundOrderDocument, OrderDocument, OrderSummaryDocument
from orders.api.shopper import CART_PARAMETER, OpenToGuests
from shop.api_fields import PageQuery, asked, cut_page, page_of, sent


class FindOrderBody(serializers.Serializer):
    """What only the buyer knows together."""

    number = serializers.CharField(max_length=32)
    email = serializers.EmailField(max_length=254)


class Orders(APIView):
    """A member's orders."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="list_orders",
        tags=["orders"],
        summary="List the member's orders, the newest first",
        parameters=[PageQuery],
        responses=page_of(OrderSummaryDocument),
    )
    def get(self, request: Request) -> Response:
        rows, numbers = cut_page(queries.orders_of(user=cast(User, request.user)), **asked(PageQuery, request))
        return Response({"items": OrderSummaryDocument(rows, many=True).data, **numbers})


class OrderDetail(OpenToGuests):
    """One order."""

    @extend_schema(
        operation_id="get_order",
        tags=["orders"],
        summary="Show an order",
        parameters=[CART_PARAMETER],
        responses=OrderDocument,
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        return Response(OrderDocument(self.order(order_id)).data)


class CancelOrder(OpenToGuests):
    """The end of an order that is not packed yet."""

    @extend_schema(
        operation_id="cancel_order",
        tags=["orders"],
        summary="Cancel an order that is not packed: what was paid goes back",
        parameters=[CART_PARAMETER],
        request=None,
        responses=OrderDocument,
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        order = self.order(order_id)
        services.cancel_for_customer(order_id=order.pk, now=timezone.now(), actor=self.actor)
        return Response(OrderDocument(self.order(order_id)).data)


class FindOrder(OpenToGuests):
    """A guest's way to an order. By POST, so that no e-mail address stands in a log; tries count as on the page."""

    @extend_schema(
        operation_id="find_order",
        tags=["orders"],
        summary="Find an order by its number and e-mail address",
        request=FindOrderBody,
        responses=FoundOrderDocument,
    )
    def post(self, request: Request) -> Response:
        order = finding.find_order(request=request._request, **sent(FindOrderBody, request))
        cart = order.cart if order.cart and order.cart.user_id is None else None
        body: dict[str, Any] = dict(OrderDocument(order).data)
        return Response({**body, "cart_token": services.cart_token(cart) if cart else None})
