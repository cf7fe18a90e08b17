"""Orders that need a person: how they get onto the queue, and how they leave it."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from orders import services
from orders.models import Message, Order, OrderEvent, OrderStatus, ShippingMethod
from orders.services.attention import call_staff
from shop.errors import InvalidInput, NotFound
from tests.books import nothing_changes
from tests.factories import ACTOR, NOW, StockItemFactory, guest_cart, owed, paid_order, placed_order, report

pytestmark = pytest.mark.django_db
LATER = NOW + settings.PAYMENT_WINDOW + timedelta(minutes=1)


def test_settle_attention_takes_it_off_the_queue_with_a_remark() -> None:
    order = placed_order()
    Order.objects.filter(pk=order.pk).update(needs_attention="the amount differs", set_aside_at=NOW)

    services.settle_attention(order_id=order.pk, remark="Called the bank.", actor=ACTOR, now=NOW)

    order.refresh_from_db()
    assert (order.needs_attention, order.set_aside_at) == ("", None)
    assert OrderEvent.objects.filter(order=order, kind="ATTENDED").get().text == "Called the bank."


def test_settle_attention_twice_writes_one_remark() -> None:
    order = placed_order()
    Order.objects.filter(pk=order.pk).update(needs_attention="the amount differs")
    for _ in range(2):
        services.settle_attention(order_id=order.pk, remark="Done.", actor=ACTOR, now=NOW)
    assert OrderEvent.objects.filter(order=order, kind="ATTENDED").count() == 1


@pytest.mark.parametrize("remark", ["", "   "])
def test_settle_attention_without_a_remark_is_refused(remark: str) -> None:
    order = placed_order()
    Order.objects.filter(pk=order.pk).update(needs_attention="the amount differs")
    with nothing_changes(), pytest.raises(InvalidInput):
        services.settle_attention(order_id=order.pk, remark=remark, actor=ACTOR, now=NOW)


def test_settle_attention_of_nothing_is_not_found() -> None:
    with pytest.raises(NotFound):
        services.settle_attention(order_id=placed_order().cart_id, remark="?", actor=ACTOR, now=NOW)


def test_settling_another_matter_lets_no_parcel_go_that_a_chargeback_holds_back() -> None:
    order = paid_order()
    payment = order.payments.get()
    report(payment, kind="payment.charged_back")
    report(payment, kind="refund.failed", refund="re_unknown", amount=1)

    services.settle_attention(order_id=order.pk, remark="The refund is none of ours.", actor=ACTOR, now=NOW)

    order.refresh_from_db()
    assert order.is_held_back
    assert order.needs_attention.startswith("The bank took the payment back.")
    assert "of which the shop knows nothing" not in order.needs_attention
    services.settle_attention(order_id=order.pk, remark="Sent.", sends_anyway=True, actor=ACTOR, now=NOW)
    order.refresh_from_db()
    assert (order.is_held_back, order.needs_attention) == (False, "")


def test_nothing_is_held_back_any_more_once_nothing_is_left_to_be_sent() -> None:
    order = paid_order()
    report(order.payments.get(), kind="payment.charged_back")
    services.cancel_units(order_id=order.pk, units=owed(order), restock=True, reason="", actor=ACTOR, now=NOW)

    services.settle_attention(order_id=order.pk, remark="Cancelled.", actor=ACTOR, now=NOW)

    order.refresh_from_db()
    assert (order.is_held_back, order.needs_attention) == (False, "")


def test_no_reason_is_cut_however_many_there_are() -> None:
    order = paid_order()
    reasons = [f"{number}: {'why ' * 30}" for number in range(5)]

    for reason in reasons:
        call_staff(order, reason)

    order.refresh_from_db()
    assert order.needs_attention.split(" · ") == reasons[::-1]


def test_expire_unpaid_ends_an_order_that_waits_for_a_person() -> None:
    order = placed_order()
    Order.objects.filter(pk=order.pk).update(needs_attention="the amount differs")

    assert services.expire_unpaid(now=LATER) == 1

    order.refresh_from_db()
    assert (order.status, order.needs_attention) == (OrderStatus.EXPIRED, "the amount differs")


def test_expire_unpaid_sets_aside_what_it_cannot_end_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    poison, sound = placed_order(), placed_order()
    write_note = services.end.note

    def fail_on_poison(order: Order, *args: object, **kwargs: object) -> None:
        if order.pk == poison.pk:
            raise ValueError("a row that nobody foresaw")
        write_note(order, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(services.end, "note", fail_on_poison)

    assert services.expire_unpaid(now=LATER) == 1
    assert services.expire_unpaid(now=LATER) == 0

    poison.refresh_from_db()
    sound.refresh_from_db()
    assert (poison.status, poison.set_aside_at) == (OrderStatus.AWAITING_PAYMENT, LATER)
    assert poison.needs_attention == "It cannot be ended: a row that nobody foresaw"
    assert sound.status == OrderStatus.EXPIRED


def test_place_order_refuses_a_shipping_method_that_is_no_longer_offered() -> None:
    cart = guest_cart(lines={StockItemFactory().variant: 1})
    ShippingMethod.objects.update(is_active=False)
    with nothing_changes(), pytest.raises(services.CheckoutIncomplete) as refusal:
        services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=NOW, actor=ACTOR)
    assert (refusal.value.facts["field"], refusal.value.facts["step"]) == ("shipping_method", "delivery")


def test_place_order_refuses_a_provider_that_is_switched_off(settings: Any) -> None:
    cart = guest_cart(lines={StockItemFactory().variant: 1})
    settings.PAYMENT_GATEWAYS = []
    with nothing_changes(), pytest.raises(services.CheckoutIncomplete) as refusal:
        services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=NOW, actor=ACTOR)
    assert (refusal.value.facts["field"], refusal.value.facts["step"]) == ("gateway", "payment")


def test_place_order_refuses_two_currencies() -> None:
    lines = {StockItemFactory().variant: 1, StockItemFactory(variant__currency="USD").variant: 1}
    cart = guest_cart(lines=lines)
    with nothing_changes(), pytest.raises(services.MixedCurrencies) as refusal:
        services.place_order(cart_id=cart.pk, user=AnonymousUser(), now=NOW, actor=ACTOR)
    assert refusal.value.detail == "The cart and its delivery are priced in IDR and USD. Order them apart."


def test_fulfil_order_tells_the_customer_once() -> None:
    order = paid_order()
    for _ in range(2):
        services.fulfil_order(order_id=order.pk, tracking_number="JNE-1", actor=ACTOR, now=NOW)
    message = Message.objects.filter(key__startswith="shipment_sent").get()
    assert message.subject == f"Parcel 1 of order {order.number} left"
    assert "JNE-1" in message.text
