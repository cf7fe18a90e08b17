"""Returns: asked for, decided, received, paid back; what is refused changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from inventory.models import StockItem
from inventory.queries import prove
from orders import services
from orders.models import Message, Order, OrderEventKind, OrderStatus, Refund, ReturnRequest, ReturnStatus
from orders.queries import prove_owed
from orders.services import Receipt
from shop.errors import InvalidInput, NotFound
from tests.books import counters, ledger, nothing_changes
from tests.factories import NOW, StockItemFactory, paid_order

pytestmark = pytest.mark.django_db

STAFF = "staff@example.com"


def sent_order(item: StockItem, units: int = 2) -> Order:
    order = paid_order(lines={item.variant: units})
    services.fulfil_order(order_id=order.pk, now=NOW, actor=STAFF)
    order.refresh_from_db()
    return order


def ask(order: Order, units: int = 1, *, reason: str = "DAMAGED", days: int = 0) -> ReturnRequest:
    return services.request_return(
        order_id=order.pk,
        units={order.lines.get().pk: units},
        reason=reason,
        remark="The box was open.",
        now=NOW + timedelta(days=days),
        actor="guest",
    )


def decide(asked: ReturnRequest, *, approve: bool = True, answer: str = "Send it to us.") -> ReturnRequest:
    return services.decide_return(return_id=asked.pk, approve=approve, answer=answer, now=NOW, actor=STAFF)


def receive(asked: ReturnRequest, *, restocked: int = 0, written_off: int = 0) -> ReturnRequest:
    receipts = {asked.lines.get().pk: Receipt(restocked=restocked, written_off=written_off, remark="As described.")}
    return services.receive_return(return_id=asked.pk, receipts=receipts, now=NOW, actor=STAFF)


def refund(asked: ReturnRequest) -> ReturnRequest:
    return services.refund_return(return_id=asked.pk, now=NOW, actor=STAFF)


def laws_hold() -> bool:
    return prove() == [] and prove_owed() == []


def test_a_return_goes_its_way_to_the_money() -> None:
    item = StockItemFactory()
    order = sent_order(item)

    asked = ask(order, 2)
    decide(asked)
    receive(asked, restocked=1, written_off=1)
    refund(asked)

    asked.refresh_from_db()
    line = order.lines.get()
    assert (asked.number, asked.status) == (1, ReturnStatus.REFUNDED)
    assert (line.fulfilled, line.returned, line.refunded) == (2, 2, 2)
    assert asked.refund is not None
    assert asked.refund.amount_minor == line.charged_minor
    assert counters(item) == (4, 0, 0)
    assert ledger(item)[-3:] == [("TAKE_BACK", 1, 0, 0), ("TAKE_BACK", 1, 0, 0), ("WRITE_OFF", -1, 0, 0)]
    told = ["return_requested", "return_approved", "return_received", "refund_sent"]
    assert [Message.objects.filter(key__startswith=f"{name}:").count() for name in told] == [1, 1, 1, 1]
    kinds = [OrderEventKind.RETURN_REQUESTED, OrderEventKind.RETURN_APPROVED, OrderEventKind.RETURN_RECEIVED]
    assert [order.events.get(kind=kind).actor for kind in kinds] == ["guest", STAFF, STAFF]
    assert laws_hold()


def test_only_what_came_is_paid_back_and_the_rest_can_be_asked_for_again() -> None:
    item = StockItemFactory()
    order = sent_order(item, 3)
    asked = ask(order, 3)
    decide(asked)

    receive(asked, restocked=1)
    refund(asked)

    assert Refund.objects.get().amount_minor == 250_000
    with nothing_changes(), pytest.raises(services.NotThatManyLeft):
        ask(order, 3)
    assert ask(order, 2).number == 2
    assert laws_hold()


def test_every_step_has_one_effect() -> None:
    asked = ask(sent_order(StockItemFactory()), 2)
    for step in (decide, lambda each: receive(each, restocked=1), refund):
        step(asked)
        with nothing_changes():
            step(asked)
    with nothing_changes():
        receive(asked, restocked=2)


def test_request_refuses_what_cannot_be_returned(settings: object) -> None:
    item = StockItemFactory()
    order, unsent = sent_order(item), paid_order()
    ask(order, 1, days=14)

    with nothing_changes():
        with pytest.raises(services.ReturnTooLate):
            ask(order, 1, days=15)
        with pytest.raises(services.ReturnTooEarly):
            ask(unsent)
        with pytest.raises(services.NotThatManyLeft):
            ask(order, 2)
        with pytest.raises(services.NothingChosen):
            ask(order, 0)
        with pytest.raises(InvalidInput):
            ask(order, 1, reason="BORED")
        with pytest.raises(NotFound):
            services.request_return(order_id=uuid4(), units={}, reason="OTHER", remark="", now=NOW, actor="guest")


def test_withdrawn_units_can_be_asked_for_again() -> None:
    order = sent_order(StockItemFactory())
    asked, decided = ask(order), ask(order)
    decide(decided)

    services.withdraw_return(return_id=asked.pk, now=NOW, actor="guest")
    with nothing_changes():
        services.withdraw_return(return_id=asked.pk, now=NOW, actor="guest")
        with pytest.raises(services.ReturnMoved):
            services.withdraw_return(return_id=decided.pk, now=NOW, actor="guest")
        with pytest.raises(services.ReturnMoved):
            decide(asked)

    assert ask(order).number == 3


def test_a_refused_return_says_why_and_stays_refused() -> None:
    order = sent_order(StockItemFactory())
    asked = ask(order)

    with nothing_changes(), pytest.raises(InvalidInput):
        decide(asked, approve=False, answer=" ")
    decide(asked, approve=False, answer="It was worn.")
    with nothing_changes():
        decide(asked, approve=False, answer="It was worn.")
        for step in (decide, lambda each: receive(each, restocked=1), refund):
            with pytest.raises(services.ReturnMoved):
                step(asked)

    assert "It was worn." in Message.objects.get(key__startswith="return_rejected:").text
    assert order.events.get(kind=OrderEventKind.RETURN_REJECTED).text == "Return 1 was refused. It was worn."


def test_receiving_more_than_was_to_come_or_nothing_is_refused() -> None:
    asked = ask(sent_order(StockItemFactory()))
    with nothing_changes(), pytest.raises(services.ReturnMoved):
        receive(asked, restocked=1)
    decide(asked)

    with nothing_changes():
        with pytest.raises(services.NothingCameBack):
            receive(asked)
        for wrong in [{"restocked": 1, "written_off": 1}, {"restocked": 2}, {"restocked": -1}]:
            with pytest.raises(InvalidInput):
                receive(asked, **wrong)
        with pytest.raises(NotFound):
            services.receive_return(return_id=asked.pk, receipts={uuid4(): Receipt(1)}, now=NOW, actor=STAFF)


def test_an_approved_return_that_never_comes_is_closed() -> None:
    order = sent_order(StockItemFactory())
    asked = ask(order)
    with nothing_changes(), pytest.raises(services.ReturnMoved):
        services.close_return(return_id=asked.pk, now=NOW, actor=STAFF)
    decide(asked)

    services.close_return(return_id=asked.pk, now=NOW, actor=STAFF)
    with nothing_changes():
        services.close_return(return_id=asked.pk, now=NOW, actor=STAFF)

    assert ask(order, 2).number == 2


def test_a_return_of_money_that_went_back_already_pays_no_more() -> None:
    order = sent_order(StockItemFactory())
    services.repay(order_id=order.pk, amount_minor=order.total_minor, reason="Sorry", now=NOW, actor=STAFF)
    asked = ask(order)
    decide(asked)
    receive(asked, restocked=1)

    refund(asked)

    asked.refresh_from_db()
    assert (asked.status, asked.refund, Refund.objects.count()) == (ReturnStatus.REFUNDED, None, 1)
    assert order.status == OrderStatus.FULFILLED


def withdraw(asked: ReturnRequest) -> ReturnRequest:
    return services.withdraw_return(return_id=asked.pk, now=NOW, actor="guest")


@pytest.mark.parametrize("step", [decide, refund, withdraw])
def test_unknown_returns_are_not_found(step: Callable[[ReturnRequest], object]) -> None:
    with pytest.raises(NotFound):
        step(ReturnRequest())
