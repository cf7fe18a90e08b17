"""The evening in front of a sale: places, the draw, the pace, the door; on a fake clock, the store in the database."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from shop.errors import NotFound
from shop.room import errors, places, services
from shop.room.draw import ticket_of
from shop.room.models import Admission, Room, StoreEntry
from shop.room.pace import Measured
from shop.room.places import Standing
from shop.room.queries import facts_of
from shop.room.stores import current_store
from shop.room.tokens import Ticket, read_ticket
from tests.factories import NOW, UserFactory
from tests.room.conftest import OPENS_AT, plan
from tests.room.scenes import Evening

# Taking a place -----------------------------------------------------------------------------------------------------


@pytest.fixture
def evening(room: Room) -> Evening:
    return Evening(key=room.key, now=NOW)


@pytest.fixture
def open_evening(evening: Evening) -> Evening:
    """Two people were early; lots are drawn."""
    evening.take()
    evening.take()
    evening.now = OPENS_AT
    evening.tick()
    return evening


def test_who_comes_early_is_told_when_doors_open(evening: Evening) -> None:
    place = evening.look(evening.take())

    assert (place.standing, place.number, place.waiting) == (Standing.BEFORE, 0, 1)
    assert place.ask_again_seconds == 60


def test_a_place_taken_too_early_is_refused(evening: Evening) -> None:
    evening.now = OPENS_AT - timedelta(minutes=31)

    with pytest.raises(errors.RoomNotOpen) as refusal:
        evening.take()

    assert refusal.value.facts["doors_at"] == OPENS_AT - timedelta(minutes=30)
    assert current_store().lots("evening") == []


def test_a_place_in_a_room_that_is_over_is_refused(evening: Evening) -> None:
    services.end_room(key="evening", now=NOW)
    evening_store_knows()

    with pytest.raises(errors.RoomClosed):
        evening.take()

    assert current_store().lots("evening") == []


def evening_store_knows() -> None:
    """What a commit would have told the store; a test's own transaction never commits."""
    current_store().keep(facts_of(Room.objects.get()))


def test_one_address_has_so_many_places(evening: Evening, settings: Any) -> None:
    settings.ROOM_PLACES_PER_ADDRESS = 2
    evening.take()
    evening.take()

    with pytest.raises(errors.RoomAddressFull) as refusal:
        evening.take()

    assert "2 people wait here" in refusal.value.detail
    assert len(current_store().lots("evening")) == 2
    evening.take(address="198.51.100.4")
    assert len(current_store().lots("evening")) == 3


def test_without_a_limit_one_address_may_take_any_number(evening: Evening, settings: Any) -> None:
    settings.ROOM_PLACES_PER_ADDRESS = 0

    for _ in range(60):
        evening.take()

    assert len(current_store().lots("evening")) == 60


def test_the_same_intent_gets_the_same_place(evening: Evening) -> None:
    first, second = (evening.take(intent="a-key-that-is-long-enough") for _ in range(2))

    assert read_ticket(first, room="evening") == read_ticket(second, room="evening")
    assert len(current_store().lots("evening")) == 1


def test_a_ticket_of_another_room_is_no_ticket(evening: Evening) -> None:
    plan(key="other")
    token = evening.take()

    ticket, place = services.look(key="other", token=token, now=NOW)

    assert (ticket, place.standing) == (None, Standing.OUTSIDE)


def test_a_ticket_that_somebody_changed_is_no_ticket(evening: Evening) -> None:
    token = evening.take()

    ticket, place = services.look(key="evening", token=token[:-3] + "abc", now=NOW)

    assert (ticket, place.standing) == (None, Standing.OUTSIDE)


def test_an_unknown_room_is_not_found(db: None) -> None:
    with pytest.raises(NotFound):
        services.look(key="nowhere", token=None, now=NOW)


# The draw -----------------------------------------------------------------------------------------------------------


