"""Holds are ended by hand with a reason, on a page of its own."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory import services
from inventory.models import MovementKind, Reservation, ReservationState, StockMovement
from tests.factories import ACTOR, StockItemFactory

pytestmark = pytest.mark.django_db

LIST = "admin:inventory_reservation_changelist"
RELEASE = "admin:inventory_reservation_release"


def hold(name: str = "a", *, minutes: int = 10) -> Reservation:
    now = timezone.now()
    item = StockItemFactory(on_hand=5)
    return services.reserve(
        lines={item.sku: 2}, token=name, expires_at=now + timedelta(minutes=minutes), now=now, actor=ACTOR
    )


def release(client: Client, *reservations: Reservation, **typed: Any) -> Any:
    ids = "&".join(f"id={reservation.pk}" for reservation in reservations)
    return client.post(f"{reverse(RELEASE)}?{ids}", typed, follow=True)


def test_release_gives_the_units_back_with_the_reason(boss_client: Client) -> None:
    reservation = hold()

    release(boss_client, reservation, reason="asked by phone")

    reservation.refresh_from_db()
    movement = StockMovement.objects.get(kind=MovementKind.RELEASE)
    assert (reservation.state, reservation.reason) == (ReservationState.RELEASED, "asked by phone")
    assert (movement.held_change, movement.reason, movement.actor) == (-2, "asked by phone", "boss@example.com")


def test_release_without_a_reason_changes_nothing(boss_client: Client) -> None:
    reservation = hold()

    answer = release(boss_client, reservation, reason=" ")

    reservation.refresh_from_db()
    assert list(answer.context["form"].errors) == ["reason"]
    assert reservation.state == ReservationState.HELD


def test_release_of_several_asks_for_their_number(boss_client: Client) -> None:
    first, second = hold("a"), hold("b")

    chosen = boss_client.post(
        reverse(LIST), {"action": "release_chosen", "_selected_action": [str(first.pk), str(second.pk)]}
    )
    wrong = release(boss_client, first, second, reason="recall", count=3)
    assert chosen.url.startswith(f"{reverse(RELEASE)}?id=")
    assert list(wrong.context["form"].errors) == ["count"]
    assert Reservation.objects.held().count() == 2

    release(boss_client, first, second, reason="recall", count=2)
    assert Reservation.objects.held().count() == 0


def test_release_of_one_that_ended_says_so(boss_client: Client) -> None:
    reservation = hold()
    services.release(reservation_id=reservation.pk, reason="gone", actor=ACTOR, now=timezone.now())

    answer = release(boss_client, reservation, reason="again")

    assert "Nothing was released" in answer.content.decode()
    assert StockMovement.objects.filter(kind=MovementKind.RELEASE).count() == 1


@pytest.mark.parametrize("query", ["", "?id=abc", "?id=01890000-0000-7000-8000-000000000000"])
def test_release_of_nothing_goes_back_to_the_list(boss_client: Client, query: str) -> None:
    answer = boss_client.get(reverse(RELEASE) + query)

    assert (answer.status_code, answer.url) == (303, reverse(LIST))


def test_release_needs_the_right_to_change(staff_client: Any) -> None:
    reservation = hold()
    viewer = staff_client("view_reservation")

    shown = viewer.get(reverse("admin:inventory_reservation_change", args=[reservation.pk]))
    answer = release(viewer, reservation, reason="please")

    reservation.refresh_from_db()
    assert (shown.status_code, answer.status_code) == (200, 403)
    assert "Release" not in shown.content.decode()
    assert reservation.state == ReservationState.HELD


def test_reservations_are_read_only(boss_client: Client) -> None:
    reservation = hold()
    change = reverse("admin:inventory_reservation_change", args=[reservation.pk])

    assert boss_client.get(reverse("admin:inventory_reservation_add")).status_code == 403
    assert boss_client.post(change, {"state": "EXPIRED"}).status_code == 403
    boss_client.post(reverse("admin:inventory_reservation_delete", args=[reservation.pk]), {"post": "yes"})
    assert Reservation.objects.get().state == ReservationState.HELD


def test_set_aside_reservations_stand_on_top_and_have_a_filter(boss_client: Client) -> None:
    aside, later = hold("a", minutes=-1), hold("b")
    Reservation.objects.filter(pk=aside.pk).update(set_aside_at=timezone.now(), set_aside_reason="drift")

    everything = boss_client.get(reverse(LIST)).context["cl"].result_list
    queue = boss_client.get(reverse(LIST), {"clock": "person"}).context["cl"].result_list
    live = boss_client.get(reverse(LIST), {"clock": "live"}).context["cl"].result_list

    assert [row.pk for row in everything] == [aside.pk, later.pk]
    assert [row.pk for row in queue] == [aside.pk]
    assert [row.pk for row in live] == [later.pk]
