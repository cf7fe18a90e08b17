"""Staff at the door: a superuser, and members of staff with exactly the rights that a test gives them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from tests.factories import UserFactory


@pytest.fixture
def boss(db: None) -> User:
    """May do everything."""
    return UserFactory(email="boss@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def boss_client(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def staff_client(db: None) -> Callable[..., Client]:
    """A client of a member of staff with these rights, such as "view_order"."""

    def make(*rights: str) -> Client:
        user = UserFactory(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=rights))
        client = Client()
        client.force_login(user)
        return client

    return make
