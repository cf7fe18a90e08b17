"""An e-mail before a hold ends, and after, for those who asked: true when it is written, and once."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from inventory import services as inventory
from orders import services
from orders.models import Cart, CartLine, HoldReminder, Message
from orders.services import CartClosed
from tests.factories import ACTOR, NOW, StockItemFactory, guest_cart

pytestmark = pytest.mark.django_db

SOON = NOW + timedelta(minutes=8)
OVER = NOW + timedelta(minutes=10)


def asked(*, lines: int = 1, language: str = "en") -> Cart:
    """A cart that holds for ten minutes, whose shopper wants to be told."""
    cart = guest_cart(lines={StockItemFactory().variant: 1 for _ in range(lines)})
    services.ask_for_reminder(cart_id=cart.pk, email="maya@example.com", language=language, now=NOW)
    return cart


def written(*, now: datetime) -> list[str]:
    """The e-mails that this tick writes, by name."""
    before = set(Message.objects.values_list("key", flat=True))
    services.write_hold_messages(now=now)
    return sorted(key.split(":")[0] for key in set(Message.objects.values_list("key", flat=True)) - before)


def test_told_two_minutes_before_and_after_once_each() -> None:
    asked()

    assert written(now=SOON - timedelta(seconds=1)) == []
    assert [written(now=SOON), written(now=SOON)] == [["hold_ending"], []]
    assert [written(now=OVER), written(now=OVER)] == [["hold_ended"], []]
    assert set(Message.objects.values_list("to", flat=True)) == {"maya@example.com"}
    assert not HoldReminder.objects.exists()


def test_nobody_is_told_who_did_not_ask() -> None:
    guest_cart(lines={StockItemFactory().variant: 1})

    assert written(now=SOON) == []


def test_extended_hold_is_told_of_by_its_new_end() -> None:
    cart = asked()
    written(now=SOON)
    services.extend_hold(cart_id=cart.pk, line_id=cart.lines.get().pk, now=SOON)

    assert written(now=SOON + timedelta(minutes=2)) == []
    assert written(now=SOON + timedelta(minutes=3)) == ["hold_ending"]


def test_what_was_let_go_or_ordered_is_not_spoken_of() -> None:
    gone, ordered = asked(), asked()
    services.remove_line(cart_id=gone.pk, line_id=gone.lines.get().pk, now=NOW, actor=ACTOR)
    Cart.objects.filter(pk=ordered.pk).update(status="ORDERED")

    assert written(now=SOON) == []
    assert not HoldReminder.objects.exists()


def test_hold_that_ended_before_the_wish_is_not_spoken_of() -> None:
    cart = guest_cart(lines={StockItemFactory().variant: 1, StockItemFactory().variant: 1})
    first = CartLine.objects.filter(cart=cart).order_by("pk")[0]
    inventory.release(reservation_id=first.reservation_id, reason="damaged", actor=ACTOR, now=NOW)
    services.ask_for_reminder(cart_id=cart.pk, email="maya@example.com", language="en", now=NOW + timedelta(minutes=1))

    assert written(now=SOON) == ["hold_ending"]


def test_asked_twice_the_last_address_counts() -> None:
    cart = asked()

    services.ask_for_reminder(cart_id=cart.pk, email="ayu@example.com", language="en", now=NOW)

    assert HoldReminder.objects.get().email == "ayu@example.com"


def test_closed_cart_refuses_and_changes_nothing() -> None:
    cart = guest_cart(lines={StockItemFactory().variant: 1})
    Cart.objects.filter(pk=cart.pk).update(status="ORDERED")

    with pytest.raises(CartClosed):
        services.ask_for_reminder(cart_id=cart.pk, email="maya@example.com", language="en", now=NOW)

    assert not HoldReminder.objects.exists()


@pytest.mark.parametrize("carts", [1, 3])
def test_a_tick_without_news_costs_the_same_at_any_length(carts: int, django_assert_num_queries: object) -> None:
    for _ in range(carts):
        asked()

    with django_assert_num_queries(4):  # type: ignore[operator]
        services.write_hold_messages(now=NOW)


def test_indonesian_shopper_reads_indonesian() -> None:
    asked(language="id")

    written(now=SOON)

    assert "ditahan untuk Anda" in Message.objects.get().text


def test_page_asks_and_stops(client: Client) -> None:
    variant = StockItemFactory().variant
    client.post(reverse("orders:cart_add"), {"variant": str(variant.pk), "quantity": "1"})
    address = reverse("orders:cart_reminder")

    refused = client.post(address, {"reminder_email": "maya"})
    client.post(address, {"reminder_email": "maya@example.com"})
    page = client.get(reverse("orders:cart")).content.decode()
    asked_for = list(HoldReminder.objects.values_list("email", flat=True))
    client.post(address, {"stop": "1"})

    assert refused.status_code == 422
    assert "Enter an e-mail address with an @" in refused.content.decode()
    assert asked_for == ["maya@example.com"]
    assert "We write to maya@example.com" in page
    assert not HoldReminder.objects.exists()
