from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who you are."""

    name = "accounts"

    def ready(self) -> None:
        """Registers the checks of this app."""
        from accounts import checks  # noqa: F401
