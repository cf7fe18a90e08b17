"""Accounts: who may touch whom."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken
from rest_framework_simplejwt.tokens import RefreshToken

from accounts import services
from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

LIST = "admin:accounts_user_changelist"


def page(name: str, user: User) -> str:
    return reverse(f"admin:accounts_user_{name}", args=[user.pk])


def test_page_shows_no_password_and_links_to_its_change(boss_client: Client) -> None:
    user = UserFactory(password="a-good-password")

    text = boss_client.get(page("change", user)).content.decode()

    assert user.password not in text
    assert "md5" not in text
    assert reverse("admin:auth_user_password_change", args=[user.pk]) in text


def test_deactivate_and_activate(boss_client: Client, boss: User) -> None:
    user = UserFactory()
    chosen = [str(user.pk), str(boss.pk)]

    boss_client.post(reverse(LIST), {"action": "deactivate", "_selected_action": chosen})
    user.refresh_from_db()
    boss.refresh_from_db()
    assert (user.is_active, boss.is_active) == (False, True)

    boss_client.post(reverse(LIST), {"action": "activate", "_selected_action": chosen})
    user.refresh_from_db()
    assert user.is_active is True


def test_staff_give_no_rights(staff_client: Any) -> None:
    user = UserFactory()
    typed = {"email": user.email, "name": "New", "is_active": "on", "is_staff": "on", "is_superuser": "on"}

    staff_client("change_user", "view_user").post(page("change", user), typed)

    user.refresh_from_db()
    assert (user.name, user.is_staff, user.is_superuser) == ("New", False, False)


def test_staff_touch_no_staff(staff_client: Any, boss: User) -> None:
    client = staff_client("change_user", "view_user")

    answers = [
        client.post(page("change", boss), {"email": "mine@example.com", "name": "", "is_active": "on"}),
        client.post(
            reverse("admin:auth_user_password_change", args=[boss.pk]),
            {"password1": "stolen-stolen-1", "password2": "stolen-stolen-1"},
        ),
    ]
    client.post(reverse(LIST), {"action": "deactivate", "_selected_action": [str(boss.pk)]})

    before = boss.password
    boss.refresh_from_db()
    assert [answer.status_code for answer in answers] == [403, 403]
    assert (boss.email, boss.is_active, boss.password) == ("boss@example.com", True, before)


def test_superuser_makes_staff_and_sets_a_password(boss_client: Client) -> None:
    user = UserFactory()

    boss_client.post(
        page("change", user), {"email": user.email.upper(), "name": "", "is_active": "on", "is_staff": "on"}
    )
    boss_client.post(
        reverse("admin:auth_user_password_change", args=[user.pk]),
        {"usable_password": "true", "password1": "fresh-apples-9", "password2": "fresh-apples-9"},
    )

    before = user.email
    user.refresh_from_db()
    assert (user.is_staff, user.email) == (True, before)
    assert user.check_password("fresh-apples-9")


def test_add_refuses_an_address_that_is_taken_in_other_letters(boss_client: Client) -> None:
    user = UserFactory()
    typed = {
        "email": user.email.upper(),
        "usable_password": "true",
        "password1": "fresh-apples-9",
        "password2": "fresh-apples-9",
    }

    answer = boss_client.post(reverse("admin:accounts_user_add"), typed)

    assert "There is already an account with this address." in answer.content.decode()
    assert User.objects.filter(email=user.email).count() == 1


def test_users_are_never_deleted(boss_client: Client) -> None:
    user = UserFactory()

    boss_client.post(page("delete", user), {"post": "yes"})

    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_list_costs_the_same_at_any_length(boss_client: Client, django_assert_num_queries: Any, rows: int) -> None:
    for _ in range(rows):
        UserFactory()

    with django_assert_num_queries(3):
        boss_client.get(reverse(LIST))


@pytest.mark.parametrize("door", ["action", "tick"])
def test_deactivated_account_keeps_no_session(boss_client: Client, door: str) -> None:
    user = UserFactory()
    refresh = str(RefreshToken.for_user(user))

    if door == "action":
        boss_client.post(reverse(LIST), {"action": "deactivate", "_selected_action": [str(user.pk)]})
    else:
        boss_client.post(page("change", user), {"email": user.email, "name": ""})
    User.objects.filter(pk=user.pk, is_active=False).update(is_active=True)

    with pytest.raises(services.TokenNotAccepted):
        services.refresh_tokens(refresh=refresh)
    assert BlacklistedToken.objects.filter(token__user=user).count() == 1
