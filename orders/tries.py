"""How often something may be guessed from one address or about one thing: in the cache, one count for every door."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Tries:
    """So many tries in so many seconds."""

    name: str
    limit: int
    seconds: int

    def count(self, who: str) -> bool:
        """Count one. False if it was one too many."""
        key = f"{self.name}:{who}"
        cache.add(key, 0, self.seconds)
        try:
            return bool(cache.incr(key) <= self.limit)
        except ValueError:
            # It ran out between the two lines: this is the first try of the next time.
            cache.set(key, 1, self.seconds)
            return True

    def are_used_up(self, who: str) -> bool:
        """Whether another one would be one too many. Counts nothing."""
        return int(cache.get(f"{self.name}:{who}", 0)) >= self.limit


def caller_of(request: HttpRequest) -> str:
    """Who counts as one caller: an address, and with IPv6 the whole /64, which is what one household has."""
    address = get_adapter(request).get_client_ip(request)
    try:
        known = ip_address(address)
    except ValueError:
        return f"address:{address}"
    return f"address:{ip_network((known, 64), strict=False) if known.version == 6 else known}"
