"""The payment providers that this shop can use, by the name under which a payment remembers them."""

from django.conf import settings

from orders.gateways.base import BadSignature, Gateway, GatewayEvent, GatewayFailed, GatewayRefund
from orders.gateways.sandbox import SandboxGateway

__all__ = [
    "BadSignature",
    "Gateway",
    "GatewayEvent",
    "GatewayFailed",
    "GatewayRefund",
    "available_gateways",
    "gateway_named",
]


def available_gateways() -> dict[str, Gateway]:
    """The gateways that are switched on, by name, in the order in which a shopper is offered them."""
    gateways: list[Gateway] = [SandboxGateway()] if settings.SANDBOX_ENABLED else []
    return {gateway.name: gateway for gateway in gateways}


def gateway_named(name: str) -> Gateway | None:
    """The gateway with this name, or None if it is unknown or switched off."""
    return available_gateways().get(name)
