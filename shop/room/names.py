"""How what a shopper carries is called on the wire."""

PASS_COOKIE = "room-pass-"  # noqa: S105 - a name, not a secret
PASS_HEADER = "Room-Pass"  # noqa: S105 - a name, not a secret
TICKET_COOKIE = "room-place-"
TICKET_HEADER = "Room-Ticket"
