"""Exchange: what comes back pays for another variant; no money moves, and what is refused changes nothing."""

from typing import Any
from uuid import uuid4

import pytest

from inventory.models import StockItem
from inventory.queries import prove
from orders import services
from orders.models import (
    Message,
    Order,
    OrderEventKind,
    OrderStatus,
    Paper,
    Payment,
    PaymentStatus,
    Refund,
    ReturnRequest,
    ReturnStatus,
)
from orders.queries import prove_owed
from orders.services import Receipt
from shop.errors import ShopError
from shop.models import Variant
from tests.books import counters, nothing_changes
from tests.factories import NOW, StockItemFactory, VariantFactory, paid_order, report

pytestmark = pytest.mark.django_db

STAFF = "staff@example.com"


def sibling(item: StockItem, *, units: int = 5, **fields: Any) -> StockItem:
    """Another variant of the same product, in stock."""
    return StockItemFactory(variant=VariantFactory(product=item.variant.product, **fields), on_hand=units)


def sent_order(item: StockItem, units: int = 2) -> Order:
    order = paid_order(lines={item.variant: units})
    services.fulfil_order(order_id=order.pk, now=NOW, actor=STAFF)
    order.refresh_from_db()
    return order


def approved(order: Order, units: int = 1) -> ReturnRequest:
    asked = services.request_return(
        order_id=order.pk,
        units={order.lines.get().pk: units},
        reason="DOES_NOT_FIT",
        remark="",
        now=NOW,
        actor="guest",
    )
    return services.decide_return(return_id=asked.pk, approve=True, answer="", now=NOW, actor=STAFF)


def approved_whole(order: Order) -> ReturnRequest:
    """The return of everything that an order had."""
    services.fulfil_order(order_id=order.pk, now=NOW, actor=STAFF)
    units = {line.pk: line.quantity for line in order.lines.all()}
    asked = services.request_return(
        order_id=order.pk, units=units, reason="DOES_NOT_FIT", remark="", now=NOW, actor="guest"
    )
    return services.decide_return(return_id=asked.pk, approve=True, answer="", now=NOW, actor=STAFF)


def receive(asked: ReturnRequest, units: int) -> ReturnRequest:
    receipts = {asked.lines.get().pk: Receipt(restocked=units)}
    return services.receive_return(return_id=asked.pk, receipts=receipts, now=NOW, actor=STAFF)


def exchange(asked: ReturnRequest, variant: Variant, *, actor: str = "guest") -> Order:
    choices = {asked.lines.get().pk: variant.pk}
    return services.exchange_return(return_id=asked.pk, choices=choices, now=NOW, actor=actor)


def kept_minor() -> int:
    """What came in and did not go back, whatever order it counts for."""
    came = sum(
        Payment.objects.filter(moved_from=None, status=PaymentStatus.CAPTURED).values_list("captured_minor", flat=True)
    )
    return came - sum(Refund.objects.values_list("amount_minor", flat=True))


def live_minor() -> int:
    """What orders are worth by the money that counts for them."""
    return sum(services.left_of(payment) for payment in Payment.objects.captured())


def laws_hold() -> bool:
    return prove() == [] and prove_owed() == [] and kept_minor() == live_minor()


def test_a_received_return_becomes_an_order_that_is_paid() -> None:
    item = StockItemFactory()
    other = sibling(item, options={"Size": "L"})
    order = sent_order(item)
    asked = receive(approved(order), 1)

    replacement = exchange(asked, other.variant)

    asked.refresh_from_db()
    assert (asked.status, asked.replacement) == (ReturnStatus.EXCHANGED, replacement)
    assert (replacement.status, replacement.total_minor, replacement.shipping_minor) == (OrderStatus.PAID, 250_000, 0)
    line = replacement.lines.get()
    assert (line.sku, line.variant_label, line.quantity, line.charged_minor) == (other.sku, "L", 1, 250_000)
    assert (counters(item), counters(other)) == ((4, 0, 0), (5, 0, 1))
    assert (order.lines.get().returned, order.lines.get().refunded) == (1, 1)
    assert laws_hold()
    assert (order.email, replacement.address) == (replacement.email, order.address)
    kinds = [each.events.filter(kind=OrderEventKind.EXCHANGED).count() for each in (order, replacement)]
    assert kinds == [1, 1]
    message = Message.objects.get(key__startswith=f"exchange_placed:{replacement.pk}")
    assert "We pack it now" in message.text


