"""Shoppers in front of a room, on a clock that moves when it is told to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shop.room import services
from shop.room.places import Place
from shop.room.tokens import Pass

ADDRESS = "203.0.113.7"


@dataclass
class Evening:
    """A sale's evening: one room, and the time."""

    key: str
    now: datetime
    tokens: list[str] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def take(self, *, address: str = ADDRESS, intent: str = "", member: str = "") -> str:
        """Somebody takes a place; the token."""
        ticket, _ = services.take_place(key=self.key, address=address, member=member, intent=intent, now=self.now)
        self.tokens.append(ticket.signed())
        return self.tokens[-1]

    def look(self, token: str) -> Place:
        """Where this token stands. The page keeps the ticket that comes back, as a browser does."""
        ticket, place = services.look(key=self.key, token=token, now=self.now)
        if ticket is not None and token in self.tokens:
            self.tokens[self.tokens.index(token)] = ticket.signed()
        return place

    def come_in(self, token: str) -> Pass:
        """Try the door."""
        return services.come_in(key=self.key, token=token, user_id=None, now=self.now)

    def tick(self, times: int = 1, *, seconds: float = 1.0) -> None:
        """Let the room move on, so many times."""
        for _ in range(times):
            self.wait(seconds)
            services.reading_of(self.key, now=self.now)

    def numbers(self) -> list[int]:
        """Everybody's number, in the order in which they came."""
        return [self.look(token).number for token in list(self.tokens)]
