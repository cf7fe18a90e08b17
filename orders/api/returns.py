"""Returns, for programs: asked for, read, and taken back."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from orders import services
from orders.api.documents import ReturnDocument
from orders.api.idempotency import idempotent
from orders.api.shopper import CART_PARAMETER, OpenToGuests
from orders.models import ReturnReason, ReturnRequest
from shop.api_fields import sent
from shop.errors import NotFound


class ReturnItemBody(serializers.Serializer):
    """So many units of a line of the order."""

    line_id = serializers.UUIDField()
    qty = serializers.IntegerField(min_value=1)


class ReturnBody(serializers.Serializer):
    """What goes back, and why."""

    items = ReturnItemBody(many=True, allow_empty=False)
    reason = serializers.ChoiceField(choices=ReturnReason.choices)
    remark = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class Returns(OpenToGuests):
    """The returns of an order."""

    @extend_schema(
        operation_id="list_returns",
        tags=["orders"],
        summary="List the returns of an order",
        parameters=[CART_PARAMETER],
        responses=ReturnDocument(many=True),
    )
    def get(self, request: Request, order_id: UUID) -> Response:
        return Response(ReturnDocument(self.order(order_id).returns.all(), many=True).data)

    @extend_schema(
        operation_id="request_return",
        tags=["orders"],
        summary="Ask to send units back that were sent",
        description="Possible until `returnable_until` of the order. Staff decide; nothing else changes yet.",
        parameters=[CART_PARAMETER],
        request=ReturnBody,
        responses={201: ReturnDocument},
    )
    @idempotent
    def post(self, request: Request, order_id: UUID) -> Response:
        order, body = self.order(order_id), sent(ReturnBody, request)
        units: dict[UUID, int] = {}
        for item in body["items"]:
            units[item["line_id"]] = units.get(item["line_id"], 0) + item["qty"]
        asked = services.request_return(
            order_id=order.pk,
            units=units,
            reason=body["reason"],
            remark=body["remark"],
            now=timezone.now(),
            actor=self.actor,
        )
        return Response(ReturnDocument(asked).data, status=201)


class WithdrawReturn(OpenToGuests):
    """A return that is not wanted any more."""

    @extend_schema(
        operation_id="withdraw_return",
        tags=["orders"],
        summary="Withdraw a return that nobody has decided on",
        parameters=[CART_PARAMETER],
        request=None,
        responses=ReturnDocument,
    )
    def post(self, request: Request, order_id: UUID, return_id: UUID) -> Response:
        asked: ReturnRequest | None = self.order(order_id).returns.filter(pk=return_id).first()
        if asked is None:
            raise NotFound()
        return Response(
            ReturnDocument(services.withdraw_return(return_id=asked.pk, now=timezone.now(), actor=self.actor)).data
        )
