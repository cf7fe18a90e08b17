"""The cart: every line is held, nobody is blocked by themselves, and nothing is taken that is not given back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from inventory import services as inventory
from inventory.models import Reservation, ReservationState
from inventory.queries import prove
from orders import services
from orders.models import Cart, CartLine, CartStatus
from shop.errors import InvalidInput, NotFound
from shop.models import Variant
from tests.books import counters, nothing_changes
from tests.factories import ACTOR, NOW, CartFactory, StockItemFactory, UserFactory, hold, placed_order

pytestmark = pytest.mark.django_db

GUEST = AnonymousUser()
BAD_QUANTITIES = [0, -1, 10**9, "3", None, 1.0, True]


def add(cart: Cart, variant: Variant, quantity: int = 1, *, now: object = NOW) -> CartLine:
    return services.add_to_cart(cart_id=cart.pk, variant_id=variant.pk, quantity=quantity, now=now, actor=ACTOR)


def set_quantity(line: CartLine, quantity: int, *, now: object = NOW) -> CartLine:
    return services.set_quantity(cart_id=line.cart_id, line_id=line.pk, quantity=quantity, now=now, actor=ACTOR)


def reservation_of(line: CartLine) -> Reservation:
    return Reservation.objects.get(pk=line.reservation_id)


def test_add_to_cart_takes_a_hold_at_todays_price() -> None:
    item, cart = StockItemFactory(), CartFactory()

    line = add(cart, item.variant, 2)

    reservation = reservation_of(line)
    assert (line.quantity, line.unit_price_minor, line.currency) == (2, item.variant.price_minor, "IDR")
    assert line.total_minor == 2 * item.variant.price_minor
    assert (reservation.state, reservation.expires_at) == (ReservationState.HELD, NOW + settings.HOLD_TIME)
    assert counters(item) == (5, 2, 0)


def test_add_to_cart_again_grows_the_line_and_keeps_its_clock_and_its_price() -> None:
    item, cart = StockItemFactory(), CartFactory()
    first = add(cart, item.variant, 2)
    Variant.objects.update(price_minor=1)

    again = add(cart, item.variant, 3, now=NOW + timedelta(minutes=5))

    assert (again.pk, again.quantity, again.unit_price_minor) == (first.pk, 5, 250_000)
    assert reservation_of(again).expires_at == NOW + settings.HOLD_TIME
    assert counters(item) == (5, 5, 0)


def test_add_to_cart_sums_what_the_cart_holds_already() -> None:
    item, cart = StockItemFactory(on_hand=5), CartFactory()
    add(cart, item.variant, 3)

    with nothing_changes(), pytest.raises(inventory.StockUnavailable) as refusal:
        add(cart, item.variant, 3)

    assert refusal.value.facts["shortages"] == [{"sku": item.sku, "asked": 3, "available": 2}]


def test_add_to_cart_when_the_hold_has_ended_takes_a_new_one_at_todays_price() -> None:
    item, cart = StockItemFactory(on_hand=1), CartFactory()
    first = add(cart, item.variant)
    Variant.objects.update(price_minor=300_000)

    again = add(cart, item.variant, now=NOW + settings.HOLD_TIME)

    assert (again.pk, again.unit_price_minor, again.quantity) == (first.pk, 300_000, 1)
    assert again.reservation_id != first.reservation_id
    assert counters(item) == (1, 1, 0)
    assert prove() == []


@pytest.mark.parametrize("quantity", BAD_QUANTITIES)
def test_add_to_cart_and_set_quantity_refuse_what_nobody_can_buy(quantity: int) -> None:
    item, cart = StockItemFactory(), CartFactory()
    line = add(cart, item.variant)

    with nothing_changes(), pytest.raises(InvalidInput) as refusal:
        add(cart, item.variant, quantity)
    assert refusal.value.field == "quantity"
    with nothing_changes(), pytest.raises(InvalidInput):
        set_quantity(line, quantity)


def test_add_to_cart_cannot_grow_a_line_past_its_limit() -> None:
    item, cart = StockItemFactory(on_hand=300), CartFactory()
    add(cart, item.variant, settings.MAX_UNITS_PER_LINE)

    with nothing_changes(), pytest.raises(InvalidInput):
        add(cart, item.variant, 1)


def test_add_to_cart_refuses_what_is_not_on_sale() -> None:
    cart = CartFactory()
    withdrawn = StockItemFactory(variant__product__is_published=False).variant
    inactive = StockItemFactory(variant__is_active=False).variant

    for variant in (withdrawn, inactive, Variant(pk=uuid4())):
        with nothing_changes(), pytest.raises(services.UnknownVariant) as refusal:
            add(cart, variant)
        assert refusal.value.status == 404


def test_every_verb_refuses_a_cart_that_became_an_order() -> None:
    order = placed_order()
    line = order.cart.lines.get()
    where = {"cart_id": order.cart_id, "line_id": line.pk, "now": NOW}

    for verb in (
        lambda: add(order.cart, line.variant),
        lambda: set_quantity(line, 1),
        lambda: services.remove_line(**where, actor=ACTOR),
        lambda: services.extend_hold(**where),
        lambda: services.hold_again(**where, actor=ACTOR),
        lambda: services.empty_cart(cart_id=order.cart_id, now=NOW, actor=ACTOR),
        lambda: services.save_checkout(cart_id=order.cart_id, city="Elsewhere"),
    ):
        with nothing_changes(), pytest.raises(services.CartClosed):
            verb()


def test_every_verb_on_a_line_finds_lines_of_this_cart_only() -> None:
    line, other = add(CartFactory(), StockItemFactory().variant), CartFactory()
    where = {"cart_id": other.pk, "line_id": line.pk, "now": NOW}

    for verb in (
        lambda: services.set_quantity(**where, quantity=2, actor=ACTOR),
        lambda: services.remove_line(**where, actor=ACTOR),
        lambda: services.extend_hold(**where),
        lambda: services.hold_again(**where, actor=ACTOR),
        lambda: services.remove_line(cart_id=uuid4(), line_id=line.pk, now=NOW, actor=ACTOR),
    ):
        with nothing_changes(), pytest.raises(NotFound):
            verb()


def test_set_quantity_is_never_blocked_by_the_shoppers_own_hold() -> None:
    item = StockItemFactory(on_hand=5)
    line = add(CartFactory(), item.variant, 4)

    assert set_quantity(line, 5).quantity == 5
    with nothing_changes():
        set_quantity(line, 5)
    assert set_quantity(line, 2).quantity == 2
    assert counters(item) == (5, 2, 0)


def test_set_quantity_refuses_more_than_is_free_and_keeps_what_was_held() -> None:
    item = StockItemFactory(on_hand=3)
    hold(lines={item.sku: 1})
    line = add(CartFactory(), item.variant, 2)

    with nothing_changes(), pytest.raises(inventory.StockUnavailable):
        set_quantity(line, 3)


def test_set_quantity_of_an_ended_line_asks_for_a_new_hold() -> None:
    line = add(CartFactory(), StockItemFactory().variant)

    with nothing_changes(), pytest.raises(inventory.HoldEnded):
        set_quantity(line, 2, now=NOW + settings.HOLD_TIME)


def test_remove_line_lets_the_units_go() -> None:
    item = StockItemFactory()
    line = add(CartFactory(), item.variant, 2)

    services.remove_line(cart_id=line.cart_id, line_id=line.pk, now=NOW, actor=ACTOR)

    assert counters(item) == (5, 0, 0)
    assert not CartLine.objects.exists()
    with nothing_changes(), pytest.raises(NotFound):
        services.remove_line(cart_id=line.cart_id, line_id=line.pk, now=NOW, actor=ACTOR)


def test_remove_line_works_on_a_line_that_has_ended() -> None:
    item = StockItemFactory()
    line = add(CartFactory(), item.variant, 2)
    inventory.expire_due(now=NOW + settings.HOLD_TIME)

    services.remove_line(cart_id=line.cart_id, line_id=line.pk, now=NOW, actor=ACTOR)

    assert not CartLine.objects.exists()
    assert counters(item) == (5, 0, 0)


def test_empty_cart_lets_everything_go_and_may_be_repeated() -> None:
    items, cart = [StockItemFactory() for _ in range(3)], CartFactory()
    for item in items:
        add(cart, item.variant)

    services.empty_cart(cart_id=cart.pk, now=NOW, actor=ACTOR)
    with nothing_changes():
        services.empty_cart(cart_id=cart.pk, now=NOW, actor=ACTOR)

    assert [counters(item) for item in items] == [(5, 0, 0)] * 3
    assert not cart.lines.exists()


def test_extend_hold_extends_the_hold_of_the_line() -> None:
    line = add(CartFactory(), StockItemFactory().variant)
    end = NOW + settings.HOLD_TIME

    services.extend_hold(cart_id=line.cart_id, line_id=line.pk, now=end - timedelta(minutes=1))

    assert reservation_of(line).expires_at == end + settings.HOLD_EXTENSION


def test_hold_again_takes_a_new_hold_at_todays_price() -> None:
    item = StockItemFactory()
    line = add(CartFactory(), item.variant, 2)
    Variant.objects.update(price_minor=300_000)
    later = NOW + settings.HOLD_TIME

    again = services.hold_again(cart_id=line.cart_id, line_id=line.pk, now=later, actor=ACTOR)

    assert (again.quantity, again.unit_price_minor) == (2, 300_000)
    assert reservation_of(again).expires_at == later + settings.HOLD_TIME
    inventory.expire_due(now=later)
    assert counters(item) == (5, 2, 0)
    assert prove() == []


def test_hold_again_leaves_a_live_line_as_it_is() -> None:
    line = add(CartFactory(), StockItemFactory().variant)

    with nothing_changes():
        services.hold_again(cart_id=line.cart_id, line_id=line.pk, now=NOW, actor=ACTOR)


def test_hold_again_refuses_what_somebody_else_took_and_keeps_the_line() -> None:
    item = StockItemFactory(on_hand=1)
    line = add(CartFactory(), item.variant)
    later = NOW + settings.HOLD_TIME
    hold(lines={item.sku: 1}, now=later)

    with nothing_changes(), pytest.raises(inventory.StockUnavailable):
        services.hold_again(cart_id=line.cart_id, line_id=line.pk, now=later, actor=ACTOR)


def test_hold_again_refuses_what_was_withdrawn_meanwhile() -> None:
    line = add(CartFactory(), StockItemFactory().variant)
    Variant.objects.update(is_active=False)

    with nothing_changes(), pytest.raises(services.UnknownVariant):
        services.hold_again(cart_id=line.cart_id, line_id=line.pk, now=NOW + settings.HOLD_TIME, actor=ACTOR)


def test_find_cart_finds_a_guest_by_the_signed_token_and_a_member_by_name() -> None:
    guest_cart, user = CartFactory(), UserFactory()
    own = services.open_cart(user=user)

    assert services.find_cart(user=GUEST, token=services.cart_token(guest_cart)) == guest_cart
    assert services.find_cart(user=user, token=services.cart_token(guest_cart)) == own
    assert services.open_cart(user=user) == own


@pytest.mark.parametrize("token", [None, "", "garbage", "garbage:more:parts", "\x00", "🛒"])
def test_find_cart_finds_nothing_by_a_token_that_it_did_not_sign(token: str | None) -> None:
    CartFactory()

    assert services.find_cart(user=GUEST, token=token) is None


def test_find_cart_never_finds_somebody_elses() -> None:
    user = UserFactory()
    own = services.open_cart(user=user)
    merged = CartFactory(status=CartStatus.MERGED)

    assert services.find_cart(user=GUEST, token=services.cart_token(own)) is None
    assert services.find_cart(user=GUEST, token=str(own.pk)) is None
    assert services.find_cart(user=UserFactory(), token=services.cart_token(own)) is None
    assert services.find_cart(user=GUEST, token=services.cart_token(merged)) is None
