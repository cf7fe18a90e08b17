"""The second factor at every door: pages ask for it, the API asks for it, and a copy of the database gives nothing."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse

from accounts.adapters import MFAAdapter
from accounts.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXP"


def code_now(secret: str = SECRET) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.fixture
def member() -> User:
    user = UserFactory(email="maya@example.com", password=PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


@pytest.fixture
def guarded(member: User) -> User:
    TOTP.activate(member, SECRET)
    return member


def sign_in(client: Client, user: User) -> Any:
    return client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})


def confirm(client: Client) -> None:
    """Say once more who it is."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def by_api(client: Client, **more: str) -> Any:
    body = {"email": "maya@example.com", "password": PASSWORD, **more}
    return client.post("/api/v1/auth", body, content_type="application/json")


def test_sign_in_asks_for_the_code(client: Client, guarded: User) -> None:
    asked = sign_in(client, guarded)

    assert asked.headers["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("orders:account")).status_code == 302
    assert "One more step" in client.get(reverse("mfa_authenticate")).content.decode()
    client.post(reverse("mfa_authenticate"), {"code": code_now()})
    assert client.get(reverse("orders:account")).status_code == 200


def test_sign_in_refuses_another_code(client: Client, guarded: User) -> None:
    sign_in(client, guarded)

    answer = client.post(reverse("mfa_authenticate"), {"code": "000000"})

    assert "This is not the code of this moment." in answer.content.decode()
    assert client.get(reverse("orders:account")).status_code == 302


def test_codes_are_turned_on_by_the_first_of_them(client: Client, member: User) -> None:
    sign_in(client, member)
    confirm(client)
    page = client.get(reverse("mfa_activate_totp"))
    secret = client.session["mfa.totp.secret"]
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})

    body = page.content.decode()
    assert secret in body
    assert "<svg" in body
    assert answer.headers["Location"] == reverse("mfa_view_recovery_codes")
    kinds = set(Authenticator.objects.filter(user=member).values_list("type", flat=True))
    assert kinds == {Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES}
    assert "Recovery codes" in client.get(reverse("mfa_view_recovery_codes")).content.decode()


def test_codes_need_a_confirmed_address(client: Client, member: User) -> None:
    EmailAddress.objects.update(verified=False)
    sign_in(client, member)
    confirm(client)

    answer = client.get(reverse("mfa_activate_totp"))

    assert answer.status_code == 302
    assert Authenticator.objects.count() == 0


def test_secret_is_not_in_the_database(guarded: User) -> None:
    row = Authenticator.objects.get()

    assert SECRET not in str(row.data)
    assert MFAAdapter().decrypt(row.data["secret"]) == SECRET


def test_secret_outlives_a_change_of_key(guarded: User, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-0123456789-0123456789-0123456789"

    assert MFAAdapter().decrypt(Authenticator.objects.get().data["secret"]) == SECRET


def test_api_asks_for_the_code(client: Client, guarded: User) -> None:
    refused = by_api(client)

    assert (refused.status_code, refused.json()["code"]) == (401, "code_needed")
    assert by_api(client, code="000000").json()["code"] == "wrong_code"
    assert by_api(client, code=code_now()).status_code == 200


def test_api_takes_a_code_once(client: Client, guarded: User) -> None:
    code = code_now()
    by_api(client, code=code)

    assert by_api(client, code=code).json()["code"] == "wrong_code"


def test_api_takes_a_recovery_code_once(client: Client, guarded: User) -> None:
    code = RecoveryCodes.activate(guarded).get_unused_codes()[0]

    assert by_api(client, code=code).status_code == 200
    assert by_api(client, code=code).json()["code"] == "wrong_code"


def test_api_asks_for_no_code_where_none_is_set_up(client: Client, member: User) -> None:
    assert by_api(client).status_code == 200


def test_api_stops_guessing(client: Client, guarded: User) -> None:
    for _ in range(10):
        by_api(client, code="000000")

    assert by_api(client, code=code_now()).json()["code"] == "wrong_code"


def test_sessions_elsewhere_are_ended(member: User) -> None:
    here, elsewhere = Client(), Client(HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    sign_in(here, member)
    sign_in(elsewhere, member)

    page = here.get(reverse("usersessions_list")).content.decode()
    here.post(reverse("usersessions_list"))

    assert "Firefox, Windows" in page
    assert elsewhere.get(reverse("orders:account")).status_code == 302
    assert here.get(reverse("orders:account")).status_code == 200


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("mfa_index", "Security"),
        ("mfa_activate_totp", "Turn codes on"),
        ("mfa_add_webauthn", "Add a passkey"),
        ("mfa_list_webauthn", "Passkeys"),
        ("usersessions_list", "Where you are signed in"),
        ("account_reauthenticate", "Is it you?"),
    ],
)
def test_pages_wear_the_shop(client: Client, member: User, name: str, title: str) -> None:
    sign_in(client, member)
    confirm(client)

    body = client.get(reverse(name)).content.decode()

    assert f"<h1>{title}</h1>" in body
    assert body.count("<main") == 1
    assert " style=" not in body.replace("<path style=", "")
