from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """From cart to parcel and back."""

    name = "orders"
