"""What shoppers type, and the sentences that say the repair."""

from orders.forms.account import LeaveForm, NoticeForm
from orders.forms.after_sale import ExchangeForm, FindOrderForm, OfferSelect, ReturnForm, ReviewForm
from orders.forms.cart import AddForm, CouponForm, JoinLineForm, QuantityForm, ReminderForm
from orders.forms.checkout import Choice, ContactForm, DeliveryForm, DropCodeForm, PaymentForm, ReadyForm

__all__ = [
    "AddForm",
    "Choice",
    "ContactForm",
    "CouponForm",
    "DeliveryForm",
    "DropCodeForm",
    "ExchangeForm",
    "FindOrderForm",
    "JoinLineForm",
    "LeaveForm",
    "NoticeForm",
    "OfferSelect",
    "PaymentForm",
    "QuantityForm",
    "ReadyForm",
    "ReminderForm",
    "ReturnForm",
    "ReviewForm",
]
