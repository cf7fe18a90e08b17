"""Attempts to pay, and the door through which providers report."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders import queries, services
from orders.api.documents import PaymentDocument
from orders.api.idempotency import KEY_PARAMETER, answer_in_steps, respond
from orders.api.shopper import CART_PARAMETER, OpenToGuests
from orders.gateways import GatewayFailed
from orders.models import Payment
from orders.services import Answer
from shop.api_fields import sent
from shop.errors import ShopError


class ProviderSilent(ShopError):
    """The payment provider could not be reached."""

    code = "provider_silent"
    status = 503
    title = "The payment provider does not answer"
    detail_format = "Nothing was charged, and your order is still held for you. Try again in a few seconds."
    retry_after_seconds = 5


class PayBody(serializers.Serializer):
    """Where to pay; the provider chosen at the checkout if it is left out."""

    gateway = serializers.CharField(max_length=32, required=False)


class WebhookDocument(serializers.Serializer):
    """The event is kept; a repeat gets the same answer and changes nothing."""

    status = serializers.CharField(default="success")
    event = serializers.CharField()
    outcome = serializers.CharField(help_text="What the shop made of it.")


class OrderPayments(OpenToGuests):
    """Attempts to pay an order."""

    @extend_schema(
        operation_id="start_payment",
        tags=["payments"],
        summary="Start an attempt to pay an order, or go on with the one that is pending",
        parameters=[CART_PARAMETER, KEY_PARAMETER],
        request=PayBody,
        responses={201: PaymentDocument},
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        order = self.order(order_id)
        gateway = sent(PayBody, request).get("gateway")

        def begin() -> Answer:
            payment = services.claim_attempt(order_id=order.pk, now=timezone.now(), gateway=gateway)
            return Answer(status=services.BEGUN, body={"id": str(payment.pk)})

        def end(begun: Answer) -> Answer:
            payment = _opened(Payment.objects.get(pk=begun.body["id"]))
            return Answer(status=201, body=dict(PaymentDocument(payment).data))

        return respond(answer_in_steps(request, begin=begin, end=end))


class PaymentDetail(OpenToGuests):
    """One attempt to pay."""

    @extend_schema(
        operation_id="get_payment",
        tags=["payments"],
        summary="Show an attempt to pay",
        parameters=[CART_PARAMETER],
        responses=PaymentDocument,
    )
    def get(self, request: Request, payment_id: UUID) -> Response:
        payment = queries.find_payment(payment_id=payment_id, user=request.user, known_ids=self.known_order_ids())
        return Response(PaymentDocument(payment).data)


class PaymentWebhook(APIView):
    """What a provider reports. The signature over the exact bytes is the only key to this door."""

    authentication_classes: Any = []
    permission_classes = [AllowAny]
    parser_classes: Any = []
    challenge = "Signature"

    @extend_schema(
        operation_id="record_payment_event",
        tags=["payments"],
        summary="For payment providers: report what became of a payment",
        description="Signed by the provider, in any order and as often as it likes: every event counts once.",
        request={"application/json": OpenApiTypes.OBJECT},
        responses=WebhookDocument,
    )
    def post(self, request: Request, payment_id: UUID) -> Response:
        event = services.record_payment_event(
            payment_id=payment_id,
            body=request._request.body,
            headers=request.headers,
            now=timezone.now(),
        )
        return Response({"status": "success", "event": event.event_id, "outcome": event.outcome})


class GatewayWebhook(PaymentWebhook):
    """The same for a provider that posts everything to one address of the shop."""

    @extend_schema(
        operation_id="record_gateway_event",
        tags=["payments"],
        summary="For payment providers with one address for all payments: report what became of one",
        description="As the address of a single payment. An event that changes nothing here is answered with success.",
        request={"application/json": OpenApiTypes.OBJECT},
        responses=WebhookDocument,
    )
    def post(self, request: Request, gateway: str) -> Response:  # type: ignore[override]
        event = services.record_gateway_event(
            gateway=gateway,
            body=request._request.body,
            headers=request.headers,
            now=timezone.now(),
        )
        if event is None:
            return Response(
                {"status": "success", "event": "", "outcome": "no effect: nothing that this shop has to know"}
            )
        return Response({"status": "success", "event": event.event_id, "outcome": event.outcome})


def _opened(payment: Payment) -> Payment:
    """The attempt with the address to pay at; the provider is asked for it if it was not yet.

    :raises ProviderSilent: if the provider does not answer.
    """
    if payment.redirect_url or not payment.is_pending:
        return payment
    try:
        return services.start_payment(order_id=payment.order_id, now=timezone.now(), gateway=payment.gateway)
    except GatewayFailed as error:
        raise ProviderSilent() from error
