"""The Idempotency-Key header: a request that creates something may be sent again, and has one effect."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import Model
from django.utils import timezone
from django.utils.crypto import salted_hmac
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from orders import queries, services
from orders.services import Answer
from shop.errors import InvalidInput

Handler = Callable[..., Response]
# What makes the rows that keep an answer: none for a request without a key.
Kept = Callable[[Answer], list[Model]]

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
CART_HEADER = "Cart-Token"
# A stranger without a cart is known by the key alone, so the key must be one that nobody else can think of.
SHORTEST_KEY_OF_A_STRANGER = 16

KEY_PARAMETER = OpenApiParameter(
    name=HEADER,
    type=OpenApiTypes.STR,
    location=OpenApiParameter.HEADER,
    description=(
        "One key per intent, up to 100 characters, a UUID for instance. The same request with the same key gets the "
        f"first answer again, marked `{REPLAYED_HEADER}: true`, and has no second effect; while the first one still "
        "runs it is refused with 409 and `Retry-After`."
    ),
)


def idempotent(handler: Handler) -> Handler:
    """Let a handler of an API view be repeated: its answer is kept in the transaction of its work.

    A refusal is not kept: nothing was done, and the same key may try again.
    """

    @wraps(handler)
    def repeatable(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        def produce() -> Answer:
            response = handler(view, request, *args, **kwargs)
            return Answer(status=response.status_code, body=response.data)

        if HEADER not in request.headers:
            return handler(view, request, *args, **kwargs)
        return respond(answer_once(request, produce=produce))

    return extend_schema(parameters=[KEY_PARAMETER])(repeatable)


def answer_once(request: Request, *, produce: Callable[[], Answer]) -> Answer:
    """Produce the answer, or give the one that is kept under the key of this request.

    :raises KeyInUse: if the first request with this key still runs.
    :raises KeyUsedDifferently: if the key came with another request before.
    """
    return services.once(
        scope=_scope(request),
        key=request.headers[HEADER],
        fingerprint=fingerprint_of(request),
        now=timezone.now(),
        produce=produce,
    )


def answer_in_one_go(request: Request, *, produce: Callable[[Kept], Answer]) -> Answer:
    """The answer of work that knows it before it writes (see `services.once_in_one_go`).

    :raises IntegrityError: if one of its rows is there already.
    :raises KeyUsedDifferently: if the key came with another request before.
    """
    if HEADER not in request.headers:
        return produce(lambda answer: [])
    return services.once_in_one_go(
        scope=_scope(request),
        key=request.headers[HEADER],
        fingerprint=fingerprint_of(request),
        now=timezone.now(),
        produce=lambda row_of: produce(lambda answer: [row_of(answer)]),
    )


def answer_in_steps(request: Request, *, begin: Callable[[], Answer], end: Callable[[Answer], Answer]) -> Answer:
    """The answer of work that cannot be done inside one transaction, because somebody else is called.

    `begin` writes down what the call is about and answers BEGUN, in the transaction of the key; `end` calls. A crash
    in between, or a call that fails, leaves what was begun: the same key goes on with it, and begins nothing anew.

    :raises KeyInUse: if another request with this key is at its beginning.
    :raises KeyUsedDifferently: if the key came with another request before.
    """
    has_key = HEADER in request.headers
    begun = answer_once(request, produce=begin) if has_key else begin()
    if begun.status != services.BEGUN:
        return begun
    answer = end(begun)
    if has_key:
        services.finish(scope=_scope(request), key=request.headers[HEADER], answer=answer)
    return answer


def respond(answer: Answer) -> Response:
    """The answer over the wire; a kept one says that it is."""
    headers = {REPLAYED_HEADER: "true"} if answer.is_replay else {}
    return Response(answer.body, status=answer.status, headers=headers)


def _scope(request: Request) -> str:
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return scope_of_guest(cart_token=request.headers.get(CART_HEADER), key=request.headers[HEADER])


def scope_of_guest(*, cart_token: str | None, key: str) -> str:
    """Whose key it is, if no member's: the cart's, or nobody's but the key's own.

    :raises InvalidInput: if somebody else could think of the key.
    """
    cart_id = queries.cart_id_in(cart_token)
    if cart_id is not None:
        return f"cart:{cart_id}"
    if len(key) < SHORTEST_KEY_OF_A_STRANGER:
        problem = f"Without a token or a cart the key needs {SHORTEST_KEY_OF_A_STRANGER} characters. Send a new UUID."
        raise InvalidInput(field=HEADER, problem=problem)
    return "guest"


def fingerprint_of(request: Request) -> str:
    """Method, path and body, whatever the order of its fields. Keyed, because a body may hold a password."""
    body = json.dumps(request.data, sort_keys=True)
    return salted_hmac("orders.idempotency", f"{request.method} {request.path} {body}", algorithm="sha256").hexdigest()
