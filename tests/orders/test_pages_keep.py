"""Orders that outlive their page: an account for one, the ones that are found, and the same again."""

import re
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from accounts.models import User
from orders import services
from orders.models import Order, OrderEvent, OrderEventKind
from shop.models import Variant
from tests.books import nothing_changes
from tests.factories import PASSWORD, UserFactory
from tests.orders.pages import CONTACT, add, line_of, on_sale, place_order

pytestmark = pytest.mark.django_db

SIGN_UP = reverse("account_signup")


@pytest.fixture
def order(client: Client) -> Order:
    """A guest's order of this browser."""
    add(client, on_sale(), quantity=2)
    return place_order(client)


def page_of(order: Order, name: str = "order") -> str:
    return reverse(f"orders:{name}", args=[order.pk])


def text_of(answer) -> str:
    return answer.content.decode()


def sign_up(client: Client, *, order: Order | None = None, email: str = CONTACT["email"]):
    client.get(SIGN_UP, {"order": str(order.pk)} if order else {})
    typed = {"email": email, "password1": PASSWORD, "next": page_of(order) if order else ""}
    return client.post(SIGN_UP, typed)


def verified(user: User, email: str) -> User:
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


# An account for an order ----------------------------------------------------------------------------------------------


def test_guest_is_offered_an_account_for_the_order(client: Client, order: Order):
    offer = f"{SIGN_UP}?order={order.pk}&amp;next={page_of(order)}"

    assert offer in text_of(client.get(page_of(order)))
    form = text_of(client.get(SIGN_UP, {"order": str(order.pk)}))
    assert f'value="{order.email}"' in form


def test_account_that_is_made_for_an_order_has_it(client: Client, order: Order):
    answer = sign_up(client, order=order)

    order.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (302, page_of(order))
    assert order.user == User.objects.get(email=CONTACT["email"])
    assert OrderEvent.objects.filter(order=order, kind=OrderEventKind.CLAIMED).count() == 1
    assert order.number in text_of(client.get(reverse("orders:order_list")))


def test_account_that_is_made_twice_is_one_account(client: Client, order: Order):
    """A double click on "Make the account": the second press comes with the cookies of the first."""
    client.get(SIGN_UP, {"order": str(order.pk)})
    second = Client()
    second.cookies.load({name: morsel.value for name, morsel in client.cookies.items()})
    typed = {"email": CONTACT["email"], "password1": PASSWORD}
    client.post(SIGN_UP, typed)

    answer = second.post(SIGN_UP, typed)

    assert User.objects.filter(email=CONTACT["email"]).count() == 1
    assert "There is an account with this address already. Sign in" in text_of(answer)


def test_account_that_is_made_for_itself_takes_no_order(client: Client, order: Order):
    client.get(SIGN_UP, {"order": str(order.pk)})

    sign_up(client)

    order.refresh_from_db()
    assert order.user is None
    # It is offered instead, because this browser knows the order.
    assert page_of(order, "order_claim") in text_of(client.get(page_of(order)))


def test_sign_up_for_an_order_that_the_browser_does_not_know_tells_nothing(order: Order):
    stranger = Client()

    form = text_of(stranger.get(SIGN_UP, {"order": str(order.pk)}))
    sign_up(stranger, order=order, email="thief@example.com")

    order.refresh_from_db()
    assert order.email not in form
    assert order.user is None


@pytest.mark.parametrize("garbled", ["", "x", "../..", "00000000-0000-0000-0000-000000000000"])
def test_sign_up_for_a_garbled_order_is_a_plain_sign_up(client: Client, garbled: str):
    assert client.get(SIGN_UP, {"order": garbled}).status_code == 200


# Claiming -------------------------------------------------------------------------------------------------------------


def test_member_adds_an_order_that_the_browser_knows(client: Client, order: Order):
    user = UserFactory(able_to_log_in=True)
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert "Add it to your account" in text_of(client.get(page_of(order)))

    answers = [client.post(page_of(order, "order_claim"), follow=True) for _ in range(2)]

    order.refresh_from_db()
    assert order.user == user
    assert f"Order {order.number} is in your account now." in text_of(answers[0])
    assert "Add it to your account" not in text_of(answers[1])
    assert OrderEvent.objects.filter(order=order, kind=OrderEventKind.CLAIMED).count() == 1


