"""Sign up, sign in, sign out and a forgotten password, as a browser meets them; and the cart that comes along."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from inventory.models import Reservation, StockItem
from orders.models import CartLine
from tests.factories import PASSWORD, UserFactory
from tests.orders.pages import add, on_sale

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:
    return answer.content.decode()


def sign_in(client: Client, user: User, **more):
    return client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD, **more})


def held() -> int:
    return sum(StockItem.objects.values_list("held", flat=True))


@pytest.fixture
def member() -> User:
    return UserFactory(able_to_log_in=True, email="maya@example.com")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("account_login", "Sign in"),
        ("account_signup", "Make an account"),
        ("account_reset_password", "Reset the password"),
        ("account_reset_password_done", "Look into your mail"),
        ("account_reset_password_from_key_done", "Your new password is set"),
        ("account_email_verification_sent", "Confirm your address"),
        ("account_inactive", "This account is closed"),
    ],
)
def test_a_page_for_everybody_wears_the_shop(client: Client, name, title):
    page = text_of(client.get(reverse(name)))

    assert f"<h1>{title}</h1>" in page
    assert f"<title>{title} · Tahan</title>" in page
    assert page.count("<main") == 1


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("account_logout", "Sign out?"),
        ("account_change_password", "Change the password"),
        ("account_email", "E-mail addresses"),
    ],
)
def test_a_page_for_members_wears_the_shop(client: Client, member: User, name, title):
    sign_in(client, member)

    assert f"<h1>{title}</h1>" in text_of(client.get(reverse(name)))


def test_sign_up_makes_an_account_and_signs_in(client: Client):
    answer = client.post(reverse("account_signup"), {"email": "New@Example.com", "password1": "correct horse battery"})

    assert answer.status_code == 302
    assert User.objects.get().email == "new@example.com"
    assert client.get(reverse("orders:order_list")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"email": "new@example.com", "password1": "short"}, "at least 8"),
        ({"email": "new@example.com", "password1": "58201947362"}, "entirely numeric"),
        ({"email": "new", "password1": "correct horse battery"}, "valid email"),
        ({}, "required"),
    ],
)
def test_sign_up_says_what_to_repair(client: Client, typed, words):
    page = text_of(client.post(reverse("account_signup"), typed))

    assert words in page
    assert "<title>Error: " in page
    assert not User.objects.exists()


def test_sign_in_refuses_a_wrong_password_and_an_unknown_address_alike(client: Client, member: User):
    wrong = client.post(reverse("account_login"), {"login": member.email, "password": "wrong"})
    unknown = client.post(reverse("account_login"), {"login": "nobody@example.com", "password": "wrong"})

    for answer in (wrong, unknown):
        assert "No account has this address and password together." in text_of(answer)


def test_sign_in_goes_back_to_where_the_shopper_was_but_to_no_other_site(member: User):
    assert sign_in(Client(), member, next="/orders/")["Location"] == "/orders/"
    assert sign_in(Client(), member, next="https://evil.example/")["Location"] == "/"


def test_sign_in_brings_the_guests_cart_along_and_holds_nothing_twice(client: Client, member: User):
    variant = on_sale(units=3)
    add(client, variant, quantity=2)
    before = Reservation.objects.get()

    answer = sign_in(client, member)

    assert answer.cookies["cart"].value == ""
    assert CartLine.objects.get().cart.user == member
    assert held() == 2
    assert Reservation.objects.get(pk=before.pk).expires_at == before.expires_at
    assert variant.product.name in text_of(client.get(reverse("orders:cart")))


def test_sign_in_joins_both_carts(client: Client, member: User):
    variant = on_sale(units=3)
    elsewhere = Client()
    sign_in(elsewhere, member)
    add(elsewhere, variant, quantity=1)
    add(client, variant, quantity=2)

    sign_in(client, member)

    assert CartLine.objects.get().quantity == 3
    assert held() == 3


def test_sign_up_brings_the_guests_cart_along(client: Client):
    add(client, on_sale())

    client.post(reverse("account_signup"), {"email": "new@example.com", "password1": "correct horse battery"})

    assert CartLine.objects.get().cart.user == User.objects.get()


@pytest.mark.parametrize("token", ["garbage", ""])
def test_sign_in_with_a_bad_cart_token_just_signs_in(client: Client, member: User, token):
    client.cookies["cart"] = token

    assert sign_in(client, member).status_code == 302


def test_sign_out_keeps_nothing_of_the_members_cart(client: Client, member: User):
    add(client, on_sale())
    old_token = client.cookies["cart"].value
    sign_in(client, member)

    client.post(reverse("account_logout"))
    with_old_token = Client()
    with_old_token.cookies["cart"] = old_token

    assert "Nothing here yet." in text_of(client.get(reverse("orders:cart")))
    assert "Nothing here yet." in text_of(with_old_token.get(reverse("orders:cart")))
    assert held() == 1


def test_sign_out_asks_first(client: Client, member: User):
    sign_in(client, member)

    client.get(reverse("account_logout"))

    assert client.get(reverse("orders:order_list")).status_code == 200


def test_a_forgotten_password_is_reset_by_e_mail(client: Client, member: User):
    client.post(reverse("account_reset_password"), {"email": member.email})
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True)
    new = {"password1": "a-new-good-password", "password2": "a-new-good-password"}

    client.post(form.redirect_chain[-1][0], new)

    assert mail.outbox[0].subject == "Choose a new password"
    member.refresh_from_db()
    assert member.check_password("a-new-good-password")
    assert "This link is used up" in text_of(Client().get(link, follow=True))


def test_a_reset_for_an_unknown_address_looks_the_same(client: Client, member: User):
    known = client.post(reverse("account_reset_password"), {"email": member.email})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})

    assert known["Location"] == unknown["Location"]
    assert mail.outbox[1].subject == "No account has this address"
