"""Tokens and accounts over the API."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.auth.models import Permission
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.checks import refresh_tokens_can_be_revoked
from accounts.models import User
from tests.api.conftest import API, fields_of, key
from tests.factories import PASSWORD, UserFactory


def _sign_in(user: User, password: str = PASSWORD) -> Any:
    return APIClient().post(f"{API}/auth", {"email": user.email, "password": password})


def _refresh(token: str) -> Any:
    return APIClient().post(f"{API}/auth/refresh", {"refresh": token})


def test_sign_in_forgives_the_case_of_the_address(user: User) -> None:
    answer = APIClient().post(f"{API}/auth", {"email": user.email.upper(), "password": PASSWORD})

    assert (answer.status_code, answer.json()["status"]) == (200, "success")
    assert User.objects.get(pk=user.pk).last_login is not None


@pytest.mark.parametrize("body", [{}, {"email": "", "password": ""}, {"email": None, "password": None}])
def test_sign_in_names_what_is_missing(body: dict[str, Any]) -> None:
    answer = APIClient().post(f"{API}/auth", body)

    assert (answer.status_code, fields_of(answer)) == (422, ["email", "password"])


def test_sign_in_does_not_mind_an_old_token(user: User, guest: APIClient) -> None:
    guest.credentials(HTTP_AUTHORIZATION="Bearer garbage")

    assert guest.post(f"{API}/auth", {"email": user.email, "password": PASSWORD}).status_code == 200


def test_sign_in_is_slowed_down_by_address(user: User) -> None:
    statuses = [_sign_in(user, "wrong").status_code for _ in range(30)]
    spoofed = APIClient().post(f"{API}/auth", {"email": "a@b.co", "password": "x"}, HTTP_X_FORWARDED_FOR="203.0.113.9")

    answer = _sign_in(user)

    assert statuses == [401] * 30
    assert (answer.status_code, spoofed.status_code, answer.json()["code"]) == (429, 429, "throttled")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "", "\u00e4"])
def test_bad_token_is_401_even_on_an_open_route(guest: APIClient, token: str) -> None:
    guest.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    answer = guest.get(f"{API}/cart")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert answer["Content-Type"] == "application/problem+json"


def test_expired_token_is_401(member: APIClient) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        answer = member.get(f"{API}/users")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


def test_refresh_gives_both_tokens_anew(user: User) -> None:
    first = _sign_in(user).json()

    second = _refresh(first["refresh"]).json()

    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {second['token']}")
    assert client.get(f"{API}/users").status_code == 200
    assert second["refresh"] != first["refresh"]


def test_refresh_twice_revokes_everything(user: User) -> None:
    stolen = _sign_in(user).json()["refresh"]
    elsewhere = _sign_in(user).json()["refresh"]
    newest = _refresh(stolen).json()["refresh"]

    answers = [_refresh(token) for token in (stolen, newest, elsewhere)]

    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert {answer.json()["code"] for answer in answers} == {"token_not_accepted"}
    assert _sign_in(user).status_code == 200


@pytest.mark.parametrize("token", ["garbage", "a.b.c"])
def test_refresh_with_garbage_is_401(token: str) -> None:
    assert _refresh(token).status_code == 401


def test_access_token_does_not_refresh(user: User) -> None:
    assert _refresh(_sign_in(user).json()["token"]).status_code == 401


def test_revoke_ends_the_refresh_token(user: User) -> None:
    token = _sign_in(user).json()["refresh"]

    answers = [APIClient().post(f"{API}/auth/revoke", {"refresh": token}) for _ in range(2)]

    assert [answer.json() for answer in answers] == [{"status": "success"}] * 2
    assert _refresh(token).status_code == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "x" * 250 + "@example.com"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "12345678901"}, "password"),
        ({"password": "maya.putri@example.com"}, "password"),
        ({"name": "x" * 121}, "name"),
    ],
)
def test_register_refuses(guest: APIClient, changes: dict[str, str], field: str) -> None:
    body = {"email": "maya.putri@example.com", "password": "a-good-password"} | changes

    answer = guest.post(f"{API}/users", body)

    assert (answer.status_code, fields_of(answer)) == (422, [field])
    assert User.objects.count() == 0


def test_register_refuses_a_duplicate_whatever_its_case(guest: APIClient) -> None:
    UserFactory(email="maya@example.com")

    answer = guest.post(f"{API}/users", {"email": "Maya@Example.com", "password": "a-good-password"})

    assert (answer.status_code, answer.json()["code"], fields_of(answer)) == (422, "email_taken", ["email"])
    assert User.objects.count() == 1


def test_register_repeated_with_one_key_is_one_account(guest: APIClient) -> None:
    body = {"email": "maya@example.com", "password": "a-good-password"}
    intent = key()

    answers = [guest.post(f"{API}/users", body, **intent) for _ in range(2)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(201, answers[0].json())] * 2
    assert User.objects.count() == 1


def test_nobody_registers_as_staff(guest: APIClient) -> None:
    guest.post(f"{API}/users", {"email": "m@example.com", "password": "a-good-password", "is_staff": True})

    assert User.objects.get(email="m@example.com").is_staff is False


def test_user_sees_and_changes_only_itself(member: APIClient, user: User) -> None:
    other = UserFactory()

    listed = member.get(f"{API}/users").json()
    answers = [
        member.get(f"{API}/users/{other.pk}"),
        member.patch(f"{API}/users/{other.pk}", {"name": "Mine"}),
        member.delete(f"{API}/users/{other.pk}"),
        member.get(f"{API}/users/{uuid4()}"),
        member.get(f"{API}/users/17"),
    ]

    assert [row["email"] for row in listed["items"]] == [user.email]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert User.objects.values_list("name", "is_active").get(pk=other.pk) == ("Ayu Lestari", True)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=abc", "page=0", "page=-1", "page=1e3"])
def test_list_refuses_a_bad_page(member: APIClient, query: str) -> None:
    answer = member.get(f"{API}/users?{query}")

    assert (answer.status_code, fields_of(answer)) == (422, [query.split("=")[0]])


def test_list_has_ten_by_default_and_is_empty_past_the_end(staff: APIClient) -> None:
    UserFactory.create_batch(11)

    first, far = (staff.get(f"{API}/users?page={page}").json() for page in (1, 99))

    assert (len(first["items"]), first["limit"], first["total"], first["pages"]) == (10, 10, 12, 2)
    assert far["items"] == []


def test_password_changes_with_the_current_one_and_ends_sessions(member: APIClient, user: User) -> None:
    token = _sign_in(user).json()["refresh"]
    address = f"{API}/users/{user.pk}"
    changes = {"password": "another-password"}

    refused = [member.patch(address, changes | extra) for extra in ({}, {"current_password": "wrong"})]
    changed = member.patch(address, changes | {"current_password": PASSWORD})

    assert [(answer.status_code, fields_of(answer)) for answer in refused] == [(422, ["current_password"])] * 2
    assert changed.status_code == 200
    assert member.get(address).status_code == 401
    assert _refresh(token).status_code == 401
    assert _sign_in(user, "another-password").status_code == 200


def test_email_changes_and_the_old_one_opens_nothing(member: APIClient, user: User) -> None:
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)

    answer = member.patch(f"{API}/users/{user.pk}", {"email": "New@example.com", "current_password": PASSWORD})

    assert (answer.status_code, answer.json()["email"]) == (200, "new@example.com")
    assert EmailAddress.objects.count() == 0
    assert _sign_in(user).status_code == 401


def test_email_of_somebody_else_is_refused(member: APIClient, user: User) -> None:
    other = UserFactory()

    answer = member.patch(f"{API}/users/{user.pk}", {"email": other.email, "current_password": PASSWORD})

    assert (answer.status_code, fields_of(answer)) == (422, ["email"])
    assert User.objects.get(pk=user.pk).email == user.email


def test_deactivated_account_is_shut_out(member: APIClient, user: User) -> None:
    token = _sign_in(user).json()["refresh"]

    answer = member.delete(f"{API}/users/{user.pk}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert member.get(f"{API}/users").status_code == 401
    assert (_refresh(token).status_code, _sign_in(user).status_code) == (401, 401)
    assert User.objects.get(pk=user.pk).is_active is False


def test_staff_without_the_right_may_look_and_not_touch(sign_in: Any) -> None:
    clerk = sign_in(UserFactory(able_to_log_in=True, is_staff=True))
    other = UserFactory()

    answers = [clerk.get(f"{API}/users/{other.pk}"), clerk.delete(f"{API}/users/{other.pk}")]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert User.objects.get(pk=other.pk).is_active is True


def test_shop_does_not_start_without_the_list_of_revoked_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refresh_tokens_can_be_revoked(None) == []

    monkeypatch.setattr(apps, "is_installed", lambda name: False)

    assert [message.id for message in refresh_tokens_can_be_revoked(None)] == ["accounts.E001"]


@pytest.mark.parametrize("rank", ["is_staff", "is_superuser"])
def test_clerk_touches_no_staff(sign_in: Any, rank: str) -> None:
    clerk = UserFactory(able_to_log_in=True, is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename="change_user"))
    client = sign_in(clerk)
    colleague, customer = UserFactory(**{rank: True}), UserFactory()

    answers = [
        client.patch(f"{API}/users/{colleague.pk}", {"name": "Mine"}),
        client.delete(f"{API}/users/{colleague.pk}"),
        client.patch(f"{API}/users/{customer.pk}", {"name": "Helped"}),
        client.delete(f"{API}/users/{customer.pk}"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 200, 204]
    assert User.objects.values_list("name", "is_active").get(pk=colleague.pk) == ("Ayu Lestari", True)
    assert User.objects.values_list("name", "is_active").get(pk=customer.pk) == ("Helped", False)


def test_superuser_touches_staff(staff: APIClient) -> None:
    colleague = UserFactory(is_staff=True)

    assert staff.delete(f"{API}/users/{colleague.pk}").status_code == 204
