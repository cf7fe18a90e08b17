"""The draw: an order that nobody can know before the opening, and everybody can check after it.

The lot of a ticket is HMAC-SHA256(secret, ticket). The smallest lot comes first. The digest of the secret is shown
while people wait and the secret itself when lots are drawn, so the order can be neither foreseen nor chosen.
"""

import hashlib
import hmac


def commitment_to(secret: str) -> str:
    """SHA-256 of the secret, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def lot_of(ticket: str, *, secret: str) -> str:
    """The lot and the ticket that drew it, as one word that sorts by the lot: "9f86…:ticket"."""
    drawn = hmac.new(secret.encode(), ticket.encode(), hashlib.sha256).hexdigest()
    return f"{drawn}:{ticket}"


def ticket_of(lot: str) -> str:
    """The ticket that drew this lot."""
    return lot.partition(":")[2]
