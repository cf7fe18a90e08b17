"""Run inside the environment of a private shop: set the sale up, and read the books afterwards.

    python -m tests.drill.inside prepare '{"shoppers": 500, "stocks": {"RUSH": 100}}'
    python -m tests.drill.inside books
    python -m tests.drill.inside open_drop '{"sku": "RUSH", "units": 100, "in_seconds": 60, "limit": 1}'
    python -m tests.drill.inside room '{"sku": "RUSH", "key": "drop-drill"}'

Prints one JSON document. The goods come through the shop's own services; the shoppers are written in one go, because
five hundred honest password hashes are not what is drilled.
"""

import json
import os
import sys
from datetime import datetime
from typing import Any

import django

LINE_COLUMNS = ("order_id", "sku", "quantity", "total_minor", "reservation_id", "returned")
PAYMENT_COLUMNS = ("id", "order_id", "status", "amount_minor", "currency", "captured_minor", "moved_from_id")
PASSWORD = "password123"  # the demo's own, known to everybody


def prepare(*, shoppers: int, stocks: dict[str, int]) -> dict[str, Any]:
    """Put one product per SKU on sale with so many units, and make the shoppers' accounts."""
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone

    from accounts.models import User
    from inventory import services as inventory
    from inventory.models import Location
    from orders.models import ShippingMethod
    from shop.models import Category, Product, Variant

    now = timezone.now()
    location = Location.objects.create(code="DRILL", name="Drill hall", priority=1)
    ShippingMethod.objects.get_or_create(
        code="drill-courier", defaults={"name": "Courier", "price_minor": 18_000, "currency": "IDR"}
    )
    category = Category.objects.create(slug="drill", name="Drill")
    variants = {}
    for sku, units in stocks.items():
        product = Product.objects.create(slug=sku.lower(), name=sku.title(), category=category, is_published=True)
        variant = Variant.objects.create(product=product, sku=sku, price_minor=25_000_000, currency="IDR")
        inventory.receive(sku=sku, location=location.code, quantity=units, reason="drill", actor="drill", now=now)
        variants[sku] = {"variant_id": str(variant.pk), "product_id": str(product.pk), "path": f"/p/{product.slug}/"}
    password = make_password(PASSWORD)
    emails = [f"drill{number}@user.com" for number in range(1, shoppers + 1)]
    User.objects.bulk_create([User(email=email, password=password) for email in emails])
    return {"goods": variants, "emails": emails, "password": PASSWORD}


def open_drop(*, sku: str, units: int, in_seconds: float, limit: int) -> dict[str, Any]:
    """Publish a drop of this SKU with a waiting room, that starts in so many seconds."""
    from datetime import timedelta

    from django.utils import timezone

    from orders import services as orders
    from shop.models import Drop, DropItem, Variant
    from shop.room.sales import key_of

    now = timezone.now()
    opens_at = now + timedelta(seconds=in_seconds)
    drop = Drop.objects.create(
        slug="drill",
        name="Drill drop",
        starts_at=opens_at,
        ends_at=opens_at + timedelta(hours=2),
        limit_per_customer=limit,
        has_room=True,
        # The pages of a drop tell minutes; a drill has not so much time.
        hold_minutes=1,
    )
    DropItem.objects.create(drop=drop, variant=Variant.objects.get(sku=sku), price_minor=20_000_000, quota=units)
    orders.publish_drop(drop_id=drop.pk, override="a drill", actor="drill", now=now)
    return {"key": key_of(drop), "opens_at": opens_at.timestamp()}


def room(*, sku: str, key: str) -> dict[str, Any]:
    """Everything that `tests.drill.room_laws.RoomBooks` reads."""
    from django.utils import timezone

    from shop.room.models import Room
    from shop.room.services import reading_of

    waiting = Room.objects.get(key=key)
    reading = reading_of(key, now=timezone.now())
    return {
        "secret": waiting.secret,
        "commitment": waiting.commitment,
        "lots": waiting.lots.splitlines(),
        "serving": reading.serving,
        "issued": reading.issued,
        "rate_per_minute": reading.rate * 60,
        "admissions": [
            {
                "ticket": row.ticket,
                "number": row.number,
                "cart_id": str(row.cart_id or ""),
                "user_id": str(row.user_id or ""),
                "admitted_at": row.admitted_at.timestamp(),
            }
            for row in waiting.admissions.order_by("pk")
        ],
        "carts": _carts_with(sku),
    }


