"""Things to test with. Stock comes in through the services, so that the ledger is right from the first unit."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import factory
from factory.django import DjangoModelFactory

from accounts.models import User
from inventory import services as inventory_services
from inventory.models import Location, Reservation, StockItem
from orders.models import Cart, ShippingMethod
from shop.models import Category, Product, Variant

NOW = datetime(2026, 12, 12, 5, 0, tzinfo=UTC)
ACTOR = "tests"
PASSWORD = "a-good-password"  # noqa: S105 - a user that lives as long as a test


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
            stock_item_id=item.pk, limit=backorder_limit, reason="pre-order", actor=ACTOR, now=NOW
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


def hold(*, lines: dict[str, int], minutes: int = 10, now: datetime = NOW, token: str = "") -> Reservation:
    """Reserve `lines` (SKU to units) through the service, for so many minutes from `now`."""
    return inventory_services.reserve(
        lines=lines, token=token or str(uuid4()), expires_at=now + timedelta(minutes=minutes), now=now, actor=ACTOR
    )


def allocation(*, lines: dict[str, int]) -> Reservation:
    """Reserve and commit `lines` (SKU to units): units of a paid order."""
    reservation = hold(lines=lines)
    inventory_services.commit(reservation_ids=[reservation.pk], actor=ACTOR, now=NOW)
    reservation.refresh_from_db()
    return reservation
