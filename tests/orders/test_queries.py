"""What pages and the API read of carts and orders, in few queries, and of nobody else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from inventory.models import StockItem
from orders import queries, services
from orders.models import Cart, OrderLine
from shop.errors import NotFound
from shop.models import Variant
from tests.factories import (
    ACTOR,
    NOW,
    CartFactory,
    ShippingMethodFactory,
    StockItemFactory,
    UserFactory,
    guest_cart,
    hold,
    paid_order,
    placed_order,
)

pytestmark = pytest.mark.django_db

GUEST = AnonymousUser()
ENDED = NOW + settings.HOLD_TIME


def cart_of(count: int) -> Cart:
    return guest_cart(lines={StockItemFactory().variant: 2 for _ in range(count)})


def test_summarise_cart_of_nobody_is_empty() -> None:
    for cart in (None, CartFactory()):
        summary = queries.summarise_cart(cart=cart, now=NOW)
        assert summary.is_empty
        assert (summary.units, summary.subtotal_minor, summary.earliest) == (0, 0, None)


def test_summarise_cart_adds_up_what_is_held_and_names_the_first_to_end() -> None:
    cart = cart_of(1)
    later = StockItemFactory().variant
    services.add_to_cart(cart_id=cart.pk, variant_id=later.pk, quantity=1, now=NOW + timedelta(minutes=1), actor=ACTOR)

    summary = queries.summarise_cart(cart=cart, now=NOW + timedelta(minutes=1))

    assert (summary.units, summary.subtotal_minor, summary.currency) == (3, 750_000, "IDR")
    assert summary.earliest is not None
    assert (summary.earliest.seconds_left, summary.earliest.total_seconds) == (540, 600)
    assert not summary.earliest.can_extend


def test_summarise_cart_moves_a_line_to_the_shelf_at_the_instant_its_hold_ends() -> None:
    cart = cart_of(1)

    before = queries.summarise_cart(cart=cart, now=ENDED - timedelta(microseconds=1))
    after = queries.summarise_cart(cart=cart, now=ENDED)

    assert (len(before.held), len(before.ended)) == (1, 0)
    assert before.held[0].can_extend
    assert (len(after.held), len(after.ended)) == (0, 1)
    assert (after.ended[0].seconds_left, after.ended[0].can_extend, after.subtotal_minor) == (0, False, 0)


def test_summarise_cart_says_whether_an_ended_line_is_free_again_and_costs_the_same() -> None:
    cart = cart_of(1)
    Variant.objects.update(price_minor=300_000)
    assert queries.summarise_cart(cart=cart, now=ENDED).ended[0].is_free_again
    hold(lines={StockItem.objects.get().sku: 4}, now=ENDED)

    ended = queries.summarise_cart(cart=cart, now=ENDED).ended[0]

    assert not ended.is_free_again
    assert ended.price_changed
    assert ended.unit_price_minor == 250_000


@pytest.mark.parametrize("count", [1, 3])
def test_summarise_cart_takes_the_same_queries_however_many_lines(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    cart = cart_of(count)

    with django_assert_num_queries(3):
        queries.summarise_cart(cart=cart, now=NOW)
    with django_assert_num_queries(4):
        queries.summarise_cart(cart=cart, now=ENDED)


def test_orders_of_are_a_members_own_the_newest_first() -> None:
    user = UserFactory()
    first, second = placed_order(user=user), placed_order(user=user, now=NOW + timedelta(minutes=1))
    placed_order(user=UserFactory())
    placed_order()

    assert list(queries.orders_of(user=user)) == [second, first]


def test_find_order_finds_it_for_its_member_and_for_the_guest_who_knows_it() -> None:
    user = UserFactory()
    own, guests = placed_order(user=user), placed_order()

    assert queries.find_order(order_id=own.pk, user=user) == own
    assert queries.find_order(order_id=guests.pk, user=GUEST, known_ids=[str(guests.pk)]) == guests


def test_find_order_tells_somebody_elses_from_nothing_by_no_hint() -> None:
    order = placed_order(user=UserFactory())

    for order_id in (order.pk, uuid4()):
        for user in (GUEST, UserFactory()):
            with pytest.raises(NotFound) as refusal:
                queries.find_order(order_id=order_id, user=user, known_ids=[str(uuid4())])
            assert refusal.value.facts == {}


@pytest.mark.parametrize(
    "spell", [str, str.lower, lambda number: number.replace("-", ""), lambda number: f" {number} "]
)
def test_find_guest_order_forgives_spelling(spell: object) -> None:
    order = placed_order()

    assert queries.find_guest_order(number=spell(order.number), email=" AYU@example.com ") == order


def test_find_guest_order_needs_both_number_and_address() -> None:
    order = placed_order()

    for number, email in [(order.number, "other@example.com"), ("T-0000-0000", order.email), ("", ""), ("T", "")]:
        with pytest.raises(NotFound):
            queries.find_guest_order(number=number, email=email)


def test_delivery_methods_are_the_active_ones_in_order() -> None:
    slow, fast = ShippingMethodFactory(code="slow", position=2), ShippingMethodFactory(code="fast", position=1)
    ShippingMethodFactory(code="gone", is_active=False)

    assert queries.delivery_methods() == [fast, slow]


def test_prove_owed_finds_an_order_that_is_owed_more_than_is_allocated() -> None:
    order = paid_order()
    assert queries.prove_owed() == []
    OrderLine.objects.filter(order=order).update(quantity=3, total_minor=750_000, charged_minor=750_000)

    drift = queries.prove_owed()

    assert [(row.sku, row.allocated, row.owed) for row in drift] == [(order.lines.get().sku, 2, 3)]


@pytest.mark.parametrize(
    "typed",
    ["T-7K3M-Q9XD", "t7k3mq9xd", " t 7k3m q9xd ", "7K3M-Q9XD", "7k3mq9xd", "T-7K3M-Q9XD\u00e9", "\uff34-7K3M-Q9XD"],
)
def test_spelled_number_forgives_and_guesses_nothing(typed: str) -> None:
    assert queries.spelled_number(typed) == "T-7K3M-Q9XD"


def test_spelled_number_may_begin_with_a_second_t() -> None:
    assert queries.spelled_number("T-T234-5678") == queries.spelled_number("T2345678") == "T-T234-5678"


def test_find_guest_order_compares_the_address_by_every_letter() -> None:
    order = placed_order()

    assert queries.find_guest_order(number=order.number, email=" AYU@example.com ").pk == order.pk
    for email in ("ay\u00fa@example.com", "ayu@ex\u00e4mple.com", "ayu@example.co", ""):
        with pytest.raises(NotFound):
            queries.find_guest_order(number=order.number, email=email)


def test_find_guest_order_asks_as_much_for_a_wrong_number_as_for_a_wrong_address(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    order = placed_order()
    for number, email in ((order.number, "x@example.com"), ("T-0000-0000", order.email)):
        with django_assert_num_queries(1), pytest.raises(NotFound):
            queries.find_guest_order(number=number, email=email)
