"""Drops and pre-orders over the API: shown, honoured by adds, opened early by a code, and refused with what to do."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import StockItem
from orders.models import CartLine
from shop.models import Drop
from tests.api.conftest import API, add, as_guest_of, key
from tests.books import nothing_changes
from tests.factories import StockItemFactory, published_drop

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def drop_of(item: StockItem, *, starts_in: timedelta, **more: Any) -> Drop:
    starts_at = timezone.now() + starts_in
    return published_drop(quotas={item.variant: 3}, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), **more)


def test_drops_are_listed_and_shown_with_what_is_left(guest: APIClient) -> None:
    item = StockItemFactory(on_hand=5)
    running, coming = drop_of(item, starts_in=-MINUTE), drop_of(StockItemFactory(), starts_in=MINUTE)
    add(guest, item)

    listed = guest.get(f"{API}/drops").json()["items"]
    shown = guest.get(f"{API}/drops/{running.slug}").json()

    assert [(each["slug"], each["state"]) for each in listed] == [(running.slug, "OPEN"), (coming.slug, "BEFORE")]
    assert shown["limit_per_customer"] == 2
    thing = shown["items"][0]
    assert (thing["price"], thing["usual_price"], thing["quota"], thing["free"], thing["held"], thing["sold"]) == (
        150_000,
        250_000,
        3,
        2,
        1,
        0,
    )
    assert guest.get(f"{API}/drops/nothing").status_code == 404


def test_an_add_honours_the_drop_from_the_first_line_on(guest: APIClient) -> None:
    item, other = StockItemFactory(on_hand=5), StockItemFactory()
    drop = drop_of(item, starts_in=-MINUTE, hold_minutes=7)

    first = add(guest, item).json()
    again = add(as_guest_of(add(guest, other).json()), item).json()

    assert (first["items"][0]["price"], first["items"][0]["drop"]) == (150_000, drop.slug)
    assert {line["sku"]: line["price"] for line in again["items"]} == {item.sku: 150_000, other.sku: 250_000}
    assert CartLine.objects.filter(drop_item=drop.items.get()).count() == 2
    product = guest.get(f"{API}/products/{item.variant.product.slug}").json()
    assert (product["price"], product["variants"][0]["price"], product["variants"][0]["drop"]) == (
        150_000,
        150_000,
        drop.slug,
    )


def test_the_limit_is_refused_with_what_they_have(guest: APIClient) -> None:
    item = StockItemFactory(on_hand=5)
    drop_of(item, starts_in=-MINUTE)

    with nothing_changes():
        first = add(guest, item, qty=3)
    shopper = as_guest_of(add(guest, item, qty=2).json())
    more = add(shopper, item)

    assert (first.status_code, first.json()["code"]) == (422, "limit_person")
    assert more.json()["code"] == "limit_person"
    assert (more.json()["facts"]["limit"], more.json()["facts"]["held"]) == (2, 2)


def test_a_code_in_the_header_opens_early_and_a_wrong_one_is_told(guest: APIClient) -> None:
    item = StockItemFactory(on_hand=3)
    drop_of(item, starts_in=10 * MINUTE, early_minutes=30, early_code="DULUAN")

    closed = add(guest, item)
    wrong = add(guest, item, HTTP_DROP_CODE="nothing")
    opened = add(guest, item, HTTP_DROP_CODE="duluan")

    assert (closed.status_code, closed.json()["code"]) == (409, "drop_not_open")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_code")
    assert (opened.status_code, opened.json()["items"][0]["price"]) == (201, 150_000)


def test_a_pre_order_is_offered_and_taken_by_its_terms(guest: APIClient) -> None:
    item = StockItemFactory(on_hand=0, backorder_limit=2)
    intent = key()

    with nothing_changes():
        offered = add(guest, item)
    body = {"product_id": str(item.variant.pk), "qty": 1, "accepts_backorder": True}
    taken = [guest.post(f"{API}/cart", body, **intent) for _ in range(2)]

    assert (offered.status_code, offered.json()["code"]) == (422, "preorder_offered")
    assert (offered.json()["facts"]["arrives_on"], offered.json()["facts"]["offered"]) == ("2027-01-15", 2)
    assert [answer.status_code for answer in taken] == [201, 201]
    line = taken[1].json()["items"][0]
    assert (line["is_preorder"], line["arrives_on"], line["qty"]) == (True, "2027-01-15", 1)
    assert CartLine.objects.count() == 1
