from django.apps import AppConfig


class InventoryConfig(AppConfig):
    """What we have and what we promised."""

    name = "inventory"
