"""Requests to the shop: a bounded number at a time, each written down as it comes back."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any, Self

import httpx

from tests.drill.answers import Answer

# It would tell of every single request.
logging.getLogger("httpx").setLevel(logging.WARNING)

TIMEOUT_SECONDS = 30
# Shorter than the two seconds after which gunicorn closes an idle connection: nobody writes into a closing one.
KEEP_IDLE_SECONDS = 1.0
# What everybody does. It may use only so much of the road, or whoever holds a unit would stand in line behind five
# hundred others until the hold is over; real shoppers have a road of their own.
CROWD_STEPS = ("sign in", "look", "take a place", "wait", "add")
CROWD_SHARE_PERCENT = 60


class Lost(Exception):
    """The connection broke: nobody knows what the shop did. It is written down as a lost answer."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reply says beyond its status: the reason of a refusal, and the id of what was made."""

    code: str = ""
    made: str = ""


Judge = Callable[[httpx.Response], Judgement]


def judge_document(reply: httpx.Response) -> Judgement:
    """A problem document names its reason in `code`."""
    if reply.status_code < 400 or "json" not in reply.headers.get("Content-Type", ""):
        return Judgement()
    return Judgement(code=str(reply.json().get("code", "")))


@dataclass
class Traffic:
    """The road to one shop. Visitors share its connections; `answers` fills in the order in which replies came."""

    base_url: str
    connections: int
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.connections)
        self._crowd_slots = asyncio.Semaphore(max(1, self.connections * CROWD_SHARE_PERCENT // 100))
        limits = httpx.Limits(
            max_connections=self.connections,
            max_keepalive_connections=self.connections,
            keepalive_expiry=KEEP_IDLE_SECONDS,
        )
        self._transport = httpx.AsyncHTTPTransport(limits=limits)

    def visitor(self, name: str) -> "Visitor":
        """Somebody with cookies of their own."""
        client = httpx.AsyncClient(
            base_url=self.base_url, transport=self._transport, timeout=TIMEOUT_SECONDS, trust_env=False
        )
        return Visitor(name=name, client=client, traffic=self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._transport.aclose()

    async def send(
        self, client: httpx.AsyncClient, request: httpx.Request, *, step: str
    ) -> tuple[httpx.Response, float, float]:
        """The reply, and when it was sent and received; waiting for a free connection does not count.

        :raises httpx.HTTPError: if the connection breaks.
        """
        async with AsyncExitStack() as turn:
            if step in CROWD_STEPS:
                await turn.enter_async_context(self._crowd_slots)
            await turn.enter_async_context(self._slots)
            started_at = time.time()
            reply = await client.send(request)
            return reply, started_at, time.time()


@dataclass
class Visitor:
    """One browser or program: its cookies, its headers, its name in the record."""

    name: str
    client: httpx.AsyncClient
    traffic: Traffic
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(
        self,
        step: str,
        method: str,
        url: str,
        *,
        judge: Judge = judge_document,
        sku: str = "",
        quantity: int = 0,
        key: str = "",
        is_repeat: bool = False,
        **content: Any,
    ) -> httpx.Response:
        """Send one request and write the answer down under `step`. Redirects are not followed.

        :raises Lost: if the connection broke.
        """
        headers = self.headers | ({"Idempotency-Key": key} if key else {}) | content.pop("headers", {})
        request = self.client.build_request(method, url, headers=headers, **content)
        asked_at = time.time()
        lost = Answer(
            shopper=self.name,
            step=step,
            started_at=asked_at,
            ended_at=asked_at,
            status=0,
            sku=sku,
            quantity=quantity,
            key=key,
            is_repeat=is_repeat,
        )
        try:
            reply, started_at, ended_at = await self.traffic.send(self.client, request, step=step)
        except httpx.HTTPError as error:
            note = f"{type(error).__name__} {error}".strip()
            self.traffic.answers.append(replace(lost, ended_at=time.time(), note=note))
            raise Lost from error
        judgement = judge(reply)
        answer = replace(
            lost,
            started_at=started_at,
            ended_at=ended_at,
            status=reply.status_code,
            code=judgement.code,
            made=judgement.made,
            note=reply.text[:300] if reply.status_code >= 500 else "",
            retry_after=reply.headers.get("Retry-After", ""),
        )
        self.traffic.answers.append(answer)
        return reply


@dataclass
class Form:
    """A form as a browser would send it: where to, and what is filled in already."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    """The values of radio buttons and of buttons with a name, none of them pressed."""


class FormReader(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(action=values.get("action", ""))
            self.forms.append(self._form)
        elif self._form is not None and values.get("name"):
            self._read_control(self._form, tag, values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def _read_control(self, form: Form, tag: str, values: dict[str, str]) -> None:
        name, value, kind = values["name"], values.get("value", ""), values.get("type", "")
        if tag == "button" or kind in ("radio", "submit", "checkbox"):
            form.choices.setdefault(name, []).append(value)
            if "checked" in values:
                form.fields[name] = value
        elif tag in ("input", "select", "textarea"):
            form.fields[name] = value


def find_form(page: str, *, field_name: str) -> Form | None:
    """The first form of the page that has this field or choice."""
    reader = FormReader()
    reader.feed(page)
    return next((form for form in reader.forms if field_name in form.fields or field_name in form.choices), None)
