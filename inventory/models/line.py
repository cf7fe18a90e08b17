"""The line: who waits for a sold-out SKU, in which order, and what became of it."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Case, F, Q, When
from uuid6 import uuid7

from inventory.models.stock import Location
from inventory.states import PLACE_STATES, PlaceState


def line_key(*, sku: str, location_id: int | None) -> str:
    """The name of the line for a SKU at this location of a drop, or at all the ordinary ones."""
    return f"{location_id or 0}:{sku}"


class WaitingLine(models.Model):
    """The line for one SKU: at the ordinary locations, or at the one location that keeps the quota of a drop.

    Whoever changes who waits locks this row, and does it before the stock items: places are numbered under the lock,
    and each unit is handed on under it. The stock items are locked by the last statement, as always.
    """

    sku = models.CharField(max_length=64)
    location = models.ForeignKey(
        Location,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The location of a drop. Empty: the line for what ordinary locations sell.",
    )
    key = models.CharField(max_length=90, unique=True, editable=False)
    is_open = models.BooleanField(default=True, help_text="Unset where nothing more can come: nobody joins then.")
    last_number = models.BigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = "line"

    def __str__(self) -> str:
        return f"line for {self.sku}" if self.location_id is None else f"line for {self.sku} at {self.location}"


class PlaceInLineQuerySet(models.QuerySet["PlaceInLine"]):
    """Places by what became of them."""

    def waiting(self) -> Self:
        """Those that nothing was offered yet."""
        return self.filter(state=PlaceState.WAITING)

    def live(self) -> Self:
        """Waiting, or at their turn."""
        return self.filter(state__in=[PlaceState.WAITING, PlaceState.OFFERED])

    def offer(self, *, now: datetime) -> int:
        """Compare-and-set: those still WAITING are at their turn, with all that they asked for."""
        return self.waiting().update(
            state=PLACE_STATES.target(PlaceState.WAITING, "offer"),
            offered=F("quantity"),
            offered_at=now,
            has_news=True,
        )

    def step(
        self, source: str, event: str, *, now: datetime, reason: str = "", ended_by: str = "", is_news: bool = True
    ) -> int:
        """Compare-and-set: those still in this state take this step, and their number is returned.

        `is_news`: whether the caller of the line has yet to be told.
        """
        return self.filter(state=source).update(
            state=PLACE_STATES.target(source, event),
            ended_at=now,
            reason=reason[:200],
            ended_by=ended_by,
            has_news=is_news,
        )


class PlaceInLine(models.Model):
    """So many units that one shopper waits for, named by whoever keeps the shopper. Changes by compare-and-set only.

    The offer is an ordinary reservation with the id of the place: one place has at most one, ever.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    line = models.ForeignKey(WaitingLine, on_delete=models.PROTECT, related_name="places")
    token = models.CharField(max_length=100, unique=True, help_text="The caller's: one token, one place.")
    holder = models.CharField(max_length=100, help_text="The caller's name for who waits: one live place in a line.")
    label = models.CharField(max_length=254, blank=True, help_text="The caller's words for who waits, for staff.")
    number = models.BigIntegerField(help_text="The order in which turns come. Given under the lock of the line.")
    quantity = models.PositiveIntegerField()
    offered = models.PositiveIntegerField(default=0, help_text="Units that were held for the turn.")
    state = models.CharField(max_length=8, choices=PlaceState, default=PlaceState.WAITING)
    joined_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it ended, where somebody decided it.")
    ended_by = models.CharField(max_length=254, blank=True, help_text="Who of the staff ended it, if somebody did.")
    has_news = models.BooleanField(default=False, help_text="Whether the shopper has yet to be told of the last step.")
    # Partial unique indexes do not exist on MariaDB: a column that is NULL unless the place is live does the same.
    live_holder = models.GeneratedField(
        expression=Case(When(Q(state__in=["WAITING", "OFFERED"]), then=F("holder")), default=None),
        output_field=models.CharField(max_length=100, null=True),
        db_persist=True,
    )

    objects = PlaceInLineQuerySet.as_manager()

    class Meta:
        verbose_name = "place in line"
        verbose_name_plural = "places in line"
        constraints = [
            models.UniqueConstraint(fields=["line", "live_holder"], name="placeinline_one_live_per_holder"),
            models.UniqueConstraint(fields=["line", "number"], name="placeinline_one_per_number"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="placeinline_quantity_positive"),
            models.CheckConstraint(condition=Q(quantity__gte=F("offered")), name="placeinline_offered_within_quantity"),
        ]
        indexes = [
            models.Index(fields=["line", "state", "number"], name="placeinline_line_state_number"),
            models.Index(fields=["has_news", "id"], name="placeinline_news"),
            models.Index(fields=["holder"], name="placeinline_holder"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.line_id} {self.state}"
