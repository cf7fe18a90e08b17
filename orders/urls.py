"""The addresses from cart to parcel."""

from django.urls import path

from orders import views

app_name = "orders"

urlpatterns = [
    path("cart/", views.cart, name="cart"),
    path("cart/add/", views.cart_add, name="cart_add"),
    path("cart/reminder/", views.cart_reminder, name="cart_reminder"),
    path("cart/empty/", views.cart_empty, name="cart_empty"),
    path("cart/coupon/", views.cart_coupon, name="cart_coupon"),
    path("cart/coupon/remove/", views.cart_coupon_remove, name="cart_coupon_remove"),
    path("cart/lines/<uuid:line_id>/quantity/", views.line_quantity, name="line_quantity"),
    path("cart/lines/<uuid:line_id>/remove/", views.line_remove, name="line_remove"),
    path("cart/lines/<uuid:line_id>/extend/", views.line_extend, name="line_extend"),
    path("cart/lines/<uuid:line_id>/hold-again/", views.line_hold_again, name="line_hold_again"),
    path("account/", views.account, name="account"),
    path("account/data/", views.account_data, name="account_data"),
    path("account/data/tahan.json", views.account_export, name="account_export"),
    path("account/leave/", views.account_leave, name="account_leave"),
    path("checkout/address/", views.checkout_address, name="checkout_address"),
    path("checkout/contact/", views.checkout_contact, name="checkout_contact"),
    path("checkout/delivery/", views.checkout_delivery, name="checkout_delivery"),
    path("checkout/delivery/methods/", views.checkout_methods, name="checkout_methods"),
    path("checkout/payment/", views.checkout_payment, name="checkout_payment"),
    path("checkout/review/", views.checkout_review, name="checkout_review"),
    path("orders/", views.order_list, name="order_list"),
    path("orders/find/", views.order_find, name="order_find"),
    path("orders/claim/", views.orders_claim, name="orders_claim"),
    path("orders/<uuid:order_id>/", views.order, name="order"),
    path("orders/<uuid:order_id>/papers/<str:number>.pdf", views.order_paper_pdf, name="order_paper_pdf"),
    path("orders/<uuid:order_id>/papers/<str:number>/", views.order_paper, name="order_paper"),
    path("orders/<uuid:order_id>/pay/", views.order_pay, name="order_pay"),
    path("orders/<uuid:order_id>/payment/", views.order_payment, name="order_payment"),
    path("orders/<uuid:order_id>/claim/", views.order_claim, name="order_claim"),
    path("orders/<uuid:order_id>/again/", views.order_again, name="order_again"),
    path("orders/<uuid:order_id>/return/", views.order_return, name="order_return"),
    path("orders/<uuid:order_id>/returns/<uuid:return_id>/withdraw/", views.return_withdraw, name="return_withdraw"),
    path("orders/<uuid:order_id>/returns/<uuid:return_id>/exchange/", views.return_exchange, name="return_exchange"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/<uuid:message_id>/", views.outbox_message, name="outbox_message"),
    path("outbox/<uuid:message_id>/html/", views.outbox_html, name="outbox_html"),
    path("orders/<uuid:order_id>/cancel/", views.order_cancel, name="order_cancel"),
]
