"""Whole pages of the catalogue for guests, handed out again for as long as every word of them is true.

A guest without a session and without a cart gets the same page as the guest before: apart from the token of the forms
and their idempotency keys, which are made anew each time, it depends on the catalogue and on stock alone. Both are
asked for in one statement, before a page is handed out again. Whoever has a session or a cart passes by.
"""

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import (  # type: ignore[attr-defined]
    CSRF_ALLOWED_CHARS,
    CsrfViewMiddleware,
    _unmask_cipher_token,
    get_token,
)
from django.utils import timezone

from inventory.queries import Availability, Look, look
from shop.closing import closed_until
from shop.context import THEMES
from shop.copies import Lru, Shown
from shop.drops import places_of

Handler = Callable[[HttpRequest], HttpResponse]

MOST_PAGES = 512
LONGEST_ADDRESS = 300
# Whoever sends another one may be somebody that a page speaks to.
COMMON_COOKIES = {"theme", settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
LANGUAGES = {code for code, _ in settings.LANGUAGES}
NOT_KEPT = {"content-length", "set-cookie"}
# What is made for each guest: the token against forged forms, and the keys by which two presses are one intent.
PERSONAL = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")\w{64}(?=")|(?<=name="key" value=")[0-9a-f-]{36}(?=")')
TOKEN_LENGTH = 64
# Random bytes to letters, each as likely as the others: the bytes that would make some of them likelier are left out.
DRAWN = 2 * TOKEN_LENGTH
LETTER_OF = bytes((CSRF_ALLOWED_CHARS * 5).encode()[:256])
TOO_HIGH = bytes(range(256 - 256 % len(CSRF_ALLOWED_CHARS), 256))

Figures = tuple[tuple[int, int, int, int, datetime | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a page says: true while the catalogue has this stamp and stock these figures, and before `until`.

    `places` are the locations that SKUs of drops are sold from until then.
    """

    stamp: str
    skus: tuple[str, ...]
    figures: Figures
    timed: frozenset[str]
    until: datetime | None
    places: Mapping[str, list[int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPage:
    """A page in pieces: what is personal to a guest was between them."""

    truth: Truth
    pieces: tuple[bytes, ...]
    is_token: tuple[bool, ...]
    headers: tuple[tuple[str, str], ...]


pages: Lru[KeptPage] = Lru(most=MOST_PAGES)


def depends_on(
    answer: HttpResponse, shown: Shown[Any], *, timed: tuple[str, ...] = (), until: datetime | None = None
) -> HttpResponse:
    """Say of a page that it depends on what is `shown` and on nothing else, so that the next guest may get it as it is.

    `timed` are the SKUs of which it says when the next may be free, and `until` is when it changes by time alone; where
    a drop opens or ends, it does so by itself.
    """
    turns = [moment for moment in (until, shown.turns_at) if moment is not None]
    truth = Truth(
        stamp=shown.copy.stamp,
        skus=shown.copy.skus,
        figures=_figures(shown.copy.skus, shown.availability, frozenset(timed)),
        timed=frozenset(timed),
        until=min(turns, default=None),
        places=places_of(shown.terms),
    )
    answer.truth = truth  # type: ignore[attr-defined]
    return answer


class FrontMiddleware:
    """The first middleware: what it hands out has passed all others once, and carries the headers that they gave it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self._csrf = CsrfViewMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = _key(request)
        if key is None:
            return self.get_response(request)
        page = pages.get(key)
        if page is not None:
            now = timezone.now()
            seen = _look(page.truth, now=now)
            if seen is not None and _is_true(page.truth, seen, now=now):
                return self._handed_out(request, page)
            # What was seen of the place of a drop may be somebody else's question by now.
            request.seen = None if page.truth.places else seen  # type: ignore[attr-defined]
        answer = self.get_response(request)
        fresh = _taken_apart(answer)
        if fresh is not None:
            pages.keep(key, fresh)
        return answer

    def _handed_out(self, request: HttpRequest, page: KeptPage) -> HttpResponse:
        token = self._token(request).encode()
        parts = [page.pieces[0]]
        for is_token, piece in zip(page.is_token, page.pieces[1:], strict=True):
            parts += [token if is_token else str(uuid4()).encode(), piece]
        answer = HttpResponse(b"".join(parts))
        for name, value in page.headers:
            answer.headers[name] = value
        answer.headers["Content-Length"] = str(len(answer.content))
        self._csrf.process_response(request, answer)
        return answer

    def _token(self, request: HttpRequest) -> str:
        """A token for the forms of the page, and the cookie that it belongs to."""
        self._csrf.process_request(request)
        if "CSRF_COOKIE" in request.META:
            return get_token(request)
        # Django draws 64 letters one by one; all at once is a third of the time that the whole page takes.
        token = secrets.token_bytes(DRAWN).translate(LETTER_OF, TOO_HIGH)[:TOKEN_LENGTH].decode()
        request.META.update(CSRF_COOKIE=_unmask_cipher_token(token), CSRF_COOKIE_NEEDS_UPDATE=True)
        return token


def _key(request: HttpRequest) -> Hashable | None:
    """What the page of a guest depends on besides its truth; None for whoever may get another page than the others."""
    if request.method != "GET" or len(request.META.get("QUERY_STRING", "")) > LONGEST_ADDRESS:
        return None
    if closed_until() is not None:
        return None
    if "HTTP_HX_REQUEST" in request.META or not request.COOKIES.keys() <= COMMON_COOKIES:
        return None
    theme = request.COOKIES.get("theme", "")
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    address = (request.META.get("HTTP_HOST"), request.is_secure(), request.path, request.META.get("QUERY_STRING", ""))
    return (*address, theme if theme in THEMES else "", language if language in LANGUAGES else "")


def _look(truth: Truth, *, now: datetime) -> Look | None:
    """Stock and stamp, without asking first whether the connection is alive: that would be a second trip.

    None if it is not: then the page is made as if there were none, and by a connection that was tried.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return look(skus=truth.skus, now=now, at=truth.places)
    except (OperationalError, InterfaceError):
        connection.close()
        return None


def seen_at_the_front(request: HttpRequest) -> Look | None:
    """What was seen a moment ago, when the page that is kept for this address was not true any more."""
    return getattr(request, "seen", None)


def _is_true(truth: Truth, seen: Look, *, now: datetime) -> bool:
    if truth.until is not None and now >= truth.until:
        return False
    return seen.stamp == truth.stamp and _figures(truth.skus, seen.availability, truth.timed) == truth.figures


def _figures(skus: tuple[str, ...], availability: Mapping[str, Availability], timed: frozenset[str]) -> Figures:
    figures = []
    for sku in skus:
        each = availability[sku]
        figures.append((each.free, each.held, each.awaited, each.beyond, each.next_free_at if sku in timed else None))
    return tuple(figures)


def _taken_apart(answer: HttpResponse) -> KeptPage | None:
    truth: Truth | None = getattr(answer, "truth", None)
    if truth is None or not truth.stamp or answer.status_code != 200:
        return None
    if answer.cookies.keys() - {settings.CSRF_COOKIE_NAME}:
        return None
    personal = PERSONAL.findall(answer.content)
    return KeptPage(
        truth=truth,
        pieces=tuple(PERSONAL.split(answer.content)),
        is_token=tuple(len(each) == TOKEN_LENGTH for each in personal),
        headers=tuple((name, value) for name, value in answer.items() if name.lower() not in NOT_KEPT),
    )
