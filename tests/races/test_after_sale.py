"""Races after the sale: parcels, cancellations, refunds and returns."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from inventory.models import StockItem
from inventory.queries import prove
from orders import services
from orders.models import Order, Paper, Refund, ReturnRequest
from orders.queries import prove_owed
from orders.services import Receipt, cancellation, repayment, return_request, shipment
from tests.books import counters
from tests.factories import NOW, StockItemFactory, paid_order
from tests.races.threads import at_once, seen_within_rounds, without_checks

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]
STAFF = "staff@example.com"


def outcomes(answers: list[Any]) -> list[str]:
    """What each call came to: done, or the name of its refusal or crash, sorted."""
    return sorted(type(answer).__name__ if isinstance(answer, Exception) else "done" for answer in answers)


def laws_hold() -> bool:
    return prove() == [] and prove_owed() == []


# Two people pack the same units ---------------------------------------------------------------------------------------


def two_pack() -> tuple[Order, list[Any]]:
    item = StockItemFactory(on_hand=5)
    order = paid_order(lines={item.variant: 2})
    pack = partial(services.pack, order_id=order.pk, units={order.lines.get().pk: 2}, now=NOW, actor=STAFF)
    return order, at_once(*[without_checks(pack)] * 2)


def test_two_people_do_not_pack_the_same_units(pause_before: Pause) -> None:
    pause_before(shipment, "_pack")

    for _ in range(3):
        order, answers = two_pack()

        assert outcomes(answers) == ["NotThatManyLeft", "done"]
        assert order.lines.get().packed == 2


def test_control_without_the_lock_both_find_the_units_unpacked(
    no_locks: None, pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What comes after the check may still refuse the second parcel: its number is unique.
    found: list[object] = []
    pack = shipment._pack
    monkeypatch.setattr(shipment, "_pack", lambda *args, **facts: (found.append(args), pack(*args, **facts))[1])
    pause_before(shipment, "_pack")

    def found_twice() -> bool:
        found.clear()
        two_pack()
        return len(found) > 1

    assert seen_within_rounds(found_twice)


# One parcel is sent twice, or sent while it is cancelled --------------------------------------------------------------


def two_ship() -> tuple[StockItem, list[Any]]:
    item = StockItemFactory(on_hand=5)
    order = paid_order(lines={item.variant: 2})
    parcel = services.pack(order_id=order.pk, units={order.lines.get().pk: 1}, now=NOW, actor=STAFF)
    ship = partial(
        services.ship,
        shipment_id=parcel.pk,
        carrier="",
        tracking_number="",
        tracking_url="",
        now=NOW,
        actor=STAFF,
    )
    return item, at_once(*[without_checks(ship)] * 2)


def test_a_parcel_leaves_once(pause_before: Pause) -> None:
    pause_before(shipment.inventory, "fulfil")

    for _ in range(3):
        item, answers = two_ship()

        assert outcomes(answers) == ["done", "done"]
        assert counters(item) == (4, 0, 1)
    assert laws_hold()


def test_control_without_the_lock_a_parcel_leaves_twice(no_locks: None, pause_before: Pause) -> None:
    pause_before(shipment, "_parts")

    def left_twice() -> bool:
        item, answers = two_ship()
        return outcomes(answers) != ["done", "done"] or counters(item) != (4, 0, 1)

    assert seen_within_rounds(left_twice)


def pack_against_cancel() -> tuple[Order, list[Any]]:
    item = StockItemFactory(on_hand=5)
    order = paid_order(lines={item.variant: 2})
    units = {order.lines.get().pk: 2}
    return order, at_once(
        without_checks(partial(services.fulfil_order, order_id=order.pk, now=NOW, actor=STAFF)),
        without_checks(
            partial(
                services.cancel_units, order_id=order.pk, units=units, restock=True, reason="", now=NOW, actor=STAFF
            )
        ),
    )


def test_units_are_sent_or_cancelled_and_never_both(pause_before: Pause) -> None:
    pause_before(shipment, "_pack")
    pause_before(cancellation, "_cancel")

    for _ in range(3):
        order, answers = pack_against_cancel()

        line = order.lines.get()
        assert (line.fulfilled, line.cancelled) in {(2, 0), (0, 2)}
        assert outcomes(answers).count("done") == 1
        assert "NotCommitted" not in outcomes(answers)
    assert laws_hold()


def test_control_without_the_lock_only_the_stock_says_no(no_locks: None, pause_before: Pause) -> None:
    pause_before(shipment, "_pack")
    pause_before(cancellation, "_cancel")

    def reached_the_stock() -> bool:
        _, answers = pack_against_cancel()
        return "NotCommitted" in outcomes(answers) or outcomes(answers).count("done") != 1

    assert seen_within_rounds(reached_the_stock)


# All that is left goes back twice -------------------------------------------------------------------------------------


def two_repay(*, has_invoice: bool = True) -> tuple[Order, list[Any]]:
    order = paid_order()
    if not has_invoice:
        # The number of a credit note is unique, and would refuse the second refund in the place of the lock.
        Paper.objects.filter(order=order).delete()
    repay = partial(
        services.repay, order_id=order.pk, amount_minor=order.total_minor, reason="All of it", now=NOW, actor=STAFF
    )
    return order, at_once(*[repay] * 2)


def gone(order: Order) -> int:
    return sum(Refund.objects.filter(payment__order=order).values_list("amount_minor", flat=True))


def test_no_more_goes_back_than_came(pause_before: Pause) -> None:
    pause_before(repayment, "pay_back")

    for _ in range(3):
        order, answers = two_repay()

        assert outcomes(answers).count("done") == 1
        assert gone(order) == order.total_minor


def test_control_without_the_lock_money_goes_back_twice(no_locks: None, pause_before: Pause) -> None:
    pause_before(repayment, "pay_back")
    pause_before(repayment, "request_refund")

    def too_much() -> bool:
        order, _ = two_repay(has_invoice=False)
        return gone(order) > order.total_minor

    assert seen_within_rounds(too_much)


# One return is received twice -----------------------------------------------------------------------------------------


def two_receive() -> tuple[StockItem, ReturnRequest, list[Any]]:
    item = StockItemFactory(on_hand=5)
    order = paid_order(lines={item.variant: 2})
    services.fulfil_order(order_id=order.pk, now=NOW, actor=STAFF)
    asked = services.request_return(
        order_id=order.pk, units={order.lines.get().pk: 1}, reason="OTHER", remark="", now=NOW, actor="guest"
    )
    services.decide_return(return_id=asked.pk, approve=True, answer="", now=NOW, actor=STAFF)
    receive = partial(
        services.receive_return,
        return_id=asked.pk,
        receipts={asked.lines.get().pk: Receipt(restocked=1)},
        now=NOW,
        actor=STAFF,
    )
    return item, asked, at_once(*[receive] * 2)


def test_a_return_comes_in_once(pause_before: Pause) -> None:
    pause_before(return_request, "_take_in")

    for _ in range(3):
        item, _, answers = two_receive()

        assert outcomes(answers) == ["done", "done"]
        assert counters(item) == (4, 0, 0)
    assert laws_hold()


def test_control_without_the_lock_a_return_comes_in_twice(no_locks: None, pause_before: Pause) -> None:
    pause_before(return_request, "parts_of")

    def twice() -> bool:
        item, _, answers = two_receive()
        return counters(item) != (4, 0, 0) or outcomes(answers) != ["done", "done"]

    assert seen_within_rounds(twice)
