"""A drop behind its waiting room: looking is free, and holding needs the pass, at every door."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from inventory.models import StockItem
from orders import services
from orders.models import Cart, CartLine, WishlistItem
from shop.drops import Access
from shop.models import Drop
from shop.room import services as room
from shop.room.errors import RoomPassElsewhere, RoomPassNeeded, RoomPassOver
from shop.room.models import Admission, Limited, Room
from shop.room.services import forget_counts
from shop.room.tokens import Ticket
from tests.factories import ACTOR, NOW, CartFactory, StockItemFactory, published_drop

pytestmark = pytest.mark.django_db
START = NOW + timedelta(minutes=5)


@pytest.fixture
def item() -> StockItem:
    return StockItemFactory(on_hand=10)


@pytest.fixture
def drop(item: StockItem, settings: Any) -> Drop:
    settings.ROOM_PICTURE_SECONDS = 0
    return published_drop(
        quotas={item.variant: 5},
        has_room=True,
        starts_at=START,
        ends_at=START + timedelta(hours=1),
        slug="evening",
        limit_per_customer=None,
    )


def pass_for(drop: Drop, *, at: Any) -> str:
    """Somebody took a place in time, was called and came in."""
    key = f"drop-{drop.slug}"
    ticket, _ = room.take_place(key=key, address="192.0.2.1", member="", intent="", now=START - timedelta(minutes=1))
    for seconds in range(4):
        room.reading_of(key, now=START + timedelta(seconds=seconds))
    return room.come_in(key=key, token=ticket.signed(), user_id=None, now=at).signed()


def hold(cart: Cart, item: StockItem, *passes: str, at: Any) -> CartLine:
    access = Access(passes=passes)
    return services.add_to_cart(
        cart_id=cart.pk, variant_id=item.variant.pk, quantity=1, now=at, actor=ACTOR, access=access
    )


def held(drop: Drop) -> int:
    return StockItem.objects.get(location=drop.location_id).held


def test_publishing_plans_the_room_and_its_first_visitor_would(drop: Drop) -> None:
    Room.objects.all().delete()
    reading = room.reading_of("drop-evening", now=NOW)

    assert (reading.facts.name, reading.facts.opens_at, reading.facts.address) == (drop.name, START, "/drops/evening/")
    assert Room.objects.get().ends_at == drop.ends_at


def test_without_a_pass_nothing_of_the_drop_is_held(drop: Drop, item: StockItem) -> None:
    with pytest.raises(RoomPassNeeded) as refusal:
        hold(CartFactory(), item, at=START)

    assert refusal.value.facts["queue_at"] == "/rooms/drop-evening/"
    assert (held(drop), CartLine.objects.count()) == (0, 0)


def test_with_the_pass_one_cart_holds(drop: Drop, item: StockItem) -> None:
    now = START + timedelta(seconds=5)
    given, cart, other = pass_for(drop, at=now), CartFactory(), CartFactory()
    hold(cart, item, given, at=now)
    hold(cart, item, given, at=now)

    with pytest.raises(RoomPassElsewhere):
        hold(other, item, given, at=now)

    assert held(drop) == 2
    assert Admission.objects.get().cart_id == cart.pk


def test_a_refused_hold_binds_no_pass(drop: Drop, item: StockItem) -> None:
    now = START + timedelta(seconds=5)
    given = pass_for(drop, at=now)

    with pytest.raises(Exception, match="stock_unavailable"):
        services.add_to_cart(
            cart_id=CartFactory().pk,
            variant_id=item.variant.pk,
            quantity=6,
            now=now,
            actor=ACTOR,
            access=Access(passes=(given,)),
        )

    assert Admission.objects.get().cart_id is None


def test_what_is_held_stays_when_the_pass_is_over(drop: Drop, item: StockItem) -> None:
    now = START + timedelta(seconds=5)
    given, cart = pass_for(drop, at=now), CartFactory()
    line = hold(cart, item, given, at=now)
    later = now + timedelta(minutes=15)

    with pytest.raises(RoomPassOver):
        hold(cart, item, given, at=later)

    services.remove_line(cart_id=cart.pk, line_id=line.pk, now=later, actor=ACTOR)


def test_more_of_a_line_needs_the_pass_as_well(drop: Drop, item: StockItem) -> None:
    now = START + timedelta(seconds=5)
    cart = CartFactory()
    line = hold(cart, item, pass_for(drop, at=now), at=now)

    with pytest.raises(RoomPassNeeded):
        services.set_quantity(cart_id=cart.pk, line_id=line.pk, quantity=2, now=now, actor=ACTOR)

    assert held(drop) == 1


def test_a_drop_without_a_room_asks_for_none(item: StockItem) -> None:
    published_drop(quotas={item.variant: 5}, starts_at=START, ends_at=START + timedelta(hours=1))

    hold(CartFactory(), item, at=START)

    assert Room.objects.count() == 0


def test_the_api_refuses_and_says_where_to_wait(drop: Drop, item: StockItem) -> None:
    forget_counts()
    now = START + timedelta(seconds=5)
    given = pass_for(drop, at=now)
    body = {"product_id": str(item.variant.pk), "qty": 1}
    with time_machine.travel(now, tick=False):
        refused = APIClient().post("/api/v1/cart", body, format="json")
        granted = APIClient().post("/api/v1/cart", body, format="json", HTTP_ROOM_PASS=given)
        copied = APIClient().post("/api/v1/cart", body, format="json", HTTP_ROOM_PASS=given)

    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (403, "room_pass_needed", "5")
    assert refused.json()["facts"]["api_queue_at"] == "/api/v1/rooms/drop-evening/place"
    assert granted.status_code == 201
    assert (copied.status_code, copied.json()["code"]) == (403, "room_pass_elsewhere")
    assert held(drop) == 1
    assert Limited.objects.get(rule="ROOM_PASS").about == "drop-evening"


def test_the_pages_lead_to_the_room_and_through_it(drop: Drop, item: StockItem, client: Client) -> None:
    press = {"variant": str(item.variant.pk), "quantity": "1", "key": uuid4().hex}
    with time_machine.travel(START - timedelta(minutes=1), tick=False) as clock:
        assert b"Go to the waiting room" in client.get("/drops/evening/").content
        client.post("/rooms/drop-evening/take/")
        for _ in range(7):
            clock.shift(13)
            client.get("/rooms/drop-evening/")
        refused = client.post("/cart/add/", press)
        client.post("/rooms/drop-evening/enter/")
        granted = client.post("/cart/add/", press | {"key": uuid4().hex})

    assert refused.status_code == 403
    assert b"Go to the waiting room" in refused.content
    assert granted.status_code == 303
    assert held(drop) == 1


def test_the_wishlist_leads_to_the_room_and_through_it(drop: Drop, item: StockItem, client: Client) -> None:
    press = {"variant": str(item.variant.pk)}
    with time_machine.travel(START - timedelta(minutes=1), tick=False) as clock:
        client.post("/wishlist/keep/", press)
        client.post("/rooms/drop-evening/take/")
        for _ in range(7):
            clock.shift(13)
            client.get("/rooms/drop-evening/")
        refused = client.post("/wishlist/cart/", press)
        kept = WishlistItem.objects.count()
        client.post("/rooms/drop-evening/enter/")
        granted = client.post("/wishlist/cart/", press)

    assert (refused.status_code, kept) == (403, 1)
    assert b'href="/rooms/drop-evening/"' in refused.content
    assert (granted.status_code, WishlistItem.objects.count()) == (303, 0)
    assert held(drop) == 1


def test_a_ticket_opens_nothing(drop: Drop, item: StockItem) -> None:
    forged = Ticket(room="drop-evening", id="x", joined_at=NOW, number=1).signed()

    with pytest.raises(RoomPassNeeded):
        hold(CartFactory(), item, forged, at=START)