def test_early_people_are_ordered_by_lot_and_late_people_after_them(evening: Evening) -> None:
    early = [evening.take() for _ in range(20)]
    evening.now = OPENS_AT
    evening.tick()

    late = [evening.take() for _ in range(3)]
    numbers = [evening.look(token).number for token in [*early, *late]]

    assert sorted(numbers[:20]) == list(range(1, 21))
    assert numbers[:20] != list(range(1, 21))
    assert numbers[20:] == [21, 22, 23]


def test_everybody_can_check_the_draw_afterwards(evening: Evening) -> None:
    tokens = [evening.take() for _ in range(10)]
    commitment = Room.objects.get().commitment
    evening.now = OPENS_AT
    evening.tick()

    room = Room.objects.get()

    assert hashlib.sha256(room.secret.encode()).hexdigest() == commitment
    order = [ticket_of(lot) for lot in room.lots.splitlines()]
    assert order == sorted(
        order, key=lambda ticket: hmac.new(room.secret.encode(), ticket.encode(), hashlib.sha256).hexdigest()
    )
    for token in tokens:
        ticket = read_ticket(token, room="evening")
        assert ticket is not None
        assert order.index(ticket.id) + 1 == evening.look(token).number


def test_lots_are_not_drawn_before_the_start_and_only_once(evening: Evening) -> None:
    evening.take()
    evening.now = OPENS_AT - timedelta(seconds=2)
    evening.tick()
    assert Room.objects.get().drawn_at is None

    evening.tick()
    drawn = Room.objects.get()
    evening.take()
    evening.tick(3)

    again = Room.objects.get()
    assert (drawn.drawn_at, len(drawn.lots.splitlines())) == (OPENS_AT, 1)
    assert (again.drawn_at, again.lots) == (drawn.drawn_at, drawn.lots)


def test_whoever_was_early_and_is_not_in_the_box_stands_where_the_lot_says(open_evening: Evening) -> None:
    ticket = Ticket(room="evening", id="was-early", joined_at=NOW)
    lots = Room.objects.get().lots.splitlines()

    _, place = services.look(key="evening", token=ticket.signed(), now=open_evening.now)

    room = Room.objects.get()
    lot = hmac.new(room.secret.encode(), b"was-early", hashlib.sha256).hexdigest()
    assert place.number == 1 + sum(each < lot for each in lots)


# The pace -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def crowd(evening: Evening, settings: Any) -> Evening:
    """A hundred and fifty people, and the doors have just opened."""
    settings.ROOM_PLACES_PER_ADDRESS = 0
    settings.ROOM_RATE_FIRST = 2
    for _ in range(150):
        evening.take()
    evening.now = OPENS_AT
    services.move_on("evening", now=evening.now)
    return evening


def reading(evening: Evening) -> Any:
    found = current_store().read("evening", now=evening.now)
    assert found is not None
    return found


def answer(evening: Evening, *, requests: int, seconds: float, busy: int = 0) -> None:
    """What the shop did in the second that is running."""
    measured = Measured(requests=requests, seconds=seconds, busy=busy)
    current_store().measure(second=int(evening.now.timestamp()), measured=measured)


def test_people_come_in_faster_as_long_as_the_shop_answers_quickly(crowd: Evening) -> None:
    rates = []
    for _ in range(5):
        answer(crowd, requests=20, seconds=0.4)
        crowd.tick()
        rates.append(reading(crowd).rate)

    assert rates == pytest.approx([2.25, 2.5, 2.75, 3.025, 3.3275])
    assert reading(crowd).serving == 13


def test_a_slow_shop_lets_fewer_in(crowd: Evening, settings: Any) -> None:
    settings.ROOM_TARGET_MS = 250
    answer(crowd, requests=20, seconds=20 * 0.251)

    crowd.tick()

    assert reading(crowd).rate == pytest.approx(2 * 0.67)


def test_a_shop_that_says_it_is_busy_lets_fewer_in(crowd: Evening) -> None:
    answer(crowd, requests=20, seconds=0.4, busy=1)

    crowd.tick()

    assert reading(crowd).rate == pytest.approx(2 * 0.67)


