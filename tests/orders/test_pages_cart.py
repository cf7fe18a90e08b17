"""The cart page and the verbs on its lines, as a browser sends them."""

import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory import services as inventory
from inventory.models import Reservation, StockItem
from orders.models import Cart, CartLine
from shop.clock import clock_time, clock_time_with_seconds
from tests.factories import UserFactory
from tests.orders.pages import HTMX, add, cart_of, end_holds, line_of, on_sale

pytestmark = pytest.mark.django_db


def held() -> int:
    return sum(StockItem.objects.values_list("held", flat=True))


def text_of(answer) -> str:
    return answer.content.decode()


def test_cart_is_empty_and_asks_nothing_of_the_database_for_a_visitor(client: Client, django_assert_num_queries):
    with django_assert_num_queries(1):  # the shelves of the header
        answer = client.get(reverse("orders:cart"))

    assert answer.status_code == 200
    assert "Nothing here yet." in text_of(answer)
    assert not client.cookies.get("cart")


def test_add_holds_the_unit_and_gives_a_guest_the_token(client: Client):
    variant = on_sale(units=2)

    answer = add(client, variant, quantity=2)

    assert (answer.status_code, answer["Location"]) == (303, reverse("orders:cart"))
    cookie = client.cookies["cart"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 30 * 24 * 3600)
    assert held() == 2
    reservation = Reservation.objects.get()
    page = text_of(client.get(reverse("orders:cart")))
    assert clock_time(reservation.expires_at) in page
    assert "Nobody else can take it." in page


def test_add_pressed_twice_before_the_browser_has_the_cookie_holds_once(client: Client):
    variant, key = on_sale(units=5), str(uuid.uuid4())

    for browser in (client, Client()):
        answer = browser.post(reverse("orders:cart_add"), {"variant": variant.pk, "quantity": 2, "key": key})
        assert (answer.status_code, answer["Location"]) == (303, reverse("orders:cart"))

    assert (held(), Cart.objects.count(), CartLine.objects.count()) == (2, 1, 1)


def test_add_from_the_back_button_holds_nothing_more(client: Client):
    variant, key = on_sale(units=5), str(uuid.uuid4())
    for _ in range(2):
        client.post(reverse("orders:cart_add"), {"variant": variant.pk, "quantity": 1, "key": key})
    assert held() == 1

    client.post(reverse("orders:cart_add"), {"variant": variant.pk, "quantity": 2, "key": key})
    assert held() == 3


def test_add_after_letting_go_holds_anew(client: Client):
    variant, key = on_sale(units=5), str(uuid.uuid4())
    client.post(reverse("orders:cart_add"), {"variant": variant.pk, "quantity": 1, "key": key})
    client.post(reverse("orders:line_remove", args=[CartLine.objects.get().pk]))

    client.post(reverse("orders:cart_add"), {"variant": variant.pk, "quantity": 1, "key": key})

    assert held() == 1


@pytest.mark.parametrize("key", ["", "garbled", "0" * 5000])
def test_add_without_a_good_key_stands_for_itself(client: Client, key):
    variant = on_sale(units=5)
    for _ in range(2):
        client.post(reverse("orders:cart_add"), {"variant": variant.pk, "quantity": 1, "key": key})
    assert held() == 2


def test_add_that_is_refused_leaves_no_cart_behind(client: Client):
    client.post(reverse("orders:cart_add"), {"variant": on_sale(units=1).pk, "quantity": 2})
    assert Cart.objects.count() == 0


@pytest.mark.parametrize("secure", [True, False])
def test_add_marks_the_cookie_secure_where_the_shop_is(client: Client, settings, secure):
    settings.SECURE_SSL = secure

    add(client, on_sale())

    assert bool(client.cookies["cart"]["secure"]) == secure


def test_add_leads_back_to_the_page_it_came_from_but_to_no_other_site(client: Client):
    variant = on_sale()
    add_url = reverse("orders:cart_add")

    back = client.post(add_url, {"variant": variant.pk, "quantity": 1, "next": "/p/runner/?sku=X"})
    away = client.post(add_url, {"variant": variant.pk, "quantity": 1, "next": "https://evil.example/"})

    assert back["Location"] == "/p/runner/?sku=X"
    assert away["Location"] == reverse("orders:cart")


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("0", "Enter 1 or more."),
        ("-1", "Enter 1 or more."),
        ("1000000000", "Enter 100 or fewer."),
        ("9" * 5000, "as a whole number"),
        ("abc", "as a whole number"),
        ("1.5", "as a whole number"),
        ("", "Enter how many you want, 1 or more."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX, {"HX-Request": "true", "HX-Target": "buy"}])
