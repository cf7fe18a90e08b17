"""One example of every e-mail, for those who test them and those who look at them."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings

from orders import services
from orders.models import Order, OrderLine
from orders.services.refund import request_refund
from tests.factories import NOW

PLACE_TOKEN = "signed-place"
FOLDER = Path(settings.BASE_DIR) / "templates" / "email"
NAMES = sorted(path.name.removesuffix(".subject.txt") for path in FOLDER.glob("*.subject.txt"))


def first_line(order: Order) -> OrderLine:
    return order.lines.order_by("pk")[0]


def _return(order: Order) -> SimpleNamespace:
    line = first_line(order)
    parts = [SimpleNamespace(order_line=line, quantity=1)]
    return SimpleNamespace(
        number=1, remark="Unworn, please.", lines=SimpleNamespace(all=lambda: parts), order=order, is_received=False
    )


def _shipment(order: Order) -> Any:
    units = {line.pk: line.quantity for line in order.lines.all()}
    parcel = services.pack(order_id=order.pk, units=units, actor="tests", now=NOW)
    parcel.carrier, parcel.tracking_number = "JNE", "JNE-1"
    parcel.tracking_url = "https://track.example/JNE-1"
    return parcel


def _refund(order: Order) -> Any:
    payment = order.payments.get()
    return request_refund(payment, amount_minor=20_000, currency="IDR", reason="Part", now=NOW)


def _wish(order: Order) -> dict[str, Any]:
    variant = order.lines.order_by("pk")[0].variant
    return {"variant": variant, "product": variant.product, "stop": services.stop_token(order.email)}


def _hold(order: Order) -> dict[str, Any]:
    assert order.cart is not None
    return {"line": order.cart.lines.order_by("pk")[0], "ends_at": NOW}


def _in_line(order: Order) -> dict[str, Any]:
    assert order.cart is not None
    place = SimpleNamespace(
        position=3, quantity=2, offered=1, is_partial=True, held_until=NOW, ended_at=NOW, reason="The box was empty."
    )
    variant = order.cart.lines.order_by("pk")[0].variant
    waiting = SimpleNamespace(unit_price_minor=250_000)
    return {"place": place, "variant": variant, "waiting": waiting, "token": PLACE_TOKEN, "turn_minutes": 15}


LINE_MAILS = ("line_joined", "line_turn", "line_missed", "line_removed", "line_over")
RETURN_MAILS = (
    *("return_requested", "return_approved", "return_rejected", "return_received", "return_withdrawn"),
    *("exchange_placed", "exchange_undone"),
)
FACTS: dict[str, Callable[[Order], dict[str, Any]]] = {
    "payment_refunded": lambda order: {"payment": order.payments.get(), "why": "You paid twice."},
    "order_cancelled": lambda order: {"refund_minor": order.total_minor},
    "lines_cancelled": lambda order: {"cancelled": [(first_line(order), 1)], "refund_minor": 250_000},
    "shipment_sent": lambda order: {"shipment": _shipment(order)},
    "hold_ending": lambda order: _hold(order) | {"can_extend": True, "extension_minutes": 3},
    "hold_ended": lambda order: _hold(order),
    "back_in_stock": lambda order: _wish(order),
    "refund_sent": lambda order: {"refund": _refund(order), "why": "The box was dented."},
    "payment_charged_back": lambda order: {"payment": order.payments.get(), "taken_minor": order.total_minor},
    **dict.fromkeys(LINE_MAILS, lambda order: _in_line(order)),
    **{name: lambda order: {"return_request": _return(order), "never_came": False} for name in RETURN_MAILS},
}


def context_of(name: str, order: Order) -> dict[str, Any]:
    """What this e-mail is worded with, as the services do it."""
    facts = FACTS[name](order) if name in FACTS else {}
    return {"order": order, "lines": list(order.lines.all()), **facts}
