"""An order in each of its states, with the attempts that led there, built through the services."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from inventory import services as inventory
from inventory.models import StockItem
from orders import services
from orders.gateways import GatewayFailed, GatewayRefund, GatewaySession
from orders.models import Order, OrderStatus, Payment, Refund
from tests.factories import ACTOR, NOW, StockItemFactory, hold, placed_order, report

WINDOW_ENDS = NOW + settings.PAYMENT_WINDOW
UNITS = 2


@dataclass
class Scene:
    """An order of two units, all that there were. `other` was declined before `main`, by which it came to its state."""

    item: StockItem
    order: Order
    main: Payment
    other: Payment
    now: datetime = NOW

    @property
    def last_refund(self) -> Refund:
        return Refund.objects.filter(payment__order=self.order).latest("created_at", "pk")

    def refresh(self) -> None:
        for row in (self.order, self.main, self.other):
            row.refresh_from_db()

    def settle(self) -> None:
        """Let staff look at whatever led here, so that the queue is empty."""
        services.settle_attention(order_id=self.order.pk, remark="seen", actor="staff", now=self.now)
        self.refresh()


def waiting(*, accepts_backorder: bool = False, backorder_limit: int = 0) -> Scene:
    item = StockItemFactory(on_hand=UNITS, backorder_limit=backorder_limit)
    order = placed_order(lines={item.variant: UNITS}, accepts_backorder=accepts_backorder)
    other = services.start_payment(order_id=order.pk, now=NOW)
    report(other, kind="payment.declined")
    main = services.start_payment(order_id=order.pk, now=NOW)
    return _fresh(Scene(item=item, order=order, main=main, other=other))


def expired(**terms: Any) -> Scene:
    scene = waiting(**terms)
    services.expire_unpaid(now=WINDOW_ENDS)
    inventory.expire_due(now=WINDOW_ENDS)
    scene.now = WINDOW_ENDS
    return _fresh(scene)


def paid() -> Scene:
    scene = waiting()
    report(scene.main)
    return _fresh(scene)


def partly_fulfilled() -> Scene:
    """One of the two units has left."""
    scene = paid()
    line = scene.order.lines.get()
    parcel = services.pack(order_id=scene.order.pk, units={line.pk: 1}, actor=ACTOR, now=NOW)
    services.ship(shipment_id=parcel.pk, carrier="JNE", tracking_number="JNE-1", tracking_url="", actor=ACTOR, now=NOW)
    return _fresh(scene)


def fulfilled() -> Scene:
    scene = paid()
    services.fulfil_order(order_id=scene.order.pk, actor=ACTOR, now=NOW)
    return _fresh(scene)


def cancelled() -> Scene:
    scene = waiting()
    services.cancel_order(order_id=scene.order.pk, actor=ACTOR, now=NOW)
    return _fresh(scene)


def backordered() -> Scene:
    """Paid late by the terms, while somebody else holds all that is on hand."""
    scene = expired(accepts_backorder=True, backorder_limit=UNITS)
    take_what_is_free(scene)
    report(scene.main, now=scene.now)
    return _fresh(scene)


def refunded() -> Scene:
    scene = expired()
    take_what_is_free(scene)
    report(scene.main, now=scene.now)
    return _fresh(scene)


def take_what_is_free(scene: Scene) -> None:
    """Somebody else holds what is on hand, for a long time."""
    hold(lines={scene.item.sku: UNITS}, now=scene.now, minutes=600)


def receive(scene: Scene, *, units: int = UNITS) -> None:
    """A delivery."""
    inventory.receive(
        sku=scene.item.sku, location="MAIN", quantity=units, reason="delivery", actor=ACTOR, now=scene.now
    )


BUILD: dict[OrderStatus, Callable[[], Scene]] = {
    OrderStatus.AWAITING_PAYMENT: waiting,
    OrderStatus.PAID: paid,
    OrderStatus.BACKORDERED: backordered,
    OrderStatus.PARTLY_FULFILLED: partly_fulfilled,
    OrderStatus.FULFILLED: fulfilled,
    OrderStatus.CANCELLED: cancelled,
    OrderStatus.EXPIRED: expired,
    OrderStatus.REFUNDED: refunded,
}


class Provider:
    """The world outside: a provider whose answers get lost, and its own book of refunds by key."""

    def __init__(self) -> None:
        self.is_down = False
        self.loses_answers = False
        self.knows: list[Any] = []
        self.book: dict[object, int] = {}

    def open_session(self, **request: object) -> GatewaySession:
        self._answer()
        return GatewaySession(url="https://provider.test/pay")

    def ask(self, **request: object) -> list[Any]:
        self._answer()
        return self.knows

    def refund(self, *, refund_id: object, amount_minor: int, **request: object) -> GatewayRefund:
        if not self.is_down:
            self.book[refund_id] = amount_minor
        self._answer()
        return GatewayRefund(reference=f"re-{refund_id}", is_finished=True)

    def _answer(self) -> None:
        if self.is_down or self.loses_answers:
            raise GatewayFailed("no answer")


def silence(scene: Scene) -> datetime:
    """A moment at which the shop asks about attempts of which nothing was heard."""
    return scene.now + settings.PAYMENT_SILENCE + timedelta(seconds=1)


def _fresh(scene: Scene) -> Scene:
    scene.refresh()
    return scene
