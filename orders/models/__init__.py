"""From cart to parcel and back."""

from orders.models.cart import CART_STATES, Cart, CartLine, CartStatus, Checkout
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
    ShippingMethod,
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
    "ShippingMethod",
]