def test_it_is_sent_like_any_other_order_and_its_papers_add_up() -> None:
    item = StockItemFactory()
    other = sibling(item)
    order = sent_order(item)
    replacement = exchange(receive(approved(order), 1), other.variant)

    services.fulfil_order(order_id=replacement.pk, now=NOW, actor=STAFF)

    replacement.refresh_from_db()
    assert replacement.status == OrderStatus.FULFILLED
    assert counters(other) == (4, 0, 0)
    credit, invoice = Paper.objects.get(order=order, kind="CREDIT_NOTE"), Paper.objects.get(order=replacement)
    assert (credit.total_minor, invoice.total_minor, invoice.kind) == (250_000, 250_000, "INVOICE")
    assert credit.content["tax_minor"] == invoice.content["tax_minor"]
    assert Message.objects.filter(key__startswith="shipment_sent:", to=order.email).count() == 2


def test_chosen_before_the_parcel_came_the_units_are_kept_and_wait_for_it() -> None:
    item = StockItemFactory()
    other = sibling(item, units=1)
    order = sent_order(item)
    asked = approved(order)

    replacement = exchange(asked, other.variant)

    asked.refresh_from_db()
    assert (asked.status, asked.is_awaited) == (ReturnStatus.APPROVED, True)
    assert counters(other) == (1, 0, 1)
    assert Order.objects.to_send().count() == 0
    assert Paper.objects.count() == 1
    assert laws_hold()
    unit = {replacement.lines.get().pk: 1}
    for act in (
        lambda: services.pack(order_id=replacement.pk, units=unit, now=NOW, actor=STAFF),
        lambda: services.fulfil_order(order_id=replacement.pk, now=NOW, actor=STAFF),
        lambda: services.repay(order_id=replacement.pk, amount_minor=1, reason="x", now=NOW, actor=STAFF),
        lambda: services.cancel_units(
            order_id=replacement.pk, units=unit, restock=True, reason="", now=NOW, actor=STAFF
        ),
    ):
        with nothing_changes(), pytest.raises(services.ExchangeAwaitsReturn):
            act()

    receive(asked, 1)

    asked.refresh_from_db()
    assert (asked.status, order.lines.get().refunded) == (ReturnStatus.EXCHANGED, 1)
    assert Paper.objects.count() == 3
    assert list(Order.objects.to_send()) == [replacement]
    services.fulfil_order(order_id=replacement.pk, now=NOW, actor=STAFF)
    assert counters(other) == (0, 0, 0)
    assert laws_hold()


def test_the_same_choice_twice_is_one_exchange_and_another_one_is_refused() -> None:
    item = StockItemFactory()
    other, third = sibling(item), sibling(item)
    asked = approved(sent_order(item))
    first = exchange(asked, other.variant)

    with nothing_changes():
        assert exchange(asked, other.variant) == first
    with nothing_changes(), pytest.raises(services.ReturnExchanged):
        exchange(asked, third.variant)
    with nothing_changes(), pytest.raises(services.ReturnMoved):
        services.refund_return(return_id=asked.pk, now=NOW, actor=STAFF)


def test_the_same_choice_twice_is_one_exchange_where_only_a_part_came() -> None:
    came, kept = StockItemFactory(), StockItemFactory()
    asked = approved_whole(paid_order(lines={came.variant: 1, kept.variant: 1}))
    part = asked.lines.get(order_line__sku=came.sku)
    services.receive_return(return_id=asked.pk, receipts={part.pk: Receipt(restocked=1)}, now=NOW, actor=STAFF)
    choices = {part.pk: sibling(came).variant.pk}
    first = services.exchange_return(return_id=asked.pk, choices=choices, now=NOW, actor="guest")

    with nothing_changes():
        assert services.exchange_return(return_id=asked.pk, choices=choices, now=NOW, actor="guest") == first


