"""Placed orders to look at, with stock behind them."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from inventory import services as inventory
from inventory.models import StockItem
from orders.models import (
    Order,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentEvent,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from tests.factories import ACTOR, ShippingMethodFactory, StockItemFactory


def order(*, number: str, status: str = OrderStatus.AWAITING_PAYMENT, attention: str = "") -> Order:
    """An order of two units, with a hold that is committed once it is paid, a payment, its event and a timeline."""
    now = timezone.now()
    item = StockItemFactory(on_hand=5)
    reservation_id = _hold(item, token=number, is_paid=status != OrderStatus.AWAITING_PAYMENT, now=now)
    placed = Order.objects.create(
        number=number,
        status=status,
        email=f"{number.lower()}@example.com",
        name="Ayu Lestari",
        phone="0812",
        address="Jalan Melati 1",
        city="Bandung",
        postal_code="40111",
        country="ID",
        shipping_method=ShippingMethodFactory(),
        shipping_name="Regular",
        gateway="sandbox",
        currency="IDR",
        subtotal_minor=500_000,
        shipping_minor=20_000,
        total_minor=520_000,
        placed_at=now,
        pay_by=now + timedelta(minutes=15),
        paid_at=None if status == OrderStatus.AWAITING_PAYMENT else now,
        needs_attention=attention,
    )
    OrderLine.objects.create(
        order=placed,
        variant=item.variant,
        sku=item.sku,
        product_name="Runner",
        unit_price_minor=250_000,
        quantity=2,
        total_minor=500_000,
        charged_minor=500_000,
        reservation_id=reservation_id,
    )
    OrderEvent.objects.create(
        order=placed, kind=OrderEventKind.PLACED, text="Order placed.", actor="shopper", happened_at=now
    )
    payment = _payment(placed, now=now)
    PaymentEvent.objects.create(
        gateway="sandbox",
        event_id=f"evt-{number}",
        payment=payment,
        kind="captured",
        amount_minor=520_000,
        currency="IDR",
        payload={"id": f"evt-{number}"},
        received_at=now,
    )
    return placed


def failed_refund(placed: Order) -> Refund:
    """Money that the provider would not send back."""
    now = timezone.now()
    return Refund.objects.create(
        payment=placed.payments.get(),
        amount_minor=520_000,
        currency="IDR",
        reason="paid twice",
        status=RefundStatus.FAILED,
        attempts=8,
        next_attempt_at=now,
        last_error="no such account",
        created_at=now,
    )


def _hold(item: StockItem, *, token: str, is_paid: bool, now: datetime) -> UUID:
    reservation = inventory.reserve(
        lines={item.sku: 2}, token=token, expires_at=now + timedelta(minutes=15), now=now, actor=ACTOR
    )
    if is_paid:
        inventory.commit(reservation_ids=[reservation.pk], actor=ACTOR, now=now)
    return reservation.pk


def _payment(placed: Order, *, now: datetime) -> Payment:
    return Payment.objects.create(
        order=placed,
        gateway="sandbox",
        status=PaymentStatus.CAPTURED if placed.paid_at else PaymentStatus.PENDING,
        amount_minor=520_000,
        currency="IDR",
        captured_minor=520_000 if placed.paid_at else 0,
        is_kept=placed.paid_at is not None,
        captured_currency="IDR" if placed.paid_at else "",
        created_at=now,
        expires_at=now + timedelta(minutes=15),
    )
