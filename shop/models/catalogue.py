"""What is for sale, in which variants, at what price, with which pictures."""

from typing import Self

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from uuid6 import uuid7

from shop.models.stamp import CatalogueQuerySet, CatalogueRow
from shop.money import MAX_MINOR

MAX_WEIGHT_GRAMS = 1_000_000

PICTURE_SIZES = (320, 640, 960)


class Category(CatalogueRow):
    """A shelf of the shop. A product stands on exactly one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    picture_stem = models.CharField(max_length=120, blank=True)
    position = models.PositiveIntegerField(default=0)

    objects = CatalogueQuerySet["Category"].as_manager()

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class TaxClass(models.TextChoices):
    """How a product is taxed. The rates by country and date are rows of the orders; an exempt product has none."""

    STANDARD = "STANDARD", "Standard"
    REDUCED = "REDUCED", "Reduced"
    EXEMPT = "EXEMPT", "Exempt"


class ProductQuerySet(CatalogueQuerySet["Product"]):
    """What is on show, and what it is shown with."""

    def published(self) -> Self:
        """Products that shoppers may see."""
        return self.filter(is_published=True)

    def on_show(self) -> Self:
        """Products that can be shown and bought: published, with at least one active variant."""
        return self.published().filter(lowest_price_minor__isnull=False)

    def for_cards(self) -> Self:
        """With what a product card reads, and nothing more."""
        return self.only("slug", "name", "brand", "is_new", "is_popular", "lowest_price_minor", "card")


class Product(CatalogueRow):
    """Something for sale, in one or more variants. Withdrawn by unpublishing: orders keep pointing at it."""

    listed_by = "pk"

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
    weight_grams = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(MAX_WEIGHT_GRAMS)])
    tax_class = models.CharField(max_length=16, choices=TaxClass, default=TaxClass.STANDARD)
    is_published = models.BooleanField(default=False)
    is_new = models.BooleanField(default=False)
    is_popular = models.BooleanField(default=False)
    search_text = models.TextField(blank=True, editable=False)
    # What lists show and sort by, written by `relist` alone. No price: no variant is for sale.
    lowest_price_minor = models.BigIntegerField(null=True, editable=False)
    card = models.JSONField(default=dict, editable=False)
    # What its page says of published reviews, written by `set_opinion` alone: no further query.
    opinion = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        # One for each way to sort a shelf, and one for each half of the front window.
        indexes = [
            models.Index(
                fields=["category", "is_published", "-is_popular", "-created_at", "id"], name="product_shelf_popular"
            ),
            models.Index(fields=["category", "is_published", "-created_at", "id"], name="product_shelf_new"),
            models.Index(fields=["category", "is_published", "lowest_price_minor", "id"], name="product_shelf_price"),
            models.Index(fields=["category", "is_published", "name", "id"], name="product_shelf_name"),
            models.Index(fields=["is_published", "-is_popular", "-created_at", "id"], name="product_window_popular"),
            models.Index(fields=["is_published", "-is_new", "-created_at", "id"], name="product_window_new"),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(CatalogueRow):
    """The thing that is sold: one SKU, one price. The SKU never changes, because stock and orders are kept under it."""

    listed_by = "product_id"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9][A-Z0-9-]*$", "Use capital letters, digits and hyphens only.")],
    )
    options = models.JSONField(default=dict, blank=True, help_text='Option name to value: {"Colour": "Lilac"}.')
    price_minor = models.BigIntegerField(
        help_text="In the currency's smallest unit in use: whole rupiah for IDR.",
        validators=[MaxValueValidator(MAX_MINOR)],
    )
    compare_at_minor = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="The regular price, if this is a sale.",
        validators=[MaxValueValidator(MAX_MINOR)],
    )
    currency = models.CharField(max_length=3, default="IDR")
    position = models.PositiveIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = CatalogueQuerySet["Variant"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price_minor__gt=0), name="variant_price_positive"),
            models.CheckConstraint(condition=models.Q(price_minor__lte=MAX_MINOR), name="variant_price_not_absurd"),
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
        return ", ".join(map(str, self.options.values()))


class ProductImage(CatalogueRow):
    """A square picture, stored as WebP in three sizes under `<stem>-<size>.webp` in the media storage."""

    listed_by = "product_id"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    stem = models.CharField(max_length=160)
    alt = models.CharField(max_length=200, help_text="Names the thing and its colour, for those who do not see it.")
    option_value = models.CharField(max_length=60, blank=True, help_text="The colour it shows, if it shows one.")
    position = models.PositiveIntegerField(default=0)

    objects = CatalogueQuerySet["ProductImage"].as_manager()

    def __str__(self) -> str:
        return self.alt
