"""Stock over the API: for staff alone, with a reason, in the ledger."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from inventory.models import StockItem
from tests.api.conftest import API, add, fields_of, key
from tests.books import counters, laws_hold, ledger, nothing_changes
from tests.factories import LocationFactory, StockItemFactory, UserFactory, VariantFactory


def test_staff_list_stock_by_sku(staff: APIClient, item: StockItem) -> None:
    StockItemFactory()

    everything, one = staff.get(f"{API}/stock").json(), staff.get(f"{API}/stock?sku={item.sku}").json()

    assert everything["total"] == 2
    assert [(row["sku"], row["on_hand"], row["available"], row["location"]) for row in one["items"]] == [
        (item.sku, 5, 5, "MAIN")
    ]


def test_receive_and_adjust_are_in_the_ledger(staff: APIClient, item: StockItem) -> None:
    with laws_hold():
        received = staff.post(f"{API}/stock/{item.pk}/receive", {"quantity": 3, "reason": "delivery 7"})
        adjusted = staff.post(f"{API}/stock/{item.pk}/adjust", {"change": -2, "reason": "broken", "seen_on_hand": 8})

    assert [(answer.status_code, answer.json()["on_hand"]) for answer in (received, adjusted)] == [(201, 8), (201, 6)]
    rows = staff.get(f"{API}/stock/{item.pk}/ledger").json()["items"]
    assert [(row["kind"], row["on_hand_change"], row["reason"], row["actor"]) for row in rows[:2]] == [
        ("ADJUST", -2, "broken", "staff@example.com"),
        ("RECEIVE", 3, "delivery 7", "staff@example.com"),
    ]


def test_first_delivery_makes_the_stock_item(staff: APIClient) -> None:
    variant, place = VariantFactory(), LocationFactory()
    body = {"sku": variant.sku, "location": place.code, "quantity": 4, "reason": "first delivery"}

    answer = staff.post(f"{API}/stock", body)

    assert (answer.status_code, answer.json()["on_hand"]) == (201, 4)
    assert StockItem.objects.get(variant=variant).on_hand == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"change": 0, "reason": "none"}, "change"),
        ({"change": "abc", "reason": "x"}, "change"),
        ({"change": 10**9, "reason": "x"}, "change"),
        ({"change": True, "reason": "x"}, "change"),
        ({"reason": "x"}, "change"),
        ({"change": 1}, "reason"),
        ({"change": 1, "reason": "   "}, "reason"),
        ({"change": 1, "reason": "x", "seen_on_hand": 4}, "seen_on_hand"),
    ],
)
def test_adjust_refuses(staff: APIClient, item: StockItem, body: dict[str, Any], field: str) -> None:
    with nothing_changes():
        answer = staff.post(f"{API}/stock/{item.pk}/adjust", body)

    assert (answer.status_code, fields_of(answer)) == (409 if field == "seen_on_hand" else 422, [field])


def test_adjust_does_not_break_a_promise(staff: APIClient, item: StockItem) -> None:
    add(APIClient(), item, qty=2)

    with nothing_changes():
        answer = staff.post(f"{API}/stock/{item.pk}/adjust", {"change": -4, "reason": "lost"})

    assert (answer.status_code, answer.json()["code"]) == (409, "below_promised")
    assert answer.json()["facts"]["lowest"] == 2


@pytest.mark.parametrize("verb", ["receive", "adjust"])
def test_stock_changes_once_per_key(staff: APIClient, item: StockItem, verb: str) -> None:
    intent = key()
    body = {"quantity": 1, "change": 1, "reason": "delivery"}

    answers = [staff.post(f"{API}/stock/{item.pk}/{verb}", body, **intent) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert counters(item) == (6, 0, 0)
    assert len(ledger(item)) == 2


@pytest.mark.parametrize("stock_item_id", [0, 10**6, 10**30, "abc"])
def test_unknown_stock_item_does_not_exist(staff: APIClient, stock_item_id: object) -> None:
    answers = [
        staff.post(f"{API}/stock/{stock_item_id}/adjust", {"change": 1, "reason": "x"}),
        staff.post(f"{API}/stock/{stock_item_id}/receive", {"quantity": 1, "reason": "x"}),
        staff.get(f"{API}/stock/{stock_item_id}/ledger"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3


def test_stock_is_for_staff_alone(guest: APIClient, member: APIClient, sign_in: Any, item: StockItem) -> None:
    clerk = sign_in(UserFactory(able_to_log_in=True, is_staff=True))

    def statuses(client: APIClient) -> set[int]:
        return {
            client.get(f"{API}/stock").status_code,
            client.get(f"{API}/stock/{item.pk}/ledger").status_code,
            client.post(f"{API}/stock", {}).status_code,
            client.post(f"{API}/stock/{item.pk}/adjust", {"change": 1, "reason": "x"}).status_code,
            client.post(f"{API}/stock/{item.pk}/receive", {"quantity": 1, "reason": "x"}).status_code,
        }

    with nothing_changes():
        assert [statuses(client) for client in (guest, member, clerk)] == [{401}, {403}, {403}]


def test_staff_may_what_they_were_granted(sign_in: Any, item: StockItem) -> None:
    user = UserFactory(able_to_log_in=True, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_stockitem"))
    clerk = sign_in(user)

    answers = [clerk.get(f"{API}/stock"), clerk.post(f"{API}/stock/{item.pk}/adjust", {"change": 1, "reason": "x"})]

    assert [answer.status_code for answer in answers] == [200, 403]


@pytest.mark.parametrize("count", [1, 3])
def test_stock_query_counts(staff: APIClient, django_assert_num_queries: DjangoAssertNumQueries, count: int) -> None:
    items = [StockItemFactory() for _ in range(count)]

    with django_assert_num_queries(3):
        assert len(staff.get(f"{API}/stock").json()["items"]) == count
    with django_assert_num_queries(4):
        staff.get(f"{API}/stock/{items[0].pk}/ledger")
