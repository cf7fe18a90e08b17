"""Returns, for programs: asked for, read, taken back, and exchanged."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from orders import services
from orders.api.documents import OrderDocument, ReturnDocument
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


class ExchangeItemBody(serializers.Serializer):
    """What replaces the units of one line of the order that go back."""

    line_id = serializers.UUIDField(help_text="The line of the order, as in the return's `items`.")
    variant_id = serializers.UUIDField(help_text="Another variant of the same product, at the same price.")


class ExchangeBody(serializers.Serializer):
    """One choice for each line of the return."""

    items = ExchangeItemBody(many=True, allow_empty=False)


class ExchangeReturn(OpenToGuests):
    """A return that pays for other units instead of going back as money."""

    @extend_schema(
        operation_id="exchange_return",
        tags=["orders"],
        summary="Exchange a return that is approved or here for other variants at the same price",
        description=(
            "The answer is the new order: paid by what comes back, and its units allocated. It is sent when the return "
            "is here. To undo it before, cancel the new order."
        ),
        parameters=[CART_PARAMETER],
        request=ExchangeBody,
        responses={201: OrderDocument},
    )
    @idempotent
    def post(self, request: Request, order_id: UUID, return_id: UUID) -> Response:
        asked: ReturnRequest | None = self.order(order_id).returns.filter(pk=return_id).first()
        if asked is None:
            raise NotFound()
        by_line = {part.order_line_id: part.pk for part in asked.lines.all()}
        chosen = {item["line_id"]: item["variant_id"] for item in sent(ExchangeBody, request)["items"]}
        if not chosen.keys() <= by_line.keys():
            raise NotFound()
        replacement = services.exchange_return(
            return_id=asked.pk,
            choices={by_line[line_id]: variant_id for line_id, variant_id in chosen.items()},
            now=timezone.now(),
            actor=self.actor,
        )
        return Response(OrderDocument(self.order(replacement.pk)).data, status=201)
