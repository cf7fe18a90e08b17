"""The wishlist: a guest's and a member's, merged at login, shown by a secret that can be made worthless."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from accounts.models import User
from inventory.models import StockItem
from orders import services
from orders.models import CartLine, Wishlist, WishlistItem
from orders.services import UnknownVariant, WishlistFull
from shop.models import Variant
from tests.factories import NOW, PASSWORD, StockItemFactory, UserFactory, hold

pytestmark = pytest.mark.django_db
NOBODY = AnonymousUser()


def keep(client: Client, variant: Variant, **more: str) -> Any:
    return client.post(reverse("orders:wishlist_keep"), {"variant": str(variant.pk), **more})


def kept() -> list[str]:
    return sorted(WishlistItem.objects.values_list("variant__sku", flat=True))


def test_guest_keeps_and_drops(client: Client) -> None:
    variant = StockItemFactory(sku="CUP").variant
    keep(client, variant)
    keep(client, variant)

    assert kept() == ["CUP"]
    assert variant.product.name in client.get(reverse("orders:wishlist")).content.decode()
    product = client.get(reverse("shop:product", args=[variant.product.slug])).content.decode()
    assert "On your wishlist" in product
    keep(client, variant, drop="1")
    keep(client, variant, drop="1")
    assert kept() == []


def test_wishlist_of_another_guest_is_not_seen(client: Client) -> None:
    variant = StockItemFactory(sku="CUP").variant
    keep(client, variant)

    stranger = Client()

    assert "Tap the heart" in stranger.get(reverse("orders:wishlist")).content.decode()
    assert stranger.post(reverse("orders:wishlist_to_cart"), {"variant": str(variant.pk)}).status_code == 404
    stranger.cookies["wishlist"] = "forged"
    assert "Tap the heart" in stranger.get(reverse("orders:wishlist")).content.decode()


def test_unknown_and_withdrawn_variants_are_refused() -> None:
    withdrawn = StockItemFactory().variant
    Variant.objects.filter(pk=withdrawn.pk).update(is_active=False)

    for variant_id in (uuid4(), withdrawn.pk):
        with pytest.raises(UnknownVariant):
            services.keep_for_later(wishlist_id=None, user=NOBODY, variant_id=variant_id, now=NOW)
    assert Wishlist.objects.count() == 0


def test_full_wishlist_takes_nothing_more(monkeypatch: Any) -> None:
    monkeypatch.setattr("orders.services.wishlist.MOST_WISHES", 1)
    first, second = StockItemFactory(sku="CUP").variant, StockItemFactory(sku="JAR").variant
    item = services.keep_for_later(wishlist_id=None, user=NOBODY, variant_id=first.pk, now=NOW)

    with pytest.raises(WishlistFull):
        services.keep_for_later(wishlist_id=item.wishlist_id, user=NOBODY, variant_id=second.pk, now=NOW)
    assert kept() == ["CUP"]


@pytest.mark.parametrize("has_own", [False, True])
def test_login_brings_the_guests_wishlist_along(client: Client, has_own: bool) -> None:
    member = UserFactory(email="maya@example.com", password=PASSWORD)
    cup, jar = StockItemFactory(sku="CUP").variant, StockItemFactory(sku="JAR").variant
    if has_own:
        services.keep_for_later(wishlist_id=None, user=member, variant_id=cup.pk, now=NOW)
    keep(client, cup)
    keep(client, jar)

    client.post(reverse("account_login"), {"login": member.email, "password": PASSWORD})

    wishlist = Wishlist.objects.get()
    assert wishlist.user == member
    assert kept() == ["CUP", "JAR"]
    assert client.cookies["wishlist"].value == ""


def test_merge_leaves_somebody_elses_alone() -> None:
    owner, other = UserFactory(), UserFactory()
    item = services.keep_for_later(
        wishlist_id=None, user=owner, variant_id=StockItemFactory(sku="CUP").variant.pk, now=NOW
    )

    services.merge_wishlists(guest_wishlist_id=item.wishlist_id, user=other, now=NOW)

    assert Wishlist.objects.get().user == owner


def test_move_to_cart_holds_it_and_takes_it_off(client: Client) -> None:
    item = StockItemFactory(sku="CUP")
    keep(client, item.variant)

    answer = client.post(reverse("orders:wishlist_to_cart"), {"variant": str(item.variant.pk)})

    assert answer.headers["Location"] == reverse("orders:cart")
    assert CartLine.objects.get().variant == item.variant
    assert (kept(), StockItem.objects.get(pk=item.pk).held) == ([], 1)


def test_move_to_cart_refused_leaves_it_on_the_wishlist(client: Client) -> None:
    item = StockItemFactory(sku="CUP", on_hand=1)
    keep(client, item.variant)
    hold(lines={"CUP": 1})

    answer = client.post(reverse("orders:wishlist_to_cart"), {"variant": str(item.variant.pk)})

    assert answer.status_code == 422
    assert kept() == ["CUP"]
    assert CartLine.objects.count() == 0


def test_link_shows_it_until_it_is_made_worthless(client: Client) -> None:
    variant = StockItemFactory(sku="CUP").variant
    keep(client, variant)
    client.post(reverse("orders:wishlist_share"))
    key = Wishlist.objects.get().share_key
    address = reverse("orders:wishlist_shared", args=[key])

    shown = Client().get(address)
    client.post(reverse("orders:wishlist_share"))
    same = Wishlist.objects.get().share_key
    client.post(reverse("orders:wishlist_share"), {"stop": "1"})

    body = shown.content.decode()
    assert (shown.status_code, shown["X-Robots-Tag"], same) == (200, "noindex", key)
    assert variant.product.name in body
    assert "Take it off" not in body
    assert Client().get(address).status_code == 404
    client.post(reverse("orders:wishlist_share"))
    assert Wishlist.objects.get().share_key != key


@pytest.mark.parametrize("count", [1, 3])
def test_page_asks_as_often_for_three_as_for_one(client: Client, count: int, django_assert_num_queries: Any) -> None:
    user: User = UserFactory(password=PASSWORD)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    for _ in range(count):
        keep(client, StockItemFactory().variant)
    client.get(reverse("orders:wishlist"))

    # Session, user, wishlist, items, pictures, stock; shelves of the header.
    with django_assert_num_queries(7):
        client.get(reverse("orders:wishlist"))