def test_the_same_variants_for_each_other_are_another_choice() -> None:
    item = StockItemFactory()
    asked = approved_whole(paid_order(lines={item.variant: 1, sibling(item).variant: 2}))
    one, two = asked.lines.order_by("order_line_id").values_list("pk", flat=True)
    large, small = sibling(item).variant.pk, sibling(item).variant.pk
    services.exchange_return(return_id=asked.pk, choices={one: large, two: small}, now=NOW, actor="guest")

    with nothing_changes(), pytest.raises(services.ReturnExchanged):
        services.exchange_return(return_id=asked.pk, choices={one: small, two: large}, now=NOW, actor="guest")


def test_what_cannot_replace_it_is_refused_and_changes_nothing() -> None:
    item = StockItemFactory()
    asked = approved(sent_order(item), 2)
    cases: list[tuple[Variant, type[ShopError], str]] = [
        (StockItemFactory().variant, services.NotAReplacement, "in another variant"),
        (sibling(item, is_active=False).variant, services.NotAReplacement, "on sale"),
        (sibling(item, price_minor=260_000).variant, services.NotEqualInPrice, "take the money back"),
        (sibling(item, units=1).variant, services.ExchangeSoldOut, "keep the return as it is"),
        (sibling(item, units=0).variant, services.ExchangeSoldOut, "Not free"),
    ]

    for variant, refusal, words in cases:
        with nothing_changes(), pytest.raises(refusal) as refused:
            exchange(asked, variant)
        assert words in refused.value.detail
    with nothing_changes(), pytest.raises(services.NotAReplacement):
        services.exchange_return(return_id=asked.pk, choices={}, now=NOW, actor="guest")
    with nothing_changes(), pytest.raises(services.NotAReplacement):
        services.exchange_return(return_id=asked.pk, choices={asked.lines.get().pk: uuid4()}, now=NOW, actor="guest")


@pytest.mark.parametrize("state", ["asked", "refused", "refunded", "closed"])
def test_a_return_that_is_not_approved_or_here_is_not_exchanged(state: str) -> None:
    item = StockItemFactory()
    other = sibling(item)
    order = sent_order(item)
    asked = services.request_return(
        order_id=order.pk, units={order.lines.get().pk: 1}, reason="OTHER", remark="", now=NOW, actor="guest"
    )
    if state != "asked":
        services.decide_return(return_id=asked.pk, approve=state != "refused", answer="Worn.", now=NOW, actor=STAFF)
    if state == "refunded":
        receive(asked, 1)
        services.refund_return(return_id=asked.pk, now=NOW, actor=STAFF)
    if state == "closed":
        services.close_return(return_id=asked.pk, now=NOW, actor=STAFF)

    with nothing_changes(), pytest.raises(services.ReturnMoved):
        exchange(asked, other.variant)


def test_what_was_bought_at_an_ended_price_is_exchanged_at_it() -> None:
    item = StockItemFactory()
    order = sent_order(item)
    Variant.objects.filter(pk=item.variant_id and item.variant.pk).update(price_minor=300_000)
    dearer_now = sibling(item, price_minor=300_000)

    replacement = exchange(approved(order), dearer_now.variant)

    assert (replacement.total_minor, replacement.lines.get().unit_price_minor) == (250_000, 250_000)
    assert laws_hold()


def test_discount_and_tax_of_what_comes_back_go_over_to_the_last_rupiah() -> None:
    item = StockItemFactory()
    other = sibling(item)
    order = paid_order(lines={item.variant: 3})
    line = order.lines.get()
    line.discount_minor, line.charged_minor = 100_001, line.charged_minor - 100_001
    line.save(update_fields=["discount_minor", "charged_minor"])
    services.fulfil_order(order_id=order.pk, now=NOW, actor=STAFF)

    exchanged = [exchange(receive(approved(order, 1), 1), other.variant) for _ in range(3)]

    assert sum(each.total_minor for each in exchanged) == line.charged_minor
    assert sum(each.tax_minor for each in exchanged) <= line.tax_minor
    assert laws_hold()


