"""Sale events: a window, prices and a quota for each thing."""

from datetime import datetime, timedelta
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from uuid6 import uuid7

from shop.models.catalogue import Variant
from shop.models.stamp import CatalogueQuerySet, CatalogueRow


class DropQuerySet(CatalogueQuerySet["Drop"]):
    """Drops by what time has made of them. Never by a tick of a clock in the background."""

    def published(self) -> Self:
        """Those that shoppers may know of."""
        return self.filter(published_at__isnull=False)

    def current(self, *, now: datetime) -> Self:
        """Published, and not past their end."""
        return self.published().filter(ends_at__gt=now)

    def past(self, *, now: datetime) -> Self:
        """Published, and past their end."""
        return self.published().filter(ends_at__lte=now)


class Drop(CatalogueRow):
    """A sale event: a window, prices, and a quota of its own that is kept at its own location while it is published."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=80)
    story = models.TextField(
        blank=True, help_text="What it is about, in a few sentences. An empty line parts paragraphs."
    )
    starts_at = models.DateTimeField(help_text="In the time zone of the shop. For everyone at this second.")
    ends_at = models.DateTimeField(help_text="It ends before, when everything is sold and nothing is held.")
    hold_minutes = models.PositiveIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text="How long units are held for a shopper.",
    )
    renewals = models.PositiveIntegerField(
        default=10, validators=[MaxValueValidator(50)], help_text="How often a hold may be extended."
    )
    limit_per_customer = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Units of all its things together, over all holds and orders of one customer. Empty: no limit.",
    )
    early_minutes = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(7 * 24 * 60)],
        help_text="How much earlier it opens for those with the code or in the group. 0: for nobody.",
    )
    early_code = models.CharField(max_length=32, blank=True, help_text="Who enters it on the page may come early.")
    early_group = models.ForeignKey(
        "auth.Group",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Members of this group may come early.",
    )
    has_room = models.BooleanField(default=False, help_text="Whether a waiting room stands in front of it.")
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.CharField(max_length=254, blank=True, editable=False)
    override = models.CharField(
        max_length=300,
        blank=True,
        editable=False,
        help_text="Why it was published against the advice of the preflight.",
    )
    # The key of its location, as inventory knows it: the catalogue knows no stock.
    location_id = models.BigIntegerField(null=True, blank=True, unique=True, editable=False)

    objects = DropQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="drop_ends_after_it_starts"
            ),
        ]
        indexes = [models.Index(fields=["published_at", "ends_at"], name="drop_published_ends")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_published(self) -> bool:
        """Whether shoppers may know of it. Its quota is out of general stock from then on."""
        return self.published_at is not None

    @property
    def early_at(self) -> datetime:
        """When it opens for those who may come early."""
        return self.starts_at - timedelta(minutes=self.early_minutes)

    @property
    def opens_early(self) -> bool:
        """Whether anybody may come early."""
        return bool(self.early_minutes and (self.early_code or self.early_group_id))

    def has_started(self, *, now: datetime) -> bool:
        """Whether it is open for everyone, or was."""
        return self.starts_at <= now

    def has_ended(self, *, now: datetime) -> bool:
        """Whether its time is over, whatever is still held."""
        return self.ends_at <= now

    def is_running(self, *, now: datetime) -> bool:
        """Within its window, by the clock of this server. What it sells is sold from its quota alone."""
        return self.is_published and self.starts_at <= now < self.ends_at


class DropItem(CatalogueRow):
    """A variant in a drop: its price there, and the units that are kept for it."""

    drop = models.ForeignKey(Drop, on_delete=models.CASCADE, related_name="items")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="drop_items")
    price_minor = models.BigIntegerField(help_text="In the currency of the variant, whole rupiah for IDR.")
    quota = models.PositiveIntegerField(help_text="Units that are taken out of general stock when it is published.")
    position = models.PositiveIntegerField(default=0)

    objects = CatalogueQuerySet["DropItem"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["drop", "variant"], name="dropitem_one_per_variant"),
            models.CheckConstraint(condition=models.Q(price_minor__gt=0), name="dropitem_price_positive"),
            models.CheckConstraint(condition=models.Q(quota__gt=0), name="dropitem_quota_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quota} x {self.variant_id}"
