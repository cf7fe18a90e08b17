"""The catalogue: what is for sale, how it is listed and found, and sale events."""

from shop.models.catalogue import (
    MAX_WEIGHT_GRAMS,
    PICTURE_SIZES,
    Category,
    Product,
    ProductImage,
    ProductQuerySet,
    TaxClass,
    Variant,
)
from shop.models.drop import Drop, DropItem, DropQuerySet
from shop.models.listed import BRAND, SearchWord, Trait, relist
from shop.models.stamp import CatalogueQuerySet, CatalogueRow, CatalogueStamp, catalogue_changed

__all__ = [
    "BRAND",
    "MAX_WEIGHT_GRAMS",
    "PICTURE_SIZES",
    "CatalogueQuerySet",
    "CatalogueRow",
    "CatalogueStamp",
    "Category",
    "Drop",
    "DropItem",
    "DropQuerySet",
    "Product",
    "ProductImage",
    "ProductQuerySet",
    "SearchWord",
    "TaxClass",
    "Trait",
    "Variant",
    "catalogue_changed",
    "relist",
]
