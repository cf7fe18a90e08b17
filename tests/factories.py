"""Things to test with. Stock comes in through the services, so that the ledger is right from the first unit."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import factory
from django.contrib.auth.models import AnonymousUser
from factory.django import DjangoModelFactory

from accounts.models import User
from inventory import services as inventory_services
from inventory.models import Location, Reservation, StockItem
from orders import services as order_services
from orders.models import Cart, Coupon, Order, Payment, PaymentEvent, ShippingMethod, ShippingZone, TaxRate
from orders.pricing import CouponKind
from orders.sandbox import provider
from shop.models import Category, Drop, DropItem, Product, Variant

NOW = datetime(2026, 12, 12, 5, 0, tzinfo=UTC)
ARRIVES_ON = date(2027, 1, 15)
ACTOR = "tests"
PASSWORD = "a-good-password"


class UserFactory(DjangoModelFactory[User]):
    """A shopper. `password` is PASSWORD unless another is given; None leaves the account without one."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"shopper{n}@example.com")
    name = "Ayu Lestari"
    password = None

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(**kwargs)

    class Params:
        # Hashing is slow on purpose; only tests that log in pay for it.
        able_to_log_in = factory.Trait(password=PASSWORD)


class CategoryFactory(DjangoModelFactory[Category]):
    """A shelf."""

    class Meta:
        model = Category

    slug = factory.Sequence(lambda n: f"shelf-{n}")
    name = factory.Sequence(lambda n: f"Shelf {n}")


class ProductFactory(DjangoModelFactory[Product]):
    """Something on show."""

    class Meta:
        model = Product

    slug = factory.Sequence(lambda n: f"runner-{n}")
    name = factory.Sequence(lambda n: f"Runner {n}")
    brand = "Langkah"
    category = factory.SubFactory(CategoryFactory)
    is_published = True


class VariantFactory(DjangoModelFactory[Variant]):
    """Something for sale, without stock."""

    class Meta:
        model = Variant

    product = factory.SubFactory(ProductFactory)
    sku = factory.Sequence(lambda n: f"SKU-{n:04}")
    price_minor = 250_000
    currency = "IDR"


class LocationFactory(DjangoModelFactory[Location]):
    """A warehouse: the same one, unless a `code` is given."""

    class Meta:
        model = Location
        django_get_or_create = ("code",)

    code = "MAIN"
    name = "Main warehouse"


class StockItemFactory(DjangoModelFactory[StockItem]):
    """Units of a variant at a location, received through the service. `sku` names a variant that is made for it."""

    class Meta:
        model = StockItem

    class Params:
        sku = factory.LazyAttributeSequence(lambda _, n: f"STOCKED-{n:04}")

    variant = factory.SubFactory(VariantFactory, sku=factory.SelfAttribute("..sku"))
    location = factory.SubFactory(LocationFactory)
    on_hand = 5
    backorder_limit = 0

    @classmethod
    def _create(cls, model_class: type[StockItem], *args: Any, **kwargs: Any) -> StockItem:
        return stock(**kwargs)


def stock(*, variant: Variant, location: Location, on_hand: int, backorder_limit: int = 0) -> StockItem:
    """Receive units through the service, and set the back-order limit, if there is one."""
    item = inventory_services.receive(
        sku=variant.sku, location=location.code, quantity=max(on_hand, 1), reason="delivery", actor=ACTOR, now=NOW
    )
    if on_hand == 0:
        inventory_services.adjust(stock_item_id=item.pk, change=-1, reason="broken", actor=ACTOR, now=NOW)
    if backorder_limit:
        inventory_services.set_backorder_limit(
            stock_item_id=item.pk,
            limit=backorder_limit,
            arrives_on=ARRIVES_ON,
            reason="pre-order",
            actor=ACTOR,
            now=NOW,
        )
    item.refresh_from_db()
    return item


class CartFactory(DjangoModelFactory[Cart]):
    """A guest's empty cart; with `user`, a member's."""

    class Meta:
        model = Cart


class ShippingMethodFactory(DjangoModelFactory[ShippingMethod]):
    """A way to send a parcel: the same one, unless a `code` is given."""

    class Meta:
        model = ShippingMethod
        django_get_or_create = ("code",)

    code = "regular"
    name = "Regular"
    price_minor = 20_000


class ShippingZoneFactory(DjangoModelFactory[ShippingZone]):
    """Java, by its postcodes."""

    class Meta:
        model = ShippingZone
        django_get_or_create = ("name",)

    name = "Java"
    countries = ["ID"]
    postcode_prefixes = ["1", "4", "5", "6"]


class TaxRateFactory(DjangoModelFactory[TaxRate]):
    """PPN 11 %. It comes with the migrations, but a test that commits empties the table behind itself."""

    class Meta:
        model = TaxRate
        django_get_or_create = ("tax_class", "country", "valid_from")

    tax_class = "STANDARD"
    country = "ID"
    rate_bp = 1_100
    valid_from = date(2022, 4, 1)


class CouponFactory(DjangoModelFactory[Coupon]):
    """Ten per cent off, without limits."""

    class Meta:
        model = Coupon

    code = factory.Sequence(lambda n: f"TAHAN-{n}")
    kind = CouponKind.PERCENT
    value = 10


