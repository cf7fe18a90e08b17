"""The address book: one default as long as there is any, and everybody's own."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from accounts import services
from accounts.models import Address, User
from shop.errors import NotFound
from tests.factories import NOW, PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

WHERE = {
    "name": "Maya Lestari",
    "phone": "+628123456789",
    "address": "Jl. Kemang Raya 12",
    "landmark": "Opposite the bakery",
    "city": "Jakarta Selatan",
    "postal_code": "12730",
    "country": "ID",
}
TYPED = {**WHERE, "phone": "0812 3456 789"}


def add(user: User, *, minutes: int = 0, is_default: bool = False, **changes: str) -> Address:
    where = {**WHERE, **changes}
    return services.add_address(
        user_id=user.pk, where=where, is_default=is_default, now=NOW + timedelta(minutes=minutes)
    )


def defaults(user: User) -> list[str]:
    return list(Address.objects.filter(user=user, is_default=True).values_list("address", flat=True))


def test_add_address_makes_the_first_one_the_default() -> None:
    user = UserFactory()

    add(user)
    add(user, address="Jl. Braga 1")

    assert defaults(user) == ["Jl. Kemang Raya 12"]


def test_add_address_keeps_what_is_in_the_book_once() -> None:
    user = UserFactory()

    assert add(user) == add(user, minutes=1)
    assert Address.objects.count() == 1


def test_add_address_refuses_when_the_book_is_full(monkeypatch: Any) -> None:
    monkeypatch.setattr("accounts.services.address.MOST_ADDRESSES", 1)
    user = UserFactory()
    add(user)

    with pytest.raises(services.TooManyAddresses):
        add(user, address="Jl. Braga 1")
    assert Address.objects.count() == 1


def test_choose_default_address_moves_the_tick() -> None:
    user = UserFactory()
    add(user)
    second = add(user, address="Jl. Braga 1")

    services.choose_default_address(user_id=user.pk, address_id=second.pk)

    assert defaults(user) == ["Jl. Braga 1"]


def test_remove_address_hands_the_default_to_the_newest() -> None:
    user = UserFactory()
    first = add(user)
    add(user, address="Jl. Braga 1", minutes=1)
    add(user, address="Jl. Asia Afrika 8", minutes=2)

    services.remove_address(user_id=user.pk, address_id=first.pk)
    services.remove_address(user_id=user.pk, address_id=first.pk)

    assert defaults(user) == ["Jl. Asia Afrika 8"]


def test_book_of_somebody_else_is_closed() -> None:
    owner, stranger = UserFactory(), UserFactory()
    address = add(owner)

    for act in (services.choose_default_address, services.change_address):
        more = {"where": {"city": "Medan"}} if act is services.change_address else {}
        with pytest.raises(NotFound):
            act(user_id=stranger.pk, address_id=address.pk, **more)
    services.remove_address(user_id=stranger.pk, address_id=address.pk)

    address.refresh_from_db()
    assert (address.city, address.is_default) == ("Jakarta Selatan", True)


def test_database_keeps_one_default_per_member() -> None:
    user = UserFactory()
    add(user)

    with pytest.raises(IntegrityError):
        Address.objects.create(user=user, created_at=NOW, is_default=True, **{**WHERE, "city": "Medan"})


@pytest.fixture
def signed_in(client: Client) -> User:
    user = UserFactory(email="maya@example.com", password=PASSWORD)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def test_pages_add_change_and_remove(client: Client, signed_in: User) -> None:
    added = client.post(reverse("accounts:address_new"), TYPED)
    address = Address.objects.get()
    changed = client.post(reverse("accounts:address", args=[address.pk]), {**TYPED, "city": "Bandung"})
    address.refresh_from_db()

    assert (added.status_code, changed.status_code) == (303, 303)
    assert (address.user, address.phone, address.city) == (signed_in, "+628123456789", "Bandung")
    assert "Bandung" in client.get(reverse("accounts:address_list")).content.decode()
    client.post(reverse("accounts:address_remove", args=[address.pk]))
    assert Address.objects.count() == 0
    assert "No addresses yet." in client.get(reverse("accounts:address_list")).content.decode()


def test_page_says_the_repair(client: Client, signed_in: User) -> None:
    answer = client.post(reverse("accounts:address_new"), {**TYPED, "phone": "12", "postal_code": "1"})

    assert answer.status_code == 422
    assert "Check 2 answers" in answer.content.decode()
    assert Address.objects.count() == 0


def test_page_of_somebody_elses_address_is_not_there(client: Client, signed_in: User) -> None:
    other = add(UserFactory())

    assert client.get(reverse("accounts:address", args=[other.pk])).status_code == 404
    assert client.post(reverse("accounts:address_default", args=[uuid4()])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_as_often_for_three_as_for_one(
    client: Client, signed_in: User, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        add(signed_in, address=f"Jl. Braga {number}")
    client.get(reverse("accounts:address_list"))

    # Session, user, addresses; shelves of the header; the cart of the strip.
    with django_assert_num_queries(4):
        client.get(reverse("accounts:address_list"))
