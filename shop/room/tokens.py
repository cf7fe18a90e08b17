"""What a shopper carries: a ticket while waiting, a pass once inside. Both are signed, and both are for one room."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core import signing

TICKET_SALT = "shop.room.ticket"
PASS_SALT = "shop.room.pass"  # noqa: S105 - a salt, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A place. It carries enough to be put back in its place by a store that has lost everything."""

    room: str
    id: str
    joined_at: datetime
    number: int = 0
    """0: a lot that was not drawn yet, or not asked about since."""
    member: str = ""
    """The id of the member it is bound to; empty for a guest."""

    def signed(self) -> str:
        """For a cookie or a header."""
        facts = [self.room, self.id, int(self.joined_at.timestamp() * 1000), self.number, self.member]
        return signing.dumps(facts, salt=TICKET_SALT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The right to hold things of one sale, for a while."""

    room: str
    ticket: str
    expires_at: datetime

    def signed(self) -> str:
        """For a cookie or a header."""
        return signing.dumps([self.room, self.ticket, int(self.expires_at.timestamp())], salt=PASS_SALT)


def new_ticket_id() -> str:
    """A name that nobody can think of."""
    return secrets.token_urlsafe(16)


def read_ticket(token: str | None, *, room: str) -> Ticket | None:
    """The ticket for this room in the token, if our signature is on it."""
    facts = _read(token, salt=TICKET_SALT)
    if facts is None or facts[0] != room:
        return None
    joined_at = datetime.fromtimestamp(facts[2] / 1000, tz=UTC)
    return Ticket(room=facts[0], id=facts[1], joined_at=joined_at, number=facts[3], member=facts[4])


def read_pass(token: str | None, *, room: str) -> Pass | None:
    """The pass for this room in the token, if our signature is on it. It may be over."""
    facts = _read(token, salt=PASS_SALT)
    if facts is None or facts[0] != room:
        return None
    return Pass(room=facts[0], ticket=facts[1], expires_at=datetime.fromtimestamp(facts[2], tz=UTC))


def _read(token: str | None, *, salt: str) -> list | None:
    if not token:
        return None
    try:
        facts: list = signing.loads(token, salt=salt)
    except signing.BadSignature:
        return None
    return facts
