"""Which requests of the API carry an Idempotency-Key, and which need none."""

import pytest
from drf_spectacular.generators import SchemaGenerator

from orders.api.idempotency import HEADER

# A POST that creates nothing, or whose repeat changes nothing by itself. Everything else takes the key.
NEEDS_NO_KEY = {
    "sign_in": "each sign-in has tokens of its own, and nothing else",
    "refresh_tokens": "a refresh token works once: a repeat is how a stolen one shows",
    "revoke_token": "a revoked token stays revoked",
    "apply_coupon": "the coupon that a cart has is the one it has, and using it up is the checkout's",
    "merge_carts": "a merged cart is closed, and merging it again answers the member's",
    "find_order": "it only looks",
    "claim_order": "an order of one's own stays one's own",
    "cancel_order": "a cancelled order stays cancelled",
    "come_in": "a place in the room that was let in stays let in, and gets the pass it has",
    "withdraw_return": "a withdrawn return stays withdrawn",
    "record_gateway_event": "the provider's event id is its key",
    "record_payment_event": "the provider's event id is its key",
}


@pytest.fixture(scope="module")
def posts() -> dict[str, set[str]]:
    """The names of the headers that each POST of the schema takes, by its operation."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return {
        operations["post"]["operationId"]: {
            parameter["name"] for parameter in operations["post"].get("parameters", []) if parameter["in"] == "header"
        }
        for operations in schema["paths"].values()
        if "post" in operations
    }


def test_every_post_takes_a_key_or_says_why_not(posts: dict[str, set[str]]) -> None:
    without = {operation for operation, headers in posts.items() if HEADER not in headers}

    assert without == set(NEEDS_NO_KEY)
