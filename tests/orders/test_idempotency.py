"""Same key, same answer, one effect."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.queries import prove
from orders import services
from orders.models import Cart, IdempotencyKey
from orders.services import Answer
from shop.errors import InvalidInput
from tests.books import counters, nothing_changes
from tests.factories import ACTOR, NOW, CartFactory, StockItemFactory

pytestmark = pytest.mark.django_db


def test_old_keys_are_forgotten_and_young_ones_kept() -> None:
    services.once(
        scope="ayu", key="old", fingerprint="f", now=NOW - timedelta(days=31), produce=lambda: Answer(200, {})
    )
    services.once(scope="ayu", key="young", fingerprint="f", now=NOW, produce=lambda: Answer(200, {}))

    assert services.forget_old_keys(now=NOW) == 1
    assert IdempotencyKey.objects.get().created_at == NOW


def once(produce: Callable[[], Answer], *, key: str = "k", scope: str = "ayu", fingerprint: str = "f") -> Answer:
    return services.once(scope=scope, key=key, fingerprint=fingerprint, now=NOW, produce=produce)


def open_a_cart() -> Answer:
    """An effect that can be counted."""
    return Answer(status=201, body={"id": str(Cart.objects.create().pk)})


def test_once_does_the_work_and_keeps_the_answer() -> None:
    answer = once(open_a_cart)

    cart = Cart.objects.get()
    assert (answer.status, answer.body, answer.is_replay) == (201, {"id": str(cart.pk)}, False)
    row = IdempotencyKey.objects.get()
    assert (row.scope, row.fingerprint, row.status, row.body) == ("ayu", "f", 201, answer.body)


def test_once_again_gives_the_first_answer_and_has_no_effect() -> None:
    first = once(open_a_cart)

    with nothing_changes():
        again = once(open_a_cart)

    assert (again.status, again.body, again.is_replay) == (201, first.body, True)


def test_once_with_another_request_under_the_same_key_is_refused() -> None:
    once(open_a_cart)

    with nothing_changes(), pytest.raises(services.KeyUsedDifferently):
        once(open_a_cart, fingerprint="another")


def test_once_keeps_the_keys_of_two_callers_apart() -> None:
    first = once(open_a_cart)
    second = once(open_a_cart, scope="budi", fingerprint="another")

    assert first.body != second.body
    assert Cart.objects.count() == 2


@pytest.mark.parametrize("error", [RuntimeError("a bug"), services.CartEmpty()])
def test_once_that_fails_leaves_nothing_and_may_be_tried_again(error: Exception) -> None:
    def fail() -> Answer:
        open_a_cart()
        raise error

    with nothing_changes(), pytest.raises(type(error)):
        once(fail)

    assert once(open_a_cart).status == 201
    assert Cart.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 101])
def test_once_refuses_a_key_that_cannot_be_kept(key: str) -> None:
    with nothing_changes(), pytest.raises(InvalidInput) as refusal:
        once(open_a_cart, key=key)

    assert refusal.value.field == "Idempotency-Key"


def test_once_tells_keys_apart_by_every_character() -> None:
    answers = [once(open_a_cart, key=key).body["id"] for key in ("abc", "ABC", "abc ", "äbc", "abç")]

    assert len(set(answers)) == 5


def test_hot_row_is_the_last_statement_of_an_add_that_keeps_its_answer() -> None:
    """Whatever follows it would be read and written while everybody else waits for the row."""
    item, cart = StockItemFactory(), CartFactory()

    def add() -> Answer:
        line = services.add_to_cart(
            cart_id=cart.pk, variant_id=item.variant.pk, quantity=1, now=NOW, actor=ACTOR, counters_last=True
        )
        return Answer(status=201, body={"line": str(line.pk)})

    for _ in range(2):  # a line that is new, and one that grows
        with CaptureQueriesContext(connection) as queries:
            once(add, key=uuid4().hex)
        statements = [query["sql"] for query in queries if not re.match("SAVEPOINT|RELEASE|COMMIT", query["sql"])]
        assert re.match(r"UPDATE .inventory_stockitem.", statements[-1])
        assert sum("inventory_stockitem" in sql and sql.startswith("UPDATE") for sql in statements) == 1
    assert counters(item) == (5, 2, 0)
    assert prove() == []
