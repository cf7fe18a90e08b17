"""From cart to parcel and back."""

from orders.models.attempt import (
    ATTEMPT_ENDS,
    ATTEMPT_EVENTS,
    BROUGHT_MONEY,
    PAYMENT_STATES,
    REFUND_ENDS,
    REFUND_EVENTS,
    REFUND_STATES,
    PaymentStatus,
    RefundStatus,
    ReportEnd,
)
from orders.models.cart import CART_STATES, Cart, CartLine, CartStatus, Checkout
from orders.models.coupon import Coupon, CouponUse
from orders.models.drop import DropCustomer, DropPurchase
from orders.models.idempotency import IdempotencyKey
from orders.models.line import Waiting
from orders.models.message import Message
from orders.models.order import (
    ORDER_STATES,
    PAID_STATES,
    UNSENT_STATES,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderStatus,
)
from orders.models.paper import Paper, PaperCounter, PaperKind
from orders.models.payment import Payment, PaymentEvent, Refund, StrayEvent
from orders.models.reminder import HoldReminder
from orders.models.return_request import (
    OPEN_RETURN,
    RETURN_STATES,
    ReturnLine,
    ReturnReason,
    ReturnRequest,
    ReturnStatus,
)
from orders.models.review import REVIEW_STATES, Review, ReviewStatus
from orders.models.shipment import SHIPMENT_STATES, Shipment, ShipmentLine, ShipmentStatus
from orders.models.shipping import ShippingKind, ShippingMethod, ShippingZone
from orders.models.tax import TaxRate
from orders.models.wishlist import StockNotice, Wishlist, WishlistItem

__all__ = [
    "ATTEMPT_ENDS",
    "ATTEMPT_EVENTS",
    "BROUGHT_MONEY",
    "CART_STATES",
    "OPEN_RETURN",
    "ORDER_STATES",
    "PAID_STATES",
    "PAYMENT_STATES",
    "REFUND_ENDS",
    "REFUND_EVENTS",
    "REFUND_STATES",
    "RETURN_STATES",
    "REVIEW_STATES",
    "SHIPMENT_STATES",
    "UNSENT_STATES",
    "Cart",
    "CartLine",
    "CartStatus",
    "Checkout",
    "Coupon",
    "CouponUse",
    "DropCustomer",
    "DropPurchase",
    "HoldReminder",
    "IdempotencyKey",
    "Message",
    "Order",
    "OrderEvent",
    "OrderEventKind",
    "OrderLine",
    "OrderStatus",
    "Paper",
    "PaperCounter",
    "PaperKind",
    "Payment",
    "PaymentEvent",
    "PaymentStatus",
    "Refund",
    "RefundStatus",
    "ReportEnd",
    "ReturnLine",
    "ReturnReason",
    "ReturnRequest",
    "ReturnStatus",
    "Review",
    "ReviewStatus",
    "Shipment",
    "ShipmentLine",
    "ShipmentStatus",
    "ShippingKind",
    "ShippingMethod",
    "ShippingZone",
    "StockNotice",
    "StrayEvent",
    "TaxRate",
    "Waiting",
    "Wishlist",
    "WishlistItem",
]
