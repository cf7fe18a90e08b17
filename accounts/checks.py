"""What must be true of the settings before the shop starts."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register


@register()
def refresh_tokens_can_be_revoked(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Without the list of revoked tokens a refresh token would work for ever, and nothing would say so."""
    if apps.is_installed("rest_framework_simplejwt.token_blacklist"):
        return []
    return [
        Error(
            "Refresh tokens cannot be revoked.",
            hint="Put rest_framework_simplejwt.token_blacklist into INSTALLED_APPS.",
            id="accounts.E001",
        )
    ]
