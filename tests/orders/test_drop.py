"""Drops: the quota, the price of the moment, the window by the server's clock, and the limit for each customer."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group

from inventory import services as inventory
from inventory.models import StockItem
from inventory.queries import holds, prove
from orders import services
from orders.models import Cart, CartLine, Order, OrderStatus
from orders.queries import prove_owed
from shop.drops import Access
from shop.errors import NotFound
from shop.models import Drop, Variant
from tests.books import counters, nothing_changes
from tests.factories import (
    ACTOR,
    NOW,
    CartFactory,
    DropFactory,
    StockItemFactory,
    UserFactory,
    guest_cart,
    paid_order,
    placed_order,
    published_drop,
    report,
)

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
START, END = NOW, NOW + timedelta(hours=1)


def add(variant: Variant, quantity: int = 1, *, cart: Cart | None = None, now: datetime = NOW, **more: Any) -> CartLine:
    cart = cart or CartFactory()
    return services.add_to_cart(cart_id=cart.pk, variant_id=variant.pk, quantity=quantity, now=now, actor=ACTOR, **more)


def quota_of(drop: Drop, item: StockItem) -> StockItem:
    return StockItem.objects.get(location=drop.location_id, variant=item.variant_id)


def ended_at(line: CartLine, now: datetime = NOW) -> datetime:
    return holds(reservation_ids=[line.reservation_id], now=now)[line.reservation_id].expires_at


# Publish, withdraw, end ---------------------------------------------------------------------------------------------


def test_publishing_takes_the_quota_out_of_general_stock() -> None:
    item = StockItemFactory(on_hand=5)

    drop = published_drop(quotas={item.variant: 3})

    assert counters(item) == (2, 0, 0)
    assert counters(quota_of(drop, item)) == (3, 0, 0)
    assert (drop.is_published, drop.published_by) == (True, ACTOR)
    assert prove() == []


def test_publishing_twice_moves_nothing_more() -> None:
    item = StockItemFactory(on_hand=5)
    drop = published_drop(quotas={item.variant: 3})

    with nothing_changes():
        services.publish_drop(drop_id=drop.pk, override="", actor=ACTOR, now=NOW)


def test_a_drop_that_is_not_green_is_published_with_a_named_reason_only() -> None:
    item = StockItemFactory(on_hand=5)
    drop = DropFactory(limit_per_customer=None)
    drop.items.create(variant=item.variant, quota=3, price_minor=150_000)
    earlier = NOW - timedelta(days=1)

    with nothing_changes(), pytest.raises(services.NotReady) as refusal:
        services.publish_drop(drop_id=drop.pk, override=" ", actor=ACTOR, now=earlier)
    assert refusal.value.facts == {"problems": ["No limit per customer: one shopper may buy everything."]}

    drop = services.publish_drop(drop_id=drop.pk, override="A clearance.", actor=ACTOR, now=earlier)
    assert (drop.is_published, drop.override) == (True, "A clearance.")


def test_no_reason_publishes_more_units_than_there_are() -> None:
    item = StockItemFactory(on_hand=2)
    drop = DropFactory()
    drop.items.create(variant=item.variant, quota=3, price_minor=150_000)

    with nothing_changes(), pytest.raises(services.NotReady):
        services.publish_drop(drop_id=drop.pk, override="please", actor=ACTOR, now=NOW - SECOND)


def test_withdrawing_before_it_opens_gives_the_quota_back() -> None:
    item = StockItemFactory(on_hand=5)
    drop = published_drop(quotas={item.variant: 3})

    drop = services.withdraw_drop(drop_id=drop.pk, actor=ACTOR, now=START - SECOND)

    assert not drop.is_published
    assert counters(item) == (5, 0, 0)
    with nothing_changes():
        services.withdraw_drop(drop_id=drop.pk, actor=ACTOR, now=START - SECOND)


def test_a_drop_that_is_open_is_ended_and_not_withdrawn() -> None:
    item = StockItemFactory(on_hand=5)
    drop = published_drop(quotas={item.variant: 3})

    with nothing_changes(), pytest.raises(services.DropMoved):
        services.withdraw_drop(drop_id=drop.pk, actor=ACTOR, now=START)
    with nothing_changes(), pytest.raises(services.DropMoved):
        services.end_drop(drop_id=drop.pk, actor=ACTOR, now=START - SECOND)

    drop = services.end_drop(drop_id=drop.pk, actor=ACTOR, now=START + SECOND)
    assert drop.ends_at == START + SECOND
    assert counters(item) == (5, 0, 0)
    with nothing_changes():
        services.end_drop(drop_id=drop.pk, actor=ACTOR, now=START + SECOND * 2)


# The window and the price -------------------------------------------------------------------------------------------


def test_within_the_window_units_come_from_the_quota_at_the_price_and_for_the_minutes_of_the_drop() -> None:
    item = StockItemFactory(on_hand=5)
    drop = published_drop(quotas={item.variant: 3}, hold_minutes=7, renewals=1)

    line = add(item.variant, 2)

    assert (line.unit_price_minor, line.drop_item) == (150_000, drop.items.get())
    assert ended_at(line) == NOW + timedelta(minutes=7)
    assert holds(reservation_ids=[line.reservation_id], now=NOW)[line.reservation_id].extensions_left == 1
    assert counters(quota_of(drop, item)) == (3, 2, 0)
    assert counters(item) == (2, 0, 0)


def test_it_opens_and_ends_at_the_second() -> None:
    item = StockItemFactory(on_hand=9)
    published_drop(quotas={item.variant: 5})
    instant = timedelta(microseconds=1)

    prices = [add(item.variant, now=now).unit_price_minor for now in (START - instant, START, END - instant, END)]

    assert prices == [250_000, 150_000, 150_000, 250_000]


def test_general_stock_is_not_sold_while_the_drop_runs() -> None:
    item = StockItemFactory(on_hand=5)
    published_drop(quotas={item.variant: 1})
    add(item.variant)
    cart = CartFactory()

    with nothing_changes(), pytest.raises(inventory.StockUnavailable):
        add(item.variant, cart=cart)


def test_before_it_opens_one_without_general_stock_says_when() -> None:
    item = StockItemFactory(on_hand=3)
    drop = published_drop(quotas={item.variant: 3})
    cart = CartFactory()

    with nothing_changes(), pytest.raises(services.DropNotOpen) as refusal:
        add(item.variant, cart=cart, now=START - SECOND)

    assert refusal.value.facts == {"drop": "12.12", "slug": drop.slug, "opens_at": START}
    assert refusal.value.title == "Opens Sat 12 Dec 2026, 12:00 WIB"


def test_a_line_from_before_stays_as_it_is_beside_the_line_of_the_drop() -> None:
    item = StockItemFactory(on_hand=5)
    published_drop(quotas={item.variant: 3})
    cart = CartFactory()
    before = add(item.variant, cart=cart, now=START - SECOND)

    within = add(item.variant, cart=cart, now=START)

    assert before.pk != within.pk
    lines = CartLine.objects.filter(cart=cart).order_by("pk")
    assert list(lines.values_list("unit_price_minor", "quantity")) == [(250_000, 1), (150_000, 1)]


def test_changes_of_the_quantity_keep_the_price_and_stay_in_the_quota() -> None:
    item = StockItemFactory(on_hand=5)
    drop = published_drop(quotas={item.variant: 2})
    line = add(item.variant)

    for quantity in (2, 1):
        line = services.set_quantity(
            cart_id=line.cart_id, line_id=line.pk, quantity=quantity, now=END - SECOND * 3500, actor=ACTOR
        )
        assert (line.quantity, line.unit_price_minor) == (quantity, 150_000)
        assert counters(quota_of(drop, item))[1] == quantity


def test_after_the_end_a_line_may_shrink_and_not_grow() -> None:
    item = StockItemFactory(on_hand=5)
    published_drop(quotas={item.variant: 3}, limit_per_customer=3)
    line = add(item.variant, 2, now=END - SECOND)
    change = {"cart_id": line.cart_id, "line_id": line.pk, "now": END, "actor": ACTOR}

    with nothing_changes(), pytest.raises(services.DropOver):
        services.set_quantity(quantity=3, **change)

    assert services.set_quantity(quantity=1, **change).unit_price_minor == 150_000


def test_a_hold_of_the_drop_is_ordered_and_paid_after_its_end() -> None:
    item = StockItemFactory(on_hand=5)
    drop = published_drop(quotas={item.variant: 3})
    cart = guest_cart(lines={item.variant: 2}, now=END - SECOND)
    later = END + timedelta(minutes=5)
    services.give_back_quotas(now=END)

    order = services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=later, actor=ACTOR)
    payment = services.start_payment(order_id=order.pk, now=later)
    report(payment, now=later)

    order.refresh_from_db()
    assert (order.status, order.subtotal_minor) == (OrderStatus.PAID, 300_000)
    assert order.lines.get().drop_item == drop.items.get()
    assert counters(quota_of(drop, item)) == (2, 0, 2)
    assert counters(item) == (3, 0, 0)
    assert (prove(), prove_owed()) == ([], [])


def test_holding_again_after_the_end_is_at_the_usual_price() -> None:
    item = StockItemFactory(on_hand=5)
    published_drop(quotas={item.variant: 3})
    line = add(item.variant, now=END - SECOND)

    again = services.hold_again(cart_id=line.cart_id, line_id=line.pk, now=END + timedelta(minutes=10), actor=ACTOR)

    assert (again.pk, again.unit_price_minor, again.drop_item) == (line.pk, 250_000, None)


def test_holding_again_joins_the_line_that_is_sold_the_same_way() -> None:
    item = StockItemFactory(on_hand=9)
    published_drop(quotas={item.variant: 3})
    cart = CartFactory()
    later = END + timedelta(minutes=10)
    dropped = add(item.variant, cart=cart, now=END - SECOND)
    usual = add(item.variant, cart=cart, now=later)

    again = services.hold_again(cart_id=cart.pk, line_id=dropped.pk, now=later, actor=ACTOR)

    assert (again.pk, again.quantity) == (usual.pk, 2)
    assert CartLine.objects.filter(cart=cart).count() == 1


# After the end ------------------------------------------------------------------------------------------------------


def test_after_the_end_what_is_left_goes_back_and_what_is_held_follows_when_it_ends() -> None:
    item = StockItemFactory(on_hand=5)
    drop = published_drop(quotas={item.variant: 5})
    add(item.variant, 2, now=END - SECOND)

    assert services.give_back_quotas(now=END - SECOND) == 0
    assert services.give_back_quotas(now=END) == 3
    assert counters(quota_of(drop, item)) == (2, 2, 0)
    assert services.give_back_quotas(now=END) == 0

    inventory.expire_due(now=END + timedelta(minutes=10))
    assert services.give_back_quotas(now=END + timedelta(minutes=10)) == 2
    assert counters(item) == (5, 0, 0)
    assert prove() == []


def test_with_no_clock_running_the_next_shopper_gets_what_the_drop_left() -> None:
    item = StockItemFactory(on_hand=3)
    drop = published_drop(quotas={item.variant: 3})

    line = add(item.variant, 2, now=END)

    assert line.unit_price_minor == 250_000
    assert counters(item) == (3, 2, 0)
    assert counters(quota_of(drop, item)) == (0, 0, 0)


def test_units_that_a_cancelled_order_gives_up_after_the_end_go_back_too() -> None:
    item = StockItemFactory(on_hand=3)
    drop = published_drop(quotas={item.variant: 3})
    order = placed_order(lines={item.variant: 2}, now=END - SECOND)
    services.give_back_quotas(now=END)

    services.cancel_order(order_id=order.pk, now=END, actor=ACTOR)

    assert counters(quota_of(drop, item)) == (2, 0, 0)
    assert services.give_back_quotas(now=END) == 2


def test_a_late_payment_takes_the_unit_from_the_quota_while_the_drop_runs() -> None:
    item = StockItemFactory(on_hand=3)
    drop = published_drop(quotas={item.variant: 3})
    order = placed_order(lines={item.variant: 2})
    payment = services.start_payment(order_id=order.pk, now=NOW)

    report(payment, now=NOW + timedelta(minutes=20))

    order.refresh_from_db()
    assert order.status == OrderStatus.PAID
    assert counters(quota_of(drop, item)) == (3, 0, 2)


def test_a_late_payment_after_the_end_takes_the_unit_from_general_stock_at_the_price_that_was_promised() -> None:
    item = StockItemFactory(on_hand=3)
    published_drop(quotas={item.variant: 3})
    order = placed_order(lines={item.variant: 2})
    payment = services.start_payment(order_id=order.pk, now=NOW)

    report(payment, now=END + SECOND)

    order.refresh_from_db()
    assert (order.status, order.subtotal_minor) == (OrderStatus.PAID, 300_000)
    assert counters(item) == (3, 0, 2)
    assert (prove(), prove_owed()) == ([], [])


# Early access -------------------------------------------------------------------------------------------------------


def early_drop(item: StockItem, **fields: Any) -> Drop:
    return published_drop(quotas={item.variant: 3}, early_minutes=30, **fields)


def test_whoever_entered_the_code_may_buy_so_much_earlier() -> None:
    item = StockItemFactory(on_hand=3)
    drop = early_drop(item, early_code="LANGKAH")
    access = Access(drop_ids=frozenset({str(drop.pk)}))
    early = START - timedelta(minutes=30)

    assert add(item.variant, now=early, access=access).unit_price_minor == 150_000
    for now, who in [(early - SECOND, access), (early, Access()), (START - SECOND, Access())]:
        with pytest.raises(services.DropNotOpen):
            add(item.variant, now=now, access=who)


def test_members_of_the_group_may_buy_earlier() -> None:
    item = StockItemFactory(on_hand=3)
    friends = Group.objects.create(name="Friends")
    early_drop(item, early_group=friends)
    friend, stranger = UserFactory(), UserFactory()
    friend.groups.add(friends)

    assert add(item.variant, now=START - SECOND, access=Access(user=friend)).unit_price_minor == 150_000
    for user in (stranger, AnonymousUser()):
        with pytest.raises(services.DropNotOpen):
            add(item.variant, now=START - SECOND, access=Access(user=user))


def test_a_code_opens_its_own_drop_until_the_end_however_it_is_spelled() -> None:
    first = early_drop(StockItemFactory(), early_code="Langkah 12")
    early_drop(StockItemFactory(), early_code="other")

    assert services.enter_code(code=" langkah 12 ", now=START - SECOND) == [first]
    assert services.enter_code(code="LANGKAH 12", now=START - SECOND, slug=first.slug) == [first]
    for code, slug, now in [
        ("langkah", first.slug, START - SECOND),
        ("other", first.slug, START - SECOND),
        ("", first.slug, START - SECOND),
        ("langkah 12", "no-such-drop", START - SECOND),
        ("langkah 12", first.slug, END),
    ]:
        with pytest.raises(services.WrongCode):
            services.enter_code(code=code, slug=slug, now=now)


# The limit ----------------------------------------------------------------------------------------------------------


def limit_facts(held: int, ordered: int, asked: int) -> dict[str, Any]:
    return {"drop": "12.12", "limit": 2, "held": held, "ordered": ordered, "asked": asked}


def test_nobody_holds_more_than_the_limit_in_one_cart() -> None:
    shoe, shirt = StockItemFactory(), StockItemFactory()
    published_drop(quotas={shoe.variant: 5, shirt.variant: 5})
    cart = CartFactory()
    add(shoe.variant, cart=cart)
    line = add(shirt.variant, cart=cart)

    with nothing_changes(), pytest.raises(services.LimitReached) as refusal:
        add(shoe.variant, cart=cart)
    assert refusal.value.facts == limit_facts(held=2, ordered=0, asked=1)
    assert refusal.value.detail == (
        "12.12 allows 2 per person. You have 2 on hold. Pay for what you hold, or let it go to hold something else."
    )
    with nothing_changes(), pytest.raises(services.LimitReached):
        services.set_quantity(cart_id=cart.pk, line_id=line.pk, quantity=2, now=NOW, actor=ACTOR)


def test_a_hold_that_has_ended_counts_for_nothing() -> None:
    shoe, shirt = StockItemFactory(), StockItemFactory()
    published_drop(quotas={shoe.variant: 5, shirt.variant: 5})
    cart = CartFactory()
    add(shoe.variant, 2, cart=cart)

    assert add(shirt.variant, 2, cart=cart, now=NOW + timedelta(minutes=10)).quantity == 2


def test_a_member_is_told_at_the_hold_what_is_ordered_already() -> None:
    item, member = StockItemFactory(on_hand=9), UserFactory()
    published_drop(quotas={item.variant: 9})
    paid_order(lines={item.variant: 1}, user=member)
    cart = services.open_cart(user=member)

    with nothing_changes(), pytest.raises(services.LimitReached) as refusal:
        add(item.variant, 2, cart=cart)

    assert refusal.value.facts == limit_facts(held=0, ordered=1, asked=2)
    assert refusal.value.detail == "12.12 allows 2 per person. You have 1 ordered. Ask for 1 or fewer."


def order_as(item: StockItem, *, units: int = 1, **typed: Any) -> Order:
    cart = guest_cart(lines={item.variant: units})
    services.save_checkout(cart_id=cart.pk, **typed)
    return services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=NOW, actor=ACTOR)


SOMEBODY_ELSE = {"email": "budi@example.com", "address": "Jalan Kenanga 9"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"email": "ayu.l@gmail.com"}, {"email": "A.Y.U.L+drop@googlemail.com", "address": "Jalan Kenanga 9"}),
        ({"email": "ayu@example.com"}, {"email": "AYU+2@example.com", "address": "Jalan Kenanga 9"}),
        ({"address": "Jalan Melati No. 5"}, {"address": "jl melati 5", "email": "budi@example.com"}),
    ],
)
def test_an_order_counts_for_whoever_bears_one_of_its_marks(first: dict[str, str], second: dict[str, str]) -> None:
    item = StockItemFactory(on_hand=9)
    published_drop(quotas={item.variant: 9})
    order_as(item, units=2, **first)
    cart = guest_cart(lines={})
    services.save_checkout(cart_id=cart.pk, **SOMEBODY_ELSE)
    add(item.variant, cart=cart)
    services.save_checkout(cart_id=cart.pk, **second)

    with nothing_changes(), pytest.raises(services.LimitReached) as refusal:
        services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=NOW, actor=ACTOR)

    assert refusal.value.facts == limit_facts(held=1, ordered=2, asked=0)
    assert refusal.value.detail == (
        "12.12 allows 2 per person. You have 1 on hold and 2 ordered. Let 1 go in the cart, then place the order."
    )


def test_somebody_else_is_not_limited_by_an_order_and_neither_is_who_cancelled() -> None:
    item = StockItemFactory(on_hand=9)
    published_drop(quotas={item.variant: 9})
    order = order_as(item, units=2)

    order_as(item, units=2, **SOMEBODY_ELSE)
    services.cancel_order(order_id=order.pk, now=NOW, actor=ACTOR)
    order_as(item, units=2)

    assert prove() == []


def test_without_a_limit_nobody_is_refused() -> None:
    item = StockItemFactory(on_hand=9)
    published_drop(quotas={item.variant: 9}, limit_per_customer=None)

    order_as(item, units=4)

    assert order_as(item, units=5).lines.get().quantity == 5


def test_a_payment_by_the_same_card_over_the_limit_goes_back_at_once() -> None:
    item = StockItemFactory(on_hand=9)
    drop = published_drop(quotas={item.variant: 9})
    first, second = order_as(item, units=2), order_as(item, units=1, **SOMEBODY_ELSE)
    report(services.start_payment(order_id=first.pk, now=NOW), fingerprint="card-1")
    payment = services.start_payment(order_id=second.pk, now=NOW)

    record = report(payment, fingerprint="card-1")

    second.refresh_from_db()
    assert (record.outcome, second.status) == ("over the limit, sent back", OrderStatus.REFUNDED)
    assert payment.refunds.get().amount_minor == payment.amount_minor
    assert counters(quota_of(drop, item)) == (9, 0, 2)
    assert (prove(), prove_owed()) == ([], [])


def test_an_expired_order_that_is_paid_late_counts_against_what_was_ordered_since() -> None:
    item = StockItemFactory(on_hand=9)
    published_drop(quotas={item.variant: 9})
    first = order_as(item, units=2)
    payment = services.start_payment(order_id=first.pk, now=NOW)
    later = NOW + timedelta(minutes=20)
    services.expire_unpaid(now=later)
    paid_order(lines={item.variant: 2}, now=later)

    record = report(payment, now=later)

    first.refresh_from_db()
    assert (record.outcome, first.status) == ("over the limit, sent back", OrderStatus.REFUNDED)


def test_merging_carts_keeps_lines_of_a_drop_apart_from_others() -> None:
    item, member = StockItemFactory(on_hand=9), UserFactory()
    published_drop(quotas={item.variant: 5})
    own = services.open_cart(user=member)
    add(item.variant, cart=own, now=START - SECOND)
    guest = CartFactory()
    add(item.variant, cart=guest)

    services.merge_carts(guest_cart_id=guest.pk, user=member, now=NOW)

    lines = CartLine.objects.filter(cart=own).order_by("unit_price_minor")
    assert list(lines.values_list("unit_price_minor", "quantity")) == [(150_000, 1), (250_000, 1)]


def test_an_unknown_drop_is_not_found() -> None:
    for act in (services.withdraw_drop, services.end_drop):
        with pytest.raises(NotFound):
            act(drop_id=Drop().pk, actor=ACTOR, now=NOW)
