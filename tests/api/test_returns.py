"""After the sale over the API: parcels and returns in the order's document, asked for, listed, withdrawn."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import StockItem
from orders import services
from orders.models import Payment, ReturnRequest
from tests.api.conftest import API, add, as_guest_of, check_out, event, key, report
from tests.books import nothing_changes
from tests.factories import StockItemFactory, VariantFactory

pytestmark = pytest.mark.usefixtures("shipping_method")


def sent_order(client: APIClient, item: StockItem) -> dict[str, Any]:
    order = check_out(client, add(client, item).json()["id"]).json()
    payment = Payment.objects.get(order=order["id"])
    report(payment.pk, event(payment))
    services.fulfil_order(order_id=order["id"], tracking_number="JNE-7", now=timezone.now(), actor="boss@example.com")
    return client.get(f"{API}/orders/{order['id']}").json()


def sent_guest_order(item: StockItem) -> tuple[APIClient, dict[str, Any]]:
    """A guest, with the token of the cart that the order was, and the order."""
    cart = add(APIClient(), item).json()
    client = as_guest_of(cart)
    order = check_out(client, cart["id"]).json()
    payment = Payment.objects.get(order=order["id"])
    report(payment.pk, event(payment))
    services.fulfil_order(order_id=order["id"], now=timezone.now(), actor="boss@example.com")
    return client, client.get(f"{API}/orders/{order['id']}").json()


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


def test_a_return_is_exchanged_once_by_key_and_undone_by_cancelling(item: StockItem) -> None:
    guest, order = sent_guest_order(item)
    address = f"{API}/orders/{order['id']}/returns"
    asked = guest.post(address, body_of(order), format="json").json()
    other = StockItemFactory(variant=VariantFactory(product=item.variant.product), on_hand=1)
    items = [{"line_id": asked["items"][0]["line_id"], "variant_id": str(other.variant.pk)}]
    exchange, headers = f"{address}/{asked['id']}/exchange", key()
    with nothing_changes():
        early = guest.post(exchange, {"items": items}, format="json")
    services.decide_return(return_id=asked["id"], approve=True, answer="", now=timezone.now(), actor="boss")
    with nothing_changes():
        strange = guest.post(exchange, {"items": [items[0] | {"line_id": asked["id"]}]}, format="json")

    first, second = (guest.post(exchange, {"items": items}, format="json", **headers) for _ in range(2))

    replacement = first.json()
    assert (early.status_code, early.json()["code"], strange.status_code) == (409, "return_moved", 404)
    assert (first.status_code, second.json(), second["Idempotent-Replayed"]) == (201, replacement, "true")
    assert (replacement["status"], replacement["paid"], replacement["exchange_of_order_number"]) == (
        "PAID",
        replacement["total"],
        order["number"],
    )
    [listed] = guest.get(address).json()
    assert listed["exchange_order_number"] == replacement["number"]
    assert guest.get(f"{API}/orders/{order['id']}").json()["exchanged"] == replacement["total"]
    # Whoever knows the order knows the one that replaces it.
    assert guest.get(f"{API}/orders/{replacement['id']}").status_code == 200
    undone = guest.post(f"{API}/orders/{replacement['id']}/cancel").json()
    assert (undone["status"], undone["refunded"], undone["payments"]) == ("CANCELLED", 0, [])
    [listed] = guest.get(address).json()
    assert (listed["status"], listed["exchange_order_id"]) == ("APPROVED", None)
