from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """From cart to parcel and back."""

    name = "orders"

    def ready(self) -> None:
        from orders import checks  # noqa: F401 - registers them
