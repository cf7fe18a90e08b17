"""What we have and what we promised. Only `inventory.services` writes these tables."""

from datetime import datetime
from typing import Any, NoReturn, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, Q
from uuid6 import uuid7

from inventory.states import RESERVATION_STATES, ReservationState
from shop.models import Variant


class Location(models.Model):
    """A place that holds stock. Reservations are filled from the lowest `priority` upwards."""

    code = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=80)
    priority = models.PositiveIntegerField(default=100)
    is_active = models.BooleanField(default=True, help_text="Unset to stop selling from here; what is promised stays.")
    is_for_drop = models.BooleanField(
        default=False, help_text="Keeps the quota of a drop. Nothing is sold from here to whoever does not name it."
    )

    def __str__(self) -> str:
        return self.name


class StockItemQuerySet(models.QuerySet["StockItem"]):
    """Stock items by what they can still promise."""

    def of_skus(self, skus: list[str], *, location_id: int | None = None) -> Self:
        """The items that sell these SKUs, in the order in which they are asked for units.

        Those at ordinary locations; with a `location_id`, those at this one alone.
        """
        place = Q(location__is_for_drop=False) if location_id is None else Q(location=location_id)
        return self.filter(place, variant_id__in=skus, location__is_active=True).order_by("location__priority", "pk")

    def able_to_promise(self, *, quantity: int) -> Self:
        """Items that can promise so many units to anybody at the moment the database looks, not the moment we read.

        Units that somebody in line waits for are nobody else's.
        """
        return self.filter(on_hand__gte=F("held") + F("allocated") + F("awaited") - F("backorder_limit") + quantity)

    def able_to_hand_over(self, *, quantity: int) -> Self:
        """Items that have so many units in the building which nobody was promised or waits for, at that moment."""
        return self.filter(on_hand__gte=F("held") + F("allocated") + F("awaited") + quantity)

    def with_room(self, units: int) -> Self:
        """Items that can promise just so many units to the next in line, no more and no less."""
        return self.filter(on_hand=F("held") + F("allocated") - F("backorder_limit") + units)

    def awaited_by_nobody(self) -> Self:
        """Items whose units nobody in line waits for."""
        return self.filter(awaited=0)


class StockItem(models.Model):
    """The counters of one variant at one location: the hot row.

    No enforced foreign key may point here: an insert that references this row would take a shared lock on it, and
    the counter update would then wait for every other insert (MySQL bug 48652).
    """

    variant = models.ForeignKey(
        Variant, to_field="sku", db_column="sku", on_delete=models.PROTECT, related_name="stock_items"
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="stock_items")
    on_hand = models.IntegerField(default=0)
    held = models.IntegerField(default=0)
    allocated = models.IntegerField(default=0)
    backorder_limit = models.IntegerField(default=0)
    arrives_on = models.DateField(
        null=True, blank=True, help_text="When more is expected: what shoppers accept with a pre-order."
    )
    awaited = models.IntegerField(default=0, help_text="Units that shoppers in line wait for.")

    objects = StockItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "location"], name="stockitem_one_per_variant_and_location"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="stockitem_on_hand_not_negative"),
            models.CheckConstraint(condition=Q(held__gte=0), name="stockitem_held_not_negative"),
            models.CheckConstraint(condition=Q(allocated__gte=0), name="stockitem_allocated_not_negative"),
            models.CheckConstraint(condition=Q(backorder_limit__gte=0), name="stockitem_backorder_not_negative"),
            models.CheckConstraint(condition=Q(awaited__gte=0), name="stockitem_awaited_not_negative"),
            models.CheckConstraint(
                condition=Q(on_hand__gte=F("held") + F("allocated") - F("backorder_limit")),
                name="stockitem_promise_within_stock",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} at {self.location_id}"

    @property
    def sku(self) -> str:
        """The code of the variant that is counted here."""
        return self.variant_id

    @property
    def room(self) -> int:
        """Units that can still be promised to whoever is next, counting expired holds as taken until released."""
        return self.on_hand + self.backorder_limit - self.held - self.allocated

    @property
    def available(self) -> int:
        """Units that anybody may take: what nobody was promised and nobody in line waits for."""
        return max(self.room - self.awaited, 0)

    @property
    def unpromised(self) -> int:
        """Units in the building that nobody was promised and nobody in line waits for."""
        return max(self.on_hand - self.held - self.allocated - self.awaited, 0)


class ReservationQuerySet(models.QuerySet["Reservation"]):
    """Reservations by what time has made of them."""

    def held(self) -> Self:
        """In state HELD, whatever the clock says."""
        return self.filter(state=ReservationState.HELD)

    def live(self, *, now: datetime) -> Self:
        """Held, and not past its time."""
        return self.held().filter(expires_at__gt=now)

    def due(self, *, now: datetime) -> Self:
        """Past its time and still HELD, except those that a person has to look at."""
        return self.held().filter(expires_at__lte=now, set_aside_at=None)

    def leave_held(self, event: str, *, now: datetime, reason: str = "") -> int:
        """Compare-and-set: those still HELD take this step, and their number is returned. The only way out of HELD."""
        target = RESERVATION_STATES.target(ReservationState.HELD, event)
        return self.held().update(state=target, ended_at=now, reason=reason[:200])

    def of_skus(self, skus: list[str]) -> Self:
        """Those that keep units of any of these SKUs."""
        return self.filter(lines__sku__in=skus)


