"""The cart over the API: it holds, it says until when, and what it refuses changes nothing."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from inventory.models import StockItem
from inventory.services import expire_due
from tests.api.conftest import API, add, as_guest_of, fields_of, key
from tests.books import counters, laws_hold, nothing_changes
from tests.factories import ProductFactory, StockItemFactory, UserFactory, VariantFactory


def test_add_holds_and_answers_the_cart(member: APIClient, item: StockItem) -> None:
    before = timezone.now()

    answer = add(member, item, qty=2)

    cart = answer.json()
    assert answer.status_code == 201
    assert (cart["total"], cart["units"], cart["cart_token"]) == (500_000, 2, None)
    assert cart["total_money"] == {"amount": 500_000, "currency": "IDR", "formatted": "Rp\u00a0500.000"}
    assert [(line["sku"], line["qty"], line["price"], line["is_held"]) for line in cart["items"]] == [
        (item.sku, 2, 250_000, True)
    ]
    assert cart["expires_at"] == cart["items"][0]["expires_at"]
    assert timezone.datetime.fromisoformat(cart["expires_at"]) >= before + timedelta(minutes=10)
    assert counters(item) == (5, 2, 0)


def test_add_again_grows_the_line(member: APIClient, item: StockItem) -> None:
    add(member, item)

    answer = add(member, item, qty=2)

    assert answer.status_code == 200
    assert [line["qty"] for line in answer.json()["items"]] == [3]
    assert counters(item) == (5, 3, 0)


def test_add_without_slash_and_with_slash_are_one_route(guest: APIClient, item: StockItem) -> None:
    body = {"product_id": str(item.variant.pk), "qty": 1}

    assert [guest.post(f"{API}/cart{end}", body).status_code for end in ("", "/")] == [201, 201]


def test_add_takes_a_product_of_one_variant(guest: APIClient, item: StockItem) -> None:
    answer = guest.post(f"{API}/cart", {"product_id": str(item.variant.product_id), "qty": 1})

    assert answer.status_code == 201
    assert answer.json()["items"][0]["variant_id"] == str(item.variant.pk)


def test_add_asks_which_variant(guest: APIClient) -> None:
    product = ProductFactory()
    small, large = (VariantFactory(product=product, options={"Size": size}) for size in ("S", "L"))

    with nothing_changes():
        answer = guest.post(f"{API}/cart", {"product_id": str(product.pk), "qty": 1})

    problem = answer.json()
    assert (answer.status_code, problem["code"], fields_of(answer)) == (422, "variant_needed", ["product_id"])
    assert {(each["sku"], each["id"], each["label"]) for each in problem["facts"]["variants"]} == {
        (small.sku, str(small.pk), "S"),
        (large.sku, str(large.pk), "L"),
    }
    assert small.sku in problem["detail"]


def test_add_too_many_is_stock_unavailable(member: APIClient, item: StockItem) -> None:
    with nothing_changes():
        answer = add(member, item, qty=6)

    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert (problem["title"], problem["code"], fields_of(answer)) == ("stock unavailable", "stock_unavailable", ["qty"])
    assert problem["facts"] == {"shortages": [{"sku": item.sku, "asked": 6, "available": 5}]}


@pytest.mark.parametrize("qty", [0, -1, 10**9, 10**400, "abc", 1.5, 1e308, True, None, [], {}, "", "1" * 2000])
def test_add_refuses_a_bad_quantity(guest: APIClient, item: StockItem, qty: Any) -> None:
    with nothing_changes():
        answer = add(guest, item, qty=qty)

    assert (answer.status_code, fields_of(answer)) == (422, ["qty"])
    assert answer.json()["errors"][0]["message"] == "Send a whole number from 1 to 100."


@pytest.mark.parametrize("product_id", ["abc", 7, -1, True, None, [], "\x00", "0" * 500])
def test_add_refuses_a_bad_product_id(guest: APIClient, product_id: Any) -> None:
    with nothing_changes():
        answer = guest.post(f"{API}/cart", {"product_id": product_id, "qty": 1})

    assert (answer.status_code, fields_of(answer)) == (422, ["product_id"])


def test_add_names_every_missing_field(guest: APIClient) -> None:
    answer = guest.post(f"{API}/cart", {})

    assert (answer.status_code, fields_of(answer)) == (422, ["product_id", "qty"])


@pytest.mark.parametrize("why", ["unknown", "unpublished", "deactivated", "product unpublished"])
def test_add_refuses_what_is_not_on_sale(guest: APIClient, why: str) -> None:
    on_show = why in ("unknown", "deactivated")
    variant = VariantFactory(product=ProductFactory(is_published=on_show), is_active=why != "deactivated")
    StockItemFactory(variant=variant)
    product_id = {"unknown": uuid4(), "product unpublished": variant.product_id}.get(why, variant.pk)

    with nothing_changes():
        answer = guest.post(f"{API}/cart", {"product_id": str(product_id), "qty": 1})

    assert (answer.status_code, fields_of(answer)) == (404, ["product_id"])


def test_guest_is_known_by_the_cart_token(guest: APIClient, item: StockItem) -> None:
    # Within one second: the token carries the second in which it was given.
    with time_machine.travel(timezone.now(), tick=False):
        first = add(guest, item)
        cart = first.json()
        answer = as_guest_of(cart).get(f"{API}/cart")

    assert answer.json()["id"] == cart["id"]
    assert first["Cart-Token"] == cart["cart_token"] == answer["Cart-Token"]


@pytest.mark.parametrize("token", ["", "garbage", "a:b:c", "\u00e4"])
def test_bad_cart_token_finds_an_empty_cart(guest: APIClient, token: str) -> None:
    answer = guest.get(f"{API}/cart", HTTP_CART_TOKEN=token)

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["items"], answer.json()["total"]) == (None, [], 0)


def test_member_does_not_get_a_guests_cart(member: APIClient, guest: APIClient, item: StockItem) -> None:
    cart = add(guest, item).json()

    assert member.get(f"{API}/cart", HTTP_CART_TOKEN=cart["cart_token"]).json()["id"] is None


def test_merge_brings_the_guests_holds_along(member: APIClient, guest: APIClient, item: StockItem) -> None:
    cart = add(guest, item, qty=2).json()

    answers = [member.post(f"{API}/cart/merge", HTTP_CART_TOKEN=cart["cart_token"]) for _ in range(2)]

    assert [[line["qty"] for line in answer.json()["items"]] for answer in answers] == [[2], [2]]
    assert counters(item) == (5, 2, 0)
    assert as_guest_of(cart).get(f"{API}/cart").json()["items"] == []


def test_set_quantity_keeps_the_clock(member: APIClient, item: StockItem) -> None:
    line = add(member, item).json()["items"][0]

    answer = member.patch(f"{API}/cart/lines/{line['id']}", {"qty": 3})

    assert answer.status_code == 200
    assert [(each["qty"], each["expires_at"]) for each in answer.json()["items"]] == [(3, line["expires_at"])]
    assert counters(item) == (5, 3, 0)


@pytest.mark.parametrize("qty", [0, -1, "abc", None, 101])
def test_set_quantity_refuses_a_bad_one(member: APIClient, item: StockItem, qty: Any) -> None:
    line = add(member, item).json()["items"][0]

    with nothing_changes():
        answer = member.patch(f"{API}/cart/lines/{line['id']}", {"qty": qty})

    assert (answer.status_code, fields_of(answer)) == (422, ["qty"])


def test_remove_and_empty_let_go(member: APIClient, item: StockItem) -> None:
    other = StockItemFactory()
    line = add(member, item).json()["items"][0]
    add(member, other)

    with laws_hold():
        removed = member.delete(f"{API}/cart/lines/{line['id']}")
        emptied = [member.delete(f"{API}/cart") for _ in range(2)]

    assert [each["sku"] for each in removed.json()["items"]] == [other.sku]
    assert [(answer.status_code, answer.json()["items"]) for answer in emptied] == [(200, []), (200, [])]
    assert (counters(item), counters(other)) == ((5, 0, 0), (5, 0, 0))


def test_extend_is_refused_early_and_granted_late(member: APIClient, item: StockItem) -> None:
    line = add(member, item).json()["items"][0]
    address = f"{API}/cart/lines/{line['id']}/extend"

    with nothing_changes():
        early = member.post(address)
    with time_machine.travel(timezone.now() + timedelta(minutes=8), tick=False):
        late = member.post(address)

    assert (early.status_code, early.json()["code"]) == (409, "hold_extend_early")
    assert late.status_code == 200
    assert late.json()["items"][0]["expires_at"] > line["expires_at"]


def test_hold_again_takes_a_new_hold(member: APIClient, item: StockItem) -> None:
    line = add(member, item).json()["items"][0]

    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        ended = member.get(f"{API}/cart").json()
        refused = member.post(f"{API}/cart/lines/{line['id']}/extend")
        again = member.post(f"{API}/cart/lines/{line['id']}/hold-again")
        expire_due(now=timezone.now())

    assert (ended["total"], ended["expires_at"], ended["items"][0]["is_free_again"]) == (0, None, True)
    assert (refused.status_code, refused.json()["code"]) == (409, "hold_ended")
    assert (again.status_code, again.json()["items"][0]["is_held"]) == (200, True)
    assert counters(item) == (5, 1, 0)


@pytest.mark.parametrize(
    ("method", "end"), [("patch", ""), ("delete", ""), ("post", "/extend"), ("post", "/hold-again")]
)
def test_lines_of_others_do_not_exist(member: APIClient, sign_in: Any, item: StockItem, method: str, end: str) -> None:
    line = add(sign_in(UserFactory(able_to_log_in=True)), item).json()["items"][0]
    add(member, item)

    with nothing_changes():
        answers = [
            getattr(client, method)(f"{API}/cart/lines/{line_id}{end}", {"qty": 1})
            for client in (member, APIClient())
            for line_id in (line["id"], uuid4(), "not-an-id")
        ]

    assert [answer.status_code for answer in answers] == [404] * 6
    assert {answer.json()["code"] for answer in answers} == {"not_found"}


def test_add_repeated_with_one_key_holds_once(member: APIClient, item: StockItem) -> None:
    intent = key()

    answers = [add(member, item, **intent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert ["Idempotent-Replayed" in answer.headers for answer in answers] == [False, True]
    assert counters(item) == (5, 1, 0)


def test_guest_without_a_cart_repeats_by_the_key_alone(guest: APIClient, item: StockItem) -> None:
    intent = key()

    answers = [add(guest, item, **intent) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert answers[1]["Cart-Token"] == answers[0].json()["cart_token"]
    assert counters(item) == (5, 1, 0)


def test_key_with_another_body_is_refused(member: APIClient, item: StockItem) -> None:
    intent = key()
    add(member, item, **intent)

    with nothing_changes():
        answer = add(member, item, qty=2, **intent)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("value", ["short", "x" * 101])
def test_bad_key_of_a_guest_is_refused(guest: APIClient, item: StockItem, value: str) -> None:
    with nothing_changes():
        answer = add(guest, item, **key(value))

    assert (answer.status_code, fields_of(answer)) == (422, ["Idempotency-Key"])


def test_key_of_a_refused_request_may_try_again(member: APIClient, item: StockItem) -> None:
    intent = key()
    refused = add(member, item, qty=6, **intent)
    item.on_hand = 6
    item.save(update_fields=["on_hand"])

    answer = add(member, item, qty=6, **intent)

    assert (refused.status_code, answer.status_code) == (422, 201)


def test_two_members_with_one_key_have_two_carts(member: APIClient, sign_in: Any, item: StockItem) -> None:
    intent = key()

    answers = [add(client, item, **intent) for client in (member, sign_in(UserFactory(able_to_log_in=True)))]

    assert answers[0].json()["id"] != answers[1].json()["id"]
    assert counters(item) == (5, 2, 0)


@pytest.mark.parametrize("count", [1, 3])
def test_cart_query_count(member: APIClient, django_assert_num_queries: DjangoAssertNumQueries, count: int) -> None:
    for _ in range(count):
        add(member, StockItemFactory())

    with django_assert_num_queries(7):
        assert len(member.get(f"{API}/cart").json()["items"]) == count
