"""What a drop makes of a SKU at one moment: at which price, and from where it is sold. By the server's clock alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from shop.models import Drop, DropItem, Variant


@dataclass(frozen=True, slots=True)
class Access:
    """What lets a shopper in early: the drops whose code was entered (their ids), and the groups of the account. And
    what lets a shopper in at all, where a waiting room stands in front.
    """

    drop_ids: frozenset[str] = frozenset()
    user: Any = None
    passes: tuple[str, ...] = ()
    """What the caller carries of passes of waiting rooms, as they came."""
    address: str = ""
    """The internet address that counts as one caller; empty for those who come from within."""

    def opens(self, drop: Drop, *, now: datetime) -> bool:
        """Whether this shopper may buy in a drop before it opens for everyone. A query only where a group decides."""
        if not drop.opens_early or drop.early_at > now:
            return False
        if str(drop.pk) in self.drop_ids:
            return True
        is_member = self.user is not None and self.user.is_authenticated
        return bool(drop.early_group_id and is_member and self.user.groups.filter(pk=drop.early_group_id).exists())


NOBODY = Access()


@dataclass(frozen=True, slots=True)
class Terms:
    """How one SKU is sold at a moment. `running` sells it, `coming` will; `over` are drops past their end.

    What is left of a drop that is over counts as general stock at once, wherever it lies: nobody has to move it first.
    """

    running: DropItem | None = None
    coming: DropItem | None = None
    over: list[DropItem] = field(default_factory=list)

    @property
    def places(self) -> list[int | None]:
        """The keys of the locations that it is sold from. None stands for every ordinary one."""
        if self.running is not None:
            return [self.running.drop.location_id]
        return [None, *(item.drop.location_id for item in self.over)]

    def price_minor(self, variant: Variant) -> int:
        """What a new hold costs."""
        return variant.price_minor if self.running is None else self.running.price_minor

    def compare_at_minor(self, variant: Variant) -> int | None:
        """The usual price beside a lower one, if there is one to show."""
        if self.running is None or self.running.price_minor >= variant.price_minor:
            return variant.compare_at_minor if self.running is None else None
        return variant.price_minor


ORDINARY = Terms()


def terms_of(*, skus: Iterable[str], now: datetime, access: Access = NOBODY) -> dict[str, Terms]:
    """The terms of each of these SKUs that is or was in a published drop; the others are sold as usual. One query.

    `access` says whether this shopper may come early.
    """
    return terms_at(items_of(skus=skus), now=now, access=access)


def is_in_drops(variant: str) -> Exists:
    """Whether the variant whose key is in this column is or was in a published drop."""
    return Exists(DropItem.objects.filter(variant=OuterRef(variant), drop__published_at__isnull=False))


def with_drops(variants: QuerySet[Variant]) -> QuerySet[Variant]:
    """These variants, each knowing whether it is or was in a published drop: for `terms_for`."""
    return variants.annotate(has_drops=is_in_drops("pk"))


def terms_for(variant: Variant, *, now: datetime, access: Access = NOBODY) -> Terms:
    """The terms of one variant. No query for one that came `with_drops` and is in none; else one."""
    if not getattr(variant, "has_drops", True):
        return ORDINARY
    return terms_of(skus=[variant.sku], now=now, access=access).get(variant.sku, ORDINARY)


def items_of(*, skus: Iterable[str]) -> dict[str, list[DropItem]]:
    """SKU to what it is or was in published drops, by their start. May be kept as long as the catalogue stays as it is:
    what it means at a moment is for `terms_at` to say. One query.
    """
    items = (
        DropItem.objects.filter(variant__sku__in=list(skus), drop__published_at__isnull=False)
        .select_related("drop", "variant")
        .order_by("drop__starts_at", "pk")
    )
    by_sku: dict[str, list[DropItem]] = {}
    for item in items:
        by_sku.setdefault(item.variant.sku, []).append(item)
    return by_sku


def terms_at(items: Mapping[str, list[DropItem]], *, now: datetime, access: Access = NOBODY) -> dict[str, Terms]:
    """What these items mean at this moment. No query, unless a group lets this shopper in early."""
    return {sku: _terms(each, now=now, access=access) for sku, each in items.items()}


def turns_at(items: Mapping[str, list[DropItem]], *, now: datetime) -> datetime | None:
    """The next moment at which one of these drops opens or ends for everyone."""
    moments = {
        moment for each in items.values() for item in each for moment in (item.drop.starts_at, item.drop.ends_at)
    }
    return min((moment for moment in moments if moment > now), default=None)


def places_of(terms: Mapping[str, Terms]) -> dict[str, list[int | None]]:
    """SKU to the locations that it is sold from, for inventory's reads."""
    return {sku: each.places for sku, each in terms.items()}


def _terms(items: list[DropItem], *, now: datetime, access: Access) -> Terms:
    coming = next((item for item in items if not item.drop.has_started(now=now)), None)
    running = next((item for item in items if item.drop.is_running(now=now)), None)
    if running is None and coming is not None and access.opens(coming.drop, now=now):
        running, coming = coming, None
    return Terms(running=running, coming=coming, over=[item for item in items if item.drop.has_ended(now=now)])
