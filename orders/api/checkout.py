"""From cart to order, for programs: one request with all details, or with those that are not known yet."""

import logging
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import get_language_from_request
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.address_form import COUNTRY
from orders import gateways, queries, services
from orders.api.documents import OrderDocument, PaymentDocument, PlacedOrderDocument
from orders.api.idempotency import HEADER, KEY_PARAMETER, answer_once, respond
from orders.api.shopper import CART_PARAMETER, OpenToGuests
from orders.forms import ContactForm, DeliveryForm, PaymentForm
from orders.gateways import GatewayFailed
from orders.models import Cart, Checkout, Payment
from orders.services import Answer, CartClosed, OrderNotPayable
from shop.api_fields import MoneyField, WholeNumberField, asked, sent
from shop.errors import NotFound

logger = logging.getLogger(__name__)

HIGHEST_TOTAL = 10**15


class CheckoutBody(serializers.Serializer):
    """Who buys, where it goes, how it travels, how it is paid. What was sent before, or is known, may be left out."""

    email = serializers.CharField(max_length=254, required=False)
    name = serializers.CharField(max_length=120, required=False)
    phone = serializers.CharField(max_length=32, required=False)
    address = serializers.CharField(max_length=200, required=False)
    landmark = serializers.CharField(max_length=200, required=False, allow_blank=True)
    city = serializers.CharField(max_length=80, required=False)
    postal_code = serializers.CharField(max_length=16, required=False)
    shipping_method = serializers.CharField(max_length=32, required=False, help_text="A code of /checkout-options.")
    gateway = serializers.CharField(max_length=32, required=False, help_text="A name of /checkout-options.")
    coupon_code = serializers.CharField(
        max_length=32, required=False, allow_blank=True, help_text="Takes something off; empty goes on without one."
    )
    accepts_backorder = serializers.BooleanField(
        required=False,
        help_text=(
            "Whether it is sent when it is back in stock, should the payment arrive after the hold has ended and it is "
            "sold out. Without it the money goes back at once."
        ),
    )
    expected_total = WholeNumberField(
        min_value=1, max_value=HIGHEST_TOTAL, required=False, help_text="The total that was shown: that one, or a 409."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The rules of the pages' own forms, for the fields that were sent."""
        codes = {method.code: method.pk for method in queries.delivery_methods()}
        method_id = codes.get(attrs.get("shipping_method", ""))
        typed = {**attrs, "shipping_method": method_id}
        cleaned: dict[str, Any] = {name: attrs[name] for name in ("coupon_code", "expected_total") if name in attrs}
        errors: dict[str, Any] = {}
        for form in (ContactForm(typed), DeliveryForm(typed), PaymentForm(typed)):
            form.full_clean()
            cleaned |= {name: value for name, value in form.cleaned_data.items() if name in attrs}
            errors |= {name: messages for name, messages in form.errors.items() if name in attrs}
        if "shipping_method" in errors and method_id is None:
            errors["shipping_method"] = [f"Choose one of: {', '.join(codes)}."]
        if errors:
            raise serializers.ValidationError(errors)
        return cleaned


class OptionsQuery(serializers.Serializer):
    """Where it goes."""

    country = serializers.RegexField(r"^[A-Z]{2}$", default=COUNTRY, help_text="Two capital letters.")
    postal_code = serializers.CharField(
        max_length=16, default="", allow_blank=True, help_text="Leave it out to see the ways to every zone."
    )


class ShippingMethodDocument(serializers.Serializer):
    """A way to send a parcel, with its price for the caller's cart."""

    code = serializers.CharField(source="method.code")
    name = serializers.CharField(source="method.name")
    description = serializers.CharField(source="method.description")
    zones = serializers.SerializerMethodField(help_text="Where it goes, by name. Empty: to every address.")
    price = serializers.IntegerField(source="price_minor")
    price_money = MoneyField(amount="price_minor", currency="method.currency")
    min_days = serializers.IntegerField(source="method.min_days")
    max_days = serializers.IntegerField(source="method.max_days")

    def get_zones(self, option: services.DeliveryOption) -> list[str]:
        return [zone.name for zone in option.method.zones.all()]


class GatewayDocument(serializers.Serializer):
    """A way to pay."""

    name = serializers.CharField()
    label: Any = serializers.CharField()


class CheckoutOptionsDocument(serializers.Serializer):
    """What can be chosen at the checkout."""

    shipping_methods = ShippingMethodDocument(many=True)
    gateways = GatewayDocument(many=True)


class CheckoutOptions(OpenToGuests):
    """Ways to send and ways to pay."""

    @extend_schema(
        operation_id="get_checkout_options",
        tags=["checkout"],
        summary="List the ways to send a parcel and to pay",
        description="With a postcode, those that take what the caller's cart holds there.",
        parameters=[CART_PARAMETER, OptionsQuery],
        responses=CheckoutOptionsDocument,
    )
    def get(self, request: Request) -> Response:
        to = asked(OptionsQuery, request)
        held = queries.summarise_cart(cart=self.cart(), now=timezone.now()).held
        options = {
            "shipping_methods": services.delivery_options(lines=[each.line for each in held], **to),
            "gateways": list(gateways.available_gateways().values()),
        }
        return Response(CheckoutOptionsDocument(options).data)


class CheckoutView(OpenToGuests):
    """Place the order and start the payment."""

    @extend_schema(
        operation_id="check_out",
        tags=["checkout"],
        summary="Place the order and start the payment",
        description=(
            "Answers the order and, under `payment`, where to send the shopper's browser. One cart becomes one order: "
            "a repeat, with or without a key, answers the same order and its first attempt to pay. With "
            "`expected_total`, that total is ordered or nothing (409, `total_changed`); without it, a coupon that does "
            "not count is a refusal."
        ),
        parameters=[CART_PARAMETER, KEY_PARAMETER],
        request=CheckoutBody,
        responses={200: PlacedOrderDocument, 201: PlacedOrderDocument},
    )
    def post(self, request: Request, cart_id: UUID) -> Response:
        details = sent(CheckoutBody, request)
        # The cart is looked for before the order: the other click of a double click may turn one into the other between
        # two looks, and asked the other way round neither would be found.
        cart = self.cart()
        is_placed = self.placed_from(cart_id) is not None
        if not is_placed:
            if cart is None or cart.pk != cart_id:
                raise NotFound()
            self._save(cart, {name: value for name, value in details.items() if name != "expected_total"})
        answer = self._place(cart_id, is_placed=is_placed, expected_total_minor=details.get("expected_total"))
        # A provider is never called inside a transaction: the order stands, and its payment is begun after it.
        payment = _first_attempt(UUID(answer.body["id"]))
        document = None if payment is None else PaymentDocument(payment).data
        return respond(replace(answer, body={**answer.body, "payment": document}))

    def _save(self, cart: Cart, details: dict[str, Any]) -> None:
        """Keep what was sent, whatever becomes of the order; a member's own e-mail and name need not be sent."""
        known = Checkout.objects.filter(cart=cart).first() or Checkout(cart=cart)
        user = self.request.user
        own = {"email": user.email, "name": user.name} if user.is_authenticated else {}
        fields = {name: value for name, value in own.items() if value and not getattr(known, name)} | details
        code = fields.pop("coupon_code", None)
        # Of two clicks at one moment the other may have placed the order by now: placing it again finds it.
        language = get_language_from_request(self.request._request)
        with suppress(CartClosed):
            services.save_checkout(cart_id=cart.pk, language=language, **fields)
            if code:
                services.apply_coupon(cart_id=cart.pk, code=code, user=user, now=timezone.now())
            elif code is not None:
                services.remove_coupon(cart_id=cart.pk)

    def _place(self, cart_id: UUID, *, is_placed: bool, expected_total_minor: int | None) -> Answer:
        def produce() -> Answer:
            order = services.place_order(
                cart_id=cart_id,
                user=self.request.user,
                now=timezone.now(),
                actor=self.actor,
                expected_total_minor=expected_total_minor,
            )
            order = queries.find_order(order_id=order.pk, user=self.request.user, known_ids=[str(order.pk)])
            return Answer(status=200 if is_placed else 201, body=dict(OrderDocument(order).data))

        return answer_once(self.request, produce=produce) if HEADER in self.request.headers else produce()


def _first_attempt(order_id: UUID) -> Payment | None:
    """The attempt that began with the order; begun now if there is none. None if the provider does not answer."""
    payment = Payment.objects.filter(order=order_id).order_by("created_at", "pk").first()
    if payment is not None and (payment.redirect_url or not payment.is_pending):
        return payment
    try:
        return services.start_payment(order_id=order_id, now=timezone.now())
    except (GatewayFailed, OrderNotPayable) as error:
        logger.warning("Order %s was placed without a payment: %s", order_id, error)
        return None
