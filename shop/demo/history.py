"""The demo's past: users, ways to send a parcel, and a few orders, so that no page is empty."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from accounts.models import User
from orders import services as orders
from orders.models import Order, ShippingMethod
from orders.sandbox import provider
from shop.models import Variant

PASSWORD = "password123"  # noqa: S105 - the demo's, printed at its start
STAFF = "admin@admin.com"
SHOPPERS = {f"user{number}@user.com": name for number, name in enumerate(["Maya", "Budi", "Sari", "Tono"], start=1)}
DELIVERY = [
    {"code": "regular", "name": "Regular", "price_minor": 18_000, "min_days": 2, "max_days": 4},
    {"code": "express", "name": "Next day", "price_minor": 42_000, "min_days": 1, "max_days": 1},
    {"code": "collect", "name": "Collect in Bandung", "price_minor": 0, "min_days": 1, "max_days": 2},
]


def welcome_users() -> None:
    """The users of the original demo, with its password. Those who are there keep theirs."""
    if not User.objects.filter(email=STAFF).exists():
        User.objects.create_superuser(STAFF, PASSWORD, name="Admin")
    known = set(User.objects.filter(email__in=list(SHOPPERS)).values_list("email", flat=True))
    for email, name in SHOPPERS.items():
        if email not in known:
            User.objects.create_user(email, PASSWORD, name=name)


def offer_delivery() -> None:
    """The ways to send a parcel. Those that are there keep their price."""
    for position, method in enumerate(DELIVERY):
        ShippingMethod.objects.get_or_create(code=method["code"], defaults={**method, "position": position})


def play_orders(*, now: datetime) -> int:
    """Three orders of the first shopper, by the services that real ones go through; none if there is any order."""
    if Order.objects.exists():
        return 0
    sent = _paid_order(skus={"FIG-14": 1}, now=now - timedelta(days=6))
    orders.fulfil_order(order_id=sent.pk, tracking_number="JNE-7719203", actor=STAFF, now=now - timedelta(days=5))
    _paid_order(skus={"TEE-LEF-M": 2}, now=now - timedelta(hours=20))
    _order(skus={"RAD-SLV": 1}, now=now)
    return 3


def _paid_order(*, skus: dict[str, int], now: datetime) -> Order:
    order = _order(skus=skus, now=now)
    payment = orders.start_payment(order_id=order.pk, now=now)
    link = parse_qs(urlsplit(payment.redirect_url).query)["request"][0]
    opened = provider.open_payment(request=link, now=now)
    provider.choose(payment=opened, choice="pay", now=now)
    # Handed over in person, because no worker runs yet; its own delivery later is a repeat without effect.
    body, headers = provider.compose(opened.webhooks.get(), now=now)
    orders.record_payment_event(payment_id=payment.pk, body=body, headers=headers, now=now)
    order.refresh_from_db()
    return order


def _order(*, skus: dict[str, int], now: datetime) -> Order:
    user = User.objects.get(email=next(iter(SHOPPERS)))
    cart = orders.open_cart(user=user)
    for variant in Variant.objects.filter(sku__in=list(skus)).order_by("sku"):
        orders.add_to_cart(
            cart_id=cart.pk, variant_id=variant.pk, quantity=skus[variant.sku], now=now, actor=user.email
        )
    orders.save_checkout(
        cart_id=cart.pk,
        email=user.email,
        name="Maya Lestari",
        phone="+628123456789",
        address="Jl. Kemang Raya 12",
        landmark="Opposite the bakery",
        city="Jakarta Selatan",
        postal_code="12730",
        country="ID",
        shipping_method=ShippingMethod.objects.get(code="regular"),
        gateway="sandbox",
    )
    return orders.place_order(cart_id=cart.pk, user=user, now=now, actor=user.email)
