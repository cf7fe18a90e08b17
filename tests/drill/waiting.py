"""How one waits in front of a sale, by the API and by the pages; what each look said is written down for the laws."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.drill.doors import new_key
from tests.drill.traffic import Judgement, Visitor, find_form

TURN, MISSED, OVER, IN_LINE, BEFORE = "turn", "missed", "over", "in_line", "before"
STANDING = re.compile(r'data-standing="(\w+)"')
NUMBER = re.compile(r"Your number is (\d+)\.")
ASK_AGAIN = "Ask-Again"
SCATTER = 0.15
PLACES_TRIED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at the room said. Times are seconds since the epoch."""

    shopper: str
    started_at: float
    ended_at: float
    standing: str
    number: int = 0


@dataclass
class Queue:
    """The room of a drill: its key, when it opens, and everything that anybody was told there."""

    key: str
    opens_at: float
    looks: list[Look] = field(default_factory=list)
    taken: dict[str, float] = field(default_factory=dict)
    """Shopper to the moment at which the place was taken, as its answer came."""
    entered: dict[str, tuple[float, int]] = field(default_factory=dict)
    """Shopper to the moment of coming in, and the number."""

    @property
    def waits(self) -> list[float]:
        """Seconds from place or doors, whichever was later, to coming in, shortest first. Who used the ticket of
        another took no place, and waited for nothing.
        """
        return sorted(
            at - max(self.taken[who], self.opens_at) for who, (at, _) in self.entered.items() if who in self.taken
        )

    @property
    def api(self) -> str:
        return f"/api/v1/rooms/{self.key}"

    @property
    def page(self) -> str:
        return f"/rooms/{self.key}/"


@dataclass
class Place:
    """One shopper's place. `by_page`: with cookies and forms, else by the API."""

    visitor: Visitor
    queue: Queue
    by_page: bool
    chance: Random
    headers: dict[str, str] = field(default_factory=dict)
    ask_again: float = 5
    number: int = 0

    async def wait(self, *, until: float) -> bool:
        """Take a place, ask as often as the room says, and come in. False: it was over, or patience was."""
        for _ in range(PLACES_TRIED):
            if not await self.take():
                return False
            standing = await self._until_called(until=until)
            if standing == TURN and await self.come_in():
                return True
            if standing != MISSED:
                return False
        return False

    async def take(self) -> bool:
        """Take a place."""
        if self.by_page:
            await self._press("take")
        else:
            reply = await self.visitor.ask("take a place", "POST", f"{self.queue.api}/place", key=new_key())
            if reply.status_code != 201:
                return False
            self._carry(reply)
        self.queue.taken.setdefault(self.visitor.name, time.time())
        return True

    async def look(self) -> str:
        """Where one stands; "" if the room did not say."""
        started_at = time.time()
        if self.by_page:
            reply = await self.visitor.ask("wait", "GET", self.queue.page, headers={"X-Part": "1"}, judge=_no_code)
            found = STANDING.search(reply.text)
            number = NUMBER.search(reply.text)
            standing = found.group(1) if found else ""
            self.number = int(number.group(1)) if number else self.number
        else:
            reply = await self.visitor.ask("wait", "GET", f"{self.queue.api}/place", headers=self.headers)
            if reply.status_code != 200:
                return ""
            self._carry(reply)
            standing, self.number = reply.json()["standing"], reply.json()["number"]
        self.ask_again = float(reply.headers.get(ASK_AGAIN, reply.headers.get("Retry-After", 5)))
        self.queue.looks.append(
            Look(
                shopper=self.visitor.name,
                started_at=started_at,
                ended_at=time.time(),
                standing=standing,
                number=self.number,
            )
        )
        return standing

    async def come_in(self) -> bool:
        """Go through the door; the pass goes along with whatever the visitor asks from then on."""
        if self.by_page:
            reply = await self._press("enter")
            is_in = reply.status_code == 303
        else:
            reply = await self.visitor.ask("come in", "POST", f"{self.queue.api}/pass", headers=self.headers)
            is_in = reply.status_code == 201
            if is_in:
                self.visitor.headers["Room-Pass"] = reply.json()["room_pass"]
        if is_in:
            self.queue.entered[self.visitor.name] = (time.time(), self.number)
        return is_in

    async def _until_called(self, *, until: float) -> str:
        standing = await self.look()
        while standing in (BEFORE, IN_LINE, "") and time.time() < until:
            await asyncio.sleep(self.ask_again * self.chance.uniform(1, 1 + SCATTER))
            standing = await self.look()
        return standing

    async def _press(self, verb: str) -> httpx.Response:
        page = await self.visitor.ask("wait", "GET", self.queue.page, judge=_no_code)
        form = find_form(page.text, field_name="csrfmiddlewaretoken")
        if form is None or not form.action.endswith(f"{verb}/"):
            return page
        step = "take a place" if verb == "take" else "come in"
        return await self.visitor.ask(step, "POST", form.action, data=form.fields, judge=_no_code)

    def _carry(self, reply: httpx.Response) -> None:
        document: dict[str, Any] = reply.json()
        self.headers = {"Room-Ticket": document["ticket"]}


def _no_code(reply: httpx.Response) -> Judgement:
    return Judgement(code="" if reply.status_code < 400 else f"page {reply.status_code}")
