"""The catalogue: what is for sale, in which variants, at what price, with which pictures."""

from typing import Self

from django.core.validators import RegexValidator
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