def test_staff_cap_the_rate(crowd: Evening) -> None:
    services.steer_room(key="evening", is_stopped=False, cap_per_minute=60, now=crowd.now)
    evening_store_knows()

    crowd.tick(10)

    assert reading(crowd).rate == 1
    assert reading(crowd).serving == 10


def test_a_room_that_is_stopped_lets_nobody_in_and_saves_nothing_up(crowd: Evening) -> None:
    crowd.tick(2)
    before = reading(crowd).serving
    services.steer_room(key="evening", is_stopped=True, cap_per_minute=None, now=crowd.now)
    evening_store_knows()

    crowd.tick(30)

    assert reading(crowd).serving == before
    waiting = next(place for place in map(crowd.look, list(crowd.tokens)) if place.standing is Standing.IN_LINE)
    assert (waiting.is_stopped, waiting.seconds) == (True, None)
    services.steer_room(key="evening", is_stopped=False, cap_per_minute=None, now=crowd.now)
    evening_store_knows()
    crowd.tick()
    assert reading(crowd).serving - before <= 4


def test_no_more_are_called_than_may_be_inside(crowd: Evening, settings: Any) -> None:
    settings.ROOM_MOST_INSIDE = 5

    crowd.tick(20)

    assert reading(crowd).serving == 5


def test_nobody_is_called_while_nobody_waits(room: Room) -> None:
    evening = Evening(key="evening", now=OPENS_AT)
    evening.tick(30)
    assert reading(evening).serving == 0

    token = evening.take()
    evening.tick()

    assert evening.look(token).standing is Standing.TURN


def test_a_number_that_was_given_up_costs_nobody_a_turn(crowd: Evening) -> None:
    by_number = {crowd.look(token).number: token for token in list(crowd.tokens)}
    for number in (1, 2, 3):
        services.leave(key="evening", token=by_number[number], now=crowd.now)

    crowd.tick()

    assert reading(crowd).serving == 5
    assert reading(crowd).figures["left"] == 3


def test_leaving_twice_counts_once(crowd: Evening) -> None:
    token = next(token for token in crowd.tokens if crowd.look(token).number == 150)
    for _ in range(2):
        services.leave(key="evening", token=token, now=crowd.now)

    assert (reading(crowd).left, reading(crowd).figures["left"]) == ([150], 1)


# What one is told ---------------------------------------------------------------------------------------------------


def test_positions_are_exact_when_small_and_rounded_when_large(crowd: Evening) -> None:
    by_number = {place.number: place for place in map(crowd.look, list(crowd.tokens))}

    assert [(by_number[n].before, by_number[n].is_exact) for n in (1, 42, 101, 102, 148)] == [
        (0, True),
        (41, True),
        (100, True),
        (100, False),
        (150, False),
    ]


def test_the_estimate_goes_by_the_last_minute_and_says_so(crowd: Evening) -> None:
    last = next(token for token in crowd.tokens if crowd.look(token).number == 150)
    assert crowd.look(last).seconds is None
    services.steer_room(key="evening", is_stopped=False, cap_per_minute=60, now=crowd.now)
    evening_store_knows()

    crowd.tick(70)
    last = next(token for token in crowd.tokens if crowd.look(token).number == 150)
    place = crowd.look(last)

    assert reading(crowd).serving == 70
    assert (place.before, place.seconds, place.pace_per_minute, place.minutes) == (79, 80, 60, 2)
    assert place.ask_again_seconds == 13


def test_a_place_is_kept_two_minutes_after_the_number_came_up(crowd: Evening) -> None:
    crowd.tick()
    called = next(token for token in crowd.tokens if crowd.look(token).number == 1)
    came_up_at = crowd.now

    assert crowd.look(called).kept_until == came_up_at + timedelta(minutes=2)
    crowd.wait(119)
    assert crowd.look(called).standing is Standing.TURN
    crowd.wait(1)
    assert crowd.look(called).standing is Standing.MISSED
    with pytest.raises(errors.RoomTurnMissed):
        crowd.come_in(called)
    assert Admission.objects.count() == 0


