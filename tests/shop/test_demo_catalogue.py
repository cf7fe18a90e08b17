"""The demo's catalogue is whole: what the seed command reads must not surprise it."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "shop" / "demo"
PICTURES = DEMO / "pictures"
SIZES = (320, 640, 960)
MOST_BYTES = 2_500_000

CATALOGUE: dict[str, Any] = json.loads((DEMO / "catalogue.json").read_text(encoding="utf-8"))
CATEGORIES: list[dict[str, Any]] = CATALOGUE["categories"]
PRODUCTS: list[dict[str, Any]] = CATALOGUE["products"]

each_product = pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product["slug"])


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


def _stems() -> list[str]:
    return [picture["stem"] for product in PRODUCTS for picture in product["pictures"]]


def test_names_of_things_are_unique() -> None:
    assert _repeated(category["slug"] for category in CATEGORIES) == []
    assert _repeated(product["slug"] for product in PRODUCTS) == []
    assert _repeated(product["name"] for product in PRODUCTS) == []
    assert _repeated(variant["sku"] for product in PRODUCTS for variant in product["variants"]) == []
    assert _repeated(_stems()) == []


def test_every_category_has_products_and_a_picture() -> None:
    shelves = {product["category"] for product in PRODUCTS}

    assert shelves == {category["slug"] for category in CATEGORIES}
    assert {category["picture_stem"] for category in CATEGORIES} <= set(_stems())
    assert all(category["name"] and category["description"] for category in CATEGORIES)


def test_phone_of_the_first_demo_is_there_once() -> None:
    phones = [product for product in PRODUCTS if product["name"] == "Apple iPhone 13 Pro Max"]

    assert [phone["price_minor"] for phone in phones] == [25_000_000]
    assert [variant["stock"] for phone in phones for variant in phone["variants"]] == [{"JKT": 1}]


@each_product
def test_product_says_what_it_is(product: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", product["slug"])
    assert 2 <= len(re.findall(r"[.!?](?= |$)", product["description"])) <= 4
    assert product["brand"]
    assert product["facts"]
    assert all(product["facts"])
    assert product["weight_grams"] > 0


@each_product
def test_prices_are_whole_rupiah_and_a_regular_price_is_higher(product: dict[str, Any]) -> None:
    prices = [product["price_minor"], *(variant.get("price_minor", 1) for variant in product["variants"])]

    assert all(type(price) is int and price > 0 for price in prices)
    assert product.get("compare_at_minor", max(prices) + 1) > max(prices)


@each_product
def test_variants_have_a_value_for_every_option_and_differ(product: dict[str, Any]) -> None:
    choices = [json.dumps(variant["options"], sort_keys=True) for variant in product["variants"]]

    assert choices
    assert _repeated(choices) == []
    for variant in product["variants"]:
        assert list(variant["options"]) == product["option_names"]
        assert all(variant["options"].values())
        assert re.fullmatch(r"[A-Z0-9][A-Z0-9-]*", variant["sku"])


@each_product
def test_stock_lies_at_known_locations(product: dict[str, Any]) -> None:
    for variant in product["variants"]:
        assert variant["stock"]
        assert set(variant["stock"]) <= {"JKT", "BDG"}
        assert all(type(units) is int and units >= 0 for units in variant["stock"].values())


@each_product
def test_pictures_are_described_and_belong_to_a_variant(product: dict[str, Any]) -> None:
    values = {value for variant in product["variants"] for value in variant["options"].values()}
    alts = [picture["alt"] for picture in product["pictures"]]

    assert all(alts)
    assert _repeated(alts) == []
    assert all(len(alt) <= 200 for alt in alts)
    assert {picture["option_value"] for picture in product["pictures"]} - {None} <= values


@each_product
def test_every_colour_has_a_picture(product: dict[str, Any]) -> None:
    colours = {variant["options"].get("Colour") for variant in product["variants"]} - {None}

    assert colours <= {picture["option_value"] for picture in product["pictures"]}


@each_product
def test_pictures_are_kept_in_every_size(product: dict[str, Any]) -> None:
    for picture in product["pictures"]:
        assert (DEMO / "art" / f"{picture['art']}.svg").is_file()
        for size in SIZES:
            with Image.open(PICTURES / f"{picture['stem']}-{size}.webp") as image:
                assert image.size == (size, size)


def test_no_picture_is_left_over_and_all_are_light() -> None:
    kept = list(PICTURES.iterdir())
    drawings = {picture["art"] for product in PRODUCTS for picture in product["pictures"]}

    assert {path.name for path in kept} == {f"{stem}-{size}.webp" for stem in _stems() for size in SIZES}
    assert {path.stem for path in (DEMO / "art").glob("*.svg")} == drawings
    assert sum(path.stat().st_size for path in kept) <= MOST_BYTES
