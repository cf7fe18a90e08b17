"""From cart to parcel and back."""

from orders.models.cart import Cart, CartLine, CartStatus, Checkout
from orders.models.idempotency import IdempotencyKey
from orders.models.message import Message
from orders.models.order import Order, OrderEvent, OrderEventKind, OrderLine, OrderStatus, ShippingMethod
from orders.models.payment import Payment, PaymentEvent, PaymentStatus, Refund, RefundStatus

__all__ = [
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