def test_member_who_does_not_know_the_order_gets_the_answer_of_no_order(order: Order):
    thief = Client()
    thief.force_login(UserFactory())

    with nothing_changes():
        answers = [thief.post(reverse("orders:order_claim", args=[each])) for each in (order.pk, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    first, second = (re.sub(r"[0-9a-f-]{36}", "", text_of(answer)) for answer in answers)
    assert re.sub(r'value="\w{64}"', "", first) == re.sub(r'value="\w{64}"', "", second)


def test_guest_who_claims_is_asked_to_sign_in(client: Client, order: Order):
    with nothing_changes():
        answer = client.post(page_of(order, "order_claim"))

    assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize(("count", "words"), [(1, "1 order placed with"), (3, "3 orders placed with")])
def test_list_offers_the_orders_of_a_verified_address(client: Client, count: int, words: str):
    for _ in range(count):
        guest = Client()
        add(guest, on_sale())
        place_order(guest)
    user = UserFactory(email=CONTACT["email"])
    client.force_login(user)
    assert "We found" not in text_of(client.get(reverse("orders:order_list")))
    verified(user, CONTACT["email"])
    assert f"We found {words} your address" in text_of(client.get(reverse("orders:order_list")))

    answer = client.post(reverse("orders:orders_claim"), follow=True)

    assert Order.objects.filter(user=user).count() == count
    assert "in your account now." in text_of(answer)
    assert "We found" not in text_of(answer)


# The same again -------------------------------------------------------------------------------------------------------


@pytest.fixture
def ended(client: Client, order: Order) -> Order:
    """An order of this browser that was cancelled: its units are free."""
    client.post(page_of(order, "order_cancel"))
    order.refresh_from_db()
    return order


def buy_again(client: Client, order: Order, *, key: str = "", follow: bool = True):
    return client.post(page_of(order, "order_again"), {"key": key or str(uuid4())}, follow=follow)


def test_buy_again_is_offered_once_the_order_is_no_longer_held(client: Client, order: Order):
    assert "Buy again" not in text_of(client.get(page_of(order)))

    client.post(page_of(order, "order_cancel"))

    assert "Buy again" in text_of(client.get(page_of(order)))


def test_buy_again_opens_a_cart_with_everything(client: Client, ended: Order):
    answer = buy_again(client, ended)

    assert answer.redirect_chain == [(reverse("orders:cart"), 303)]
    assert f"everything of order {ended.number}" in text_of(answer)
    assert line_of(client).quantity == 2


def test_buy_again_pressed_twice_holds_once(client: Client, ended: Order):
    key = str(uuid4())

    answers = [buy_again(client, ended, key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert line_of(client).quantity == 2


def test_buy_again_after_everything_was_let_go_is_a_new_intent(client: Client, ended: Order):
    key = str(uuid4())
    buy_again(client, ended, key=key)
    client.post(reverse("orders:cart_empty"))

    buy_again(client, ended, key=key)

    assert line_of(client).quantity == 2


def test_buy_again_names_what_is_missing(client: Client, ended: Order):
    missing = ended.lines.get()
    other = on_sale()
    second = Order.objects.get(pk=ended.pk)
    line = second.lines.get()
    line.pk, line.variant, line.sku, line.product_name = uuid4(), other, other.sku, other.product.name
    line.save(force_insert=True)
    Variant.objects.filter(pk=missing.variant_id).update(is_active=False)

    answer = buy_again(client, ended)

    assert f"Not in your cart: 2 × {missing.product_name}. Not on sale." in text_of(answer)
    assert line_of(client).variant == other


def test_buy_again_of_which_nothing_is_free_is_refused_on_the_order(client: Client, ended: Order):
    Variant.objects.update(is_active=False)

    with nothing_changes():
        answer = buy_again(client, ended)

    assert answer.status_code == 422
    assert "Nothing of this can be had now" in text_of(answer)


def test_buy_again_of_a_foreign_order_is_not_found(ended: Order):
    with nothing_changes():
        answer = buy_again(Client(), ended)

    assert answer.status_code == 404


def test_press_that_still_runs_is_told_to_come_again(client: Client, ended: Order, monkeypatch: pytest.MonkeyPatch):
    def still_runs(**_: object) -> None:
        raise services.KeyInUse()

    monkeypatch.setattr(services, "once", still_runs)

    answer = buy_again(client, ended)

    assert (answer.status_code, answer["Retry-After"]) == (409, "1")