def test_a_turn_that_passed_long_ago_stays_missed(crowd: Evening, settings: Any) -> None:
    crowd.tick(20)
    crowd.tick(40, seconds=10)
    first = next(token for token in crowd.tokens if number_of(crowd, token) == 1)

    assert crowd.look(first).standing is Standing.MISSED


def number_of(evening: Evening, token: str) -> int:
    """The number, looked at in another browser: the token stays as it is."""
    return services.look(key="evening", token=token, now=evening.now)[1].number


# The door -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def called(open_evening: Evening) -> str:
    """A token whose number is up."""
    open_evening.tick(3)
    token = open_evening.tokens[0]
    assert open_evening.look(token).standing is Standing.TURN
    return token


def test_whoever_is_called_comes_in_with_a_pass(open_evening: Evening, called: str, settings: Any) -> None:
    given = open_evening.come_in(called)

    admission = Admission.objects.get()
    assert given.ticket == admission.ticket
    assert given.expires_at == open_evening.now + timedelta(minutes=settings.ROOM_PASS_MINUTES)
    assert reading(open_evening).inside == 1


def test_coming_in_twice_gives_the_same_pass(open_evening: Evening, called: str) -> None:
    first = open_evening.come_in(called)
    open_evening.wait(40)

    assert open_evening.come_in(called) == first
    assert Admission.objects.count() == 1


def test_whoever_is_not_called_stays_outside(crowd: Evening) -> None:
    last = next(token for token in crowd.tokens if crowd.look(token).number == 150)

    with pytest.raises(errors.RoomNotYourTurn) as refusal:
        crowd.come_in(last)

    assert refusal.value.retry_after_seconds == crowd.look(last).ask_again_seconds
    assert Admission.objects.count() == 0


def test_nobody_comes_in_without_a_ticket(open_evening: Evening) -> None:
    with pytest.raises(errors.RoomTicketNeeded):
        open_evening.come_in("forged")

    assert Admission.objects.count() == 0


def test_a_members_ticket_lets_that_member_in_alone(open_evening: Evening) -> None:
    member, other = UserFactory(), UserFactory()
    token = open_evening.take(member=str(member.pk))
    open_evening.tick(3)

    for stranger in (None, other.pk):
        with pytest.raises(errors.RoomPassElsewhere):
            services.come_in(key="evening", token=token, user_id=stranger, now=open_evening.now)

    assert Admission.objects.count() == 0
    given = services.come_in(key="evening", token=token, user_id=member.pk, now=open_evening.now)
    assert Admission.objects.get(ticket=given.ticket).user_id == member.pk


def test_a_pass_that_is_over_is_not_given_again(open_evening: Evening, called: str) -> None:
    open_evening.come_in(called)
    open_evening.wait(15 * 60)

    with pytest.raises(errors.RoomPassOver):
        open_evening.come_in(called)


def use(evening: Evening, token: str, cart_id: Any, *, user_id: Any = None, key: str = "evening") -> None:
    services.use_pass(key=key, tokens=["no pass", token], user_id=user_id, cart_id=cart_id, now=evening.now)


def test_a_pass_is_for_the_first_cart_that_uses_it(open_evening: Evening, called: str) -> None:
    token, cart, other = open_evening.come_in(called).signed(), uuid4(), uuid4()
    use(open_evening, token, cart)
    use(open_evening, token, cart)

    with pytest.raises(errors.RoomPassElsewhere):
        use(open_evening, token, other)

    assert Admission.objects.get().cart_id == cart


def test_a_members_pass_is_useless_to_anybody_else(open_evening: Evening) -> None:
    member = UserFactory()
    ticket = open_evening.take()
    open_evening.tick(3)
    given = services.come_in(key="evening", token=ticket, user_id=member.pk, now=open_evening.now)

    for stranger in (None, uuid4()):
        with pytest.raises(errors.RoomPassElsewhere):
            use(open_evening, given.signed(), uuid4(), user_id=stranger)

    assert Admission.objects.get(ticket=given.ticket).cart_id is None
    use(open_evening, given.signed(), uuid4(), user_id=member.pk)


