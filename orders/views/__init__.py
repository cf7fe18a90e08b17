"""The pages from cart to parcel."""

from orders.views.account import account, account_data, account_export, account_leave
from orders.views.address import checkout_address
from orders.views.after_sale import order_return, return_exchange, return_withdraw
from orders.views.cart import (
    cart,
    cart_add,
    cart_empty,
    cart_reminder,
    line_extend,
    line_hold_again,
    line_quantity,
    line_remove,
)
from orders.views.checkout import checkout_contact, checkout_delivery, checkout_methods, checkout_payment
from orders.views.coupon import cart_coupon, cart_coupon_remove
from orders.views.find import order_find
from orders.views.info import privacy, returns, shipping, terms
from orders.views.keep import SignUp, order_again, order_claim, orders_claim
from orders.views.line import line, line_decline, line_join, line_leave, line_live, line_open, line_take
from orders.views.opinion import review_list, review_withdraw, review_write
from orders.views.order import order, order_cancel, order_list, order_pay, order_payment
from orders.views.outbox import outbox, outbox_html, outbox_message
from orders.views.paper import order_paper, order_paper_pdf
from orders.views.review import checkout_review
from orders.views.wishlist import (
    notice_ask,
    notice_stop,
    wishlist,
    wishlist_keep,
    wishlist_share,
    wishlist_shared,
    wishlist_to_cart,
)

__all__ = [
    "SignUp",
    "account",
    "account_data",
    "account_export",
    "account_leave",
    "cart",
    "cart_add",
    "cart_coupon",
    "cart_coupon_remove",
    "cart_empty",
    "cart_reminder",
    "checkout_address",
    "checkout_contact",
    "checkout_delivery",
    "checkout_methods",
    "checkout_payment",
    "checkout_review",
    "line",
    "line_decline",
    "line_extend",
    "line_hold_again",
    "line_join",
    "line_leave",
    "line_live",
    "line_open",
    "line_quantity",
    "line_remove",
    "line_take",
    "notice_ask",
    "notice_stop",
    "order",
    "order_again",
    "order_cancel",
    "order_claim",
    "order_find",
    "order_list",
    "order_paper",
    "order_paper_pdf",
    "order_pay",
    "order_payment",
    "order_return",
    "orders_claim",
    "outbox",
    "outbox_html",
    "outbox_message",
    "privacy",
    "return_exchange",
    "return_withdraw",
    "returns",
    "review_list",
    "review_withdraw",
    "review_write",
    "shipping",
    "terms",
    "wishlist",
    "wishlist_keep",
    "wishlist_share",
    "wishlist_shared",
    "wishlist_to_cart",
]