def test_tax_on_top_goes_over_too(settings: Any) -> None:
    settings.PRICES_INCLUDE_TAX = False
    item = StockItemFactory()
    other = sibling(item)
    order = sent_order(item, 2)

    replacement = exchange(approved(order, 1), other.variant)

    line = replacement.lines.get()
    assert (line.total_minor, line.added_tax_minor, replacement.total_minor) == (250_000, 27_500, 277_500)


def test_money_that_went_back_before_pays_for_nothing() -> None:
    item = StockItemFactory()
    other = sibling(item)
    order = sent_order(item, 1)
    services.repay(order_id=order.pk, amount_minor=200_000, reason="Late", now=NOW, actor=STAFF)
    asked = approved(order)

    with nothing_changes(), pytest.raises(services.ExchangeNotCovered):
        exchange(asked, other.variant)


def test_no_more_goes_back_of_the_old_order_than_is_left_of_it() -> None:
    item = StockItemFactory()
    order = sent_order(item, 1)
    exchange(receive(approved(order), 1), sibling(item).variant)

    with nothing_changes(), pytest.raises(services.MoreThanCame):
        services.repay(order_id=order.pk, amount_minor=20_001, reason="All", now=NOW, actor=STAFF)
    services.repay(order_id=order.pk, amount_minor=20_000, reason="The delivery", now=NOW, actor=STAFF)
    assert laws_hold()


# Undone ---------------------------------------------------------------------------------------------------------------


def test_undone_before_the_parcel_came_everything_is_what_it_was() -> None:
    item = StockItemFactory()
    other = sibling(item)
    order = sent_order(item)
    asked = approved(order)
    left_minor = services.left_of(order.payments.captured().get())
    replacement = exchange(asked, other.variant)

    for _ in range(2):
        services.undo_exchange(return_id=asked.pk, now=NOW, actor=STAFF)

    asked.refresh_from_db()
    replacement.refresh_from_db()
    assert (asked.status, asked.replacement) == (ReturnStatus.APPROVED, None)
    assert (replacement.status, replacement.payments.count()) == (OrderStatus.CANCELLED, 0)
    assert services.left_of(order.payments.captured().get()) == left_minor
    assert counters(other) == (5, 0, 0)
    assert laws_hold()
    for each in (order, replacement):
        assert each.events.filter(kind=OrderEventKind.EXCHANGE_UNDONE).count() == 1
    assert Message.objects.filter(key__startswith="exchange_undone:").count() == 1
    # It is exchanged once more, or paid back, as if nothing had been.
    again = exchange(asked, other.variant)
    assert (again.status, counters(other)) == (OrderStatus.PAID, (5, 0, 1))
    assert laws_hold()


def test_its_customer_cancels_it_and_gets_no_money_for_what_is_not_here() -> None:
    item = StockItemFactory()
    asked = approved(sent_order(item))
    replacement = exchange(asked, sibling(item).variant)

    for _ in range(2):
        services.cancel_for_customer(order_id=replacement.pk, now=NOW, actor="guest")

    asked.refresh_from_db()
    assert (asked.replacement, Refund.objects.count()) == (None, 0)
    assert laws_hold()


def test_a_parcel_that_never_comes_undoes_it() -> None:
    item = StockItemFactory()
    other = sibling(item)
    asked = approved(sent_order(item))
    exchange(asked, other.variant)

    services.close_return(return_id=asked.pk, now=NOW, actor=STAFF)

    asked.refresh_from_db()
    assert (asked.status, asked.replacement, counters(other)) == (ReturnStatus.WITHDRAWN, None, (5, 0, 0))
    assert laws_hold()


