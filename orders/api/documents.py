"""How carts, orders and payments look in the API."""

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from orders import services
from orders.models import Order, OrderEvent, Paper, Payment, ReturnReason
from orders.queries import CartSummary
from orders.standing import money_of, who_acted
from shop.api_fields import MomentField, MoneyField, written


class CartItemDocument(serializers.Serializer):
    """A line of a cart. `price` and `total` are whole numbers, in rupiah; the same as money stands beside them."""

    id = serializers.UUIDField(source="line.pk")
    product_id = serializers.UUIDField(source="line.variant.product_id")
    variant_id = serializers.UUIDField(source="line.variant_id")
    sku = serializers.CharField(source="line.variant.sku")
    name = serializers.CharField(source="line.variant.product.name")
    variant = serializers.CharField(source="line.variant.label")
    qty = serializers.IntegerField(source="line.quantity")
    price = serializers.IntegerField(source="unit_price_minor")
    total = serializers.IntegerField(source="total_minor")
    price_money = MoneyField(amount="unit_price_minor", currency="line.currency")
    total_money = MoneyField(amount="total_minor", currency="line.currency")
    is_held = serializers.BooleanField(help_text="Whether the units are kept for this cart at this moment.")
    expires_at = MomentField(help_text="When the hold ends, or ended.")
    seconds_left = serializers.IntegerField()
    extensions_left = serializers.IntegerField()
    can_extend = serializers.BooleanField()
    extend_from = MomentField(source="offered_from", help_text="The earliest moment to extend it.")
    is_free_again = serializers.BooleanField(help_text="The hold ended, and it could be held again now.")
    price_changed = serializers.BooleanField(help_text="The hold ended, and a new one has another price.")
    is_preorder = serializers.BooleanField(source="line.is_preorder", help_text="Sent when it has arrived.")
    arrives_on = serializers.DateField(source="line.arrives_on", allow_null=True, help_text="The day it is expected.")
    drop = serializers.CharField(
        source="line.drop_item.drop.slug",
        default=None,
        allow_null=True,
        help_text="The drop in which it was held: its price stays, even after the drop's end.",
    )


class CouponProblemDocument(serializers.Serializer):
    """Why the coupon that was entered does not count now: the code and the words of its refusal."""

    code = serializers.CharField()
    detail = serializers.CharField()


class TotalsDocument(serializers.Serializer):
    """What the held lines cost with the details known so far, in rupiah: the sums add up to `total`."""

    subtotal = serializers.IntegerField(source="subtotal_minor", help_text="The lines before the discount.")
    discount = serializers.IntegerField(source="discount_minor", help_text="Taken off lines and delivery.")
    coupon_code = serializers.CharField(help_text="The coupon that counts; empty without one.")
    coupon_problem = CouponProblemDocument(allow_null=True)
    shipping_method = serializers.CharField(source="shipping_name", help_text="Empty as long as none is chosen.")
    shipping = serializers.IntegerField(source="shipping_minor", allow_null=True)
    tax = serializers.IntegerField(source="tax_minor", help_text="All tax in the total.")
    tax_name = serializers.CharField(source="tax_words", help_text="With its rate where there is one: PPN 11 %.")
    added_tax = serializers.IntegerField(
        source="added_tax_minor", help_text="The part of the tax on top of prices; 0 where they include it."
    )
    total = serializers.IntegerField(source="total_minor", help_text="What the checkout takes as `expected_total`.")
    total_money = MoneyField(amount="total_minor")


class CartDocument(serializers.Serializer):
    """A cart. `total` counts what is held. `id` is null as long as there is no cart."""

    id = serializers.UUIDField(source="cart.pk", default=None, allow_null=True)
    cart_token = serializers.SerializerMethodField(help_text="A guest's key to this cart, for the header Cart-Token.")
    items = serializers.SerializerMethodField()
    units = serializers.IntegerField(help_text="Units that are held.")
    total = serializers.IntegerField(source="subtotal_minor", help_text="What the held lines cost, in rupiah.")
    total_money = MoneyField(amount="subtotal_minor")
    currency = serializers.CharField()
    expires_at = MomentField(
        source="earliest.expires_at", default=None, allow_null=True, help_text="When the first of the holds ends."
    )
    totals = serializers.SerializerMethodField(help_text="Null while nothing is held.")

    def get_cart_token(self, summary: CartSummary) -> str | None:
        is_guest = summary.cart is not None and summary.cart.user_id is None
        return services.cart_token(summary.cart) if is_guest and summary.cart else None

    @extend_schema_field(TotalsDocument(allow_null=True))
    def get_totals(self, summary: CartSummary) -> dict[str, Any] | None:
        # What it costs is not known by the cart: cart_document writes it.
        return None

    @extend_schema_field(CartItemDocument(many=True))
    def get_items(self, summary: CartSummary) -> list[dict[str, Any]]:
        lines = sorted([*summary.held, *summary.ended], key=lambda each: each.line.pk)
        return [written(CartItemDocument, line) for line in lines]


