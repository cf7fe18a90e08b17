"""Staff screens of orders, money, messages and delivery."""

from orders.admin.message import MessageAdmin
from orders.admin.order import OrderAdmin
from orders.admin.payment import PaymentAdmin, PaymentEventAdmin
from orders.admin.refund import RefundAdmin
from orders.admin.shipping import ShippingMethodAdmin

__all__ = ["MessageAdmin", "OrderAdmin", "PaymentAdmin", "PaymentEventAdmin", "RefundAdmin", "ShippingMethodAdmin"]
