"""Races for carts, orders and money."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from inventory.models import StockItem
from inventory.queries import prove
from orders import services
from orders.models import (
    Cart,
    CartLine,
    CartStatus,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderStatus,
    Payment,
    Refund,
)
from orders.queries import prove_owed
from orders.services import cart as cart_module
from orders.services import checkout, end, payment
from shop.errors import ShopError
from tests.books import counters
from tests.factories import (
    ACTOR,
    NOW,
    CartFactory,
    StockItemFactory,
    UserFactory,
    guest_cart,
    placed_order,
    report,
    webhook,
)
from tests.races.threads import Inside, at_once, seen_within_rounds

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]
GUEST = AnonymousUser()


def add(cart: Cart, item: StockItem, quantity: int = 1) -> CartLine:
    return services.add_to_cart(cart_id=cart.pk, variant_id=item.variant.pk, quantity=quantity, now=NOW, actor=ACTOR)


def crashes(answers: list[Any]) -> list[Exception]:
    """Exceptions that are no refusals."""
    return [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, ShopError)]


# One cart in two tabs -------------------------------------------------------------------------------------------------


def two_tabs() -> tuple[StockItem, Cart, list[Any]]:
    item, cart = StockItemFactory(on_hand=5), CartFactory()
    return item, cart, at_once(*[partial(add, cart, item)] * 3)


def test_one_cart_in_several_tabs_holds_what_every_tab_was_promised(pause_before: Pause) -> None:
    pause_before(cart_module.inventory, "reserve")

    for _ in range(3):
        item, cart, answers = two_tabs()

        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        assert cart.lines.get().quantity == 3
        assert counters(item) == (5, 3, 0)
    assert prove() == []


def test_control_without_the_lock_the_tabs_collide(no_locks: None, pause_before: Pause) -> None:
    pause_before(cart_module.inventory, "reserve")

    def collided() -> bool:
        _, cart, answers = two_tabs()
        return bool(crashes(answers)) or cart.lines.get().quantity != 3

    assert seen_within_rounds(collided)


# Placing an order twice -----------------------------------------------------------------------------------------------


def two_presses() -> list[Any]:
    cart = guest_cart(lines={StockItemFactory(on_hand=1).variant: 1})
    return at_once(*[partial(services.place_order, cart_id=cart.pk, user=GUEST, now=NOW, actor=ACTOR)] * 3)


def test_pressing_the_button_several_times_is_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = Inside()
    monkeypatch.setattr(checkout, "_write_order", inside.around(checkout._write_order))

    answers = two_presses()

    assert len({answer.pk for answer in answers}) == 1
    assert Order.objects.count() == 1
    assert inside.most == 1
    assert OrderEvent.objects.filter(kind=OrderEventKind.PLACED).count() == 1
    assert prove() == []


def test_control_without_the_lock_two_presses_write_at_the_same_time(
    no_locks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = Inside()
    monkeypatch.setattr(checkout, "_write_order", inside.around(checkout._write_order))

    def overlapped() -> bool:
        two_presses()
        return inside.most > 1

    assert seen_within_rounds(overlapped)


# Webhooks -------------------------------------------------------------------------------------------------------------


def started_order() -> tuple[StockItem, Order, Payment]:
    item = StockItemFactory(on_hand=5)
    order = placed_order(lines={item.variant: 1})
    return item, order, services.start_payment(order_id=order.pk, now=NOW)


def paid_once(order: Order) -> bool:
    order.refresh_from_db()
    events = order.events.filter(kind=OrderEventKind.PAID).count()
    return order.status == OrderStatus.PAID and events == 1 and prove() == [] and prove_owed() == []


def same_event_thrice() -> tuple[Order, list[Any]]:
    _, order, attempt = started_order()
    body = webhook(attempt)
    return order, at_once(*[partial(report, attempt, body=body)] * 3)


def different_events_of_one_capture() -> tuple[Order, list[Any]]:
    _, order, attempt = started_order()
    return order, at_once(*[partial(report, attempt)] * 3)


@pytest.mark.parametrize("delivery", [same_event_thrice, different_events_of_one_capture])
def test_a_webhook_that_comes_several_times_at_once_has_one_effect(
    pause_before: Pause, delivery: Callable[[], tuple[Order, list[Any]]]
) -> None:
    pause_before(payment.inventory, "commit")

    for _ in range(3):
        order, answers = delivery()

        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        assert paid_once(order)
    assert not Refund.objects.exists()


def test_control_without_the_lock_one_capture_is_settled_several_times(no_locks: None, pause_before: Pause) -> None:
    pause_before(payment.inventory, "commit")

    def settled_twice() -> bool:
        order, answers = different_events_of_one_capture()
        return bool(crashes(answers)) or not paid_once(order)

    assert seen_within_rounds(settled_twice)


def test_control_without_the_lock_the_same_event_is_written_twice_at_once(
    no_locks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = Inside()
    create = payment.PaymentEvent.objects.create
    monkeypatch.setattr(payment.PaymentEvent.objects, "create", inside.around(create))

    def overlapped() -> bool:
        same_event_thrice()
        return inside.most > 1

    assert seen_within_rounds(overlapped)


def two_attempts_paid() -> tuple[Order, list[Any]]:
    """An order with two attempts, both of which bring money at one moment."""
    _, order, first = started_order()
    report(first, kind="payment.declined")
    second = services.start_payment(order_id=order.pk, now=NOW)
    return order, at_once(partial(report, first), partial(report, second))


def kept_one_and_returned_one(order: Order) -> bool:
    return paid_once(order) and Refund.objects.filter(payment__order=order).count() == 1


def test_two_payments_at_one_moment_keep_one_and_send_the_other_back(pause_before: Pause) -> None:
    pause_before(payment.inventory, "commit")

    for _ in range(3):
        order, answers = two_attempts_paid()

        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        assert kept_one_and_returned_one(order)


def test_control_without_the_lock_two_payments_end_each_other(
    no_locks: None, pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds its own payment and wants to end the other's as pending: a deadlock, which a retry would hide."""
    pause_before(payment.inventory, "commit")
    monkeypatch.setattr("shop.transactions.RETRYABLE", set())

    def one_was_lost() -> bool:
        order, answers = two_attempts_paid()
        return bool(crashes(answers)) and not kept_one_and_returned_one(order)

    assert seen_within_rounds(one_was_lost)


