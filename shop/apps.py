from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The catalogue, and the roof over the other apps."""

    name = "shop"
