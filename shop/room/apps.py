from django.apps import AppConfig


class RoomConfig(AppConfig):
    """The waiting room in front of a sale."""

    name = "shop.room"
    label = "room"
    verbose_name = "waiting room"
