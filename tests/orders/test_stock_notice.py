"""Back in stock: one e-mail for each wish, first come first told, and none that nobody can use."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory import services as inventory
from orders import services
from orders.models import Message, StockNotice
from orders.services import TooManyNotices, UnknownVariant
from shop.models import Variant
from tests.factories import ACTOR, NOW, StockItemFactory, UserFactory, hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone() -> Any:
    """A stock item with nothing in it."""
    return StockItemFactory(sku="CUP", on_hand=0)


def ask(variant: Variant, *, email: str = "maya@example.com", minutes: int = 0) -> StockNotice:
    now = NOW + timedelta(minutes=minutes)
    return services.ask_for_notice(variant_id=variant.pk, email=email, language="en", now=now)


def receive(units: int) -> None:
    inventory.receive(sku="CUP", location="MAIN", quantity=units, reason="delivery", actor=ACTOR, now=NOW)


def told() -> list[str]:
    return sorted(Message.objects.values_list("to", flat=True))


def test_nothing_is_written_while_nothing_is_free(gone: Any) -> None:
    ask(gone.variant)

    assert services.write_stock_notices(now=NOW) == 0
    assert (told(), StockNotice.objects.count()) == ([], 1)


def test_each_wish_is_told_once(gone: Any) -> None:
    ask(gone.variant)
    ask(gone.variant, email="Maya@Example.com ")
    receive(1)

    assert services.write_stock_notices(now=NOW) == 1
    assert services.write_stock_notices(now=NOW) == 0
    assert (told(), StockNotice.objects.count()) == (["maya@example.com"], 0)
    message = Message.objects.get()
    assert message.subject.endswith("is free again")
    assert "/notices/stop/" in message.text


def test_new_wish_is_told_anew(gone: Any) -> None:
    receive(1)
    for _ in range(2):
        ask(gone.variant)
        services.write_stock_notices(now=NOW)

    assert told() == ["maya@example.com", "maya@example.com"]


def test_unit_in_a_cart_interests_nobody(gone: Any) -> None:
    receive(1)
    hold(lines={"CUP": 1})
    ask(gone.variant)

    assert services.write_stock_notices(now=NOW) == 0


def test_first_come_are_told_first(gone: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("orders.services.stock_notice.TOLD_PER_UNIT", 1)
    for number, name in enumerate(["maya", "budi", "sari"]):
        ask(gone.variant, email=f"{name}@example.com", minutes=number)
    receive(2)

    services.write_stock_notices(now=NOW)

    assert told() == ["budi@example.com", "maya@example.com"]


def test_one_address_waits_for_so_many_things(gone: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("orders.services.stock_notice.MOST_NOTICES", 1)
    ask(gone.variant)
    ask(gone.variant)

    with pytest.raises(TooManyNotices):
        ask(StockItemFactory().variant)
    assert StockNotice.objects.count() == 1


def test_withdrawn_variant_is_refused(gone: Any) -> None:
    Variant.objects.filter(pk=gone.variant.pk).update(is_active=False)

    with pytest.raises(UnknownVariant):
        ask(gone.variant)
    assert StockNotice.objects.count() == 0


def test_pages_ask_and_stop(client: Client, gone: Any) -> None:
    page = client.get(reverse("shop:product", args=[gone.variant.product.slug])).content.decode()
    address = reverse("orders:notice_ask", args=["CUP"])
    refused = client.post(address, {"notice_email": "maya"})
    asked = client.post(address, {"notice_email": "maya@example.com"})
    stop = reverse("orders:notice_stop", args=[services.stop_token("maya@example.com")])

    assert address in page
    assert (refused.status_code, asked.status_code) == (422, 200)
    assert "maya@example.com" in asked.content.decode()
    assert StockNotice.objects.count() == 1
    assert client.get(stop).status_code == 200
    assert StockNotice.objects.count() == 1
    assert "Stopped" in client.post(stop).content.decode()
    assert StockNotice.objects.count() == 0
    assert client.post(reverse("orders:notice_stop", args=["forged"])).status_code == 404


def test_pages_stop_a_flood(client: Client, gone: Any) -> None:
    address = reverse("orders:notice_ask", args=["CUP"])
    answers = [client.post(address, {"notice_email": f"m{n}@example.com"}).status_code for n in range(21)]

    assert answers == [200] * 20 + [429]
    assert StockNotice.objects.count() == 20


def test_stop_by_somebody_else_needs_the_link(client: Client, gone: Any) -> None:
    """Who types another's address gets no link that stops that one's news."""
    client.force_login(UserFactory(email="budi@example.com"), backend="django.contrib.auth.backends.ModelBackend")

    page = client.post(reverse("orders:notice_ask", args=["CUP"]), {"notice_email": "maya@example.com"})

    assert "/notices/stop/" not in page.content.decode()
