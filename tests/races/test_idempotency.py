"""One key at one moment: one call runs, and the others are told, or wait for its answer."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.utils import timezone

from inventory.models import StockItem, StockItemQuerySet
from inventory.queries import prove
from inventory.services import counters as counters_module
from orders import services
from orders.models import Cart, CartLine, IdempotencyKey, Payment
from orders.services import Answer, KeyInUse, idempotency
from shop import rows
from shop.errors import ShopError
from tests.books import counters
from tests.factories import NOW, StockItemFactory, guest_cart
from tests.races.threads import at_once, seen_within_rounds, without_checks

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]
LONG_SECONDS = 0.3


def open_a_cart() -> Answer:
    cart = Cart.objects.create()
    time.sleep(LONG_SECONDS)
    return Answer(status=201, body={"id": str(cart.pk)})


def once(
    key: str = "intent",
    *,
    waits: bool = False,
    fingerprint: str = "f",
    produce: Callable[[], Answer] = open_a_cart,
) -> Answer:
    return services.once(scope="ayu", key=key, fingerprint=fingerprint, now=NOW, produce=produce, waits=waits)


def one_key_thrice(*, waits: bool) -> list[Any]:
    Cart.objects.all().delete()
    IdempotencyKey.objects.all().delete()
    return at_once(*[partial(once, waits=waits)] * 3)


@pytest.fixture
def no_unique_key() -> Iterator[None]:
    """Take the unique constraint away that tells the second call of the first."""
    constraint = next(row for row in IdempotencyKey._meta.constraints if row.name == "idempotencykey_one_per_scope")
    with connection.schema_editor() as editor:
        editor.remove_constraint(IdempotencyKey, constraint)
    yield
    IdempotencyKey.objects.all().delete()
    with connection.schema_editor() as editor:
        editor.add_constraint(IdempotencyKey, constraint)


@dataclass(frozen=True, slots=True)
class Running:
    """A call that has begun under `key` and runs until it is let go."""

    key: str
    finish: Callable[[], None]


@pytest.fixture
def running() -> Iterator[Running]:
    """A key that was never used before: of one that was just deleted, InnoDB would lock the neighbours too."""
    key, has_begun, let_go = uuid4().hex, Event(), Event()

    def produce() -> Answer:
        Cart.objects.create()
        has_begun.set()
        let_go.wait(timeout=10)
        return Answer(status=201, body={})

    def run() -> None:
        try:
            once(key, produce=produce)
        finally:
            connection.close()

    first = Thread(target=run)
    first.start()
    assert has_begun.wait(timeout=10)

    def finish() -> None:
        let_go.set()
        first.join(timeout=10)

    yield Running(key=key, finish=finish)
    finish()


def test_one_key_at_one_moment_runs_once_and_the_others_are_told_at_once() -> None:
    for _ in range(3):
        answers = one_key_thrice(waits=False)

        ran = [answer for answer in answers if isinstance(answer, Answer) and not answer.is_replay]
        told = [answer for answer in answers if isinstance(answer, KeyInUse)]
        assert (len(ran), len(told)) == (1, 2)
        assert {error.retry_after_seconds for error in told} == {1}
        assert ran[0].body == {"id": str(Cart.objects.get().pk)}
        assert once().is_replay


def test_one_key_at_one_moment_has_one_answer_for_those_who_wait() -> None:
    for _ in range(3):
        answers = one_key_thrice(waits=True)

        assert [answer.body for answer in answers] == [{"id": str(Cart.objects.get().pk)}] * 3
        assert sorted(answer.is_replay for answer in answers) == [False, True, True]


@pytest.mark.parametrize("waits", [False, True])
def test_control_without_the_unique_key_one_intent_has_several_effects(no_unique_key: None, waits: bool) -> None:
    def several() -> bool:
        one_key_thrice(waits=waits)
        return Cart.objects.count() > 1

    assert seen_within_rounds(several)


def test_second_call_is_told_at_once_and_changes_nothing(running: Running) -> None:
    began = time.monotonic()
    with pytest.raises(KeyInUse):
        once(running.key, produce=lambda: pytest.fail("it ran twice"))

    assert time.monotonic() - began < LONG_SECONDS
    running.finish()
    assert Cart.objects.count() == 1
    assert once(running.key).is_replay


def test_control_a_call_that_may_wait_is_not_told_at_once(running: Running) -> None:
    """The lock is what the second call runs into: allowed to wait for it, it gives up after a lock wait."""
    began = time.monotonic()
    with pytest.raises(KeyInUse):
        once(running.key, waits=True, produce=lambda: pytest.fail("it ran twice"))

    assert time.monotonic() - began > 2


def test_another_body_is_told_to_wait_while_the_first_runs_and_refused_after_it(running: Running) -> None:
    with pytest.raises(KeyInUse):
        once(running.key, fingerprint="another")
    running.finish()
    with pytest.raises(services.KeyUsedDifferently):
        once(running.key, fingerprint="another")


def test_other_keys_are_not_kept_waiting(running: Running) -> None:
    """Not even among many at once, of which some are refused and roll back."""

    def refuse() -> Answer:
        raise services.CartEmpty()

    def many() -> list[str]:
        told = []
        for number in range(50):
            try:
                once(uuid4().hex, produce=refuse if number % 3 else lambda: Answer(status=200, body={}))
            except ShopError as error:
                told.append(error.code)
        return told

    answers = at_once(*[many] * 4)

    assert {code for told in answers for code in told} == {"cart_empty"}


def test_call_whose_connection_dies_leaves_no_lock() -> None:
    """As if the worker was killed: the database undoes what its connection had not committed."""

    def die() -> Answer:
        Cart.objects.create()
        with connection.cursor() as cursor:
            cursor.execute("SELECT CONNECTION_ID()")
            (own_id,) = cursor.fetchone()
            cursor.execute(f"KILL CONNECTION {own_id}")
        raise AssertionError("a dead connection says so")

    (error,) = at_once(partial(once, produce=die))

    assert isinstance(error, Exception)
    assert (Cart.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    assert once().status == 201


# At the doors ---------------------------------------------------------------------------------------------------------


def post(address: str, body: dict[str, Any], *, key: str, **headers: str) -> Any:
    """A request of a program, as a guest."""
    return Client().post(
        f"/api/v1/{address}",
        json.dumps(body),
        content_type="application/json",
        headers={"Idempotency-Key": key, **headers},
    )


def add_twice(item: StockItem, **headers: str) -> tuple[str, list[Any]]:
    key = uuid4().hex
    body = {"product_id": str(item.variant.pk), "qty": 1}
    return key, at_once(*[partial(post, "cart", body, key=key, **headers)] * 2)


def token_of_a_cart() -> dict[str, str]:
    """A guest who holds something else already."""
    cart = post("cart", {"product_id": str(StockItemFactory().variant.pk), "qty": 1}, key=uuid4().hex).json()
    return {"Cart-Token": cart["cart_token"]}


def test_first_hold_asked_for_twice_at_one_moment_is_one(pause_before: Pause) -> None:
    pause_before(rows, "insert")
    for _ in range(3):
        item = StockItemFactory()
        _, answers = add_twice(item)

        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert sorted("Idempotent-Replayed" in answer for answer in answers) == [False, True]
        assert CartLine.objects.get(variant=item.variant).quantity == 1


def test_control_without_the_key_the_first_hold_is_two(pause_before: Pause, monkeypatch: pytest.MonkeyPatch) -> None:
    pause_before(rows, "insert")
    monkeypatch.setattr(idempotency, "as_kept", lambda *, scope, key: uuid4().hex)
    item = StockItemFactory()
    add_twice(item)

    assert CartLine.objects.filter(variant=item.variant).count() == 2


def test_api_call_repeated_at_one_moment_runs_once_and_is_refused_with_retry_after(pause_before: Pause) -> None:
    pause_before(services, "add_to_cart")
    for _ in range(3):
        item, token = StockItemFactory(), token_of_a_cart()
        key, answers = add_twice(item, **token)

        ran, told = sorted(answers, key=lambda answer: answer.status_code)
        assert (ran.status_code, told.status_code) == (201, 409)
        assert (told.json()["code"], told["Retry-After"]) == ("idempotency_key_in_use", "1")
        assert CartLine.objects.get(variant=item.variant).quantity == 1
        again = post("cart", {"product_id": str(item.variant.pk), "qty": 1}, key=key, **token)
        assert (again.json(), again["Idempotent-Replayed"]) == (ran.json(), "true")


def test_control_without_the_key_both_calls_run(pause_before: Pause, monkeypatch: pytest.MonkeyPatch) -> None:
    pause_before(services, "add_to_cart")
    token = token_of_a_cart()
    monkeypatch.setattr(idempotency, "as_kept", lambda *, scope, key: uuid4().hex)

    def both() -> bool:
        item = StockItemFactory()
        add_twice(item, **token)
        return CartLine.objects.get(variant=item.variant).quantity == 2

    assert seen_within_rounds(both)


def add_the_last_unit() -> tuple[StockItem, list[int]]:
    """Four shoppers after one unit, each with a key: the answer of each is written before the unit is taken."""
    item = StockItemFactory(on_hand=1)
    body = {"product_id": str(item.variant.pk), "qty": 1}
    answers = at_once(*[without_checks(partial(post, "cart", body, key=uuid4().hex)) for _ in range(4)])
    return item, sorted(answer.status_code for answer in answers)


def test_last_unit_goes_to_exactly_one_of_those_who_bring_keys(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")
    for _ in range(3):
        item, statuses = add_the_last_unit()

        assert statuses == [201, 422, 422, 422]
        assert counters(item) == (1, 1, 0)
        assert CartLine.objects.filter(variant=item.variant).count() == 1
    assert prove() == []


def test_control_without_the_condition_in_the_update_several_get_it(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_before(counters_module, "_shift")
    monkeypatch.setattr(StockItemQuerySet, "able_to_hand_over", lambda items, *, quantity: items)

    def oversold() -> bool:
        item, statuses = add_the_last_unit()
        return statuses.count(201) > 1 and counters(item)[1] > 1

    assert seen_within_rounds(oversold)


def test_payment_started_twice_with_one_key_is_one_attempt(pause_before: Pause) -> None:
    pause_before(Payment.objects, "create")
    now = timezone.now()
    cart = guest_cart(lines={StockItemFactory().variant: 1}, now=now)
    order = services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=now, actor="guest")
    key = uuid4().hex
    token = {"Cart-Token": services.cart_token(cart)}

    answers = at_once(*[partial(post, f"orders/{order.pk}/payments", {}, key=key, **token)] * 3)

    assert {answer.status_code for answer in answers} <= {201, 409}
    payment = Payment.objects.get(order=order)
    assert {answer.json()["id"] for answer in answers if answer.status_code == 201} == {str(payment.pk)}
    again = post(f"orders/{order.pk}/payments", {}, key=key, **token)
    assert (again.json()["id"], again["Idempotent-Replayed"]) == (str(payment.pk), "true")
