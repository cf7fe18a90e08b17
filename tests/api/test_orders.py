"""Orders over the API: what went back, how a guest finds one, and in which zone moments are written."""

import re
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from inventory.models import StockItem
from orders.models import Payment, PaymentStatus, Refund, RefundStatus
from tests.api.conftest import API, add, check_out, event, report

pytestmark = pytest.mark.usefixtures("shipping_method")

MOMENT = re.compile(r'"\d{4}-\d\d-\d\dT[^"]*"')


def test_order_shows_what_went_back_and_no_way_to_pay_again(member: APIClient, item: StockItem) -> None:
    order = check_out(member, add(member, item).json()["id"]).json()
    payment = Payment.objects.get(order=order["id"])
    report(payment.pk, event(payment, amount=1))
    Refund.objects.update(status=RefundStatus.SUCCEEDED, finished_at=payment.created_at)

    [shown] = member.get(f"{API}/orders/{order['id']}").json()["payments"]
    alone = member.get(f"{API}/payments/{payment.pk}").json()

    [refund] = shown["refunds"]
    assert (refund["amount"], refund["currency"], refund["status"]) == (1, "IDR", "SUCCEEDED")
    assert refund["finished_at"] == shown["created_at"]
    assert alone == shown


@pytest.mark.parametrize("status", [each for each in PaymentStatus if each != PaymentStatus.PENDING])
def test_attempt_that_is_over_has_no_address_to_pay_at(member: APIClient, item: StockItem, status: str) -> None:
    order = check_out(member, add(member, item).json()["id"]).json()
    assert member.get(f"{API}/orders/{order['id']}").json()["payments"][0]["redirect_url"] != ""

    Payment.objects.update(status=status)

    assert member.get(f"{API}/orders/{order['id']}").json()["payments"][0]["redirect_url"] == ""


def test_page_and_api_count_the_tries_to_find_an_order_together(guest: APIClient, client: Client) -> None:
    typed = {"number": "T-0000-0000", "email": "maya@example.com"}
    statuses = [
        (client.post("/orders/find/", typed).status_code, guest.post(f"{API}/orders/find", typed).status_code)
        for _ in range(5)
    ]

    answer, page = guest.post(f"{API}/orders/find", typed), client.post("/orders/find/", typed)

    assert statuses == [(422, 404)] * 5
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (429, "too_many_tries", "600")
    assert page.status_code == 429


def test_find_counts_a_number_however_it_is_spelled(item: StockItem) -> None:
    for position in range(10):
        number = "T-7K3M-Q9XD" if position % 2 else "7k3mq9xd"
        client = APIClient(REMOTE_ADDR=f"10.0.0.{position}")
        client.post(f"{API}/orders/find", {"number": number, "email": "x@example.com"})

    answer = APIClient(REMOTE_ADDR="10.0.0.99").post(
        f"{API}/orders/find", {"number": "T7K3M-Q9XD", "email": "x@example.com"}
    )

    assert answer.status_code == 429


def test_every_moment_is_utc(member: APIClient, staff: APIClient, user: User, item: StockItem) -> None:
    cart = add(member, item).json()
    order = check_out(member, cart["id"]).json()
    answers = [
        member.get(f"{API}/orders"),
        member.get(f"{API}/orders/{order['id']}"),
        member.get(f"{API}/payments/{order['payment']['id']}"),
        add(member, item),
        member.get(f"{API}/products"),
        member.get(f"{API}/users/{user.pk}"),
        staff.post(f"{API}/stock/{item.pk}/adjust", {"change": 1, "reason": "Counted"}),
        staff.get(f"{API}/stock/{item.pk}/ledger"),
    ]

    moments = [MOMENT.findall(answer.content.decode()) for answer in answers]

    assert [bool(found) for found in moments] == [True, True, True, True, True, True, False, True]
    assert {moment[-2] for found in moments for moment in found} == {"Z"}


def test_no_document_writes_the_moments_of_the_shops_zone() -> None:
    """A new field that forgets MomentField would follow TIME_ZONE."""
    root = Path(__file__).parents[2]
    apps = ("accounts", "inventory", "orders", "shop")
    sources = [path.read_text() for app in apps for path in (root / app).rglob("*.py")]

    assert sum(text.count("serializers.DateTimeField") for text in sources) == 1
