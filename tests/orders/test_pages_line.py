"""The line on pages: joined from a sold-out product, seen everywhere when the turn comes, taken without a script."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from inventory import line as lines
from inventory import services as inventory
from orders.models import CartLine, Waiting
from orders.places import MyPlace, place_token
from shop.models import Variant
from tests.books import nothing_changes
from tests.factories import PASSWORD, UserFactory
from tests.orders.pages import add, cart_of, end_holds, on_sale

pytestmark = pytest.mark.django_db

EMAIL = "maya@example.com"


@pytest.fixture
def other() -> Client:
    """Somebody else, who was quicker."""
    return Client()


def sold_out(other: Client) -> Variant:
    """A variant whose only unit is in the cart of somebody else."""
    variant = on_sale(units=1)
    add(other, variant)
    return variant


def join(client: Client, variant: Variant, **more: Any) -> Any:
    """Press Join the line."""
    form = {"variant": variant.pk, "quantity": 1, "email": EMAIL, "key": uuid4(), **more}
    return client.post(reverse("orders:line_join"), form)


def product_page(client: Client, variant: Variant) -> str:
    """What the product page says."""
    return client.get(reverse("shop:product", args=[variant.product.slug])).content.decode()


def give_up(other: Client) -> None:
    """The other shopper lets everything go."""
    other.post(reverse("orders:cart_empty"))


def test_a_product_of_which_nothing_is_free_offers_the_line(client: Client, other: Client) -> None:
    variant = sold_out(other)

    page = product_page(client, variant)

    assert "Join the line" in page
    assert 'name="email"' in page
    assert "Join the line" not in product_page(other, on_sale())


def test_a_closed_line_is_not_offered(client: Client, other: Client) -> None:
    variant = sold_out(other)
    assert "Join the line" in product_page(client, variant)

    inventory.set_line_open(sku=variant.sku, is_open=False, now=timezone.now())

    assert "Join the line" not in product_page(client, variant)


def test_join_leads_to_the_place_with_honest_odds(client: Client, other: Client) -> None:
    variant = sold_out(other)

    answer = join(client, variant)

    assert (answer.status_code, answer.url) == (303, reverse("orders:line"))
    page = client.get(answer.url).content.decode()
    assert "You are next in line" in page
    assert "1 is held by others right now and may come back." in page
    assert EMAIL in page
    assert "ended unpaid" not in page.partition("How the line works")[0]
    assert "You are in line for this." in product_page(client, variant)


def test_join_pressed_twice_is_one_place(client: Client, other: Client) -> None:
    variant, key = sold_out(other), uuid4()

    for _ in range(2):
        assert join(client, variant, key=key).status_code == 303

    assert Waiting.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"email": ""}, "Enter your e-mail address, so that we can write to you."),
        ({"email": "maya"}, "Enter an e-mail address like name@example.com."),
        ({"quantity": "0"}, "Enter 1 or more."),
        ({"quantity": "some"}, "Enter how many you want as a whole number, like 2."),
    ],
)
def test_join_with_a_mistake_says_the_repair_and_keeps_what_was_typed(
    client: Client, other: Client, typed: dict[str, str], says: str
) -> None:
    variant = sold_out(other)

    with nothing_changes():
        answer = join(client, variant, **typed)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert variant.product.name in answer.content.decode()


def test_join_while_it_is_free_leads_to_the_product(client: Client) -> None:
    variant = on_sale()

    with nothing_changes():
        answer = join(client, variant)

    assert answer.status_code == 409
    assert "No need to wait" in answer.content.decode()
    assert "Add it to your cart" in answer.content.decode()


def test_join_with_an_address_that_waits_already_is_refused(client: Client, other: Client) -> None:
    variant = sold_out(other)
    join(other, variant)

    with nothing_changes():
        answer = join(client, variant)

    assert answer.status_code == 409
    assert "You are in this line already" in answer.content.decode()


def test_join_of_nothing_that_is_on_sale_is_not_found(client: Client) -> None:
    assert client.post(reverse("orders:line_join"), {"quantity": 1, "email": EMAIL}).status_code == 404
    unknown = {"variant": uuid4(), "quantity": 1, "email": EMAIL}
    assert client.post(reverse("orders:line_join"), unknown).status_code == 404


def test_a_refused_add_offers_the_line(client: Client, other: Client) -> None:
    variant = sold_out(other)

    answer = add(client, variant)

    assert answer.status_code == 422
    assert "Join the line" in answer.content.decode()


def test_a_turn_is_on_every_page_and_nowhere_else(client: Client, other: Client) -> None:
    variant = sold_out(other)
    join(client, variant)
    assert "It is your turn" not in client.get(reverse("shop:home")).content.decode()

    give_up(other)

    for address in (reverse("shop:home"), reverse("orders:cart"), reverse("orders:line")):
        assert "It is your turn" in client.get(address).content.decode(), address
    assert "It is your turn" not in Client().get(reverse("shop:home")).content.decode()
    assert "It is your turn" not in other.get(reverse("shop:home")).content.decode()


def test_a_turn_is_taken_into_the_cart(client: Client, other: Client) -> None:
    variant = sold_out(other)
    join(client, variant)
    give_up(other)
    place_id = Waiting.objects.get().place_id

    answer = client.post(reverse("orders:line_take", args=[place_id]))

    assert (answer.status_code, answer.url) == (303, reverse("orders:cart"))
    line = CartLine.objects.get(cart=cart_of(client))
    assert (line.variant, line.quantity, line.reservation_id) == (variant, 1, place_id)
    page = client.get(reverse("orders:cart")).content.decode()
    assert "Held until" in page
    assert "It cannot be extended." in page
    assert "It is your turn" not in page


def test_a_turn_that_is_let_go_is_the_next_ones(client: Client, other: Client) -> None:
    variant, third = sold_out(other), Client()
    join(client, variant)
    join(third, variant, email="budi@example.com")
    give_up(other)
    place_id = Waiting.objects.get(email=EMAIL).place_id

    client.post(reverse("orders:line_decline", args=[place_id]))

    assert "It is your turn" not in client.get(reverse("orders:line")).content.decode()
    assert "It is your turn" in third.get(reverse("orders:line")).content.decode()


def test_a_turn_that_passed_is_said_with_a_way_back(client: Client, other: Client) -> None:
    variant = sold_out(other)
    join(client, variant)
    give_up(other)
    end_holds()

    page = client.get(reverse("orders:line")).content.decode()

    assert "Your turn passed" in page
    assert "Join again" in page
    with nothing_changes():
        answer = client.post(reverse("orders:line_take", args=[Waiting.objects.get().place_id]))
    assert answer.status_code == 409


def test_leave_gives_the_place_up(client: Client, other: Client) -> None:
    variant = sold_out(other)
    join(client, variant)

    client.post(reverse("orders:line_leave", args=[Waiting.objects.get().place_id]))

    page = client.get(reverse("orders:line")).content.decode()
    assert "You have left the line" in page
    assert "You wait in no line." in page


@pytest.mark.parametrize("verb", ["line_take", "line_decline", "line_leave"])
def test_nobody_touches_the_place_of_another(client: Client, other: Client, verb: str) -> None:
    variant = sold_out(other)
    join(other, variant)
    address = reverse(f"orders:{verb}", args=[Waiting.objects.get().place_id])

    with nothing_changes():
        answer = client.post(address)

    assert answer.status_code == 404
    assert "Not one of your places" in answer.content.decode()
    assert client.get(address).url == reverse("orders:line")


def test_the_link_in_a_mail_lets_another_browser_see_the_place(client: Client, other: Client) -> None:
    join(other, sold_out(other))
    token = place_token(Waiting.objects.get().place_id)

    assert client.get(reverse("orders:line_open", args=[token])).url == reverse("orders:line")
    assert "You are next in line" in client.get(reverse("orders:line")).content.decode()
    assert client.get(reverse("orders:line_open", args=["made-up"])).status_code == 404


def test_who_waits_hands_on_what_nobody_swept(client: Client, other: Client) -> None:
    variant = sold_out(other)
    join(client, variant)
    cache.clear()
    end_holds()

    assert "It is your turn" in client.get(reverse("orders:line")).content.decode()


def test_at_login_the_places_come_along(client: Client, other: Client) -> None:
    variant = sold_out(other)
    join(client, variant)
    maya = UserFactory(able_to_log_in=True)

    client.post(reverse("account_login"), {"login": maya.email, "password": PASSWORD})

    assert Waiting.objects.get().user == maya
    assert "You are next in line" in client.get(reverse("orders:line")).content.decode()


# The part that asks again --------------------------------------------------------------------------------------------


def live(client: Client, **headers: str) -> Any:
    """What the page asks for from time to time."""
    return client.get(reverse("orders:line_live", args=[place_token(Waiting.objects.get().place_id)]), headers=headers)


def test_the_live_part_is_the_same_until_something_changes(client: Client, other: Client) -> None:
    variant = sold_out(other)
    join(client, variant)

    first = live(client)
    again = live(client, **{"If-None-Match": first["ETag"]})
    give_up(other)
    after = live(client, **{"If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code, after.status_code) == (200, 304, 200)
    assert again.content == b""
    assert "You are next in line" in first.content.decode()
    assert 'data-state="OFFERED"' in after.content.decode()
    assert 5 <= int(first["Ask-Again"]) <= 60


@pytest.mark.parametrize("people", [1, 3])
def test_the_live_part_takes_two_queries_and_a_third_to_look_further(
    client: Client, other: Client, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    variant = sold_out(other)
    join(client, variant)
    for number in range(people - 1):
        join(Client(), variant, email=f"{number}@example.com")
    address = reverse("orders:line_live", args=[place_token(Waiting.objects.get(email=EMAIL).place_id)])
    cache.clear()

    # The script sends no cookie: the address is signed.
    for queries in (3, 3, 2):
        with django_assert_num_queries(queries):
            assert Client().get(address).status_code == 200


def test_the_live_part_of_a_made_up_place_is_not_found(client: Client) -> None:
    assert client.get(reverse("orders:line_live", args=["made-up"])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_takes_the_same_queries_however_many_places(
    client: Client, other: Client, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        join(client, sold_out(other))
    cache.clear()

    with django_assert_max_num_queries(9):
        page = client.get(reverse("orders:line")).content.decode()

    assert page.count("You are next in line") == count


def test_positions_are_exact_where_small_and_rounded_where_large() -> None:
    def title(people_before: int) -> str:
        place = lines.Place(
            place_id=uuid4(),
            holder="",
            sku="",
            location_id=None,
            state="WAITING",
            number=1,
            quantity=1,
            offered=0,
            joined_at=timezone.now(),
            ended_at=None,
            reason="",
            ended_by="",
            people_before=people_before,
            units_before=0,
            held_until=None,
            is_held=False,
        )
        return MyPlace(waiting=Waiting(), place=place, odds=lines.NO_ODDS, token="", now=timezone.now()).title

    assert [title(before) for before in (0, 1, 2, 10, 99)] == [
        "You are next in line",
        "You are 2nd in line",
        "You are 3rd in line",
        "You are 11th in line",
        "You are 100th in line",
    ]
    assert [title(before) for before in (237, 12_344)] == [
        "You are in line, about number 240",
        "You are in line, about number 12,340",
    ]
