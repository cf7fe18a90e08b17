"""Cart, checkout, payment and what follows: the only writer of orders, and the only caller of inventory's services."""

from orders.services.attention import settle_attention
from orders.services.cart import (
    add_to_cart,
    cart_token,
    empty_cart,
    extend_hold,
    find_cart,
    hold_again,
    merge_carts,
    open_cart,
    remove_line,
    set_quantity,
)
from orders.services.checkout import cancel_order, expire_unpaid, missing_details, place_order, save_checkout
from orders.services.claim import claim_found_orders, claim_order
from orders.services.errors import (
    CartClosed,
    CartEmpty,
    CheckoutIncomplete,
    HoldsEnded,
    KeyInUse,
    KeyUsedDifferently,
    MixedCurrencies,
    NothingHeld,
    OrderNotCancellable,
    OrderNotFulfillable,
    OrderNotPayable,
    RefundNotFailed,
    UnknownGateway,
    UnknownPayment,
    UnknownVariant,
)
from orders.services.fulfilment import fulfil_order
from orders.services.idempotency import BEGUN, Answer, finish, forget_old_keys, once
from orders.services.message import send_due_messages
from orders.services.payment import ask_about_silent_payments, claim_attempt, record_payment_event, start_payment
from orders.services.refund import retry_refund, send_due_refunds
from orders.services.reorder import NotHeld, Reordered, reorder

__all__ = [
    "BEGUN",
    "Answer",
    "CartClosed",
    "CartEmpty",
    "CheckoutIncomplete",
    "HoldsEnded",
    "KeyInUse",
    "KeyUsedDifferently",
    "MixedCurrencies",
    "NotHeld",
    "NothingHeld",
    "OrderNotCancellable",
    "OrderNotFulfillable",
    "OrderNotPayable",
    "RefundNotFailed",
    "Reordered",
    "UnknownGateway",
    "UnknownPayment",
    "UnknownVariant",
    "add_to_cart",
    "ask_about_silent_payments",
    "cancel_order",
    "cart_token",
    "claim_attempt",
    "claim_found_orders",
    "claim_order",
    "empty_cart",
    "expire_unpaid",
    "extend_hold",
    "find_cart",
    "finish",
    "forget_old_keys",
    "fulfil_order",
    "hold_again",
    "merge_carts",
    "missing_details",
    "once",
    "open_cart",
    "place_order",
    "record_payment_event",
    "remove_line",
    "reorder",
    "retry_refund",
    "save_checkout",
    "send_due_messages",
    "send_due_refunds",
    "set_quantity",
    "settle_attention",
    "start_payment",
]
