"""A guest's order finds its member: whose it may become, and whose it never does."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from orders import queries, services
from orders.models import Message, Order, OrderEvent, OrderEventKind
from shop.errors import NotFound
from tests.books import nothing_changes
from tests.factories import NOW, UserFactory, placed_order

pytestmark = pytest.mark.django_db

# What tests.factories fills into a guest's checkout.
ADDRESS = "ayu@example.com"


def member(email: str = ADDRESS, *, is_verified: bool = True) -> User:
    user = UserFactory(email=email)
    EmailAddress.objects.create(user=user, email=email, verified=is_verified, primary=True)
    return user


def test_claim_by_verified_address_puts_the_order_into_the_account() -> None:
    order, user = placed_order(), member()

    claimed = services.claim_order(order_id=order.pk, user=user, now=NOW)

    order.refresh_from_db()
    assert (claimed.pk, order.user) == (order.pk, user)
    event = OrderEvent.objects.get(order=order, kind=OrderEventKind.CLAIMED)
    assert (event.text, event.actor) == ("Added to an account.", user.email)
    message = Message.objects.get(key=f"order_claimed:{order.pk}:")
    assert message.to == order.email


def test_claim_of_an_order_that_was_proved_to_be_known() -> None:
    order, user = placed_order(), member("budi@example.com", is_verified=False)

    services.claim_order(order_id=order.pk, user=user, known_ids=[str(order.pk)], now=NOW)

    order.refresh_from_db()
    assert order.user == user
    assert order.email == ADDRESS
    text = Message.objects.get(key=f"order_claimed:{order.pk}:").text
    assert "budi" not in text


def test_claim_again_changes_nothing() -> None:
    order, user = placed_order(), member()
    services.claim_order(order_id=order.pk, user=user, now=NOW)

    with nothing_changes():
        assert services.claim_order(order_id=order.pk, user=user, now=NOW).pk == order.pk


@pytest.mark.parametrize(
    ("email", "is_verified"),
    [
        (ADDRESS, False),
        ("budi@example.com", True),
        # Collations of the database take these for the address of the order.
        ("ay\u00fa@example.com", True),
        ("ayu@ex\u00e4mple.com", True),
    ],
)
def test_claim_without_a_claim_is_refused(email: str, is_verified: bool) -> None:
    order, user = placed_order(), member(email, is_verified=is_verified)

    with nothing_changes(), pytest.raises(NotFound):
        services.claim_order(order_id=order.pk, user=user, now=NOW)
    with nothing_changes():
        assert services.claim_found_orders(user=user, now=NOW) == []


def test_claim_of_somebody_elses_order_is_refused_like_that_of_none() -> None:
    owner = UserFactory()
    order = placed_order(user=owner)
    thief = member()

    refusals = []
    for order_id in (order.pk, owner.pk):
        with nothing_changes(), pytest.raises(NotFound) as refusal:
            services.claim_order(order_id=order_id, user=thief, known_ids=[str(order.pk)], now=NOW)
        refusals.append((refusal.value.code, refusal.value.detail, refusal.value.facts))

    assert refusals[0] == refusals[1]


@pytest.mark.parametrize("count", [1, 3])
def test_claim_found_orders_takes_all_of_them_once(count: int, django_assert_num_queries: Any) -> None:
    orders = [placed_order() for _ in range(count)]
    Order.objects.filter(pk=orders[0].pk).update(email="AYU@Example.com")
    user = member()
    with django_assert_num_queries(2):
        assert len(queries.unclaimed_orders(user=user)) == count

    claimed = services.claim_found_orders(user=user, now=NOW)

    assert {order.pk for order in claimed} == {order.pk for order in orders}
    assert Order.objects.filter(user=user).count() == count
    assert services.claim_found_orders(user=user, now=NOW) == []


def test_claimed_order_is_still_found_by_number_and_by_the_guests_token() -> None:
    order = placed_order()
    assert order.cart is not None
    token = services.cart_token(order.cart)
    services.claim_order(order_id=order.pk, user=member(), now=NOW)

    assert queries.find_guest_order(number=order.number, email=ADDRESS).pk == order.pk
    found = queries.placed_from(cart_id=order.cart.pk, user=AnonymousUser(), token=token)
    assert found is not None
    assert found.pk == order.pk
