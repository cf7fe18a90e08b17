"""The cart, for programs. Every line is held, with its own clock."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from inventory.queries import preorder_offer
from inventory.services import StockUnavailable
from orders import queries, services
from orders.api.documents import CartDocument, cart_document
from orders.api.door import SOLD_OUT, Refused
from orders.api.idempotency import (
    CART_HEADER,
    HEADER,
    KEY_PARAMETER,
    Kept,
    answer_in_one_go,
    answer_once,
    fingerprint_of,
    idempotent,
    respond,
)
from orders.api.shopper import CART_PARAMETER, DROP_CODE_PARAMETER, PASS_PARAMETER, OpenToGuests, access_of
from orders.models import Cart, CartLine, Checkout
from orders.services import Answer, UnknownVariant
from shop.api_fields import IdField, WholeNumberField, sent
from shop.drops import Terms, terms_for
from shop.errors import ShopError
from shop.models import Variant
from shop.queries import active_variants, on_show
from shop.transactions import transactional


class LooksFurther(Exception):
    """A first hold is not refused yet: what drops have left, and what may be pre-ordered, is looked at first."""


class VariantNeeded(ShopError):
    """Facts: `variants`, a list of {id, sku, label, price}."""

    code = "variant_needed"
    title = "Which one?"
    field = "product_id"

    @property
    def detail(self) -> str:
        choices = ", ".join(f"{each['sku']} ({each['id']})" for each in self.facts["variants"])
        return f"This product comes in several variants. Send the id of one of them as product_id: {choices}."


class AddBody(serializers.Serializer):
    """What to hold. `product_id` is the id of a variant, or of a product that comes in one variant only."""

    product_id = IdField()
    qty = WholeNumberField(min_value=1, max_value=settings.MAX_UNITS_PER_LINE)
    accepts_backorder = serializers.BooleanField(
        default=False,
        help_text="Take what is not here as a pre-order, by the `terms` and the day of a refusal `preorder_offered`.",
    )


class AgainBody(serializers.Serializer):
    """Nothing is needed."""

    accepts_backorder = serializers.BooleanField(default=False, help_text="As when it is added.")


class QuantityBody(serializers.Serializer):
    """How many units to hold in a line from now on."""

    qty = WholeNumberField(min_value=1, max_value=settings.MAX_UNITS_PER_LINE)


class CouponBody(serializers.Serializer):
    """A code that takes something off. Capital or small letters are the same."""

    coupon_code = serializers.CharField(max_length=32)


class CartView(OpenToGuests):
    """The whole cart."""

    @extend_schema(
        operation_id="get_cart",
        tags=["cart"],
        summary="Show the cart",
        parameters=[CART_PARAMETER],
        responses=CartDocument,
    )
    def get(self, request: Request) -> Response:
        return self.cart_answer(self.cart())

    @extend_schema(
        operation_id="add_to_cart",
        tags=["cart"],
        summary="Hold units; more of them if the line is there already",
        description="201 where a line was added, 200 where one grew. A guest's first one opens the cart.",
        parameters=[CART_PARAMETER, DROP_CODE_PARAMETER, PASS_PARAMETER, KEY_PARAMETER],
        request=AddBody,
        responses={200: CartDocument, 201: CartDocument},
    )
    def post(self, request: Request) -> Response:
        body = sent(AddBody, request)
        intent = {"product_id": body["product_id"], "quantity": body["qty"], "now": timezone.now()}
        grow = partial(self._grow, accepts_backorder=body["accepts_backorder"])
        if self.cart() is None and not body["accepts_backorder"]:
            # A row that is there already, and is not the answer to this key, is a cart that was opened meanwhile.
            with suppress(IntegrityError, LooksFurther):
                return respond(answer_in_one_go(request, produce=partial(self._open, **intent)))
        return respond(answer_in_one_go(request, produce=partial(grow, **intent)))

    @extend_schema(
        operation_id="empty_cart",
        tags=["cart"],
        summary="Let everything go",
        parameters=[CART_PARAMETER],
        responses={200: CartDocument},
    )
    def delete(self, request: Request) -> Response:
        cart = self.cart()
        if cart is not None:
            services.empty_cart(cart_id=cart.pk, now=timezone.now(), actor=self.actor)
        return self.cart_answer(cart)

    def _open(self, kept: Kept, *, product_id: UUID, quantity: int, now: datetime) -> Answer:
        """The first hold opens the cart. Its answer is made of what will be written, and is written with it."""
        variant = _variant(product_id)
        access = access_of(self.request, now=now)
        terms = terms_for(variant, now=now, access=access)
        if terms.running is not None and terms.running.drop.has_room:
            # Its pass is bound to the cart under the lock of the cart.
            raise LooksFurther
        first = services.plan_first_hold(
            user=self.request.user, variant=variant, quantity=quantity, now=now, terms=terms
        )
        summary = queries.summary_of_new(cart=first.cart, line=first.line, hold=first.hold, now=now)
        quote = services.quote_cart(
            lines=[first.line], checkout=Checkout(cart=first.cart), user=self.request.user, now=now
        )
        answer = Answer(status=201, body=cart_document(summary, quote))
        with self._telling_the_door(variant, terms):
            try:
                services.take_first_hold(first, now=now, actor=self.actor, beside=kept(answer), address=access.address)
            except StockUnavailable as error:
                if terms.running is None and (terms.coming or terms.over or preorder_offer(sku=variant.sku, now=now)):
                    raise LooksFurther from error
                raise
        return answer

    def _grow(self, kept: Kept, *, product_id: UUID, quantity: int, now: datetime, accepts_backorder: bool) -> Answer:
        """One more hold in a cart that is there, or more units in one: what is known by now is refused first."""
        variant = _variant(product_id)
        access = access_of(self.request, now=now)
        terms = terms_for(variant, now=now, access=access)
        if not accepts_backorder:
            with self._telling_the_door(variant, terms):
                services.refuse_sold_out(variant=variant, quantity=quantity, now=now, terms=terms)

        @transactional
        def produce() -> Answer:
            cart = self.cart() or services.open_cart(user=self.request.user)
            before = set(CartLine.objects.filter(cart=cart, variant=variant).values_list("pk", flat=True))
            line = services.add_to_cart(
                cart_id=cart.pk,
                variant_id=variant.pk,
                quantity=quantity,
                now=now,
                actor=self.actor,
                counters_last=True,
                access=access,
                accepts_backorder=accepts_backorder,
            )
            response = self.cart_answer(cart, status=200 if line.pk in before else 201)
            return Answer(status=response.status_code, body=response.data)

        return answer_once(self.request, produce=produce) if HEADER in self.request.headers else produce()

    @contextmanager
    def _telling_the_door(self, variant: Variant, terms: Terms) -> Iterator[None]:
        """Let the door repeat this refusal, as long as it holds (see orders.api.door)."""
        try:
            yield
        except StockUnavailable:
            self.request._request.META[SOLD_OUT] = Refused(
                goods=(variant.sku, None if terms.running is None else terms.running.drop.location_id),
                fingerprint=fingerprint_of(self.request),
            )
            raise


class CartCoupon(OpenToGuests):
    """The coupon of the cart."""

    @extend_schema(
        operation_id="apply_coupon",
        tags=["cart"],
        summary="Let a coupon count for the cart",
        description=(
            "`totals` shows its effect. Its use is taken by the checkout, not here. Another one replaces it, and the "
            "same one again changes nothing; one that does not count is refused, and the cart keeps what it had."
        ),
        parameters=[CART_PARAMETER],
        request=CouponBody,
        responses=CartDocument,
    )
    def post(self, request: Request) -> Response:
        cart = self.known_cart()
        code = sent(CouponBody, request)["coupon_code"]
        services.apply_coupon(cart_id=cart.pk, code=code, user=request.user, now=timezone.now())
        return self.cart_answer(cart)

    @extend_schema(
        operation_id="remove_coupon",
        tags=["cart"],
        summary="Go on without the coupon",
        parameters=[CART_PARAMETER],
        responses={200: CartDocument},
    )
    def delete(self, request: Request) -> Response:
        cart = self.known_cart()
        services.remove_coupon(cart_id=cart.pk)
        return self.cart_answer(cart)


class MergeCart(OpenToGuests):
    """What a guest chose before signing in."""

    permission_classes: Any = [IsAuthenticated]

    @extend_schema(
        operation_id="merge_carts",
        tags=["cart"],
        summary="Bring a guest's cart into the member's, with every hold",
        description="Send the JWT of the member and the Cart-Token of the guest. A repeat changes nothing.",
        parameters=[CART_PARAMETER],
        request=None,
        responses=CartDocument,
    )
    def post(self, request: Request) -> Response:
        guest_cart_id = queries.cart_id_in(request.headers.get(CART_HEADER))
        cart: Cart | None = self.cart()
        if guest_cart_id is not None:
            cart = services.merge_carts(guest_cart_id=guest_cart_id, user=cast(User, request.user), now=timezone.now())
        return self.cart_answer(cart)


class Line(OpenToGuests):
    """One line of the cart."""

    @extend_schema(
        operation_id="set_quantity",
        tags=["cart"],
        summary="Hold more or fewer units of a line; its clock goes on",
        parameters=[CART_PARAMETER],
        request=QuantityBody,
        responses=CartDocument,
    )
    def patch(self, request: Request, line_id: UUID) -> Response:
        cart = self.known_cart()
        quantity = sent(QuantityBody, request)["qty"]
        now = timezone.now()
        services.set_quantity(
            cart_id=cart.pk,
            line_id=line_id,
            quantity=quantity,
            now=now,
            actor=self.actor,
            access=access_of(request, now=now),
        )
        return self.cart_answer(cart)

    @extend_schema(
        operation_id="remove_line",
        tags=["cart"],
        summary="Let a line go",
        parameters=[CART_PARAMETER],
        responses={200: CartDocument},
    )
    def delete(self, request: Request, line_id: UUID) -> Response:
        cart = self.known_cart()
        services.remove_line(cart_id=cart.pk, line_id=line_id, now=timezone.now(), actor=self.actor)
        return self.cart_answer(cart)


class ExtendLine(OpenToGuests):
    """More time for a line."""

    @extend_schema(
        operation_id="extend_hold",
        tags=["cart"],
        summary="Keep a line longer",
        parameters=[CART_PARAMETER],
        request=None,
        responses=CartDocument,
    )
    @idempotent
    def post(self, request: Request, line_id: UUID) -> Response:
        cart = self.known_cart()
        services.extend_hold(cart_id=cart.pk, line_id=line_id, now=timezone.now())
        return self.cart_answer(cart)


class HoldLineAgain(OpenToGuests):
    """A new hold for a line whose hold ended."""

    @extend_schema(
        operation_id="hold_again",
        tags=["cart"],
        summary="Hold a line again whose hold ended, at today's price",
        parameters=[CART_PARAMETER, DROP_CODE_PARAMETER],
        request=AgainBody,
        responses=CartDocument,
    )
    @idempotent
    def post(self, request: Request, line_id: UUID) -> Response:
        cart = self.known_cart()
        now = timezone.now()
        services.hold_again(
            cart_id=cart.pk,
            line_id=line_id,
            now=now,
            actor=self.actor,
            access=access_of(request, now=now),
            accepts_backorder=sent(AgainBody, request)["accepts_backorder"],
        )
        return self.cart_answer(cart)


def _variant(product_id: UUID) -> Variant:
    """The variant that is meant, with its product.

    :raises VariantNeeded: if it is a product that comes in several.
    :raises UnknownVariant: if no variant on sale and no product on show has this id.
    """
    with suppress(UnknownVariant):
        return services.sellable_variant(product_id)
    product = on_show().prefetch_related("variants").filter(pk=product_id).first()
    if product is None:
        raise UnknownVariant()
    variants = active_variants(product)
    if len(variants) > 1:
        raise VariantNeeded(
            variants=[
                {"id": str(each.pk), "sku": each.sku, "label": each.label, "price": each.price_minor}
                for each in variants
            ]
        )
    variants[0].product = product
    return variants[0]
