"""Stock changes by the services alone, after a preview, with a reason, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory import services
from inventory.models import LedgerIsAppendOnly, MovementKind, StockItem, StockMovement
from tests.factories import ACTOR, LocationFactory, StockItemFactory, VariantFactory

pytestmark = pytest.mark.django_db


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:inventory_stockitem_{name}", args=args)


def held(item: StockItem, units: int) -> None:
    now = timezone.now()
    services.reserve(
        lines={item.sku: units}, token=f"t-{item.sku}", expires_at=now + timedelta(minutes=10), now=now, actor=ACTOR
    )


def counters(item: StockItem) -> tuple[int, int, int]:
    item.refresh_from_db()
    return item.on_hand, item.held, item.allocated


def change(number: int, **more: Any) -> dict[str, Any]:
    return {"mode": "change", "number": number, "reason": "Damage", "note": "wet boxes", **more}


def test_adjust_previews_before_it_changes_anything(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=60)
    held(item, 9)

    answer = boss_client.post(page("adjust", item.pk), {**change(0), "mode": "set", "number": 52})

    assert answer.status_code == 200
    assert answer.context["plan"].rows == [
        ("On hand", 60, 52),
        ("Held", 9, 9),
        ("Allocated", 0, 0),
        ("Back-order limit", 0, 0),
        ("Available", 51, 43),
    ]
    assert counters(item) == (60, 9, 0)


def test_adjust_confirmed_writes_the_ledger_with_reason_and_actor(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=5)

    answer = boss_client.post(page("adjust", item.pk), change(-2, confirm="yes", seen_on_hand=5), follow=True)

    movement = StockMovement.objects.filter(kind=MovementKind.ADJUST).get()
    assert answer.redirect_chain == [(page("change", item.pk), 303)]
    assert (movement.on_hand_change, movement.reason, movement.actor) == (-2, "Damage: wet boxes", "boss@example.com")
    assert f"Ledger number {movement.pk}" in answer.content.decode()
    assert counters(item) == (3, 0, 0)


def test_adjust_pressed_twice_changes_once_and_asks_again(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=5)
    confirmed = change(-2, confirm="yes", seen_on_hand=5)

    boss_client.post(page("adjust", item.pk), confirmed)
    answer = boss_client.post(page("adjust", item.pk), confirmed)

    assert answer.status_code == 200
    assert answer.context["plan"].seen_on_hand == 3
    assert "You saw 5 on hand, now there are 3" in answer.content.decode()
    assert counters(item) == (3, 0, 0)


def test_adjust_below_what_is_promised_is_refused_with_the_lowest_number(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=60)
    held(item, 47)

    preview = boss_client.post(page("adjust", item.pk), change(-20))
    forced = boss_client.post(page("adjust", item.pk), change(-20, confirm="yes", seen_on_hand=60))

    assert "47 are held and 0 are paid. The lowest possible value is 47." in preview.content.decode()
    assert 'name="confirm"' not in preview.content.decode()
    assert forced.context["form"].errors["number"] == [preview.context["plan"].refusal]
    assert counters(item) == (60, 47, 0)


def test_adjust_lets_go_of_expired_holds_before_it_counts_them(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=5)
    past = timezone.now() - timedelta(hours=1)
    services.reserve(lines={item.sku: 5}, token="old", expires_at=past, now=past - timedelta(hours=1), actor=ACTOR)

    answer = boss_client.post(page("adjust", item.pk), change(-5))

    assert answer.context["plan"].refusal == ""
    assert counters(item) == (5, 0, 0)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"number": "abc"}, "number"),
        ({"number": ""}, "number"),
        ({"number": 0}, "number"),
        ({"number": -(10**9)}, "number"),
        ({"number": -1, "mode": "set"}, "number"),
        ({"mode": "guess"}, "mode"),
        ({"reason": "Whim"}, "reason"),
        ({"note": ""}, "note"),
    ],
)
def test_adjust_refuses_bad_input_at_its_field(boss_client: Client, typed: dict[str, Any], field: str) -> None:
    item = StockItemFactory(on_hand=5)

    answer = boss_client.post(page("adjust", item.pk), change(-2, confirm="yes", seen_on_hand=5) | typed)

    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert counters(item) == (5, 0, 0)


def test_receive_makes_the_stock_item_once_even_when_pressed_twice(boss_client: Client) -> None:
    variant, location = VariantFactory(sku="NEW-1"), LocationFactory()
    delivery = {"sku": "new-1", "location": location.pk, "number": 8, "reason": "Delivery", "note": ""}

    preview = boss_client.post(page("receive"), delivery)
    assert preview.context["plan"].rows[0] == ("On hand", 0, 8)
    assert not StockItem.objects.exists()

    confirmed = {**delivery, "confirm": "yes", "seen_on_hand": 0}
    boss_client.post(page("receive"), confirmed)
    answer = boss_client.post(page("receive"), confirmed)

    item = StockItem.objects.get(variant=variant, location=location)
    assert "You saw 0 on hand, now there are 8" in answer.content.decode()
    assert counters(item) == (8, 0, 0)
    assert StockMovement.objects.filter(kind=MovementKind.RECEIVE).count() == 1


def test_receive_of_an_unknown_sku_names_the_remedy(boss_client: Client) -> None:
    typed = {"sku": "NOPE", "location": LocationFactory().pk, "number": 1, "reason": "Delivery"}

    answer = boss_client.post(page("receive"), typed)

    assert answer.context["form"].errors["sku"] == ["No variant has this SKU. Add it to its product first."]


def test_backorder_limit_is_set_after_a_preview(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=5)
    typed = {"number": 3, "reason": "Delivery", "note": "due on Friday"}

    preview = boss_client.post(page("backorder", item.pk), typed)
    boss_client.post(page("backorder", item.pk), {**typed, "confirm": "yes"})

    item.refresh_from_db()
    assert preview.context["plan"].available_after == 8
    assert (item.backorder_limit, item.available) == (3, 8)


def test_sku_page_shows_holds_and_ledger_with_balance(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=5)
    held(item, 2)
    services.adjust(stock_item_id=item.pk, change=-1, reason="damage", actor=ACTOR, now=timezone.now())

    answer = boss_client.get(page("change", item.pk))

    movements = [(row.kind, row.balance) for row in answer.context["movements"]]
    assert movements == [("ADJUST", 4), ("RESERVE", 5), ("RECEIVE", 5)]
    assert [line.quantity for line in answer.context["holds"]] == [2]
    assert answer.context["on_hand_sum"] == 4


def test_sku_page_filters_the_ledger_by_kind(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=5)
    held(item, 2)

    answer = boss_client.get(page("change", item.pk), {"kind": "RESERVE"})

    assert [row.kind for row in answer.context["movements"]] == ["RESERVE"]


def test_stock_list_filters_and_finds(boss_client: Client) -> None:
    many, few, none = (
        StockItemFactory(on_hand=units, variant__product__name=name)
        for units, name in ((50, "Lantern"), (3, "Teapot"), (0, "Blanket"))
    )

    def found(**query: str) -> list[int]:
        listed = boss_client.get(page("changelist"), query).context["cl"].result_list
        return sorted(item.pk for item in listed)

    assert found() == [many.pk, few.pk, none.pk]
    assert found(available="low") == [few.pk]
    assert found(available="none") == [none.pk]
    assert found(q=few.sku) == [few.pk]
    assert found(q="lantern") == [many.pk]


def test_stock_items_are_never_deleted(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=5)

    answer = boss_client.post(page("delete", item.pk), {"post": "yes"}, follow=True)

    assert "Adjust to 0 instead" in answer.content.decode()
    assert counters(item) == (5, 0, 0)


def test_viewers_see_and_change_nothing(staff_client: Any) -> None:
    item = StockItemFactory(on_hand=5)
    viewer = staff_client("view_stockitem")

    shown = viewer.get(page("change", item.pk))
    refused = [
        viewer.post(page("adjust", item.pk), change(-1, confirm="yes", seen_on_hand=5)),
        viewer.post(page("backorder", item.pk), {"number": 3, "confirm": "yes"}),
        viewer.post(page("receive"), {"confirm": "yes"}),
    ]

    assert shown.status_code == 200
    assert page("adjust", item.pk) not in shown.content.decode()
    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert staff_client("view_order").get(page("change", item.pk)).status_code == 403
    assert counters(item) == (5, 0, 0)


def test_changes_need_the_token_of_the_form(boss: Any) -> None:
    item = StockItemFactory(on_hand=5)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(boss)

    answer = strict.post(page("adjust", item.pk), change(-1, confirm="yes", seen_on_hand=5))

    assert answer.status_code == 403
    assert counters(item) == (5, 0, 0)


def test_unknown_items_are_not_found(boss_client: Client) -> None:
    addresses = [page("change", 999), page("change", "abc"), page("adjust", 999), page("backorder", 999)]

    assert [boss_client.get(address).status_code for address in addresses] == [404, 404, 404, 404]


def test_ledger_is_never_changed_or_deleted(boss_client: Client) -> None:
    StockItemFactory(on_hand=5)
    movement = StockMovement.objects.get()
    address = reverse("admin:inventory_stockmovement_change", args=[movement.pk])

    posted = boss_client.post(address, {"reason": "rewritten"})
    deleted = boss_client.post(reverse("admin:inventory_stockmovement_delete", args=[movement.pk]), {"post": "yes"})

    assert posted.status_code == 403
    assert deleted.status_code == 302
    assert StockMovement.objects.get().reason == movement.reason
    with pytest.raises(LedgerIsAppendOnly):
        movement.delete()


def test_ledger_exports_the_current_filter_without_formulas(boss_client: Client) -> None:
    item = StockItemFactory(on_hand=5)
    services.adjust(stock_item_id=item.pk, change=-1, reason="=cmd()", actor=ACTOR, now=timezone.now())
    address = reverse("admin:inventory_stockmovement_export")

    one = boss_client.get(address, {"kind__exact": "ADJUST", "stock_item__id__exact": item.pk})
    lines = b"".join(one.streaming_content).decode().splitlines()

    assert len(lines) == 2
    assert lines[1].split(",")[4:9] == ["ADJUST", "-1", "0", "0", "'=cmd()"]
    assert len(list(boss_client.get(address).streaming_content)) == 3


@pytest.mark.parametrize("query", ["stock_item__id__exact=abc", "foo=1", "created_at__gte=x"])
def test_ledger_export_of_a_filter_that_cannot_be_used_leads_back_to_the_list(boss_client: Client, query: str) -> None:
    answer = boss_client.get(f"{reverse('admin:inventory_stockmovement_export')}?{query}")

    assert (answer.status_code, answer["Location"]) == (303, "/admin/inventory/stockmovement/?e=1")


def test_ledger_export_needs_the_right(staff_client: Any) -> None:
    assert staff_client("view_order").get(reverse("admin:inventory_stockmovement_export")).status_code == 403


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_of_stock_cost_the_same_at_any_length(
    boss_client: Client, django_assert_num_queries: Any, rows: int
) -> None:
    for _ in range(rows):
        held(StockItemFactory(on_hand=5), 1)

    with django_assert_num_queries(4):
        boss_client.get(page("changelist"))
    with django_assert_num_queries(4):
        boss_client.get(reverse("admin:inventory_stockmovement_changelist"))
    with django_assert_num_queries(4):
        boss_client.get(reverse("admin:inventory_reservation_changelist"))


@pytest.mark.parametrize("rows", [1, 3])
def test_sku_page_costs_the_same_at_any_length(boss_client: Client, django_assert_num_queries: Any, rows: int) -> None:
    item = StockItemFactory(on_hand=5)
    now = timezone.now()
    for number in range(rows):
        services.reserve(
            lines={item.sku: 1}, token=str(number), expires_at=now + timedelta(minutes=9), now=now, actor=ACTOR
        )

    with django_assert_num_queries(6):
        boss_client.get(page("change", item.pk))
