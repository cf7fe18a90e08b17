"""The routes of the shop that this one grew out of, called as its collection calls them: no slash, no key."""

from uuid import uuid4

from rest_framework.test import APIClient

from accounts.models import User
from orders.models import Order, Payment
from tests.api.conftest import API, DETAILS, event, fields_of, report
from tests.books import counters, laws_hold, nothing_changes
from tests.factories import PASSWORD, ShippingMethodFactory, StockItemFactory, UserFactory


def _headers(token: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}


def test_original_flow_from_sign_in_to_paid() -> None:
    phone = StockItemFactory(on_hand=1, variant__price_minor=25_000_000)
    ShippingMethodFactory(price_minor=0)
    shoppers = [UserFactory(able_to_log_in=True, email=f"user{n}@user.com") for n in (1, 2)]
    client = APIClient()

    signed_in = [client.post("/api/v1/auth", {"email": each.email, "password": PASSWORD}) for each in shoppers]
    first, second = (_headers(answer.json()["token"]) for answer in signed_in)
    body = {"product_id": str(phone.variant.product_id), "qty": 1}
    won = client.post("/api/v1/cart", body, **first)
    lost = client.post("/api/v1/cart", body, **second)
    cart = won.json()
    with nothing_changes():
        empty_body = client.post(f"/api/v1/cart/{cart['id']}/checkout", **second)
    incomplete = client.post(f"/api/v1/cart/{cart['id']}/checkout", **first)
    placed = client.post(f"/api/v1/cart/{cart['id']}/checkout", DETAILS, **first)
    payment = Payment.objects.get(pk=placed.json()["payment"]["id"])
    with laws_hold():
        paid = report(payment.pk, event(payment))

    assert [(answer.status_code, answer.json()["status"]) for answer in signed_in] == [(200, "success")] * 2
    assert (won.status_code, cart["total"], len(cart["items"])) == (201, 25_000_000, 1)
    assert (lost.status_code, lost.json()["title"]) == (422, "stock unavailable")
    assert empty_body.status_code == 404
    assert incomplete.status_code == 422
    assert fields_of(incomplete) == ["phone", "address", "city", "postal_code", "shipping_method", "gateway"]
    assert (placed.status_code, placed.json()["status"]) == (201, "AWAITING_PAYMENT")
    assert (paid.status_code, paid.json()["outcome"]) == (200, "paid")
    assert client.get(f"/api/v1/orders/{placed.json()['id']}", **first).json()["status"] == "PAID"
    assert counters(phone) == (1, 0, 1)


def test_original_wrong_password_is_401() -> None:
    user = UserFactory(able_to_log_in=True)

    answers = [
        APIClient().post(f"{API}/auth", {"email": email, "password": password})
        for email, password in [(user.email, "wrong"), ("nobody@example.com", PASSWORD)]
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert answers[0]["WWW-Authenticate"] == 'Bearer realm="api"'


def test_original_users_are_made_changed_and_deactivated(staff: APIClient) -> None:
    made = APIClient().post("/api/v1/users", {"email": "New@User.com", "password": "a-good-password", "name": "New"})
    address = f"/api/v1/users/{made.json()['id']}"
    listed = staff.get("/api/v1/users?limit=1&page=2")
    changed = staff.patch(address, {"name": "Newer"})
    deactivated = staff.delete(address)

    assert (made.status_code, made.json()["email"]) == (201, "new@user.com")
    assert (listed.json()["total"], listed.json()["pages"]) == (2, 2)
    assert [row["email"] for row in listed.json()["items"]] == ["new@user.com"]
    assert changed.json()["name"] == "Newer"
    assert deactivated.status_code == 204
    assert staff.get(address).json()["is_active"] is False
    assert User.objects.get(email="new@user.com").check_password("a-good-password")


def test_original_webhook_stub_is_signed_now() -> None:
    answer = APIClient().post(f"/api/v1/webhooks/payments/{uuid4()}", {})

    assert answer.status_code == 404
    assert Order.objects.count() == 0