def test_add_refuses_a_bad_quantity_and_opens_no_cart(client: Client, quantity, words, headers):
    answer = add(client, on_sale(), quantity=quantity, headers=headers)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert ("<html" in text_of(answer)) == (not headers)
    assert not Cart.objects.exists()
    assert held() == 0


def test_add_refuses_a_missing_quantity(client: Client):
    answer = client.post(reverse("orders:cart_add"), {"variant": on_sale().pk})

    assert answer.status_code == 422
    assert "Enter how many you want, 1 or more." in text_of(answer)


@pytest.mark.parametrize("variant", ["", "abc", "00000000-0000-7000-8000-000000000000"])
def test_add_knows_no_variant_that_is_not_on_sale(client: Client, variant):
    answer = client.post(reverse("orders:cart_add"), {"variant": variant, "quantity": 1})

    assert answer.status_code == 404
    assert held() == 0


def test_add_refuses_an_unpublished_product(client: Client):
    variant = on_sale()
    variant.product.is_published = False
    variant.product.save(update_fields=["is_published"])

    assert add(client, variant).status_code == 404


def test_add_says_how_many_are_free_when_too_many_are_asked_for(client: Client):
    answer = add(client, on_sale(units=2), quantity=3)

    assert answer.status_code == 422
    assert "Only 2 free" in text_of(answer)
    assert held() == 0


def test_add_says_that_all_are_in_carts_and_when_the_next_hold_ends(client: Client):
    variant = on_sale(units=1)
    add(Client(), variant)

    answer = add(client, variant)

    assert answer.status_code == 422
    assert "All of these are in carts" in text_of(answer)
    assert "the next hold ends in about 10 minutes" in text_of(answer)


def test_add_says_sold_out_when_nobody_holds_one_and_offers_what_is_similar(client: Client):
    variant = on_sale(units=0)

    answer = add(client, variant)

    assert answer.status_code == 422
    assert "Sold out" in text_of(answer)
    assert reverse("shop:category", args=[variant.product.category.slug]) in text_of(answer).split("<main")[1]
    assert "Add to cart" not in text_of(answer)


def test_add_is_csrf_protected():
    strict = Client(enforce_csrf_checks=True)

    assert add(strict, on_sale()).status_code == 403
    assert held() == 0


@pytest.mark.parametrize("next_url", ["", "/p/runner/?sku=X"])
def test_add_that_is_refused_names_the_product_and_has_the_field_to_repair(client: Client, next_url):
    variant = on_sale()
    form = {"variant": variant.pk, "quantity": "0", "next": next_url}

    page = text_of(client.post(reverse("orders:cart_add"), form))

    assert variant.product.name in page
    assert f'href="{next_url or reverse("shop:product", args=[variant.product.slug])}' in page
    assert 'aria-invalid="true" aria-describedby="quantity-error"' in page
    assert f'name="variant" value="{variant.pk}"' in page


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("verb", ["line_quantity", "line_remove", "line_extend", "line_hold_again"])
def test_a_verb_in_the_address_bar_leads_to_the_cart_and_changes_nothing(client: Client, method, verb):
    add(client, on_sale())
    addresses = [
        reverse(f"orders:{verb}", args=[line_of(client).pk]),
        reverse("orders:cart_add"),
        reverse("orders:cart_empty"),
    ]

    for address in addresses:
        answer = getattr(client, method)(address)
        assert (answer.status_code, answer["Location"]) == (302, reverse("orders:cart"))
    assert held() == 1


def test_another_method_is_refused_with_a_page(client: Client):
    answer = client.delete(reverse("orders:cart_empty"))

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")
    assert "See your cart" in text_of(answer)


def test_quantity_changes_the_hold_and_keeps_the_clock(client: Client):
    add(client, on_sale())
    line, before = line_of(client), Reservation.objects.get().expires_at

    answer = client.post(reverse("orders:line_quantity", args=[line.pk]), {"quantity": 3})

    assert answer.status_code == 303
    assert held() == 3
    assert Reservation.objects.get().expires_at == before