def test_a_pass_goes_along_when_carts_are_merged(open_evening: Evening, called: str) -> None:
    token, guest, own = open_evening.come_in(called).signed(), uuid4(), uuid4()
    use(open_evening, token, guest)

    services.move_passes(from_cart_id=guest, to_cart_id=own)

    use(open_evening, token, own)


def test_a_pass_is_for_its_time_and_its_sale_only(open_evening: Evening, called: str) -> None:
    plan(key="other")
    token = open_evening.come_in(called).signed()

    with pytest.raises(errors.RoomPassNeeded) as refusal:
        use(open_evening, token, uuid4(), key="other")
    assert refusal.value.facts["queue_at"] == "/rooms/other/"
    open_evening.wait(15 * 60)
    with pytest.raises(errors.RoomPassOver):
        use(open_evening, token, uuid4())
    assert Admission.objects.get().cart_id is None


def test_a_ticket_is_no_pass(open_evening: Evening, called: str) -> None:
    with pytest.raises(errors.RoomPassNeeded) as refusal:
        use(open_evening, called, uuid4())

    assert refusal.value.retry_after_seconds == 5


# A store that forgets -----------------------------------------------------------------------------------------------


def test_nobody_loses_a_place_when_the_store_forgets_before_the_draw(evening: Evening) -> None:
    tokens = [evening.take() for _ in range(12)]
    evening.now = OPENS_AT - timedelta(minutes=5)
    StoreEntry.objects.all().delete()
    for token in tokens[:11]:
        evening.look(token)
    evening.now = OPENS_AT + timedelta(seconds=1)
    evening.tick()

    numbers = [evening.look(token).number for token in tokens]

    in_the_box, came_back_late = numbers[:11], numbers[11]
    assert sorted(in_the_box) == list(range(1, 12))
    # Whoever slept through it stands where the lot says, beside whoever has that number.
    assert 1 <= came_back_late <= 12


def test_the_draw_waits_for_the_lots_when_the_store_forgets_right_before_it(evening: Evening) -> None:
    tokens = [evening.take() for _ in range(5)]
    evening.now = OPENS_AT - timedelta(seconds=1)
    StoreEntry.objects.all().delete()
    evening.look(tokens[0])
    evening.tick(10)
    assert Room.objects.get().drawn_at is None

    for token in tokens:
        evening.look(token)
    evening.tick(6)

    assert len(Room.objects.get().lots.splitlines()) == 5


def test_everybody_keeps_their_number_when_the_store_forgets_after_the_draw(crowd: Evening) -> None:
    sleeping = crowd.tokens[:75]
    awake = crowd.tokens[75:] + [crowd.take() for _ in range(5)]
    crowd.tick(10)
    before = [number_of(crowd, token) for token in crowd.tokens]
    in_front = reading(crowd).serving
    for token in awake:
        crowd.look(token)
    by_number = dict(zip(before, crowd.tokens, strict=True))
    crowd.come_in(by_number[in_front])
    StoreEntry.objects.all().delete()

    crowd.tick()
    newcomer = crowd.take()

    assert [number_of(crowd, token) for token in crowd.tokens[:-1]] == before
    assert crowd.tokens[:75] == sleeping
    assert number_of(crowd, newcomer) > max(before)
    assert reading(crowd).serving >= in_front


def test_whoever_was_called_before_the_store_forgot_has_two_minutes_again(crowd: Evening) -> None:
    crowd.tick(10)
    called = {crowd.look(token).number: token for token in list(crowd.tokens)}
    highest = reading(crowd).serving
    crowd.come_in(called[highest])
    crowd.wait(100)
    StoreEntry.objects.all().delete()
    crowd.tick(60)

    place = crowd.look(called[highest - 1])

    assert place.standing is Standing.TURN


# Figures ------------------------------------------------------------------------------------------------------------


def test_a_rounded_number_of_people() -> None:
    assert [places.rounded(people) for people in (0, 99, 100, 101, 104, 106, 214)] == [0, 99, 100, 100, 100, 110, 210]
