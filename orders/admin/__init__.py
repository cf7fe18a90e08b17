"""Staff screens of orders, money, messages and delivery."""

from orders.admin.coupon import CouponAdmin, CouponUseAdmin
from orders.admin.message import MessageAdmin
from orders.admin.order import OrderAdmin
from orders.admin.payment import PaymentAdmin, PaymentEventAdmin, StrayEventAdmin
from orders.admin.refund import RefundAdmin
from orders.admin.return_request import ReturnRequestAdmin
from orders.admin.review import ReviewAdmin
from orders.admin.shipment import ShipmentAdmin
from orders.admin.shipping import ShippingMethodAdmin, ShippingZoneAdmin
from orders.admin.tax import TaxRateAdmin

__all__ = [
    "CouponAdmin",
    "CouponUseAdmin",
    "MessageAdmin",
    "OrderAdmin",
    "PaymentAdmin",
    "PaymentEventAdmin",
    "RefundAdmin",
    "ReturnRequestAdmin",
    "ReviewAdmin",
    "ShipmentAdmin",
    "ShippingMethodAdmin",
    "ShippingZoneAdmin",
    "StrayEventAdmin",
    "TaxRateAdmin",
]
