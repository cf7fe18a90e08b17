"""Whatever staff and customer do after the sale, in whatever order: the laws of units and money hold."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.queries import prove
from orders import services
from orders.models import Order, Refund, ReturnRequest, Shipment
from orders.queries import prove_owed
from orders.services import Receipt
from shop.errors import ShopError
from tests.factories import NOW, StockItemFactory, owed, paid_order

pytestmark = pytest.mark.django_db

STEPS = ["pack", "unpack", "ship", "cancel", "write off", "cancel rest", "repay", "ask", "approve", "receive", "refund"]


def do(step: str, order: Order, *, line: int, units: int) -> None:
    """One act on the order; which parcel or return is meant is the latest."""
    who = {"now": NOW, "actor": "staff@example.com"}
    chosen = {order.lines.order_by("pk")[line].pk: units}
    parcel = Shipment.objects.filter(order=order).order_by("-number").first() or Shipment()
    asked = ReturnRequest.objects.filter(order=order).order_by("-number").first() or ReturnRequest()
    part = asked.lines.first()
    receipts = {part.pk: Receipt(restocked=units // 2, written_off=units - units // 2)} if part else {}
    cancel = {"order_id": order.pk, "units": chosen, "reason": ""}
    acts = {
        "pack": lambda: services.pack(order_id=order.pk, units=chosen, **who),
        "unpack": lambda: services.unpack(shipment_id=parcel.pk, **who),
        "ship": lambda: services.ship(shipment_id=parcel.pk, carrier="", tracking_number="", tracking_url="", **who),
        "cancel": lambda: services.cancel_units(restock=True, **cancel, **who),
        "write off": lambda: services.cancel_units(restock=False, **cancel, **who),
        "cancel rest": lambda: services.cancel_units(restock=True, **{**cancel, "units": owed(order)}, **who),
        "repay": lambda: services.repay(order_id=order.pk, amount_minor=units * 70_001, reason="Sorry", **who),
        "ask": lambda: services.request_return(order_id=order.pk, units=chosen, reason="OTHER", remark="", **who),
        "approve": lambda: services.decide_return(return_id=asked.pk, approve=True, answer="", **who),
        "receive": lambda: services.receive_return(return_id=asked.pk, receipts=receipts, **who),
        "refund": lambda: services.refund_return(return_id=asked.pk, **who),
    }
    acts[step]()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 1), st.integers(1, 3)), max_size=14))
def test_units_and_money_add_up_whatever_happens(db: None, steps: list[tuple[str, int, int]]) -> None:
    one, other = StockItemFactory(), StockItemFactory()
    order = paid_order(lines={one.variant: 3, other.variant: 2})

    for step, line, units in steps:
        with suppress(ShopError):
            do(step, order, line=line, units=units)

        gone = sum(Refund.objects.filter(payment__order=order).values_list("amount_minor", flat=True))
        assert gone <= order.total_minor
        assert all(each.unpacked >= 0 and each.owed >= 0 for each in order.lines.all())
        assert prove() == []
        assert prove_owed() == []
