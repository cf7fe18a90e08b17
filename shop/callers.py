"""Where a request comes from, as far as that can be believed."""

from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings

# Who has one IPv6 address has a whole /64 of them.
SHOPPER_PREFIX = 64
UNKNOWN = "unknown"


def address_of(request: Any) -> str:
    """The caller's network: an IPv4 address, or the /64 of an IPv6 one.

    Behind PROXY_COUNT proxies it is the entry of X-Forwarded-For that the outermost of them wrote. What stands
    further left was written by the caller, who may write anything.
    """
    seen = request.META.get("REMOTE_ADDR", "")
    if settings.PROXY_COUNT:
        chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        if chain:
            seen = chain[-min(settings.PROXY_COUNT, len(chain))]
    return network_of(seen)


def network_of(text: str) -> str:
    """The network that counts as one caller; UNKNOWN for what is no address."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> SHOPPER_PREFIX << SHOPPER_PREFIX)}/{SHOPPER_PREFIX}"
    return str(address)