def test_a_part_of_it_is_not_received_before_it_is_undone() -> None:
    item = StockItemFactory()
    asked = approved(sent_order(item), 2)
    exchange(asked, sibling(item).variant)

    with nothing_changes(), pytest.raises(services.ExchangeIncomplete):
        receive(asked, 1)
    services.undo_exchange(return_id=asked.pk, now=NOW, actor=STAFF)
    receive(asked, 1)
    services.refund_return(return_id=asked.pk, now=NOW, actor=STAFF)

    assert Refund.objects.get().amount_minor == 250_000
    assert laws_hold()


def test_cancelled_once_the_return_is_here_its_money_goes_back() -> None:
    item = StockItemFactory()
    other = sibling(item)
    asked = receive(approved(sent_order(item)), 1)
    replacement = exchange(asked, other.variant)

    with nothing_changes(), pytest.raises(services.ReturnMoved):
        services.undo_exchange(return_id=asked.pk, now=NOW, actor=STAFF)
    services.cancel_for_customer(order_id=replacement.pk, now=NOW, actor="guest")

    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.payment.order) == (250_000, replacement)
    assert counters(other) == (5, 0, 0)
    assert laws_hold()


# What the provider and the bank say of the one charge -----------------------------------------------------------------


def test_a_refund_of_the_new_order_is_told_under_the_name_of_the_old_charge() -> None:
    item = StockItemFactory()
    order = sent_order(item)
    replacement = exchange(receive(approved(order), 1), sibling(item).variant)
    services.cancel_for_customer(order_id=replacement.pk, now=NOW, actor="guest")
    refund = Refund.objects.get()
    charge = order.payments.captured().get()

    event = report(charge, kind="refund.succeeded", refund=str(refund.key), amount=refund.amount_minor)

    refund.refresh_from_db()
    assert (refund.is_finished, Refund.objects.count(), event.outcome) == (True, 1, "refund finished")
    assert replacement.events.filter(kind=OrderEventKind.REFUND_SUCCEEDED).count() == 1
    assert order.events.filter(kind=OrderEventKind.REFUND_SUCCEEDED).count() == 0


def test_a_chargeback_of_the_charge_holds_back_both_orders_until_it_is_won() -> None:
    item = StockItemFactory()
    order = sent_order(item)
    replacement = exchange(receive(approved(order), 1), sibling(item).variant)
    charge = order.payments.captured().get()

    report(charge, kind="payment.charged_back")

    replacement.refresh_from_db()
    assert replacement.is_held_back
    assert "bank took" in replacement.needs_attention
    with nothing_changes(), pytest.raises(services.OrderHeldBack):
        services.fulfil_order(order_id=replacement.pk, now=NOW, actor=STAFF)
    report(charge, kind="payment.chargeback_won")
    replacement.refresh_from_db()
    assert not replacement.is_held_back
    assert set(Payment.objects.exclude(captured_minor=0).values_list("status", flat=True)) == {PaymentStatus.CAPTURED}
    services.fulfil_order(order_id=replacement.pk, now=NOW, actor=STAFF)


def test_with_the_money_at_the_bank_nothing_is_exchanged() -> None:
    item = StockItemFactory()
    order = sent_order(item)
    asked = approved(order)
    report(order.payments.captured().get(), kind="payment.charged_back")

    other = sibling(item)
    with nothing_changes(), pytest.raises(services.PaymentChargedBack):
        exchange(asked, other.variant)


def test_what_was_exchanged_comes_back_and_is_exchanged_again() -> None:
    item = StockItemFactory()
    order = sent_order(item, 1)
    first = exchange(receive(approved(order), 1), sibling(item).variant)
    services.fulfil_order(order_id=first.pk, now=NOW, actor=STAFF)

    second = exchange(receive(approved(first), 1), item.variant)

    assert second.total_minor == 250_000
    report(order.payments.captured().get(), kind="payment.charged_back")
    assert set(Order.objects.values_list("needs_attention", flat=True)) != {""}
    assert Payment.objects.captured().count() == 0
