"""Races of exchanges: two of one return, and the last unit that a shopper wants, too."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from inventory.models import StockItem, StockItemQuerySet
from inventory.queries import prove
from inventory.services import counters as counters_module
from orders import services
from orders.models import Order, Paper, Payment, ReturnRequest
from orders.queries import prove_owed
from orders.services import Receipt, exchange, return_request
from tests.books import counters
from tests.factories import NOW, StockItemFactory, VariantFactory, hold, paid_order
from tests.races.threads import at_once, seen_within_rounds, without_checks

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Pause = Callable[[Any, str], None]
STAFF = "staff@example.com"


def approved() -> ReturnRequest:
    item = StockItemFactory(on_hand=5)
    order = paid_order(lines={item.variant: 1})
    services.fulfil_order(order_id=order.pk, now=NOW, actor=STAFF)
    asked = services.request_return(
        order_id=order.pk, units={order.lines.get().pk: 1}, reason="OTHER", remark="", now=NOW, actor="guest"
    )
    return services.decide_return(return_id=asked.pk, approve=True, answer="", now=NOW, actor=STAFF)


def sibling(asked: ReturnRequest, *, units: int) -> StockItem:
    product = asked.lines.get().order_line.variant.product
    return StockItemFactory(variant=VariantFactory(product=product), on_hand=units)


def choose(asked: ReturnRequest, item: StockItem) -> Callable[[], Order]:
    choices = {asked.lines.get().pk: item.variant.pk}
    return partial(services.exchange_return, return_id=asked.pk, choices=choices, now=NOW, actor="guest")


def outcomes(answers: list[Any]) -> list[str]:
    return sorted(type(answer).__name__ if isinstance(answer, Exception) else "done" for answer in answers)


def laws_hold() -> bool:
    return prove() == [] and prove_owed() == []


# Two people exchange one return for different things ------------------------------------------------------------------


def two_exchange() -> tuple[ReturnRequest, list[StockItem], list[Any]]:
    asked = approved()
    items = [sibling(asked, units=2) for _ in range(2)]
    return asked, items, at_once(*[choose(asked, item) for item in items])


def test_one_return_is_exchanged_once(pause_before: Pause) -> None:
    pause_before(exchange, "_write_order")

    for _ in range(3):
        asked, items, answers = two_exchange()

        assert outcomes(answers) == ["ReturnExchanged", "done"]
        assert sorted(counters(item) for item in items) == [(2, 0, 0), (2, 0, 1)]
        asked.refresh_from_db()
        assert Order.objects.filter(instead_of=asked).get() == asked.replacement
    assert laws_hold()


def test_control_without_the_lock_a_return_pays_twice(no_locks: None, pause_before: Pause) -> None:
    pause_before(exchange, "_write_order")
    pause_before(exchange, "_tell")

    def paid_twice() -> bool:
        asked, _, _ = two_exchange()
        return Payment.objects.filter(moved_from__order=asked.order).count() > 1

    assert seen_within_rounds(paid_twice)


# The last unit of a size, and a shopper who puts it in the cart -------------------------------------------------------


def last_unit() -> tuple[StockItem, list[Any]]:
    asked = approved()
    item = sibling(asked, units=1)
    return item, at_once(without_checks(choose(asked, item)), *[without_checks(partial(hold, lines={item.sku: 1}))] * 4)


def test_the_last_unit_goes_to_one(pause_before: Pause) -> None:
    pause_before(counters_module, "_shift")

    for _ in range(3):
        item, answers = last_unit()

        won = [answer for answer in answers if not isinstance(answer, Exception)]
        assert len(won) == 1
        on_hand, held, allocated = counters(item)
        assert (on_hand, held + allocated) == (1, 1)
        assert Order.objects.filter(lines__sku=item.sku).count() == allocated
    assert laws_hold()


def test_control_without_the_condition_in_the_update_the_last_unit_is_promised_twice(
    pause_before: Pause, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_before(counters_module, "_shift")
    for name in ("able_to_promise", "able_to_hand_over"):
        monkeypatch.setattr(StockItemQuerySet, name, lambda items, *, quantity: items)

    def promised_twice() -> bool:
        item, _ = last_unit()
        _, held, allocated = counters(item)
        return held + allocated > 1

    assert seen_within_rounds(promised_twice)


# The parcel comes in while the exchange is undone ---------------------------------------------------------------------


DEFINED_ENDS = (["ReturnMoved", "done"], ["done", "done"])


def received_and_undone() -> tuple[ReturnRequest, StockItem, list[Any]]:
    asked = approved()
    item = sibling(asked, units=1)
    choose(asked, item)()
    receipts = {asked.lines.get().pk: Receipt(restocked=1)}
    return (
        asked,
        item,
        at_once(
            partial(services.receive_return, return_id=asked.pk, receipts=receipts, now=NOW, actor=STAFF),
            partial(services.undo_exchange, return_id=asked.pk, now=NOW, actor=STAFF),
        ),
    )


def agrees(asked: ReturnRequest, item: StockItem) -> bool:
    """Whether the return pays for an order that is owed, or pays for none and none is owed."""
    asked.refresh_from_db()
    shares = Payment.objects.filter(moved_from__order=asked.order).count()
    is_paying = asked.is_exchanged and asked.replacement_id is not None
    expected = ((1, 0, 1), 1, 2) if is_paying else ((1, 0, 0), 0, 0)
    return (counters(item), shares, Paper.objects.filter(order__instead_of=asked).count() * 2) == expected


def test_a_return_comes_in_for_its_exchange_or_after_it_was_undone(pause_before: Pause) -> None:
    pause_before(return_request, "parts_of")

    for _ in range(3):
        asked, item, answers = received_and_undone()

        assert outcomes(answers) in DEFINED_ENDS
        assert agrees(asked, item)
    assert laws_hold()


def test_control_without_the_lock_an_undone_exchange_is_paid(no_locks: None, pause_before: Pause) -> None:
    pause_before(return_request, "parts_of")
    pause_before(exchange, "join_share")

    def disagrees() -> bool:
        asked, item, answers = received_and_undone()
        return outcomes(answers) not in DEFINED_ENDS or not agrees(asked, item)

    assert seen_within_rounds(disagrees)
