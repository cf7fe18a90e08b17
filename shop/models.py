"""The catalogue: what is for sale, in which variants, at what price, with which pictures."""

from datetime import datetime, timedelta
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from uuid6 import uuid7

PICTURE_SIZES = (320, 640, 960)


class Category(models.Model):
    """A shelf of the shop. A product stands on exactly one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    picture_stem = models.CharField(max_length=120, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class TaxClass(models.TextChoices):
    """How a product is taxed. The rates by country and date are rows of the orders; an exempt product has none."""

    STANDARD = "STANDARD", "Standard"
    REDUCED = "REDUCED", "Reduced"
    EXEMPT = "EXEMPT", "Exempt"


class ProductQuerySet(models.QuerySet["Product"]):
    """What is on show, and what it is shown with."""

    def published(self) -> Self:
        """Products that shoppers may see."""
        return self.filter(is_published=True)

    def for_cards(self) -> Self:
        """With the variants and pictures that a product card reads: two further queries, however many products."""
        return self.select_related("category").prefetch_related("variants", "images")


class Product(models.Model):
    """Something for sale, in one or more variants. Withdrawn by unpublishing: orders keep pointing at it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=120, unique=True)
    name = models.CharField(max_length=120)
    brand = models.CharField(max_length=80, blank=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    description = models.TextField(blank=True)
    facts = models.JSONField(
        default=list, blank=True, help_text="Short facts, one string each: material, care, origin."
    )
    option_names = models.JSONField(default=list, blank=True, help_text='What variants differ in: ["Colour", "Size"].')
    weight_grams = models.PositiveIntegerField(default=0)
    tax_class = models.CharField(max_length=16, choices=TaxClass, default=TaxClass.STANDARD)
    is_published = models.BooleanField(default=False)
    is_new = models.BooleanField(default=False)
    is_popular = models.BooleanField(default=False)
    search_text = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["category", "is_published"], name="product_category_published")]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """The thing that is sold: one SKU, one price. The SKU never changes, because stock and orders are kept under it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9-]*$", "Use capital letters, digits and hyphens only.")],
    )
    options = models.JSONField(default=dict, blank=True, help_text='Option name to value: {"Colour": "Lilac"}.')
    price_minor = models.BigIntegerField(help_text="In the currency's smallest unit in use: whole rupiah for IDR.")
    compare_at_minor = models.BigIntegerField(null=True, blank=True, help_text="The regular price, if this is a sale.")
    currency = models.CharField(max_length=3, default="IDR")
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price_minor__gt=0), name="variant_price_positive"),
            models.CheckConstraint(
                condition=models.Q(compare_at_minor__isnull=True)
                | models.Q(compare_at_minor__gt=models.F("price_minor")),
                name="variant_compare_at_above_price",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku}"

    @property
    def label(self) -> str:
        """What tells it from its siblings: "Lilac, 42". Empty for a product's only variant."""
        return ", ".join(self.options.values())


class ProductImage(models.Model):
    """A square picture, stored as WebP in three sizes under `<stem>-<size>.webp` in the media storage."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    stem = models.CharField(max_length=160)
    alt = models.CharField(max_length=200, help_text="Names the thing and its colour, for those who do not see it.")
    option_value = models.CharField(max_length=60, blank=True, help_text="The colour it shows, if it shows one.")
    position = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.alt


class DropQuerySet(models.QuerySet["Drop"]):
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


class Drop(models.Model):
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


class DropItem(models.Model):
    """A variant in a drop: its price there, and the units that are kept for it."""

    drop = models.ForeignKey(Drop, on_delete=models.CASCADE, related_name="items")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="drop_items")
    price_minor = models.BigIntegerField(help_text="In the currency of the variant, whole rupiah for IDR.")
    quota = models.PositiveIntegerField(help_text="Units that are taken out of general stock when it is published.")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["drop", "variant"], name="dropitem_one_per_variant"),
            models.CheckConstraint(condition=models.Q(price_minor__gt=0), name="dropitem_price_positive"),
            models.CheckConstraint(condition=models.Q(quota__gt=0), name="dropitem_quota_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quota} x {self.variant_id}"
