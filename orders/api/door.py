"""The door in front of the whole shop: what is sold out is refused before a session, a cart or a query costs anything.

Of a sale most requests are refused, and word for word alike. The shop answers the first of them; as long as that is
true (`inventory.sold_out`), the door says it again to whoever asks for the very same. It never answers a key that was
answered before: those keys are read with the refusal, and nobody can have been granted anything since, or the refusal
would not hold any more.
"""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from inventory import sold_out
from orders.api.idempotency import scope_of_guest
from orders.services import MAX_KEY_LENGTH, answered_keys, as_kept
from shop.errors import ShopError

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, Any], Iterable[bytes]]

# Where a view leaves word that what it refused is sold out.
SOLD_OUT = "tahan.sold_out"
ADDRESSES = {"/api/v1/cart", "/api/v1/cart/"}
# What an answer may depend on, beside the body. Somebody's own: a JWT, which no refusal is kept for.
TELLING = [
    *("PATH_INFO", "QUERY_STRING", "wsgi.url_scheme", "CONTENT_TYPE"),
    *("HTTP_HOST", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ORIGIN", "HTTP_X_FORWARDED_PROTO", "HTTP_DROP_CODE"),
]
LONGEST_BODY = 512
MOST_REFUSALS = 256
MOST_KEYS = 20_000

Question = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """What a view refused: the goods, and the fingerprint of the request."""

    goods: sold_out.Goods
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer to say again while `seen` is fresh, but not to the keys that were answered before."""

    goods: sold_out.Goods
    seen: sold_out.SoldOut
    answered_keys: set[str]
    status: str
    headers: Headers
    body: bytes

    def fits(self, *, key: str | None, cart_token: str | None, now: datetime) -> bool:
        """Whether it is true for whoever asks with this key, at this moment."""
        if sold_out.remembered(self.goods) is not self.seen or not self.seen.is_fresh(now=now):
            return False
        if key is None:
            return True
        try:
            scope = scope_of_guest(cart_token=cart_token, key=key)
        except ShopError:
            return False
        return 1 <= len(key) <= MAX_KEY_LENGTH and as_kept(scope=scope, key=key) not in self.answered_keys


class SoldOutDoor:
    """The shop behind its door, as a WSGI application."""

    def __init__(self, shop: Application) -> None:
        self._shop = shop
        self._refusals: dict[Question, Refusal] = {}

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        question = _question(environ)
        if question is None:
            return self._shop(environ, start_response)
        refusal = self._refusals.get(question)
        if refusal is not None and refusal.fits(
            key=environ.get("HTTP_IDEMPOTENCY_KEY"), cart_token=environ.get("HTTP_CART_TOKEN"), now=timezone.now()
        ):
            start_response(refusal.status, list(refusal.headers))
            return [refusal.body]
        return self._ask(question, environ, start_response)

    def _ask(self, question: Question, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Let the shop answer, and keep what it refuses as sold out."""
        began: list[tuple[str, Headers]] = []

        def begin(status: str, headers: Headers, *rest: Any) -> Any:
            began.append((status, headers))
            return start_response(status, headers, *rest)

        answer = self._shop(environ, begin)
        refused = environ.get(SOLD_OUT)
        if refused is None:
            return answer
        body = b"".join(answer)
        if close := getattr(answer, "close", None):
            close()
        self._keep(question, refused, status=began[0][0], headers=began[0][1], body=body)
        return [body]

    def _keep(self, question: Question, refused: Refused, *, status: str, headers: Headers, body: bytes) -> None:
        seen = sold_out.remembered(refused.goods)
        # Fewer than were asked for is not sold out; and what is set for one browser is not for the next.
        if seen is None or any(name.lower() == "set-cookie" for name, _ in headers):
            return
        # Read after it was seen: whoever was granted something before that has a key among these.
        keys = answered_keys(fingerprint=refused.fingerprint, most=MOST_KEYS)
        if keys is None:
            return
        if len(self._refusals) >= MOST_REFUSALS:
            self._refusals.clear()
        self._refusals[question] = Refusal(
            goods=refused.goods, seen=seen, answered_keys=keys, status=status, headers=headers, body=body
        )


def _question(environ: Environ) -> Question | None:
    """What is asked, word for word; None for what the door does not answer. The body can be read again."""
    if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] not in ADDRESSES:
        return None
    if "HTTP_AUTHORIZATION" in environ or "HTTP_TRANSFER_ENCODING" in environ:
        return None
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdecimal() or not 0 < int(length) <= LONGEST_BODY:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return (body, *map(environ.get, TELLING))
