"""The pages of the waiting room: light, and without a query until somebody comes in."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from shop.callers import address_of
from shop.clock import clock_time
from shop.context import THEMES
from shop.errors import ShopError
from shop.methods import post_only
from shop.redirects import see_other
from shop.room import services
from shop.room.names import PASS_COOKIE, TICKET_COOKIE
from shop.room.noting import note_refusal
from shop.room.places import Place, Standing
from shop.room.tokens import Ticket, read_pass, read_ticket

TICKET_COOKIE_SECONDS = 24 * 60 * 60
ASK_AGAIN = "Ask-Again"


@require_safe
def room(request: HttpRequest, key: str) -> HttpResponse:
    """Where one stands. For the script of the page only the part that changes, and when to ask again."""
    _ask_nobody_who(request)
    now = timezone.now()
    ticket, place = services.look(key=key, token=request.COOKIES.get(TICKET_COOKIE + key), now=now)
    answer = _page(request, key=key, place=place)
    _carry(answer, ticket=ticket, known=request.COOKIES.get(TICKET_COOKIE + key))
    return answer


@post_only(shown_at="room:room", keeps=("key",))
def take(request: HttpRequest, key: str) -> HttpResponse:
    """Take a place. Whoever has one keeps it."""
    _ask_nobody_who(request)
    now = timezone.now()
    token = request.COOKIES.get(TICKET_COOKIE + key)
    ticket, place = services.look(key=key, token=token, now=now)
    if ticket is None or place.standing is Standing.MISSED:
        try:
            ticket, _ = services.take_place(key=key, address=address_of(request), member="", intent="", now=now)
        except ShopError as error:
            note_refusal(request, error)
            return _page(request, key=key, place=place, error=error)
    answer = see_other(_path(key))
    _carry(answer, ticket=ticket, known=token)
    return answer


@post_only(shown_at="room:room", keeps=("key",))
def enter(request: HttpRequest, key: str) -> HttpResponse:
    """Come in, if it is one's turn; else see where one stands."""
    now = timezone.now()
    user_id = request.user.pk if request.user.is_authenticated else None
    token = request.COOKIES.get(TICKET_COOKIE + key)
    try:
        given = services.come_in(key=key, token=token, user_id=user_id, now=now)
    except ShopError as error:
        note_refusal(request, error)
        _, place = services.look(key=key, token=token, now=now)
        return _page(request, key=key, place=place, error=error)
    answer = see_other(services.reading_of(key, now=now).facts.address)
    age = int((given.expires_at - now).total_seconds())
    _set_cookie(answer, PASS_COOKIE + key, given.signed(), max_age=age, path="/")
    return answer


@post_only(shown_at="room:room", keeps=("key",))
def leave(request: HttpRequest, key: str) -> HttpResponse:
    """Give the place up."""
    _ask_nobody_who(request)
    services.leave(key=key, token=request.COOKIES.get(TICKET_COOKIE + key), now=timezone.now())
    answer = see_other(_path(key))
    answer.delete_cookie(TICKET_COOKIE + key, path=_path(key), samesite="Lax")
    answer.delete_cookie(PASS_COOKIE + key, path="/", samesite="Lax")
    return answer


def _page(request: HttpRequest, *, key: str, place: Place, error: ShopError | None = None) -> HttpResponse:
    """Without the shop's own context: a session or a cart would be a query."""
    now = timezone.now()
    facts = services.reading_of(key, now=now).facts
    inside = read_pass(request.COOKIES.get(PASS_COOKIE + key), room=key)
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {
        "room": facts,
        "place": place,
        "inside_until": inside.expires_at if inside and inside.expires_at > now else None,
        "error": error,
        "kept_minutes": settings.ROOM_KEPT_SECONDS // 60,
        "pass_minutes": settings.ROOM_PASS_MINUTES,
        "csrf_token": get_token(request),
        "made_at": clock_time(now),
        "theme": theme if theme in THEMES else "",
    }
    template = "room/_place.html" if request.headers.get("X-Part") else "room/page.html"
    answer = HttpResponse(render_to_string(template, context), status=error.status if error else 200)
    answer[ASK_AGAIN] = str(place.ask_again_seconds)
    if error is not None and error.retry_after_seconds is not None:
        answer["Retry-After"] = str(error.retry_after_seconds)
    add_never_cache_headers(answer)
    return answer


def _carry(answer: HttpResponse, *, ticket: Ticket | None, known: str | None) -> None:
    """Give the browser its ticket, when it is new or says more than before."""
    if ticket is None:
        return
    token = ticket.signed()
    # The signature carries its own time: compare what is signed.
    if known is None or read_ticket(known, room=ticket.room) != ticket:
        _set_cookie(answer, TICKET_COOKIE + ticket.room, token, max_age=TICKET_COOKIE_SECONDS, path=_path(ticket.room))


def _set_cookie(answer: HttpResponse, name: str, value: str, *, max_age: int, path: str) -> None:
    answer.set_cookie(
        name, value, max_age=max_age, path=path, secure=settings.SECURE_SSL, httponly=True, samesite="Lax"
    )


def _path(key: str) -> str:
    return f"/rooms/{key}/"


def _ask_nobody_who(request: HttpRequest) -> None:
    """The log of requests would look up who is signed in: a query for every look."""
    request.user = AnonymousUser()
