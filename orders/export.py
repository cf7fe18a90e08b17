"""All that the shop knows of a member, to take along: one document, in words that a person and a program can read."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Prefetch

from accounts.models import User
from accounts.queries import addresses_of
from accounts.services import WHERE
from orders import queries
from orders.models import Order, OrderEvent, OrderLine, Review, StockNotice
from orders.services import find_cart
from orders.wishes import find_wishlist, wishes_on


def everything_about(user: User, *, now: datetime) -> dict[str, Any]:
    """Account, addresses, orders and what is in the cart, at this moment. Money is in minor units.

    A number of queries that does not grow with the orders.
    """
    events = Prefetch("events", queryset=OrderEvent.objects.for_customer().order_by("happened_at", "pk"))
    orders = list(queries.orders_of(user=user).prefetch_related(events, "shipments"))
    cart = queries.summarise_cart(cart=find_cart(user=user, token=None), now=now)
    return {
        "written_at": now,
        "account": {
            "email": user.email,
            "name": user.name,
            "language": user.language,
            "joined_at": user.date_joined,
            "last_sign_in_at": user.last_login,
            "emails": list(
                EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified", "primary")
            ),
        },
        "addresses": [{name: getattr(each, name) for name in (*WHERE, "is_default")} for each in addresses_of(user)],
        "cart": [
            {"sku": each.line.variant.sku, "quantity": each.line.quantity, "held_until": each.expires_at}
            for each in [*cart.held, *cart.ended]
        ],
        "orders": [_order(order) for order in orders],
        "wishlist": [wish.variant.sku for wish in wishes_on(find_wishlist(user=user, token=None), now=now)],
        "told_when_back": list(StockNotice.objects.filter(email=user.email).values_list("variant__sku", flat=True)),
        "reviews": list(
            Review.objects.filter(user=user)
            .order_by("pk")
            .values("product__name", "stars", "text", "status", "reason", "written_at")
        ),
    }


def _order(order: Order) -> dict[str, Any]:
    plain = ("number", "status", "currency", "total_minor", "placed_at", "paid_at", "email", *WHERE)
    return {
        **{name: getattr(order, name) for name in plain},
        "lines": [_line(line) for line in order.lines.all()],
        "events": [_event(event) for event in order.events.all()],
        "papers": [paper.number for paper in order.papers.all()],
        "parcels": [
            {"carrier": each.carrier, "tracking_number": each.tracking_number} for each in order.shipments.all()
        ],
    }


def _line(line: OrderLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in ("sku", "product_name", "variant_label", "quantity", "charged_minor")}


def _event(event: OrderEvent) -> dict[str, Any]:
    return {"at": event.happened_at, "what": event.text}
