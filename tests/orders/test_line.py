"""The line from the shopper's side: joining, turns, mails, and one place for each shopper."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from inventory import line as lines
from inventory import services as inventory
from inventory.queries import prove
from orders import services
from orders.models import CartLine, Message, Waiting
from orders.places import of_shopper, turns_of
from shop.models import Variant
from tests.books import nothing_changes
from tests.factories import ACTOR, NOW, StockItemFactory, UserFactory, hold

pytestmark = pytest.mark.django_db

GUEST = AnonymousUser()
EMAIL = "maya@example.com"


def sold_out(*, units: int = 1) -> tuple[Variant, object]:
    """A variant of which somebody holds every unit, and the id of that hold."""
    variant = StockItemFactory(on_hand=units).variant
    return variant, hold(lines={variant.sku: units}).pk


def join(variant: Variant, *, email: str = EMAIL, user: User | AnonymousUser = GUEST, quantity: int = 1) -> Waiting:
    """Stand in line."""
    return services.join_line(
        variant_id=variant.pk,
        quantity=quantity,
        email=email,
        user=user,
        language="en",
        token=str(uuid4()),
        now=NOW,
    )


def let_go(hold_id: object) -> None:
    """Somebody gives their units back."""
    inventory.release(reservation_id=hold_id, reason="", actor=ACTOR, now=NOW)


def turn(*, user: User | AnonymousUser = GUEST, quantity: int = 1) -> Waiting:
    """A shopper whose turn it is."""
    variant, held = sold_out()
    waiting = join(variant, user=user, quantity=quantity)
    let_go(held)
    return waiting


def take(waiting: Waiting, *, cart_id: object = None, user: User | AnonymousUser = GUEST) -> CartLine:
    """Press Buy it now."""
    return services.take_turn(place_id=waiting.place_id, user=user, cart_id=cart_id, now=NOW, actor=ACTOR)


def state(waiting: Waiting) -> str:
    """Where the place stands."""
    return lines.places(place_ids=[waiting.place_id], now=NOW)[waiting.place_id].state


def mails(waiting: Waiting) -> list[str]:
    """The e-mails that were written about this place, in order."""
    keys = Message.objects.filter(key__endswith=f":{waiting.place_id}").order_by("pk").values_list("key", flat=True)
    return [key.partition(":")[0] for key in keys]


# Joining ------------------------------------------------------------------------------------------------------------


def test_join_confirms_at_once() -> None:
    variant, _ = sold_out()

    waiting = join(variant)

    message = Message.objects.get()
    assert (message.to, message.subject) == (EMAIL, f"You are number 1 in line for {variant.product.name}")
    assert (waiting.email, waiting.user, waiting.is_over) == (EMAIL, None, False)
    assert "15 minutes" in message.text


def test_join_by_a_member_goes_to_the_address_of_the_account() -> None:
    variant, _ = sold_out()
    maya = UserFactory()

    waiting = join(variant, user=maya, email="other@example.com")

    assert (waiting.email, waiting.user) == (maya.email, maya)


def test_join_twice_with_one_address_is_refused_however_it_is_spelled() -> None:
    variant, _ = sold_out()
    join(variant)

    with nothing_changes(), pytest.raises(inventory.AlreadyInLine):
        join(variant, email=" Maya@Example.com")


def test_join_is_limited_to_a_number_of_lines(settings: pytest.FixtureRequest) -> None:
    settings.LINE_PLACES_LIMIT = 2  # type: ignore[attr-defined]
    first = join(sold_out()[0])
    join(sold_out()[0])
    third, _ = sold_out()

    with nothing_changes(), pytest.raises(services.TooManyPlaces):
        join(third)

    services.leave_line(place_id=first.place_id, now=NOW)
    join(third)


def test_join_with_one_token_is_one_place() -> None:
    variant, _ = sold_out()
    same = {"variant_id": variant.pk, "quantity": 1, "email": EMAIL, "user": GUEST, "language": "en", "token": "t"}
    first = services.join_line(**same, now=NOW)

    with nothing_changes():
        assert services.join_line(**same, now=NOW) == first


def test_join_for_what_is_not_on_sale_is_refused() -> None:
    variant, _ = sold_out()
    Variant.objects.filter(pk=variant.pk).update(is_active=False)

    with nothing_changes(), pytest.raises(services.UnknownVariant):
        join(variant)


# The turn -----------------------------------------------------------------------------------------------------------


def test_the_unit_is_held_before_the_mail_is_written() -> None:
    waiting = turn()
    assert mails(waiting) == ["line_joined"]
    assert state(waiting) == "OFFERED"

    assert services.tell_shoppers_in_line(now=NOW) == 1

    assert mails(waiting) == ["line_joined", "line_turn"]
    message = Message.objects.get(key__startswith="line_turn")
    assert message.subject == f"It is your turn: {waiting.variant.product.name}, until 12:15 WIB"
    assert "Rp\u00a0250.000" in message.text
    assert services.tell_shoppers_in_line(now=NOW) == 0


def test_take_turn_makes_a_line_of_the_cart_with_the_hold_and_its_clock() -> None:
    waiting = turn()

    line = take(waiting)

    assert (line.reservation_id, line.quantity, line.unit_price_minor) == (waiting.place_id, 1, 250_000)
    assert state(waiting) == "TAKEN"
    waiting.refresh_from_db()
    assert waiting.is_over is True
    with nothing_changes():
        assert take(waiting, cart_id=line.cart_id) == line
    assert prove() == []


def test_take_turn_costs_what_it_cost_when_the_turn_came() -> None:
    waiting = turn()
    services.tell_shoppers_in_line(now=NOW)
    Variant.objects.update(price_minor=999_000)

    assert take(waiting).unit_price_minor == 250_000


def test_take_turn_joins_what_the_cart_holds_and_is_extended_no_more_often() -> None:
    variant = StockItemFactory(on_hand=2).variant
    cart = services.open_cart(user=GUEST)
    services.add_to_cart(cart_id=cart.pk, variant_id=variant.pk, quantity=1, now=NOW, actor=ACTOR)
    other = hold(lines={variant.sku: 1})
    waiting = join(variant)
    let_go(other.pk)

    line = take(waiting, cart_id=cart.pk)

    assert (line.quantity, line.reservation_id) == (2, waiting.place_id)
    with pytest.raises(inventory.ExtensionLimitReached):
        services.extend_hold(cart_id=cart.pk, line_id=line.pk, now=NOW + settings.TURN_TIME - timedelta(minutes=1))
    assert prove() == []


def test_take_turn_replaces_a_line_that_had_ended() -> None:
    variant = StockItemFactory(on_hand=1).variant
    cart = services.open_cart(user=GUEST)
    services.add_to_cart(cart_id=cart.pk, variant_id=variant.pk, quantity=1, now=NOW, actor=ACTOR)
    waiting = join(variant)
    later = NOW + settings.HOLD_TIME
    inventory.expire_due(now=later)

    line = services.take_turn(place_id=waiting.place_id, user=GUEST, cart_id=cart.pk, now=later, actor=ACTOR)

    assert (line.quantity, line.reservation_id) == (1, waiting.place_id)
    assert CartLine.objects.count() == 1


def test_take_turn_past_its_time_is_refused() -> None:
    waiting = turn()

    with nothing_changes(), pytest.raises(inventory.TurnOver):
        services.take_turn(
            place_id=waiting.place_id, user=GUEST, cart_id=None, now=NOW + settings.TURN_TIME, actor=ACTOR
        )


def test_a_turn_that_passed_is_told_and_the_next_one_is_told_theirs() -> None:
    waiting = turn()
    next_one = join(waiting.variant, email="budi@example.com")
    services.tell_shoppers_in_line(now=NOW)
    late = NOW + settings.TURN_TIME
    inventory.expire_due(now=late)

    assert services.tell_shoppers_in_line(now=late) == 2

    assert mails(waiting) == ["line_joined", "line_turn", "line_missed"]
    assert mails(next_one) == ["line_joined", "line_turn"]
    waiting.refresh_from_db()
    assert waiting.is_over is True


def test_decline_turn_offers_it_to_the_next_and_sends_no_mail() -> None:
    waiting = turn()
    next_one = join(waiting.variant, email="budi@example.com")

    assert services.decline_turn(place_id=waiting.place_id, now=NOW, actor=ACTOR) is True

    services.tell_shoppers_in_line(now=NOW)
    assert (state(waiting), state(next_one)) == ("DECLINED", "OFFERED")
    assert mails(waiting) == ["line_joined"]
    assert services.decline_turn(place_id=waiting.place_id, now=NOW, actor=ACTOR) is False


def test_leave_line_sends_no_mail_and_a_repeat_does_nothing() -> None:
    variant, _ = sold_out()
    waiting = join(variant)

    assert services.leave_line(place_id=waiting.place_id, now=NOW) is True

    services.tell_shoppers_in_line(now=NOW)
    assert mails(waiting) == ["line_joined"]
    with nothing_changes():
        assert services.leave_line(place_id=waiting.place_id, now=NOW) is False


def test_closing_the_line_is_told_to_those_who_wait() -> None:
    variant, _ = sold_out()
    waiting = join(variant)
    inventory.set_line_open(sku=variant.sku, is_open=False, reason="the maker stopped", now=NOW)

    services.tell_shoppers_in_line(now=NOW)

    assert mails(waiting) == ["line_joined", "line_over"]
    assert "the maker stopped" in Message.objects.get(key__startswith="line_over").text


@pytest.mark.parametrize("at_turn", [True, False])
def test_who_is_removed_by_staff_is_told_why(at_turn: bool) -> None:
    waiting = turn() if at_turn else join(sold_out()[0])
    act = {"place_id": waiting.place_id, "reason": "a robot", "now": NOW, "ended_by": "staff@example.com"}
    if at_turn:
        inventory.decline_turn(**act, actor=ACTOR)
    else:
        inventory.leave_line(**act)

    services.tell_shoppers_in_line(now=NOW)

    assert mails(waiting)[-1] == "line_removed"
    assert "a robot" in Message.objects.get(key__startswith="line_removed").text


def test_turns_are_shown_to_whose_they_are_alone() -> None:
    maya = UserFactory()
    waiting = turn(user=maya)

    def shown(user: User | AnonymousUser, *known: str) -> list[object]:
        whose = of_shopper(user=user, known_ids=known)
        return [mine.place.place_id for mine in turns_of(whose=whose, now=NOW)]

    assert shown(maya) == [waiting.place_id]
    assert shown(UserFactory()) == []
    # A browser that once knew it shows nothing of it, since it is a member's.
    assert shown(GUEST, str(waiting.place_id)) == []


# At login -----------------------------------------------------------------------------------------------------------


def test_at_login_a_guests_place_becomes_the_members() -> None:
    variant, held = sold_out()
    waiting, maya = join(variant, email="guest@example.com"), UserFactory()

    services.bring_places(place_ids=[waiting.place_id], user=maya, now=NOW)

    waiting.refresh_from_db()
    assert (waiting.user, waiting.email) == (maya, maya.email)
    with pytest.raises(inventory.AlreadyInLine):
        join(variant, user=maya)
    let_go(held)
    assert [mine.place.place_id for mine in turns_of(whose=of_shopper(user=maya, known_ids=[]), now=NOW)] == [
        waiting.place_id
    ]


@pytest.mark.parametrize("guest_first", [True, False])
def test_at_login_the_earlier_of_two_places_stays_and_its_units_are_not_added(guest_first: bool) -> None:
    variant, _ = sold_out()
    maya = UserFactory()
    joins = [lambda: join(variant, quantity=2), lambda: join(variant, user=maya, quantity=3)]
    first, second = (each() for each in (joins if guest_first else joins[::-1]))
    guest = first if guest_first else second

    services.bring_places(place_ids=[guest.place_id], user=maya, now=NOW)

    assert (state(first), state(second)) == ("WAITING", "LEFT")
    kept = lines.live_places(holders=[f"user:{maya.pk}"], now=NOW)
    assert [(place.place_id, place.quantity) for place in kept] == [(first.place_id, 2 if guest_first else 3)]
    assert prove() == []


def test_at_login_a_turn_is_never_lost() -> None:
    maya = UserFactory()
    guests = turn()
    members = join(guests.variant, user=maya)

    services.bring_places(place_ids=[guests.place_id], user=maya, now=NOW)

    assert (state(guests), state(members)) == ("OFFERED", "LEFT")
    assert take(guests, user=maya).cart.user == maya


def test_at_login_nothing_of_another_member_is_taken() -> None:
    theirs = turn(user=UserFactory())

    with nothing_changes():
        services.bring_places(place_ids=[theirs.place_id], user=UserFactory(), now=NOW)
