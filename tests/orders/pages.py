"""What tests of the pages share: a shopper at the door."""

from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import Reservation
from orders import services
from orders.models import Cart, CartLine, Order, Payment
from orders.queries import cart_id_in
from shop.models import Variant
from tests.factories import ShippingMethodFactory, StockItemFactory

CONTACT = {"email": "maya@example.com", "name": "Maya Putri", "phone": "0812 3456 7890"}
ADDRESS = {"address": "Jl. Melati 5", "landmark": "green gate", "city": "Jakarta", "postal_code": "12190"}
HTMX = {"HX-Request": "true", "HX-Target": "cart"}


def on_sale(*, units: int = 5, **fields: Any) -> Variant:
    """A variant with stock."""
    return StockItemFactory(on_hand=units, **fields).variant


def add(client: Client, variant: Variant, *, quantity: Any = 1, **more: Any) -> Any:
    """Press Add to cart."""
    return client.post(reverse("orders:cart_add"), {"variant": variant.pk, "quantity": quantity}, **more)


def cart_of(client: Client) -> Cart:
    """The cart that this browser's cookie names."""
    cart_id = cart_id_in(client.cookies["cart"].value)
    return Cart.objects.get(pk=cart_id)


def line_of(client: Client) -> CartLine:
    """The only line of this browser's cart."""
    return CartLine.objects.get(cart=cart_of(client))


def end_holds(*, at: datetime | None = None) -> None:
    """Let time pass over every hold."""
    Reservation.objects.update(expires_at=at or timezone.now() - timedelta(minutes=1))


def check_out(client: Client) -> None:
    """Fill in the first three steps."""
    method = ShippingMethodFactory()
    client.post(reverse("orders:checkout_contact"), CONTACT)
    client.post(reverse("orders:checkout_delivery"), {**ADDRESS, "shipping_method": method.pk})
    client.post(reverse("orders:checkout_payment"), {"gateway": "sandbox"})


def place_order(client: Client) -> Order:
    """Check out and press Pay."""
    cart = cart_of(client)
    check_out(client)
    client.post(reverse("orders:checkout_review"), {"cart": services.cart_token(cart)})
    return Order.objects.get(cart=cart)


def payment_of(order: Order) -> Payment:
    """The only attempt to pay this order."""
    return Payment.objects.get(order=order)
