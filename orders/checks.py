"""What must be right before the shop opens, said at start instead of to the first shopper who pays."""

from typing import Any

from django.conf import settings
from django.core import checks

from orders.gateways import BUILT_IN, available_gateways


@checks.register(checks.Tags.compatibility)
def payment_gateways(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Every entry of PAYMENT_GATEWAYS is a gateway, has what it needs, and in production there is one."""
    if not settings.PAYMENT_GATEWAYS and not settings.DEBUG:
        hint = f"Name one or more in PAYMENT_GATEWAYS: {', '.join(BUILT_IN)}, or the dotted path of your own."
        return [checks.Error("No payment provider is switched on: nobody could pay.", hint=hint, id="orders.E001")]
    try:
        gateways = available_gateways()
    except (ImportError, TypeError, AttributeError) as error:
        hint = f"Use {', '.join(BUILT_IN)}, or the dotted path of a class that keeps the protocol of a gateway."
        return [
            checks.Error(f"PAYMENT_GATEWAYS names something that is no gateway: {error}", hint=hint, id="orders.E002")
        ]
    return [
        checks.Error(f"The gateway {gateway.name} needs the variable {variable}.", id="orders.E003")
        for gateway in gateways.values()
        for variable in gateway.missing_settings()
    ]
