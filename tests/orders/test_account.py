"""The account: what it shows, what it gives along, and what is left of it."""

import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts import services as accounts
from accounts.models import Address, User
from inventory.models import StockItem
from orders import services
from orders.models import Checkout, Order
from orders.services import StaffStay
from tests.accounts.test_address import WHERE
from tests.accounts.test_second_factor import confirm
from tests.factories import NOW, PASSWORD, StockItemFactory, UserFactory, member_cart, paid_order, placed_order

pytestmark = pytest.mark.django_db


# Session, user; orders, lines, papers; awaiting; verified addresses; address book; factors; cart; shelves, messages.
OVERVIEW_QUERIES = 11


@pytest.fixture
def member(client: Client) -> User:
    user = UserFactory(email="maya@example.com", name="Maya Lestari", password=PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return user


@pytest.mark.parametrize("count", [1, 3])
def test_overview_asks_as_often_for_three_orders_as_for_one(
    client: Client, member: User, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        paid_order(user=member)
    client.get(reverse("orders:account"))

    with django_assert_num_queries(OVERVIEW_QUERIES):
        page = client.get(reverse("orders:account"))

    assert page.content.decode().count('class="order-row"') == count


def test_overview_says_what_is_held(client: Client, member: User) -> None:
    assert "You hold nothing right now." in client.get(reverse("orders:account")).content.decode()
    item = StockItemFactory()
    client.post(reverse("orders:cart_add"), {"variant": str(item.variant.pk), "quantity": "1"})

    page = client.get(reverse("orders:account")).content.decode()

    assert item.variant.product.name in page
    assert "Hello Maya" in page


def test_export_has_everything(client: Client, member: User) -> None:
    confirm(client)
    order = paid_order(user=member)
    accounts.add_address(user_id=member.pk, where=WHERE, now=NOW)

    answer = client.get(reverse("orders:account_export"))
    told = json.loads(answer.content)

    assert answer["Content-Disposition"].startswith("attachment")
    assert told["account"]["email"] == "maya@example.com"
    assert [each["city"] for each in told["addresses"]] == ["Jakarta Selatan"]
    assert [each["number"] for each in told["orders"]] == [order.number]
    assert told["orders"][0]["lines"][0]["quantity"] == 2
    assert told["orders"][0]["papers"] != []


def test_export_and_leaving_ask_who_you_are(client: Client, member: User) -> None:
    for name in ("orders:account_export", "orders:account_leave"):
        answer = client.get(reverse(name))

        assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert client.post(reverse("orders:account_leave"), {"is_sure": "on"}).status_code == 302
    member.refresh_from_db()
    assert member.is_active


def test_leave_takes_the_person_out_and_lets_the_order_stay(client: Client, member: User) -> None:
    order = paid_order(user=member)
    item = StockItemFactory()
    member_cart(user=member, lines={item.variant: 2})
    accounts.add_address(user_id=member.pk, where=WHERE, now=NOW)

    confirm(client)

    answer = client.post(reverse("orders:account_leave"), {"is_sure": "on"})

    member.refresh_from_db()
    order.refresh_from_db()
    assert answer.status_code == 303
    assert (member.is_active, member.name, "maya" in member.email) == (False, "", False)
    assert not member.has_usable_password()
    assert (Address.objects.count(), EmailAddress.objects.count()) == (0, 0)
    assert Checkout.objects.filter(cart__user=member).count() == 0
    assert StockItem.objects.get(pk=item.pk).held == 0
    assert (order.user, order.status) == (None, "PAID")
    assert client.get(reverse("orders:account")).status_code == 302
    # The address is free for a new account.
    accounts.register(email="maya@example.com", password="a-new-password-1")


def test_leave_twice_does_nothing_more(member: User) -> None:
    services.leave(user_id=member.pk, now=NOW)
    services.leave(user_id=member.pk, now=NOW)

    assert User.objects.count() == 1


def test_leave_waits_for_the_tick(client: Client, member: User) -> None:
    confirm(client)

    answer = client.post(reverse("orders:account_leave"))

    member.refresh_from_db()
    assert (answer.status_code, member.is_active) == (422, True)


def test_staff_do_not_leave_by_themselves(member: User) -> None:
    User.objects.update(is_staff=True)

    with pytest.raises(StaffStay):
        services.leave(user_id=member.pk, now=NOW)

    member.refresh_from_db()
    assert (member.is_active, member.email) == (True, "maya@example.com")


def test_one_press_fills_in_the_checkout(client: Client, member: User) -> None:
    last = placed_order(user=member)
    address = accounts.add_address(user_id=member.pk, where=WHERE, now=NOW)
    item = StockItemFactory()
    client.post(reverse("orders:cart_add"), {"variant": str(item.variant.pk), "quantity": "1"})

    page = client.get(reverse("orders:checkout_contact")).content.decode()
    answer = client.post(reverse("orders:checkout_address"), {"address": str(address.pk)})

    checkout = Checkout.objects.get(cart__user=member, cart__status="OPEN")
    assert "Send it here" in page
    assert answer.headers["Location"] == reverse("orders:checkout_review")
    assert {name: getattr(checkout, name) for name in WHERE} == WHERE
    assert (checkout.email, checkout.shipping_method, checkout.gateway) == (
        "maya@example.com",
        last.shipping_method,
        last.gateway,
    )


def test_press_with_somebody_elses_address_fills_in_nothing(client: Client, member: User) -> None:
    address = accounts.add_address(user_id=UserFactory().pk, where=WHERE, now=NOW)
    item = StockItemFactory()
    client.post(reverse("orders:cart_add"), {"variant": str(item.variant.pk), "quantity": "1"})

    answer = client.post(reverse("orders:checkout_address"), {"address": str(address.pk)})

    assert answer.status_code == 404
    assert Checkout.objects.count() == 0


def test_language_is_kept_for_every_browser(client: Client, member: User) -> None:
    client.post(reverse("shop:language"), {"language": "id"})
    elsewhere = Client()
    elsewhere.post(reverse("account_login"), {"login": member.email, "password": PASSWORD})

    for browser in (client, elsewhere):
        page = browser.get(reverse("orders:account"))
        assert '<html lang="id"' in page.content.decode()
        assert "Yang Anda tahan" in page.content.decode()
        assert page["Content-Language"] == "id"
    assert Order.objects.count() == 0


def test_language_that_nobody_speaks_is_left_out(client: Client) -> None:
    client.post(reverse("shop:language"), {"language": "xx"})

    assert '<html lang="en"' in client.get(reverse("shop:home")).content.decode()
