"""The demo's past: users, ways to send a parcel, coupons, and a few orders, so that no page is empty."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from allauth.account.models import EmailAddress

from accounts.models import User
from orders import services as orders
from orders.models import Coupon, Order, ShippingKind, ShippingMethod, ShippingZone, TaxRate
from orders.pricing import CouponKind
from orders.sandbox import provider
from shop.models import TaxClass, Variant

PASSWORD = "password123"  # noqa: S105 - the demo's, printed at its start
STAFF = "admin@admin.com"
SHOPPERS = {f"user{number}@user.com": name for number, name in enumerate(["Maya", "Budi", "Sari", "Tono"], start=1)}
ZONES = {
    "Java": ["1", "4", "5", "6"],
    "Elsewhere in Indonesia": ["2", "3", "7", "8", "9"],
}
FAR = "Elsewhere in Indonesia"
DELIVERY: list[dict[str, Any]] = [
    {"code": "regular", "name": "Regular", "zone": "Java", "price_minor": 18_000, "min_days": 2, "max_days": 4},
    {"code": "express", "name": "Next day", "zone": "Java", "price_minor": 42_000, "min_days": 1, "max_days": 1},
    {"code": "collect", "name": "Collect in Bandung", "price_minor": 0, "min_days": 1, "max_days": 2},
    {
        "code": "regular-far",
        "name": "By sea",
        "zone": FAR,
        "kind": ShippingKind.BY_WEIGHT,
        "weight_steps": [[1_000, 32_000], [3_000, 58_000], [10_000, 145_000], [30_000, 390_000]],
        "free_above_minor": 5_000_000,
        "min_days": 4,
        "max_days": 8,
    },
    {
        "code": "express-far",
        "name": "By air",
        "zone": FAR,
        "kind": ShippingKind.BY_WEIGHT,
        "weight_steps": [[1_000, 68_000], [3_000, 160_000], [10_000, 480_000]],
        "min_days": 2,
        "max_days": 3,
    },
]
COUPONS: list[dict[str, Any]] = [
    {"code": "TAHAN10", "kind": CouponKind.PERCENT, "value": 10, "per_customer_limit": 1, "note": "For new shoppers"},
    {
        "code": "HEMAT50",
        "kind": CouponKind.AMOUNT,
        "value": 50_000,
        "minimum_minor": 500_000,
        "total_limit": 100,
        "per_customer_limit": 1,
        "note": "The first hundred of the sale",
    },
    {"code": "ONGKIR", "kind": CouponKind.FREE_SHIPPING, "note": "Free delivery"},
]


def welcome_users() -> None:
    """The users of the original demo, with its password. Those who are there keep theirs."""
    if not User.objects.filter(email=STAFF).exists():
        User.objects.create_superuser(STAFF, PASSWORD, name="Admin")
    known = set(User.objects.filter(email__in=list(SHOPPERS)).values_list("email", flat=True))
    for email, name in SHOPPERS.items():
        if email not in known:
            user = User.objects.create_user(email, PASSWORD, name=name)
            # So that a second factor can be tried: it waits for an address that is confirmed.
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)


def offer_delivery() -> None:
    """The ways to send a parcel, and where they go. Those that are there keep their price and their zones."""
    zones = {
        name: ShippingZone.objects.get_or_create(
            name=name, defaults={"countries": ["ID"], "postcode_prefixes": prefixes}
        )[0]
        for name, prefixes in ZONES.items()
    }
    for position, row in enumerate(DELIVERY):
        fields = {name: value for name, value in row.items() if name != "zone"}
        method, is_new = ShippingMethod.objects.get_or_create(
            code=row["code"], defaults={**fields, "position": position}
        )
        if is_new and "zone" in row:
            method.zones.set([zones[row["zone"]]])


def hand_out_coupons() -> None:
    """Coupons to try. Those that are there keep their uses."""
    for row in COUPONS:
        Coupon.objects.get_or_create(code=row["code"], defaults=row)


def charge_tax() -> None:
    """PPN 11 %, as the migrations have it; a database that was emptied gets it again."""
    TaxRate.objects.get_or_create(
        tax_class=TaxClass.STANDARD, country="ID", valid_from=date(2022, 4, 1), defaults={"rate_bp": 1_100}
    )


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