def cancelled_while_paid() -> tuple[Order, list[Any]]:
    _, order, attempt = started_order()
    cancel = partial(services.cancel_order, order_id=order.pk, now=NOW, actor=ACTOR)
    return order, at_once(partial(report, attempt), cancel)


def has_one_end(order: Order, cancelling: object) -> bool:
    """Paid and allocated, or cancelled and sent back; and whoever cancelled was told which."""
    order.refresh_from_db()
    if isinstance(cancelling, Order) != (order.status == OrderStatus.CANCELLED):
        return False
    refunds = Refund.objects.filter(payment__order=order).count()
    ends = {OrderStatus.PAID: 0, OrderStatus.CANCELLED: 1}
    return ends.get(order.status) == refunds and prove() == [] and prove_owed() == []


def test_an_order_that_is_cancelled_while_it_is_paid_has_one_end(pause_before: Pause) -> None:
    pause_before(payment.inventory, "commit")
    pause_before(end, "note")

    for _ in range(5):
        order, answers = cancelled_while_paid()

        assert crashes(answers) == []
        assert has_one_end(order, answers[1])


def test_control_without_the_lock_an_order_is_cancelled_and_paid(no_locks: None, pause_before: Pause) -> None:
    pause_before(payment.inventory, "commit")
    pause_before(end, "note")

    def both() -> bool:
        order, answers = cancelled_while_paid()
        return bool(crashes(answers)) or not has_one_end(order, answers[1])

    assert seen_within_rounds(both)


# Starting a payment ---------------------------------------------------------------------------------------------------


def two_starts() -> Order:
    order = placed_order()
    at_once(*[partial(services.start_payment, order_id=order.pk, now=NOW)] * 3)
    return order


def test_starting_a_payment_several_times_at_once_is_one_attempt(pause_before: Pause) -> None:
    pause_before(Payment.objects, "create")

    assert Payment.objects.filter(order=two_starts()).count() == 1


def test_control_without_the_lock_there_are_several_attempts(no_locks: None, pause_before: Pause) -> None:
    pause_before(Payment.objects, "create")

    assert seen_within_rounds(lambda: Payment.objects.filter(order=two_starts()).count() > 1)


# Logging in while another tab adds ------------------------------------------------------------------------------------


def merge_while_adding() -> tuple[list[Any], int]:
    """A guest's cart of one unit is merged while another tab adds one more; the answers and the stranded lines."""
    user, guest, item = UserFactory(), CartFactory(), StockItemFactory(on_hand=9)
    own = services.open_cart(user=user)
    add(own, item)
    add(guest, item)
    other = StockItemFactory(on_hand=9)
    answers = at_once(
        partial(services.merge_carts, guest_cart_id=guest.pk, user=user, now=NOW), partial(add, guest, other)
    )
    return answers, CartLine.objects.filter(cart__status=CartStatus.MERGED).count()


def test_a_unit_added_while_the_cart_is_merged_is_merged_or_refused(pause_before: Pause) -> None:
    pause_before(cart_module.inventory, "join")
    pause_before(cart_module.inventory, "reserve")

    for _ in range(5):
        answers, stranded = merge_while_adding()

        assert crashes(answers) == []
        assert isinstance(answers[0], Cart)
        assert stranded == 0
    assert prove() == []


def test_control_without_the_lock_a_unit_is_stranded_in_a_merged_cart(no_locks: None, pause_before: Pause) -> None:
    pause_before(cart_module.inventory, "join")
    pause_before(cart_module.inventory, "reserve")

    def stranded() -> bool:
        _, lines = merge_while_adding()
        return lines > 0

    assert seen_within_rounds(stranded)
