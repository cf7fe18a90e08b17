"""Cart, checkout, orders and payments for programs."""

from orders.api.cart import CartCoupon, CartView, ExtendLine, HoldLineAgain, Line, MergeCart
from orders.api.checkout import CheckoutOptions, CheckoutView
from orders.api.idempotency import idempotent
from orders.api.keep import ClaimOrder, Reorder
from orders.api.orders import CancelOrder, FindOrder, OrderDetail, Orders
from orders.api.papers import OrderPaper
from orders.api.payments import GatewayWebhook, OrderPayments, PaymentDetail, PaymentWebhook
from orders.api.returns import ExchangeReturn, Returns, WithdrawReturn
from orders.api.shopper import DROP_CODE_PARAMETER, access_of

__all__ = [
    "DROP_CODE_PARAMETER",
    "CancelOrder",
    "CartCoupon",
    "CartView",
    "CheckoutOptions",
    "CheckoutView",
    "ClaimOrder",
    "ExchangeReturn",
    "ExtendLine",
    "FindOrder",
    "GatewayWebhook",
    "HoldLineAgain",
    "Line",
    "MergeCart",
    "OrderDetail",
    "OrderPaper",
    "OrderPayments",
    "Orders",
    "PaymentDetail",
    "PaymentWebhook",
    "Reorder",
    "Returns",
    "WithdrawReturn",
    "access_of",
    "idempotent",
]
