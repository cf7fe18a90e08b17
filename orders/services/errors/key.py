"""Why an idempotency key is refused, in words for whoever sent it."""

from shop.errors import ShopError


class KeyUsedDifferently(ShopError):
    """The idempotency key came before with another request."""

    code = "idempotency_key_reused"
    title = "This key was used for another request"
    field = "Idempotency-Key"
    detail_format = "Mint a new Idempotency-Key for each intent. Nothing was changed."


class KeyInUse(ShopError):
    """The first request with this idempotency key still runs."""

    code = "idempotency_key_in_use"
    status = 409
    title = "This is being worked on"
    detail_format = (
        "The same request came a moment ago and is being worked on. Nothing is done twice. Try again in a second: "
        "you get the answer of the first one."
    )
    retry_after_seconds = 1
