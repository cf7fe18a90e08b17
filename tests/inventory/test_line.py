"""The line: first come, first served, and no freed unit is up for grabs while somebody waits."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from pytest_django import DjangoAssertNumQueries

from inventory import line as lines
from inventory import services
from inventory.models import PlaceInLine, PlaceState, Reservation, StockItem, StockMovement, WaitingLine
from inventory.queries import available_to_promise, prove
from shop.errors import InvalidInput
from tests.books import counters, nothing_changes
from tests.factories import ACTOR, NOW, LocationFactory, StockItemFactory, VariantFactory, allocation, hold

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _all_agrees() -> Iterator[None]:
    yield
    assert prove() == []


def wait(item: StockItem, *, quantity: int = 1, holder: str = "") -> PlaceInLine:
    """Somebody joins the line of a SKU."""
    who = holder or str(uuid4())
    return services.join_line(sku=item.sku, quantity=quantity, token=str(uuid4()), holder=who, now=NOW)


def sold_out(*, on_hand: int = 1, **kwargs: object) -> tuple[StockItem, Reservation]:
    """A stock item, and the hold that has all of it."""
    item = StockItemFactory(on_hand=on_hand, **kwargs)
    return item, hold(lines={item.sku: item.on_hand + item.backorder_limit}, minutes=10)


def awaited(item: StockItem) -> int:
    """Units that somebody waits for, as the row has them."""
    return StockItem.objects.get(pk=item.pk).awaited


def state(place: PlaceInLine) -> tuple[str, int]:
    """Where the place stands, and the units that were offered."""
    return PlaceInLine.objects.values_list("state", "offered").get(pk=place.pk)


def test_join_waits_for_what_was_never_delivered_and_gets_the_first_unit() -> None:
    variant, place = VariantFactory(), LocationFactory()

    first = services.join_line(sku=variant.sku, quantity=1, token=str(uuid4()), holder="ayu", now=NOW)
    second = services.join_line(sku=variant.sku, quantity=1, token=str(uuid4()), holder="budi", now=NOW)
    item = services.receive(
        sku=variant.sku, location=place.code, quantity=1, reason="first delivery", actor=ACTOR, now=NOW
    )

    assert state(first) == (PlaceState.OFFERED, 1)
    assert state(second) == (PlaceState.WAITING, 0)
    assert awaited(item) == 1


# Joining ------------------------------------------------------------------------------------------------------------


def test_join_waits_at_the_end_and_keeps_the_units_away_from_everybody() -> None:
    item, _ = sold_out()

    first, second = wait(item, quantity=2), wait(item)

    assert (first.state, second.state) == (PlaceState.WAITING, PlaceState.WAITING)
    assert first.number < second.number
    assert awaited(item) == 3
    known = lines.places(place_ids=[first.pk, second.pk], now=NOW)
    assert (known[first.pk].position, known[second.pk].position) == (1, 2)
    assert (known[first.pk].units_before, known[second.pk].units_before) == (0, 2)


def test_join_with_the_same_token_is_the_same_place() -> None:
    item, _ = sold_out()
    first = services.join_line(sku=item.sku, quantity=1, token="once", holder="maya", now=NOW)

    with nothing_changes():
        assert services.join_line(sku=item.sku, quantity=1, token="once", holder="maya", now=NOW) == first


def test_join_twice_by_one_holder_is_refused() -> None:
    item, _ = sold_out()
    first = wait(item, holder="maya")

    with nothing_changes(), pytest.raises(services.AlreadyInLine) as refusal:
        wait(item, holder="maya")

    assert refusal.value.facts == {"place_id": str(first.pk)}


def test_join_again_after_leaving_is_a_new_place_at_the_end() -> None:
    item, _ = sold_out()
    first = wait(item, holder="maya")
    other = wait(item)
    services.leave_line(place_id=first.pk, reason="", now=NOW)

    again = wait(item, holder="maya")

    assert again.number > other.number


def test_join_is_refused_while_enough_is_free() -> None:
    item = StockItemFactory(on_hand=2)

    with nothing_changes(), pytest.raises(services.NotSoldOut) as refusal:
        wait(item, quantity=2)

    assert refusal.value.facts == {"available": 2}


def test_join_for_more_than_is_free_is_a_turn_at_once_with_what_is_free() -> None:
    item = StockItemFactory(on_hand=2)

    place = wait(item, quantity=3)

    assert state(place) == (PlaceState.OFFERED, 2)
    assert counters(item) == (2, 2, 0)
    assert awaited(item) == 0


def test_join_is_refused_when_staff_closed_the_line() -> None:
    item, _ = sold_out()
    services.set_line_open(sku=item.sku, is_open=False, now=NOW)

    with nothing_changes(), pytest.raises(services.LineClosed):
        wait(item)


def test_join_is_refused_for_what_is_not_sold() -> None:
    with nothing_changes(), pytest.raises(services.UnknownStockItem):
        services.join_line(sku="NO-SUCH-SKU", quantity=1, token="t", holder="maya", now=NOW)


@pytest.mark.parametrize("quantity", [0, -1, 10**9, "3", None, 1.0, True])
def test_join_for_no_whole_number_is_refused(quantity: object) -> None:
    item, _ = sold_out()

    with nothing_changes(), pytest.raises(InvalidInput):
        services.join_line(sku=item.sku, quantity=quantity, token="t", holder="maya", now=NOW)  # type: ignore[arg-type]


def test_join_releases_expired_holds_first_so_that_nobody_waits_for_a_free_unit() -> None:
    item, ended = sold_out()

    with pytest.raises(services.NotSoldOut):
        services.join_line(sku=item.sku, quantity=1, token="t", holder="maya", now=ended.expires_at)


# Handing on ---------------------------------------------------------------------------------------------------------

Freeing = Callable[[StockItem], None]


def by_expiry(item: StockItem) -> None:
    services.expire_due(now=NOW + timedelta(minutes=10))


def by_release(item: StockItem) -> None:
    services.release(reservation_id=Reservation.objects.get(token="held").pk, reason="", actor=ACTOR, now=LATER)


def by_shrinking(item: StockItem) -> None:
    pk = Reservation.objects.get(token="held").pk
    services.resize(reservation_id=pk, lines={item.sku: 1}, actor=ACTOR, now=LATER)


def by_giving_back(item: StockItem) -> None:
    pk = Reservation.objects.get(token="held").pk
    services.commit(reservation_ids=[pk], actor=ACTOR, now=LATER)
    services.give_back(reservation_id=pk, lines={item.sku: 1}, reason="cancelled", actor=ACTOR, now=LATER)


def by_return(item: StockItem) -> None:
    pk = Reservation.objects.get(token="held").pk
    services.commit(reservation_ids=[pk], actor=ACTOR, now=LATER)
    services.fulfil(reservation_id=pk, lines={item.sku: 2}, actor=ACTOR, now=LATER)
    services.take_back(
        reservation_id=pk, restocked={item.sku: 1}, written_off={}, reason="returned", actor=ACTOR, now=LATER
    )


def by_delivery(item: StockItem) -> None:
    services.receive(sku=item.sku, location="MAIN", quantity=1, reason="delivery", actor=ACTOR, now=LATER)


def by_delivery_elsewhere(item: StockItem) -> None:
    LocationFactory(code="FAR")
    services.receive(sku=item.sku, location="FAR", quantity=1, reason="delivery", actor=ACTOR, now=LATER)


def by_count(item: StockItem) -> None:
    services.adjust(stock_item_id=item.pk, change=1, reason="count", actor=ACTOR, now=LATER)


@pytest.mark.parametrize(
    "free_one",
    [
        by_expiry,
        by_release,
        by_shrinking,
        by_giving_back,
        by_return,
        by_delivery,
        by_delivery_elsewhere,
        by_count,
    ],
)
def test_a_unit_that_becomes_free_is_the_next_ones_in_the_same_moment(free_one: Freeing) -> None:
    item = StockItemFactory(on_hand=2)
    services.reserve(lines={item.sku: 2}, token="held", expires_at=NOW + timedelta(minutes=10), now=NOW, actor=ACTOR)
    first, second, third = wait(item), wait(item), wait(item)

    free_one(item)

    assert state(first) == (PlaceState.OFFERED, 1)
    assert state(third) == (PlaceState.WAITING, 0)
    # Two units were in the hold that expired or was let go; the other ways free one.
    turns = 2 if free_one in (by_expiry, by_release) else 1
    assert state(second)[0] == (PlaceState.OFFERED if turns == 2 else PlaceState.WAITING)
    for row in StockItem.objects.filter(variant=item.variant):
        assert (row.awaited, row.available) == (3 - turns, 0)


def test_an_offer_is_an_ordinary_hold_of_the_length_of_a_turn_that_nobody_extends() -> None:
    item, taken = sold_out()
    place = wait(item)

    services.release(reservation_id=taken.pk, reason="", actor=ACTOR, now=LATER)

    offer = Reservation.objects.get(pk=place.pk)
    assert (offer.state, offer.created_at, offer.expires_at) == ("HELD", LATER, LATER + settings.TURN_TIME)
    assert counters(item) == (1, 1, 0)
    movement = StockMovement.objects.get(reservation_id=offer.pk)
    assert (movement.kind, movement.held_change, movement.actor) == ("RESERVE", 1, "line")
    with nothing_changes(), pytest.raises(services.ExtensionLimitReached):
        services.extend(reservation_id=offer.pk, now=offer.expires_at - timedelta(minutes=1))


def test_nobody_else_gets_what_somebody_waits_for() -> None:
    item, taken = sold_out()
    wait(item)

    with nothing_changes(), pytest.raises(services.StockUnavailable):
        hold(lines={item.sku: 1})

    services.release(reservation_id=taken.pk, reason="", actor=ACTOR, now=NOW)
    with nothing_changes(), pytest.raises(services.StockUnavailable):
        hold(lines={item.sku: 1})
    assert available_to_promise(skus=[item.sku], now=NOW)[item.sku].free == 0


def test_what_has_expired_is_handed_on_by_whoever_is_refused() -> None:
    item, ended = sold_out()
    place = wait(item)

    assert available_to_promise(skus=[item.sku], now=ended.expires_at)[item.sku].free == 0
    with pytest.raises(services.StockUnavailable):
        services.reserve(
            lines={item.sku: 1}, token="late", expires_at=NOW + timedelta(hours=1), now=ended.expires_at, actor=ACTOR
        )

    assert state(place) == (PlaceState.OFFERED, 1)


def test_more_than_the_line_waits_for_is_everybodys() -> None:
    item, _ = sold_out()
    wait(item)

    services.receive(sku=item.sku, location="MAIN", quantity=3, reason="delivery", actor=ACTOR, now=NOW)

    assert available_to_promise(skus=[item.sku], now=NOW)[item.sku].free == 2


def test_who_asked_for_more_than_is_free_is_offered_what_is_free() -> None:
    item, taken = sold_out(on_hand=2)
    greedy, modest = wait(item, quantity=5), wait(item)

    services.release(reservation_id=taken.pk, reason="", actor=ACTOR, now=NOW)

    assert (state(greedy), state(modest)) == ((PlaceState.OFFERED, 2), (PlaceState.WAITING, 0))
    assert awaited(item) == 1


def test_an_offer_may_come_from_two_locations() -> None:
    variant = VariantFactory()
    for code, priority in (("NEAR", 1), ("FAR", 2)):
        StockItemFactory(variant=variant, location=LocationFactory(code=code, priority=priority), on_hand=1)
    taken = hold(lines={variant.sku: 2})
    place = services.join_line(sku=variant.sku, quantity=2, token="t", holder="maya", now=NOW)
    assert set(StockItem.objects.values_list("awaited", flat=True)) == {2}

    services.release(reservation_id=taken.pk, reason="", actor=ACTOR, now=NOW)

    offered = Reservation.objects.get(pk=place.pk).lines.values_list("stock_item__location__code", "quantity")
    assert dict(offered) == {"NEAR": 1, "FAR": 1}
    assert set(StockItem.objects.values_list("awaited", flat=True)) == {0}


def test_a_new_stock_item_waits_with_its_line() -> None:
    item, _ = sold_out()
    wait(item, quantity=2)
    LocationFactory(code="FAR", is_active=False)

    services.receive(sku=item.sku, location="FAR", quantity=5, reason="delivery", actor=ACTOR, now=NOW)

    assert set(StockItem.objects.filter(variant=item.variant).values_list("awaited", flat=True)) == {2}


def test_what_a_location_has_is_handed_on_when_it_is_opened_again() -> None:
    item, _ = sold_out()
    far = LocationFactory(code="FAR", is_active=False)
    StockItemFactory(variant=item.variant, location=far, on_hand=1)
    place = wait(item)
    far.is_active = True
    far.save(update_fields=["is_active"])

    assert services.hand_on_waiting(now=NOW) == 1
    assert state(place) == (PlaceState.OFFERED, 1)
    assert services.hand_on_waiting(now=NOW) == 0


def test_the_line_of_a_drop_waits_for_its_quota_alone() -> None:
    item, _ = sold_out()
    drop = services.open_drop_location(code="DROP", name="Drop")
    services.receive(sku=item.sku, location="DROP", quantity=1, reason="quota", actor=ACTOR, now=NOW)
    taken = services.reserve(
        lines={item.sku: 1}, token="t", expires_at=NOW + timedelta(hours=1), now=NOW, actor=ACTOR, location_id=drop.pk
    )
    in_drop = services.join_line(sku=item.sku, quantity=1, token="drop", holder="maya", now=NOW, location_id=drop.pk)
    ordinary = wait(item, holder="maya")

    services.release(reservation_id=taken.pk, reason="", actor=ACTOR, now=NOW)

    assert (state(in_drop)[0], state(ordinary)[0]) == (PlaceState.OFFERED, PlaceState.WAITING)
    assert Reservation.objects.get(pk=in_drop.pk).lines.get().stock_item.location == drop


# The turn -----------------------------------------------------------------------------------------------------------


def turn(*, others: int = 1) -> tuple[StockItem, PlaceInLine, list[PlaceInLine]]:
    """A place at its turn, and those behind it."""
    item, taken = sold_out()
    first, behind = wait(item), [wait(item) for _ in range(others)]
    services.release(reservation_id=taken.pk, reason="", actor=ACTOR, now=NOW)
    return item, first, behind


def test_take_turn_gives_the_reservation_and_the_same_one_again() -> None:
    item, place, _ = turn()

    taken = services.take_turn(place_id=place.pk, now=NOW)

    assert (taken.pk, taken.state) == (place.pk, "HELD")
    assert state(place)[0] == PlaceState.TAKEN
    with nothing_changes():
        assert services.take_turn(place_id=place.pk, now=NOW) == taken
    assert counters(item) == (1, 1, 0)


def test_take_turn_past_its_time_is_refused() -> None:
    _, place, _ = turn()

    with nothing_changes(), pytest.raises(services.TurnOver):
        services.take_turn(place_id=place.pk, now=NOW + settings.TURN_TIME)


def test_take_turn_of_who_waits_is_refused() -> None:
    _, _, (second,) = turn()

    with nothing_changes(), pytest.raises(services.TurnOver):
        services.take_turn(place_id=second.pk, now=NOW)


def test_a_missed_turn_is_the_next_ones() -> None:
    item, place, (second,) = turn()

    services.expire_due(now=NOW + settings.TURN_TIME)

    assert (state(place)[0], state(second)[0]) == (PlaceState.MISSED, PlaceState.OFFERED)
    assert counters(item) == (1, 1, 0)


def test_a_declined_turn_is_the_next_ones() -> None:
    item, place, (second,) = turn()

    assert services.decline_turn(place_id=place.pk, reason="", actor=ACTOR, now=NOW) is True

    assert (state(place)[0], state(second)[0]) == (PlaceState.DECLINED, PlaceState.OFFERED)
    with nothing_changes():
        assert services.decline_turn(place_id=place.pk, reason="", actor=ACTOR, now=NOW) is False
    assert counters(item) == (1, 1, 0)


def test_a_taken_turn_that_is_let_go_stays_taken_and_frees_the_unit() -> None:
    _, place, (second,) = turn()
    services.take_turn(place_id=place.pk, now=NOW)

    services.release(reservation_id=place.pk, reason="", actor=ACTOR, now=NOW)

    assert (state(place)[0], state(second)[0]) == (PlaceState.TAKEN, PlaceState.OFFERED)


# Leaving, moving, closing --------------------------------------------------------------------------------------------


def test_leave_takes_the_units_off_and_a_repeat_does_nothing() -> None:
    item, _ = sold_out()
    first, second = wait(item, quantity=2), wait(item)

    assert services.leave_line(place_id=first.pk, reason="changed my mind", now=LATER) is True

    assert (state(first)[0], awaited(item)) == (PlaceState.LEFT, 1)
    with nothing_changes():
        assert services.leave_line(place_id=first.pk, reason="", now=LATER) is False
    assert lines.places(place_ids=[second.pk], now=NOW)[second.pk].position == 1


@pytest.mark.parametrize(("to_front", "order"), [(True, [2, 0, 1]), (False, [0, 1, 2])])
def test_move_puts_a_place_in_front_or_behind(to_front: bool, order: list[int]) -> None:
    item, _ = sold_out(on_hand=3)
    places = [wait(item) for _ in range(3)]

    services.move_in_line(place_id=places[2].pk, to_front=to_front, reason="was pushed out by an error of ours")

    numbers = PlaceInLine.objects.order_by("number").values_list("pk", flat=True)
    assert list(numbers) == [places[index].pk for index in order]


def test_move_of_a_place_that_waits_no_more_is_refused() -> None:
    _, place, _ = turn()

    with nothing_changes(), pytest.raises(services.NotWaiting):
        services.move_in_line(place_id=place.pk, to_front=True, reason="why")


def test_closing_ends_those_who_wait_and_leaves_the_turns() -> None:
    item, place, behind = turn(others=3)

    assert services.set_line_open(sku=item.sku, is_open=False, now=LATER) == 3

    assert [state(each)[0] for each in [place, *behind]] == ["OFFERED", "CLOSED", "CLOSED", "CLOSED"]
    assert awaited(item) == 0
    assert services.set_line_open(sku=item.sku, is_open=False, now=LATER) == 0
    services.set_line_open(sku=item.sku, is_open=True, now=LATER)
    assert WaitingLine.objects.get(sku=item.sku).is_open is True


def test_a_place_goes_to_another_name_unless_that_name_waits_already() -> None:
    item, _ = sold_out()
    guest, member = wait(item, holder="guest"), wait(item, holder="member")

    assert services.give_place(place_id=guest.pk, holder="member") is False
    services.leave_line(place_id=member.pk, reason="", now=NOW)
    assert services.give_place(place_id=guest.pk, holder="member") is True

    assert [place.place_id for place in lines.live_places(holders=["member"], now=NOW)] == [guest.pk]


def test_unknown_places_are_refused() -> None:
    nobody = UUID(int=7)
    for act in (
        lambda: services.leave_line(place_id=nobody, reason="", now=NOW),
        lambda: services.take_turn(place_id=nobody, now=NOW),
        lambda: services.decline_turn(place_id=nobody, reason="", actor=ACTOR, now=NOW),
        lambda: services.move_in_line(place_id=nobody, to_front=True, reason="why"),
        lambda: services.give_place(place_id=nobody, holder="x"),
    ):
        with nothing_changes(), pytest.raises(services.UnknownPlace):
            act()


# Telling, and what can be said ---------------------------------------------------------------------------------------


def test_news_are_told_once() -> None:
    _, place, (second,) = turn()
    assert [each.place_id for each in lines.places_with_news(limit=10, now=NOW)] == [place.pk]

    assert services.tell(place_id=place.pk, state=PlaceState.OFFERED) is True

    assert services.tell(place_id=place.pk, state=PlaceState.OFFERED) is False
    assert lines.places_with_news(limit=10, now=NOW) == []
    services.expire_due(now=NOW + settings.TURN_TIME)
    news = {each.place_id: each.state for each in lines.places_with_news(limit=10, now=NOW)}
    assert news == {place.pk: PlaceState.MISSED, second.pk: PlaceState.OFFERED}


def test_a_turn_past_its_time_is_missed_before_anybody_wrote_it_down() -> None:
    _, place, _ = turn()

    before = lines.places(place_ids=[place.pk], now=NOW)[place.pk]
    after = lines.places(place_ids=[place.pk], now=NOW + settings.TURN_TIME)[place.pk]

    assert (before.is_turn, before.is_missed, before.held_until) == (True, False, NOW + settings.TURN_TIME)
    assert (after.is_turn, after.is_missed, after.is_over) == (False, True, True)


@pytest.mark.parametrize("ended", [29, 30])
def test_odds_speak_of_unpaid_holds_only_when_enough_have_ended(ended: int) -> None:
    item = StockItemFactory(on_hand=100)
    for number in range(ended):
        if number % 3:
            allocation(lines={item.sku: 1})
        else:
            services.release(reservation_id=hold(lines={item.sku: 1}).pk, reason="", actor=ACTOR, now=NOW)
    hold(lines={item.sku: 2})

    (odds,) = lines.odds(lines=[(item.sku, None)]).values()

    assert odds == lines.Odds(held=2, ended=30, ended_unpaid=10) if ended == 30 else lines.Odds(2, None, None)


@pytest.mark.parametrize("count", [1, 3])
def test_places_and_their_odds_take_three_queries(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    places = [wait(sold_out()[0], holder="maya") for _ in range(count)]

    with django_assert_num_queries(3):
        known = lines.live_places(holders=["maya"], now=NOW)
        lines.odds(lines=[(place.sku, place.location_id) for place in known])

    assert [place.place_id for place in known] == [place.pk for place in places]


def test_prove_shows_an_offer_without_a_hold() -> None:
    _, place, _ = turn()

    Reservation.objects.filter(pk=place.pk).update(state="RELEASED")

    assert ("offered in line = held for turns", 1, 0) in [(each.law, each.counter, each.rows) for each in prove()]
    Reservation.objects.filter(pk=place.pk).update(state="HELD")
