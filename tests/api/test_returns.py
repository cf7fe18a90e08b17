"""After the sale over the API: parcels and returns in the order's document, asked for, listed, withdrawn."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import StockItem
from orders import services
from orders.models import Payment, ReturnRequest
from tests.api.conftest import API, add, check_out, event, key, report
from tests.books import nothing_changes

pytestmark = pytest.mark.usefixtures("shipping_method")


def sent_order(client: APIClient, item: StockItem) -> dict[str, Any]:
    order = check_out(client, add(client, item).json()["id"]).json()
    payment = Payment.objects.get(order=order["id"])
    report(payment.pk, event(payment))
    services.fulfil_order(order_id=order["id"], tracking_number="JNE-7", now=timezone.now(), actor="boss@example.com")
    return client.get(f"{API}/orders/{order['id']}").json()


def body_of(order: dict[str, Any], **changes: Any) -> dict[str, Any]:
    items = [{"line_id": order["items"][0]["id"], "qty": 1}]
    return {"items": items, "reason": "FAULTY", "remark": "Silent.", **changes}


def test_order_shows_parcels_money_and_who_acted(member: APIClient, item: StockItem) -> None:
    order = sent_order(member, item)

    [parcel] = order["shipments"]
    assert (parcel["number"], parcel["status"], parcel["tracking_number"]) == (1, "SHIPPED", "JNE-7")
    assert parcel["items"][0]["line_id"] == order["items"][0]["id"]
    assert (order["paid"], order["refunded"], order["returns"]) == (order["total"], 0, [])
    assert order["returnable_until"] is not None
    by = {each["kind"]: each["by"] for each in order["events"]}
    assert (by["SHIPPED"], by["PLACED"], by["PAID"]) == ("our staff", "you", "the payment provider")


def test_a_return_is_asked_for_once_by_key_listed_and_withdrawn(member: APIClient, item: StockItem) -> None:
    order = sent_order(member, item)
    address, headers = f"{API}/orders/{order['id']}/returns", key()

    first, second = (member.post(address, body_of(order), format="json", **headers) for _ in range(2))
    listed = member.get(address).json()
    withdrawn = [member.post(f"{address}/{first.json()['id']}/withdraw") for _ in range(2)]

    assert (first.status_code, second.status_code, second["Idempotent-Replayed"]) == (201, 201, "true")
    assert first.json() == second.json()
    assert [(each["id"], each["status"]) for each in listed] == [(first.json()["id"], "REQUESTED")]
    assert first.json()["items"][0]["qty"] == 1
    assert [answer.json()["status"] for answer in withdrawn] == ["WITHDRAWN", "WITHDRAWN"]


def test_refusals_say_why_and_change_nothing(member: APIClient, item: StockItem) -> None:
    order = sent_order(member, item)
    address = f"{API}/orders/{order['id']}/returns"

    with nothing_changes():
        answers = [
            member.post(address, body_of(order, **changes), format="json")
            for changes in [{"items": []}, {"reason": "BORED"}]
        ]
        much = member.post(
            address, body_of(order, items=[{"line_id": order["items"][0]["id"], "qty": 99}]), format="json"
        )
    assert [answer.status_code for answer in answers] == [422, 422]
    assert (much.status_code, much.json()["code"]) == (409, "not_that_many_left")


def test_returns_of_others_do_not_exist(member: APIClient, guest: APIClient, item: StockItem) -> None:
    order = sent_order(member, item)
    address = f"{API}/orders/{order['id']}/returns"
    member.post(address, body_of(order), format="json")
    asked = ReturnRequest.objects.get()

    with nothing_changes():
        assert guest.get(address).status_code == 401
        assert guest.post(address, body_of(order), format="json").status_code == 401
        assert guest.post(f"{address}/{asked.pk}/withdraw").status_code == 401
        assert member.post(f"{address}/{order['id']}/withdraw").status_code == 404