def cart_document(summary: CartSummary, quote: services.Quote | None) -> dict[str, Any]:
    """A cart with what its held lines cost, if any are held."""
    totals = None if quote is None else written(TotalsDocument, quote)
    return {**written(CartDocument, summary), "totals": totals}


class OrderLineDocument(serializers.Serializer):
    """So many units, as they were named and priced when the order was placed."""

    id = serializers.UUIDField()
    variant_id = serializers.UUIDField()
    sku = serializers.CharField()
    name = serializers.CharField(source="product_name")
    variant = serializers.CharField(source="variant_label")
    qty = serializers.IntegerField(source="quantity")
    price = serializers.IntegerField(source="unit_price_minor")
    total = serializers.IntegerField(source="total_minor", help_text="`qty` times `price`.")
    discount = serializers.IntegerField(source="discount_minor", help_text="The line's share of the discount.")
    tax_rate_bp = serializers.IntegerField(help_text="Basis points: 1100 is 11 %.")
    tax = serializers.IntegerField(source="tax_minor", help_text="The tax in what is charged.")
    charged = serializers.IntegerField(source="charged_minor", help_text="What the customer pays for the line.")
    sent = serializers.IntegerField(source="fulfilled", help_text="Units that left in a parcel.")
    cancelled = serializers.IntegerField(help_text="Units given up after the payment, before they were sent.")
    returned = serializers.IntegerField(help_text="Units that were sent and came back.")
    is_preorder = serializers.BooleanField(help_text="Ordered by the terms of a pre-order: sent when it has arrived.")
    arrives_on = serializers.DateField(allow_null=True, help_text="The day that went with those terms.")


class PaperDocument(serializers.Serializer):
    """INVOICE, CREDIT_NOTE (money went back) or REVERSAL (of a credit note: it did not after all).

    It never changes; `total` is what it is about.
    """

    number = serializers.CharField()
    kind = serializers.CharField()
    issued_at = MomentField()
    currency = serializers.CharField()
    total = serializers.IntegerField(source="total_minor")
    total_money = MoneyField(amount="total_minor")
    pdf_url = serializers.SerializerMethodField(help_text="Absolute. For programs: asked for like the order itself.")
    page_url = serializers.SerializerMethodField(help_text="Absolute. For the shopper's browser, to read and print.")

    def get_pdf_url(self, paper: Paper) -> str:
        return _address_of("api:order_paper", paper)

    def get_page_url(self, paper: Paper) -> str:
        return _address_of("orders:order_paper", paper)


def _address_of(name: str, paper: Paper) -> str:
    return urljoin(settings.SITE_URL, reverse(name, args=[paper.order_id, paper.number]))


class OrderSummaryDocument(serializers.Serializer):
    """An order in a list."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    placed_at = MomentField()
    pay_by = MomentField(help_text="Until then the units are held for the payment.")
    paid_at = MomentField(allow_null=True)
    currency = serializers.CharField()
    total = serializers.IntegerField(source="total_minor")
    total_money = MoneyField(amount="total_minor")
    items = OrderLineDocument(source="lines.all", many=True)
    papers = PaperDocument(source="papers.all", many=True)


class RefundDocument(serializers.Serializer):
    """Money of a payment on its way back: PENDING, SUCCEEDED, or FAILED when a person has to see to it."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    amount = serializers.IntegerField(source="amount_minor")
    currency = serializers.CharField()
    amount_money = MoneyField(amount="amount_minor")
    created_at = MomentField()
    finished_at = MomentField(allow_null=True)


class PaymentDocument(serializers.Serializer):
    """One attempt to pay an order: send the shopper's browser to `redirect_url`, and look at what went back."""

    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    gateway = serializers.CharField()
    status = serializers.CharField()
    amount = serializers.IntegerField(source="amount_minor")
    amount_money = MoneyField(amount="amount_minor")
    redirect_url = serializers.SerializerMethodField(
        help_text="Absolute. Empty as soon as this attempt cannot be paid any more."
    )
    created_at = MomentField()
    expires_at = MomentField()
    captured_at = MomentField(allow_null=True)
    refunds = RefundDocument(source="refunds.all", many=True)

    def get_redirect_url(self, payment: Payment) -> str:
        can_be_paid = payment.is_pending and payment.redirect_url
        return urljoin(settings.SITE_URL, payment.redirect_url) if can_be_paid else ""


class ShipmentLineDocument(serializers.Serializer):
    """So many units of one line in a parcel."""

    line_id = serializers.UUIDField(source="order_line_id")
    sku = serializers.CharField(source="order_line.sku")
    qty = serializers.IntegerField(source="quantity")