@pytest.mark.parametrize("quantity", ["0", "-1", "1000000000", "abc", "", "6"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_quantity_refuses_in_place_and_changes_nothing(client: Client, quantity, headers):
    add(client, on_sale(units=5), quantity=2)
    line = line_of(client)

    answer = client.post(reverse("orders:line_quantity", args=[line.pk]), {"quantity": quantity}, headers=headers)

    assert answer.status_code == 422
    assert 'id="cart"' in text_of(answer)
    assert 'role="status"' in text_of(answer)
    assert held() == 2


def test_verbs_on_a_foreign_line_find_nothing(client: Client):
    other = Client()
    add(other, on_sale())
    add(client, on_sale())
    foreign = line_of(other)

    for verb in ["line_quantity", "line_remove", "line_extend", "line_hold_again"]:
        answer = client.post(reverse(f"orders:{verb}", args=[foreign.pk]), {"quantity": 2})
        assert answer.status_code == 404
        assert foreign.variant.product.name not in text_of(answer)
    assert held() == 2


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_line_that_another_tab_removed_shows_the_cart_as_it_is(client: Client, headers):
    add(client, on_sale())
    stays = line_of(client)

    for verb in ["line_quantity", "line_remove", "line_extend", "line_hold_again"]:
        answer = client.post(reverse(f"orders:{verb}", args=[uuid.uuid4()]), {"quantity": 2}, headers=headers)
        assert answer.status_code == 404
        assert "Not in your cart" in text_of(answer)
        assert stays.variant.product.name in text_of(answer)
    assert held() == 1


@pytest.mark.parametrize("verb", ["line_quantity", "line_remove", "line_extend", "line_hold_again"])
def test_verbs_without_a_cart_show_the_empty_one(client: Client, verb):
    answer = client.post(reverse(f"orders:{verb}", args=[uuid.uuid4()]))

    assert answer.status_code == 404
    assert "Not in your cart" in text_of(answer)
    assert "Nothing here yet." in text_of(answer)


def test_a_hold_that_staff_ended_says_when_and_why(client: Client):
    add(client, on_sale())
    reservation, now = Reservation.objects.get(), timezone.now()
    inventory.release(reservation_id=reservation.pk, reason="stock damaged", actor="sari@example.com", now=now)

    for address in [reverse("orders:cart"), reverse("shop:product", args=[line_of(client).variant.product.slug])]:
        page = text_of(client.get(address))
        assert "We had to end your hold" in page
        assert f"{clock_time(now)}</time>. Reason: stock damaged. Nothing was charged." in page
        assert "sari" not in page
        assert "time was over" not in page


def test_a_hold_that_was_released_after_its_time_had_ended_by_itself(client: Client):
    add(client, on_sale())
    end_holds()
    reservation, now = Reservation.objects.get(), timezone.now()
    inventory.release(reservation_id=reservation.pk, reason="swept by hand", actor="sari@example.com", now=now)

    page = text_of(client.get(reverse("orders:cart")))

    assert "We had to end your hold" not in page
    assert "The hold ended at" in page


def test_without_a_script_the_page_says_from_when_it_can_be_extended(client: Client):
    add(client, on_sale())
    reservation = Reservation.objects.get()
    opens = clock_time_with_seconds(reservation.expires_at - settings.HOLD_EXTENSION_OFFER)
    assert f"{opens}</time>.</p>" in text_of(client.get(reverse("orders:cart")))

    end_holds(at=timezone.now() + timedelta(minutes=1))
    assert "You can extend from" not in text_of(client.get(reverse("orders:cart")))


@pytest.mark.parametrize("token", ["garbage", "", "ImFiYyI:1:2"])
def test_a_bad_token_is_an_empty_cart(client: Client, token):
    client.cookies["cart"] = token

    assert "Nothing here yet." in text_of(client.get(reverse("orders:cart")))


def test_extend_refuses_politely_when_it_is_too_early(client: Client):
    add(client, on_sale())
    line, before = line_of(client), Reservation.objects.get().expires_at

    answer = client.post(reverse("orders:line_extend", args=[line.pk]))

    assert answer.status_code == 409
    assert "No need yet" in text_of(answer)
    assert Reservation.objects.get().expires_at == before


def test_extend_keeps_the_line_longer(client: Client):
    add(client, on_sale())
    end_holds(at=timezone.now() + timedelta(minutes=1))
    before = Reservation.objects.get().expires_at

    answer = client.post(reverse("orders:line_extend", args=[line_of(client).pk]), headers=HTMX)

    assert answer.status_code == 200
    assert Reservation.objects.get().expires_at == before + timedelta(minutes=3)
    assert "You can do this 9 more times." in text_of(answer)
    assert 'hx-swap-oob="innerHTML"' in text_of(answer)
    assert "HX-Request" in answer["Vary"]


def test_extend_answers_with_the_panel_where_the_panel_was_pressed(client: Client):
    add(client, on_sale())
    end_holds(at=timezone.now() + timedelta(minutes=1))
    line = line_of(client)
    headers = {"HX-Request": "true", "HX-Target": f"hold-{line.pk}"}

    answer = client.post(reverse("orders:line_extend", args=[line.pk]), headers=headers)

    assert answer.status_code == 200
    assert f'id="hold-{line.pk}"' in text_of(answer)
    assert 'id="cart"' not in text_of(answer)


def test_extend_stops_at_the_limit(client: Client):
    add(client, on_sale())
    end_holds(at=timezone.now() + timedelta(minutes=1))
    Reservation.objects.update(renewals=10)

    answer = client.post(reverse("orders:line_extend", args=[line_of(client).pk]))

    assert answer.status_code == 409
    assert "No more extensions" in text_of(answer)


def test_extend_never_revives(client: Client):
    add(client, on_sale())
    end_holds()

    answer = client.post(reverse("orders:line_extend", args=[line_of(client).pk]))

    assert answer.status_code == 409
    assert "Your hold ended" in text_of(answer)
    assert "No longer held" in text_of(answer)


def test_an_ended_line_can_be_held_again_while_it_is_free(client: Client):
    variant = on_sale(units=1)
    add(client, variant)
    end_holds()

    assert "Hold it again" in text_of(client.get(reverse("orders:cart")))
    answer = client.post(reverse("orders:line_hold_again", args=[line_of(client).pk]))

    assert answer.status_code == 303
    assert "No longer held" not in text_of(client.get(reverse("orders:cart")))


def test_an_ended_line_says_honestly_that_somebody_else_has_it(client: Client):
    variant = on_sale(units=1)
    add(client, variant)
    end_holds()
    add(Client(), variant)

    page = text_of(client.get(reverse("orders:cart")))
    answer = client.post(reverse("orders:line_hold_again", args=[line_of(client).pk]), headers=HTMX)

    assert "Someone else has it now." in page
    assert answer.status_code == 422
    assert "All of these are in carts" in text_of(answer)
    assert held() == 1


def test_an_ended_line_says_that_the_price_changed(client: Client):
    variant = on_sale()
    add(client, variant)
    variant.price_minor = 300_000
    variant.save(update_fields=["price_minor"])
    end_holds()

    page = text_of(client.get(reverse("orders:cart")))

    assert "Hold at new price" in page
    assert "Rp\u00a0300.000" in page


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_remove_lets_go_and_offers_undo(client: Client, headers):
    variant = on_sale(units=3)
    add(client, variant, quantity=2)

    answer = client.post(reverse("orders:line_remove", args=[line_of(client).pk]), headers=headers)
    page = text_of(answer if headers else client.get(reverse("orders:cart")))

    assert held() == 0
    assert not CartLine.objects.exists()
    assert "Undo: hold it again" in page
    assert f'value="{variant.pk}"' in page
    assert "Undo" not in text_of(client.get(reverse("orders:cart")))


def test_remove_by_htmx_gives_the_focus_to_the_next_line(client: Client):
    first, second = on_sale(), on_sale()
    add(client, first)
    add(client, second)
    line = CartLine.objects.get(variant=first)

    page = text_of(client.post(reverse("orders:line_remove", args=[line.pk]), headers=HTMX))

    assert page.count("data-focus") == 1
    assert page.index("data-focus") > page.index(second.product.slug)


def test_let_everything_go_empties_the_cart(client: Client):
    add(client, on_sale())
    add(client, on_sale())

    answer = client.post(reverse("orders:cart_empty"), headers=HTMX)

    assert answer.status_code == 200
    assert "Nothing here yet." in text_of(answer)
    assert held() == 0


@pytest.mark.parametrize("lines", [1, 3])
def test_cart_page_query_count_does_not_grow(client: Client, django_assert_num_queries, lines):
    for _ in range(lines):
        add(client, on_sale())

    with django_assert_num_queries(8):
        client.get(reverse("orders:cart"))


@pytest.mark.parametrize("lines", [1, 3])
def test_cart_page_query_count_does_not_grow_with_ended_lines(client: Client, django_assert_num_queries, lines):
    for _ in range(lines):
        add(client, on_sale(units=1))
    end_holds()

    with django_assert_num_queries(6):
        client.get(reverse("orders:cart"))


def test_add_query_count(client: Client, django_assert_num_queries):
    add(client, on_sale())
    variant = on_sale()

    with django_assert_num_queries(18):  # two are the savepoint that the test puts around the transaction
        add(client, variant)


def test_a_member_needs_no_token(client: Client):
    client.force_login(UserFactory())

    add(client, on_sale())

    assert not client.cookies.get("cart")
    assert held() == 1
    assert "Held until" in text_of(client.get(reverse("orders:cart")))


def test_the_cookie_names_the_cart_and_no_other(client: Client):
    add(client, on_sale())

    assert cart_of(client).user is None