def _carts_with(sku: str) -> list[dict[str, Any]]:
    """Carts that hold this SKU or became an order of it. Who paid late has it under the order's reservation only."""
    from inventory.models import Reservation
    from orders.models import CartLine, OrderLine

    lines = CartLine.objects.filter(variant__sku=sku).select_related("cart")
    sold = OrderLine.objects.filter(sku=sku).select_related("order")
    kept = {line.reservation_id: (line.cart_id, line.cart.user_id, line.quantity) for line in lines}
    kept |= {line.reservation_id: (line.order.cart_id, line.order.user_id, line.quantity) for line in sold}
    states = dict(Reservation.objects.values_list("pk", "state"))
    return [
        {"cart_id": str(cart_id or ""), "user_id": str(user_id or ""), "units": units}
        for reservation_id, (cart_id, user_id, units) in kept.items()
        if states.get(reservation_id) in ("HELD", "COMMITTED")
    ]


def books() -> dict[str, Any]:
    """Everything that `tests.drill.books.Books` reads."""
    from inventory.models import ReservationLine, StockItem, StockMovement
    from orders.models import CartLine, Payment, Refund

    units: dict[Any, dict[str, int]] = {}
    for reservation_id, sku, quantity in ReservationLine.objects.values_list("reservation_id", "sku", "quantity"):
        kept = units.setdefault(reservation_id, {})
        kept[sku] = kept.get(sku, 0) + quantity
    return {
        "stock": [
            row | {"sku": row["variant_id"]}
            for row in StockItem.objects.values("id", "variant_id", "on_hand", "held", "allocated", "backorder_limit")
        ],
        "movements": list(StockMovement.objects.order_by("pk").values()),
        "reservations": _reservations(units),
        "orders": _orders(),
        "payments": list(Payment.objects.values(*PAYMENT_COLUMNS)),
        "refunds": [
            {name: getattr(refund, name) for name in ("id", "key", "payment_id", "amount_minor", "currency", "status")}
            for refund in Refund.objects.order_by("pk")
        ],
        "cart_lines": list(CartLine.objects.values_list("pk", flat=True)),
        **_provider(),
    }


def _reservations(units: dict[Any, dict[str, int]]) -> list[dict[str, Any]]:
    from inventory.models import Reservation

    columns = ("id", "state", "expires_at", "created_at", "ended_at")
    return [row | {"units": units.get(row["id"], {})} for row in Reservation.objects.values(*columns)]


def _orders() -> list[dict[str, Any]]:
    from orders.models import Order, OrderEvent, OrderLine

    lines: dict[Any, list[Any]] = {}
    for line in OrderLine.objects.values(*LINE_COLUMNS):
        lines.setdefault(line["order_id"], []).append(line)
    events: dict[Any, list[str]] = {}
    for order_id, kind in OrderEvent.objects.order_by("pk").values_list("order_id", "kind"):
        events.setdefault(order_id, []).append(kind)
    amounts = ("subtotal_minor", "discount_minor", "shipping_minor", "added_tax_minor", "total_minor", "currency")
    orders = Order.objects.values("id", "number", "cart_id", "status", "accepts_backorder", "needs_attention", *amounts)
    return [row | {"lines": lines.get(row["id"], []), "events": events.get(row["id"], [])} for row in orders]


def _provider() -> dict[str, Any]:
    """The provider's own books: what it took and what it sent back, under the shop's payment ids."""
    from orders.sandbox.models import SandboxPayment, SandboxRefund, SandboxWebhook

    captures = [
        {
            "kind": "CAPTURE",
            "payment_id": row.merchant_reference,
            "amount_minor": row.captured_amount,
            "currency": row.captured_currency,
        }
        for row in SandboxPayment.objects.exclude(captured_at=None)
    ]
    refunds = [
        {
            "kind": "REFUND",
            "payment_id": row.payment.merchant_reference,
            "amount_minor": row.amount,
            "currency": row.currency,
        }
        for row in SandboxRefund.objects.exclude(finished_at=None).select_related("payment")
    ]
    return {
        "entries": captures + refunds,
        "undelivered": SandboxWebhook.objects.waiting().count(),
    }


def print_document(document: dict[str, Any]) -> None:
    """For whoever started this process."""
    json.dump(document, sys.stdout, default=_plain)


def _plain(value: object) -> object:
    """Moments as seconds since the epoch, everything else that JSON does not know as text."""
    return value.timestamp() if isinstance(value, datetime) else str(value)


def main(arguments: list[str]) -> None:
    """Do what the first argument says and print the outcome."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    verb: Any = VERBS[arguments[0]]
    print_document(verb(**json.loads(arguments[1] if len(arguments) > 1 else "{}")))


VERBS = {"prepare": prepare, "books": books, "open_drop": open_drop, "room": room}


if __name__ == "__main__":
    main(sys.argv[1:])