class ShipmentDocument(serializers.Serializer):
    """One parcel: PACKED, SHIPPED or DELIVERED."""

    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Within the order.")
    status = serializers.CharField()
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()
    tracking_url = serializers.CharField()
    packed_at = MomentField()
    shipped_at = MomentField(allow_null=True)
    delivered_at = MomentField(allow_null=True)
    items = ShipmentLineDocument(source="lines.all", many=True)


class OrderEventDocument(serializers.Serializer):
    """What happened to an order, and when."""

    kind = serializers.CharField()
    text = serializers.CharField()
    by = serializers.SerializerMethodField(help_text='"you", "the payment provider", "the shop" or "our staff".')
    happened_at = MomentField()

    def get_by(self, event: OrderEvent) -> str:
        return who_acted(event.actor, order=event.order)


class ReturnLineDocument(serializers.Serializer):
    """So many units of one line that go back, and what became of them once they came in."""

    line_id = serializers.UUIDField(source="order_line_id")
    sku = serializers.CharField(source="order_line.sku")
    qty = serializers.IntegerField(source="quantity")
    restocked = serializers.IntegerField()
    written_off = serializers.IntegerField()


class ReturnDocument(serializers.Serializer):
    """One return: REQUESTED, WITHDRAWN, REJECTED, APPROVED, RECEIVED, REFUNDED or EXCHANGED."""

    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="Within the order.")
    status = serializers.CharField()
    reason = serializers.ChoiceField(choices=ReturnReason.choices)
    remark = serializers.CharField(source="note")
    answer = serializers.CharField(help_text="What staff answered.")
    requested_at = MomentField()
    decided_at = MomentField(allow_null=True)
    received_at = MomentField(allow_null=True)
    refund = RefundDocument(allow_null=True)
    exchange_order_id = serializers.UUIDField(
        source="replacement_id", allow_null=True, help_text="The order that it pays for, if it is exchanged."
    )
    exchange_order_number = serializers.CharField(source="replacement.number", default=None, allow_null=True)
    items = ReturnLineDocument(source="lines.all", many=True)


class OrderDocument(OrderSummaryDocument):
    """An order with everything that was said and that happened."""

    subtotal = serializers.IntegerField(source="subtotal_minor")
    discount = serializers.IntegerField(source="discount_minor", help_text="Taken off lines and delivery.")
    coupon_code = serializers.CharField()
    shipping = serializers.IntegerField(source="shipping_minor", help_text="Before the discount.")
    shipping_discount = serializers.IntegerField(source="shipping_discount_minor")
    tax = serializers.IntegerField(source="tax_minor", help_text="All tax in the total.")
    shipping_tax = serializers.IntegerField(source="shipping_tax_minor")
    added_tax = serializers.IntegerField(
        source="added_tax_minor", help_text="The part of the tax on top of prices; 0 where they include it."
    )
    shipping_method = serializers.CharField(source="shipping_name")
    email = serializers.EmailField()
    name = serializers.CharField()
    phone = serializers.CharField()
    address = serializers.CharField()
    landmark = serializers.CharField()
    city = serializers.CharField()
    postal_code = serializers.CharField()
    country = serializers.CharField()
    gateway = serializers.CharField()
    accepts_backorder = serializers.BooleanField(
        help_text="Whether it is sent when it is back in stock, should it be paid late and be sold out."
    )
    shipments = ShipmentDocument(source="shipments.all", many=True)
    returns = ReturnDocument(source="returns.all", many=True)
    returnable_until = MomentField(allow_null=True, help_text="Until then a return may be asked for.")
    paid = serializers.SerializerMethodField(help_text="What came for it.")
    refunded = serializers.SerializerMethodField(help_text="What of that is on its way back, or there.")
    exchanged = serializers.SerializerMethodField(help_text="What of that pays for the orders of exchanges.")
    exchange_of_order_id = serializers.UUIDField(
        source="instead_of.order_id",
        default=None,
        allow_null=True,
        help_text="The order of whose return this one is the exchange.",
    )
    exchange_of_order_number = serializers.CharField(source="instead_of.order.number", default=None, allow_null=True)
    payments = PaymentDocument(source="payments.all", many=True)
    events = OrderEventDocument(source="events.all", many=True)

    def get_paid(self, order: Order) -> int:
        return money_of(order).paid_minor

    def get_refunded(self, order: Order) -> int:
        return money_of(order).refunded_minor

    def get_exchanged(self, order: Order) -> int:
        return money_of(order).exchanged_minor


class PlacedOrderDocument(OrderDocument):
    """The order of a checkout, and the attempt to pay it; null if the provider could not be reached."""

    payment = PaymentDocument(allow_null=True)


class FoundOrderDocument(OrderDocument):
    """The order of a guest, with the key to go on with it."""

    cart_token = serializers.CharField(allow_null=True, help_text="For the header Cart-Token, to pay or cancel it.")
