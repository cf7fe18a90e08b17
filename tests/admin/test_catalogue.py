"""Products are typed, shown and withdrawn; never deleted."""

import io
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from shop.models import Product, ProductImage, Variant
from tests.factories import CategoryFactory, ProductFactory, VariantFactory

pytestmark = pytest.mark.django_db

ADD = "admin:shop_product_add"
NO_ROWS = {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0}


def rows(prefix: str, *filled: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    typed: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(filled), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(filled):
        typed |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return typed


def product(**changes: Any) -> dict[str, Any]:
    typed = {
        "name": "Café Mug",
        "slug": "cafe-mug",
        "brand": "Tanah",
        "category": CategoryFactory().pk if "category" not in changes else None,
        "is_published": "on",
        "description": "Holds coffee.",
        "facts": "Stoneware\nDishwasher safe\n",
        "option_names": "Colour",
        "weight_grams": 300,
        "tax_class": "STANDARD",
    }
    return typed | changes


def variant(**changes: Any) -> dict[str, Any]:
    return {
        "sku": "MUG-LIL",
        "options": "Colour: Lilac",
        "price_minor": 90_000,
        "currency": "IDR",
        "position": 0,
        "is_active": "on",
    } | changes


def picture_file(side: int = 800) -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (side, side), "white").save(file, "PNG")
    return SimpleUploadedFile("mug.png", file.getvalue(), "image/png")


def test_add_product_with_variant_and_picture(boss_client: Client) -> None:
    picture = {"upload": picture_file(), "alt": "Mug in lilac", "position": 0}
    typed = product() | rows("variants", variant()) | rows("images", picture)

    answer = boss_client.post(reverse(ADD), typed)

    assert answer.status_code == 302, answer.context["errors"]
    made = Product.objects.get()
    assert (made.facts, made.option_names) == (["Stoneware", "Dishwasher safe"], ["Colour"])
    assert made.variants.get().options == {"Colour": "Lilac"}
    assert made.search_text == f"cafe mug tanah {made.category.name.lower()} mug-lil lilac"
    assert default_storage.exists(f"{ProductImage.objects.get().stem}-640.webp")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"price_minor": 0}, "Enter a price above 0."),
        ({"compare_at_minor": 90_000}, "The regular price is above the price"),
        ({"sku": "lower case"}, "Use capital letters, digits and hyphens only."),
        ({"options": "Lilac"}, "Write one option a line"),
        ({"price_minor": "abc"}, "Enter a whole number."),
    ],
)
def test_add_product_refuses_a_bad_variant_at_its_field(
    boss_client: Client, changes: dict[str, Any], sentence: str
) -> None:
    answer = boss_client.post(reverse(ADD), product() | rows("variants", variant(**changes)) | rows("images"))

    assert sentence in answer.content.decode()
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [(None, "Choose a picture file."), (b"no picture", "This file is no picture that can be read.")],
)
def test_add_product_refuses_a_bad_picture(boss_client: Client, upload: bytes | None, sentence: str) -> None:
    row: dict[str, Any] = {"alt": "A mug", "position": 0}
    if upload:
        row["upload"] = SimpleUploadedFile("mug.png", upload, "image/png")

    answer = boss_client.post(reverse(ADD), product() | rows("variants") | rows("images", row))

    assert sentence in answer.content.decode()
    assert not Product.objects.exists()


def test_sku_stays_what_it_was(boss_client: Client) -> None:
    kept = VariantFactory(sku="MUG-LIL", price_minor=90_000)
    typed = product(slug=kept.product.slug, category=kept.product.category_id)
    row = variant(id=kept.pk, product=kept.product_id, sku="OTHER", price_minor=95_000)

    answer = boss_client.post(
        reverse("admin:shop_product_change", args=[kept.product_id]),
        typed | rows("variants", row, initial=1) | rows("images"),
    )

    assert answer.status_code == 302, answer.context["errors"]
    assert Variant.objects.values_list("sku", "price_minor").get() == ("MUG-LIL", 95_000)


def test_products_are_unpublished_not_deleted(boss_client: Client) -> None:
    kept = ProductFactory(is_published=True)
    chosen = {"action": "unpublish", "_selected_action": [str(kept.pk)]}

    refused = boss_client.post(reverse("admin:shop_product_delete", args=[kept.pk]), {"post": "yes"}, follow=True)
    boss_client.post(reverse("admin:shop_product_changelist"), chosen)

    kept.refresh_from_db()
    assert "Unpublish it instead" in refused.content.decode()
    assert kept.is_published is False


def test_publish_needs_the_right(staff_client: Any) -> None:
    kept = ProductFactory(is_published=False)
    chosen = {"action": "publish", "_selected_action": [str(kept.pk)]}

    staff_client("view_product").post(reverse("admin:shop_product_changelist"), chosen)

    kept.refresh_from_db()
    assert kept.is_published is False


def test_new_name_of_a_category_reaches_the_search(boss_client: Client) -> None:
    kept = ProductFactory(name="Mug", brand="Tanah")
    typed = {"name": "Kitchen", "slug": kept.category.slug, "description": "", "position": 0}

    boss_client.post(reverse("admin:shop_category_change", args=[kept.category_id]), typed)

    kept.refresh_from_db()
    assert kept.search_text == "mug tanah kitchen"


def test_category_with_products_is_not_deleted(boss_client: Client) -> None:
    kept = ProductFactory()

    boss_client.post(reverse("admin:shop_category_delete", args=[kept.category_id]), {"post": "yes"})

    assert Product.objects.filter(category__isnull=False).count() == 1


@pytest.mark.parametrize("rows_made", [1, 3])
def test_lists_cost_the_same_at_any_length(boss_client: Client, django_assert_num_queries: Any, rows_made: int) -> None:
    for _ in range(rows_made):
        VariantFactory()

    with django_assert_num_queries(4):
        boss_client.get(reverse("admin:shop_product_changelist"))
    with django_assert_num_queries(3):
        boss_client.get(reverse("admin:shop_category_changelist"))
