"""From cart to parcel and back."""

from orders.models.cart import CART_STATES, Cart, CartLine, CartStatus, Checkout
from orders.models.coupon import Coupon, CouponUse
from orders.models.idempotency import IdempotencyKey
from orders.models.message import Message
from orders.models.order import (
    ORDER_STATES,
    PAID_STATES,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderStatus,
)
from orders.models.payment import (
    PAYMENT_STATES,
    REFUND_STATES,
    Payment,
    PaymentEvent,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from orders.models.shipping import ShippingKind, ShippingMethod, ShippingZone
from orders.models.tax import TaxRate

__all__ = [
    "CART_STATES",
    "ORDER_STATES",
    "PAID_STATES",
    "PAYMENT_STATES",
    "REFUND_STATES",
    "Cart",
    "CartLine",
    "CartStatus",
    "Checkout",
    "Coupon",
    "CouponUse",
    "IdempotencyKey",
    "Message",
    "Order",
    "OrderEvent",
    "OrderEventKind",
    "OrderLine",
    "OrderStatus",
    "Payment",
    "PaymentEvent",
    "PaymentStatus",
    "Refund",
    "RefundStatus",
    "ShippingKind",
    "ShippingMethod",
    "ShippingZone",
    "TaxRate",
]
