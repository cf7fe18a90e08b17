"""The pages of drops, in their four states, and the doors that let shoppers in early."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from inventory import services as inventory
from inventory.models import StockItem
from orders import services
from orders.models import CartLine, Checkout
from shop.models import Drop
from tests.factories import ACTOR, CartFactory, StockItemFactory, UserFactory, published_drop

pytestmark = pytest.mark.django_db

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def drop_of(item: StockItem, *, starts_in: timedelta, lasts: timedelta = HOUR, quota: int = 3, **more: Any) -> Drop:
    starts_at = timezone.now() + starts_in
    return published_drop(quotas={item.variant: quota}, starts_at=starts_at, ends_at=starts_at + lasts, **more)


def page_of(client: Client, drop: Drop) -> str:
    return client.get(reverse("shop:drop", args=[drop.slug])).content.decode()


def press(client: Client, item: StockItem, quantity: int = 1) -> Any:
    return client.post(reverse("orders:cart_add"), {"variant": item.variant.pk, "quantity": quantity})


def test_before_it_opens_the_page_says_when_and_has_the_buttons_for_then(client: Client) -> None:
    item = StockItemFactory(on_hand=3)
    drop = drop_of(item, starts_in=HOUR)

    page = page_of(client, drop)

    assert "Get ready" in page
    assert "3 units" in page
    assert 'data-clock data-left="3600"' in page
    assert f'id="add-{item.sku}"' in page
    assert press(client, item).status_code == 409


def test_while_it_runs_the_page_says_what_is_left_and_the_press_holds_at_its_price(client: Client) -> None:
    item = StockItemFactory(on_hand=9)
    drop = drop_of(item, starts_in=-MINUTE)

    assert "3 free now" in page_of(client, drop)
    assert press(client, item).status_code == 303
    assert CartLine.objects.get().unit_price_minor == 150_000
    assert "1 in carts" in page_of(client, drop)


def test_when_it_ends_and_when_it_is_over_the_page_says_so(client: Client) -> None:
    ending = drop_of(StockItemFactory(), starts_in=-HOUR + 5 * MINUTE)
    over = drop_of(StockItemFactory(), starts_in=-2 * HOUR)

    assert "Ending" in page_of(client, ending)
    assert "0 of 3 sold" in page_of(client, over)


def test_sold_out_with_nothing_held_is_over_before_the_end(client: Client) -> None:
    item = StockItemFactory(on_hand=1)
    drop = drop_of(item, starts_in=-MINUTE, quota=1)
    cart = CartFactory()
    line = services.add_to_cart(
        cart_id=cart.pk, variant_id=item.variant.pk, quantity=1, now=timezone.now(), actor=ACTOR
    )
    assert "It ended" not in page_of(client, drop)
    assert "1 in carts" in page_of(client, drop)

    inventory.commit(reservation_ids=[line.reservation_id], actor=ACTOR, now=timezone.now())

    assert "Every unit is paid for." in page_of(client, drop)


def test_a_draft_is_shown_to_staff_in_a_preview_and_to_nobody_else(client: Client) -> None:
    drop = Drop.objects.create(
        slug="draft", name="Draft", starts_at=timezone.now() + HOUR, ends_at=timezone.now() + 2 * HOUR
    )
    address = f"{reverse('shop:drop', args=[drop.slug])}?preview=1"

    assert client.get(address).status_code == 404
    client.force_login(User.objects.create_superuser(email="boss@example.com", password="a-good-password"))
    assert client.get(address).status_code == 200


def test_the_code_is_kept_with_the_browser_and_opens_early(client: Client) -> None:
    item = StockItemFactory(on_hand=3)
    drop = drop_of(item, starts_in=10 * MINUTE, early_minutes=30, early_code="DULUAN")
    enter = reverse("shop:drop_code", args=[drop.slug])

    wrong = client.post(enter, {"code": "nothing"})
    assert (wrong.status_code, press(client, item).status_code) == (422, 409)
    assert client.post(enter, {"code": " duluan "}).status_code == 303
    assert "Open early for you" in page_of(client, drop)
    assert press(client, item).status_code == 303


def test_codes_cannot_be_guessed_and_a_drop_without_one_answers_alike(client: Client) -> None:
    with_code = drop_of(StockItemFactory(), starts_in=10 * MINUTE, early_minutes=30, early_code="DULUAN")
    without = drop_of(StockItemFactory(), starts_in=10 * MINUTE)

    answers = [
        client.post(reverse("shop:drop_code", args=[drop.slug]), {"code": "guess"}).status_code
        for drop in (with_code, without) * 5
    ]
    eleventh = client.post(reverse("shop:drop_code", args=[with_code.slug]), {"code": "DULUAN"})

    assert answers == [422] * 10
    assert eleventh.status_code == 429


def test_get_ready_keeps_what_is_typed_with_the_cart(client: Client) -> None:
    drop = drop_of(StockItemFactory(), starts_in=HOUR)
    address = reverse("shop:drop_ready", args=[drop.slug])
    typed = {
        "email": "ayu@example.com",
        "name": "Ayu Lestari",
        "phone": "0812 3456 789",
        "address": "Jalan Melati 5",
        "city": "Bandung",
        "postal_code": "40115",
    }

    assert client.get(address).status_code == 200
    assert client.post(address, {**typed, "postal_code": "x"}).status_code == 422
    assert Checkout.objects.count() == 0
    client.post(address, typed)

    kept = Checkout.objects.get()
    assert (kept.email, kept.phone, kept.postal_code) == ("ayu@example.com", "+628123456789", "40115")
    assert "Jalan Melati 5" in client.get(address).content.decode()


def test_home_shows_the_drop_that_runs_else_the_next(client: Client) -> None:
    coming = drop_of(StockItemFactory(), starts_in=HOUR, name="Coming one")
    assert "Coming one" in client.get("/").content.decode()

    drop_of(StockItemFactory(), starts_in=-MINUTE, name="Running one")
    page = client.get("/").content.decode()
    assert "Running one" in page
    assert "Coming one" not in page
    assert coming.name in client.get(reverse("shop:drops")).content.decode()


def test_a_page_that_is_handed_out_again_does_not_outlive_the_opening(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = StockItemFactory(on_hand=9)
    drop_of(item, starts_in=HOUR)
    address = reverse("shop:product", args=[item.variant.product.slug])
    later = timezone.now() + HOUR + MINUTE
    before = client.get(address).content.decode()

    # Nothing is written when a drop opens: time alone passes.
    monkeypatch.setattr(timezone, "now", lambda: later)
    after = client.get(address).content.decode()

    assert ("opens" in before, "opens" in after) == (True, False)
    assert "at most 2 per person" in after


@pytest.mark.parametrize("count", [1, 3])
def test_drop_page_query_count(client: Client, django_assert_max_num_queries: Any, count: int) -> None:
    items = [StockItemFactory(on_hand=5) for _ in range(count)]
    starts_at = timezone.now() - MINUTE
    drop = published_drop(quotas={item.variant: 2 for item in items}, starts_at=starts_at, ends_at=starts_at + HOUR)

    with django_assert_max_num_queries(7):
        page_of(client, drop)


def test_staff_publish_a_drop_from_its_page_with_a_reason(client: Client) -> None:
    client.force_login(User.objects.create_superuser(email="boss@example.com", password="a-good-password"))
    item = StockItemFactory(on_hand=5)
    drop = Drop.objects.create(
        slug="draft", name="Draft", starts_at=timezone.now() + HOUR, ends_at=timezone.now() + 2 * HOUR
    )
    drop.items.create(variant=item.variant, quota=3, price_minor=100_000)
    address = reverse("admin:shop_drop_publish", args=[drop.pk])

    page = client.get(address).content.decode()
    refused = client.post(address, {"override": ""})
    client.post(address, {"override": "No limit wanted."})

    assert "No limit per customer" in page
    assert refused.status_code == 422
    drop.refresh_from_db()
    assert (drop.is_published, drop.override) == (True, "No limit wanted.")
    for name in ("admin:live_drop", "admin:drop_report"):
        assert client.get(reverse(name, args=[drop.slug])).status_code == 200
    change = reverse("admin:shop_drop_change", args=[drop.pk])
    assert "published" in client.get(change).content.decode()


def test_the_board_asks_little_and_is_not_sent_again_unchanged(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    client.force_login(User.objects.create_superuser(email="boss@example.com", password="a-good-password"))
    item = StockItemFactory(on_hand=5)
    drop = drop_of(item, starts_in=-MINUTE)
    press(Client(), item)
    address = reverse("admin:live_drop", args=[drop.slug])

    first = client.get(address, headers={"HX-Request": "true"})
    with django_assert_max_num_queries(10):
        again = client.get(address, headers={"HX-Request": "true", "If-None-Match": first["ETag"]})

    assert "1 holds placed: 0 paid, 1 still held, 0 ended unpaid." in first.content.decode()
    assert again.status_code == 304


def test_only_staff_who_may_look_at_it_see_the_board(client: Client) -> None:
    drop = drop_of(StockItemFactory(), starts_in=-MINUTE)
    helper = UserFactory(is_staff=True)
    client.force_login(helper)

    assert client.get(reverse("admin:live_drop", args=[drop.slug])).status_code == 403
