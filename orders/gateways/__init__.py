"""The payment providers that this shop can use, by the name under which a payment remembers them.

PAYMENT_GATEWAYS says which are switched on: names of BUILT_IN, or the dotted path of a class that keeps the protocol
of `base.Gateway`. See docs/gateways.md.
"""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from orders.gateways.base import (
    BadSignature,
    Gateway,
    GatewayEvent,
    GatewayFailed,
    GatewayRefund,
    GatewayRefundFailed,
    GatewaySession,
)

__all__ = [
    "BUILT_IN",
    "BadSignature",
    "Gateway",
    "GatewayEvent",
    "GatewayFailed",
    "GatewayRefund",
    "GatewayRefundFailed",
    "GatewaySession",
    "available_gateways",
    "gateway_named",
]

BUILT_IN = {
    "sandbox": "orders.gateways.sandbox.SandboxGateway",
    "stripe": "orders.gateways.stripe.StripeGateway",
}


def available_gateways() -> dict[str, Gateway]:
    """The gateways that are switched on, by name, in the order in which a shopper is offered them.

    :raises ImportError: if PAYMENT_GATEWAYS names something that is none; the system check says so before.
    """
    return _gateways(tuple(settings.PAYMENT_GATEWAYS))


def gateway_named(name: str) -> Gateway | None:
    """The gateway with this name, or None if it is unknown or switched off."""
    return available_gateways().get(name)


@cache
def _gateways(entries: tuple[str, ...]) -> dict[str, Gateway]:
    gateways = [import_string(BUILT_IN.get(entry, entry))() for entry in entries]
    return {gateway.name: gateway for gateway in gateways}