class Reservation(models.Model):
    """Units kept for one cart line (or one order) until `expires_at`. Changes state by compare-and-set only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    token = models.CharField(max_length=100, unique=True, help_text="The caller's: one token, one reservation.")
    state = models.CharField(max_length=10, choices=ReservationState, default=ReservationState.HELD)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it left HELD.")
    renewals = models.PositiveIntegerField(default=0)
    renewal_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="How often it may be extended, where that is not the shop's usual number."
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why it ended, where somebody decided it.")
    set_aside_at = models.DateTimeField(null=True, blank=True, help_text="When the sweep gave up on it.")
    set_aside_reason = models.CharField(max_length=300, blank=True)

    objects = ReservationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["state", "expires_at"], name="reservation_state_expires")]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    @property
    def most_renewals(self) -> int:
        """How often it may be extended in all."""
        return settings.HOLD_EXTENSION_LIMIT if self.renewal_limit is None else self.renewal_limit

    def is_live(self, *, now: datetime) -> bool:
        """Whether it still keeps its units for somebody."""
        return self.state == ReservationState.HELD and self.expires_at > now


class ReservationLine(models.Model):
    """Units of one stock item inside a reservation, and what became of them after the commit."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="lines")
    stock_item = models.ForeignKey(
        StockItem, on_delete=models.PROTECT, related_name="reservation_lines", db_constraint=False
    )
    sku = models.CharField(max_length=64)
    quantity = models.PositiveIntegerField()
    fulfilled = models.PositiveIntegerField(default=0, help_text="Units that have left the building.")
    given_back = models.PositiveIntegerField(default=0, help_text="Units that went back on sale after the commit.")
    written_off = models.PositiveIntegerField(default=0, help_text="Units lost after the commit, before they left.")
    returned = models.PositiveIntegerField(default=0, help_text="Units that left and came back.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reservation", "stock_item"], name="reservationline_one_per_item"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservationline_quantity_positive"),
            models.CheckConstraint(
                condition=Q(
                    quantity__gte=F("fulfilled") + F("given_back") + F("written_off"), fulfilled__gte=F("returned")
                ),
                name="reservationline_ends_within_quantity",
            ),
        ]
        indexes = [models.Index(fields=["sku"], name="reservationline_sku")]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku}"

    @property
    def outstanding(self) -> int:
        """Units committed and neither sent, given back nor written off."""
        return self.quantity - self.fulfilled - self.given_back - self.written_off

    @property
    def away(self) -> int:
        """Units that left and have not come back."""
        return self.fulfilled - self.returned


class MovementKind(models.TextChoices):
    """Why a counter changed."""

    RECEIVE = "RECEIVE", "Received"
    MOVE = "MOVE", "Moved"
    ADJUST = "ADJUST", "Adjusted"
    BACKORDER = "BACKORDER", "Back-order limit set"
    RESERVE = "RESERVE", "Reserved"
    RESIZE = "RESIZE", "Hold resized"
    RELEASE = "RELEASE", "Released"
    EXPIRE = "EXPIRE", "Expired"
    COMMIT = "COMMIT", "Committed"
    FULFIL = "FULFIL", "Left the building"
    GIVE_BACK = "GIVE_BACK", "Given back"
    WRITE_OFF = "WRITE_OFF", "Written off"
    TAKE_BACK = "TAKE_BACK", "Came back"


class LedgerIsAppendOnly(PermissionDenied):
    """Somebody tried to rewrite history."""


class StockMovementQuerySet(models.QuerySet["StockMovement"]):
    """The ledger can be read and added to, and nothing else."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly("A stock movement is never changed. Record the correction as a new one.")

    def delete(self) -> NoReturn:
        raise LedgerIsAppendOnly("A stock movement is never deleted. Record the correction as a new one.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly("A stock movement is never changed. Record the correction as a new one.")

    def bulk_create(self, objs: Any, **options: Any) -> Any:  # type: ignore[override]
        """Add lines. Not over lines that are there: an upsert is a change by another name."""
        if options.get("update_conflicts") or options.get("ignore_conflicts"):
            raise LedgerIsAppendOnly("A stock movement is never changed. Record the correction as a new one.")
        return super().bulk_create(objs, **options)


class StockMovement(models.Model):
    """One line of the append-only ledger: what changed at a stock item, by how much, why and by whom."""

    stock_item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="movements", db_constraint=False)
    kind = models.CharField(max_length=10, choices=MovementKind)
    on_hand_change = models.IntegerField(default=0)
    held_change = models.IntegerField(default=0)
    allocated_change = models.IntegerField(default=0)
    reservation_id = models.UUIDField(null=True, blank=True, db_index=True)
    other_item_id = models.BigIntegerField(
        null=True, blank=True, help_text="Of a move: the stock item at the other end of it."
    )
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=254, help_text="Who: an e-mail address, or the part of the shop that acted.")
    created_at = models.DateTimeField()

    objects = StockMovementQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["stock_item", "created_at"], name="movement_item_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.on_hand_change:+d}/{self.held_change:+d}/{self.allocated_change:+d}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LedgerIsAppendOnly("A stock movement is never changed. Record the correction as a new one.")
        # Without force_insert a new object that carries the id of an old line would be saved over it.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly("A stock movement is never deleted. Record the correction as a new one.")
