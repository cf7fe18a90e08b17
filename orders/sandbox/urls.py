"""The provider's addresses."""

from django.urls import path

from orders.sandbox import views

app_name = "sandbox"
urlpatterns = [
    path("pay/", views.pay, name="pay"),
    path("api/refunds/", views.refunds, name="refunds"),
    path("api/books/", views.books, name="books"),
    path("api/payments/<str:merchant_reference>/", views.payment_events, name="payment_events"),
]