class DropFactory(DjangoModelFactory[Drop]):
    """A drop of an hour from NOW, without things in it and not published. Two units for each customer."""

    class Meta:
        model = Drop

    slug = factory.Sequence(lambda n: f"drop-{n}")
    name = "12.12"
    starts_at = NOW
    ends_at = NOW + timedelta(hours=1)
    limit_per_customer = 2


def published_drop(*, quotas: dict[Variant, int], price_minor: int = 150_000, **fields: Any) -> Drop:
    """A drop with so many units of each of these, published a day before it starts."""
    drop: Drop = DropFactory(**fields)
    for variant, quota in quotas.items():
        DropItem.objects.create(drop=drop, variant=variant, quota=quota, price_minor=price_minor)
    return order_services.publish_drop(
        drop_id=drop.pk, override="tests", actor=ACTOR, now=drop.starts_at - timedelta(days=1)
    )


def hold(
    *,
    lines: dict[str, int],
    minutes: int = 10,
    now: datetime = NOW,
    token: str = "",
    may_backorder: bool = False,
) -> Reservation:
    """Reserve `lines` (SKU to units) through the service, for so many minutes from `now`."""
    return inventory_services.reserve(
        lines=lines,
        token=token or str(uuid4()),
        expires_at=now + timedelta(minutes=minutes),
        now=now,
        actor=ACTOR,
        may_backorder=may_backorder,
    )


def allocation(*, lines: dict[str, int], may_backorder: bool = False) -> Reservation:
    """Reserve and commit `lines` (SKU to units): units of a paid order."""
    reservation = hold(lines=lines, may_backorder=may_backorder)
    inventory_services.commit(reservation_ids=[reservation.pk], actor=ACTOR, now=NOW)
    reservation.refresh_from_db()
    return reservation


def guest_cart(*, lines: dict[Variant, int], now: datetime = NOW, preorders: bool = False) -> Cart:
    """A guest's cart that holds these units, with its checkout filled in."""
    return _filled(CartFactory(), lines=lines, now=now, preorders=preorders)


def member_cart(*, user: User, lines: dict[Variant, int], now: datetime = NOW, preorders: bool = False) -> Cart:
    """A member's cart that holds these units, with its checkout filled in."""
    return _filled(order_services.open_cart(user=user), lines=lines, now=now, preorders=preorders)


def _filled(cart: Cart, *, lines: dict[Variant, int], now: datetime, preorders: bool) -> Cart:
    TaxRateFactory()
    for variant, quantity in lines.items():
        order_services.add_to_cart(
            cart_id=cart.pk,
            variant_id=variant.pk,
            quantity=quantity,
            now=now,
            actor=ACTOR,
            accepts_backorder=preorders,
        )
    order_services.save_checkout(
        cart_id=cart.pk,
        email="ayu@example.com",
        name="Ayu Lestari",
        phone="+628123456789",
        address="Jalan Melati 5",
        city="Bandung",
        postal_code="40115",
        country="ID",
        shipping_method=ShippingMethodFactory(),
        gateway="sandbox",
    )
    return cart


def placed_order(
    *,
    lines: dict[Variant, int] | None = None,
    user: User | None = None,
    now: datetime = NOW,
    accepts_backorder: bool = False,
    preorders: bool = False,
) -> Order:
    """An order that waits for payment: of `lines`, or of two units of something with five in stock.

    `preorders` takes the terms of a pre-order for what is not here, `accepts_backorder` those for a late payment.
    """
    lines = lines or {StockItemFactory().variant: 2}
    how: dict[str, Any] = {"lines": lines, "now": now, "preorders": preorders}
    cart = member_cart(user=user, **how) if user else guest_cart(**how)
    if accepts_backorder:
        order_services.save_checkout(cart_id=cart.pk, accepts_backorder=True)
    return order_services.place_order(cart_id=cart.pk, user=user or AnonymousUser(), now=now, actor=ACTOR)


def paid_order(
    *,
    lines: dict[Variant, int] | None = None,
    user: User | None = None,
    now: datetime = NOW,
    preorders: bool = False,
) -> Order:
    """An order that was paid in time, through the sandbox's signed webhook."""
    order = placed_order(lines=lines, user=user, now=now, preorders=preorders)
    payment = order_services.start_payment(order_id=order.pk, now=now)
    report(payment, now=now)
    order.refresh_from_db()
    return order


def webhook(payment: Payment, /, *, kind: str = "payment.captured", **changes: Any) -> bytes:
    """The body of a sandbox event about this payment; `changes` win."""
    event = {
        "id": f"evt_{uuid4().hex}",
        "type": kind,
        "payment": f"sandbox-{payment.pk}",
        "merchant_reference": str(payment.pk),
        "amount": payment.amount_minor,
        "currency": payment.currency,
    }
    return json.dumps({**event, **changes}).encode()


def owed(order: Order) -> dict[UUID, int]:
    """Order line to the units of it that are paid and neither sent nor given up."""
    return {line.pk: line.owed for line in order.lines.all() if line.owed}


def report(
    payment: Payment, /, *, kind: str = "payment.captured", now: datetime = NOW, body: bytes = b"", **changes: Any
) -> PaymentEvent:
    """Let the sandbox report on this payment with a signed webhook: a new event, or `body` as it is."""
    body = body or webhook(payment, kind=kind, **changes)
    headers = {"Sandbox-Signature": provider.signature(body, now=now)}
    return order_services.record_payment_event(payment_id=payment.pk, body=body, headers=headers, now=now)
