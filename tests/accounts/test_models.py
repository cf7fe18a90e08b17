"""A user is its e-mail address."""

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction

from accounts.hashers import ModestArgon2PasswordHasher
from accounts.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def test_create_user_keeps_the_address_in_lower_case_and_hashes_the_password() -> None:
    user = User.objects.create_user(" Ayu@Example.COM ", PASSWORD)

    assert user.email == "ayu@example.com"
    assert user.password != PASSWORD
    assert user.check_password(PASSWORD)
    assert not user.is_staff
    assert not user.is_superuser


def test_create_user_refuses_an_empty_address() -> None:
    with pytest.raises(ValueError, match="needs an e-mail address"):
        User.objects.create_user("", PASSWORD)
    assert not User.objects.exists()


def test_create_user_without_a_password_makes_one_that_nobody_can_use() -> None:
    assert not User.objects.create_user("ayu@example.com").has_usable_password()


def test_create_superuser_makes_staff() -> None:
    user = User.objects.create_superuser("boss@example.com", PASSWORD)

    assert user.is_staff
    assert user.is_superuser


def test_one_address_is_one_account_whatever_its_case() -> None:
    UserFactory(email="ayu@example.com")

    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(email="AYU@example.com")

    assert User.objects.count() == 1


def test_save_lowers_the_case_of_a_changed_address() -> None:
    user = UserFactory()
    user.email = "New.Name@Example.com"

    user.save(update_fields=["email"])

    user.refresh_from_db()
    assert user.email == "new.name@example.com"


def test_authenticate_takes_the_address_in_any_case() -> None:
    user = UserFactory(email="ayu@example.com", able_to_log_in=True)

    assert authenticate(username="AYU@example.com", password=PASSWORD) == user
    assert authenticate(username="ayu@example.com", password="wrong") is None


def test_ids_are_time_ordered() -> None:
    earlier, later = UserFactory(), UserFactory()

    assert earlier.pk.version == 7
    assert earlier.pk < later.pk


def test_passwords_are_hashed_by_argon2_with_modest_memory() -> None:
    hasher = ModestArgon2PasswordHasher()

    facts = hasher.decode(hasher.encode(PASSWORD, hasher.salt()))

    assert (facts["memory_cost"], facts["time_cost"], facts["parallelism"]) == (19_456, 2, 1)


def test_names_fall_back_to_the_address() -> None:
    assert UserFactory.build(name="Ayu Lestari").get_short_name() == "Ayu"
    assert UserFactory.build(name="", email="a@example.com").get_short_name() == "a@example.com"
    assert UserFactory.build(name="", email="a@example.com").get_full_name() == "a@example.com"
