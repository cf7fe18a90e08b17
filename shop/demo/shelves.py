"""The demo's goods: catalogue, pictures and stock, from `catalogue.json`."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from inventory import services as inventory
from inventory.services import open_location
from shop.models import Category, Product, ProductImage, Variant
from shop.transactions import transactional

HERE = Path(__file__).parent
LOCATIONS = {"JKT": "Jakarta warehouse", "BDG": "Bandung shop"}
ACTOR = "seed"


def fill_shelves(*, now: datetime) -> int:
    """Put every product of the catalogue on show that is not there yet; returns how many were added.

    What is there already is left alone, sold or not: the demo goes on where it was.
    """
    catalogue = json.loads((HERE / "catalogue.json").read_text())
    for priority, (code, name) in enumerate(LOCATIONS.items(), start=1):
        open_location(code=code, name=name, priority=priority)
    categories = [_category(position, row) for position, row in enumerate(catalogue["categories"])]
    shelves = {category.slug: category for category in categories}
    known = set(Product.objects.values_list("slug", flat=True))
    fresh = [row for row in catalogue["products"] if row["slug"] not in known]
    for row in fresh:
        _stock_product(row, category=shelves[row["category"]], now=now)
    hang_pictures()
    return len(fresh)


def hang_pictures() -> None:
    """Copy the demo's pictures to where uploads live, unless they are there already."""
    target = Path(settings.MEDIA_ROOT) / "demo"
    target.mkdir(parents=True, exist_ok=True)
    there = {path.name for path in target.iterdir()}
    for picture in (HERE / "pictures").glob("*.webp"):
        if picture.name not in there:
            shutil.copyfile(picture, target / picture.name)


def _category(position: int, row: dict[str, Any]) -> Category:
    category, _ = Category.objects.get_or_create(
        slug=row["slug"],
        defaults={
            "name": row["name"],
            "description": row["description"],
            "picture_stem": f"demo/{row['picture_stem']}",
            "position": position,
        },
    )
    return category


@transactional
def _stock_product(row: dict[str, Any], *, category: Category, now: datetime) -> None:
    product = Product.objects.create(
        slug=row["slug"],
        name=row["name"],
        brand=row["brand"],
        category=category,
        description=row["description"],
        facts=row["facts"],
        option_names=row["option_names"],
        weight_grams=row["weight_grams"],
        is_published=True,
        is_new=row["is_new"],
        is_popular=row["is_popular"],
    )
    Variant.objects.bulk_create(
        Variant(
            product=product,
            sku=variant["sku"],
            options=variant["options"],
            price_minor=variant.get("price_minor", row["price_minor"]),
            compare_at_minor=row.get("compare_at_minor"),
            position=position,
        )
        for position, variant in enumerate(row["variants"])
    )
    ProductImage.objects.bulk_create(
        ProductImage(
            product=product,
            stem=f"demo/{picture['stem']}",
            alt=picture["alt"],
            option_value=picture["option_value"] or "",
            position=position,
        )
        for position, picture in enumerate(row["pictures"])
    )
    for variant in row["variants"]:
        for location, quantity in variant["stock"].items():
            if quantity:
                inventory.receive(
                    sku=variant["sku"],
                    location=location,
                    quantity=quantity,
                    reason="first delivery",
                    actor=ACTOR,
                    now=now,
                )
