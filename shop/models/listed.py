"""What is written down of each product on show, so that lists, filters and searches ask one table each."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from shop.models.catalogue import Category, Product
from shop.words import normalise, words_of


class Trait(models.Model):
    """Something that a listing can be narrowed down by: the brand of a product on show, an option of its variants."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="traits")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=60)
    value = models.CharField(max_length=80)

    class Meta:
        indexes = [models.Index(fields=["category", "name", "value", "product"], name="trait_shelf")]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class SearchWord(models.Model):
    """A word that a product on show is found by. The heavier, the closer to its name."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="words")
    word = models.CharField(max_length=40)
    weight = models.PositiveSmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["word", "product", "weight"], name="searchword_word")]

    def __str__(self) -> str:
        return self.word


# The name of the trait that every product with a brand has. Options have names that staff gave them.
BRAND = "brand"
WEIGHTS = {"first": 8, "name": 5, "brand": 3, "shelf": 3, "rest": 1}


@transaction.atomic
def relist(product_ids: Iterable[Any]) -> None:
    """Write down anew what these products are shown with in lists, narrowed down by and found by.

    A product that is not on show has neither traits nor words. The products are locked before their parts are read:
    of two who change one product, the second writes down what both have changed.
    """
    ids = list(product_ids)
    if not ids:
        return
    chosen = Product.objects.filter(pk__in=ids).order_by("pk")
    products = list(chosen.select_for_update())
    models.prefetch_related_objects(products, "category", "variants", "images")
    for product in products:
        _write_card(product)
    Product.objects.bulk_update(products, ["lowest_price_minor", "card", "search_text"])
    shown = [product for product in products if product.is_published and product.lowest_price_minor is not None]
    Trait.objects.filter(product__in=products).delete()
    Trait.objects.bulk_create(trait for product in shown for trait in _traits(product))
    SearchWord.objects.filter(product__in=products).delete()
    SearchWord.objects.bulk_create(word for product in shown for word in _search_words(product))


def _write_card(product: Product) -> None:
    variants = sorted(product.variants.all(), key=lambda variant: (variant.position, variant.sku))
    active = [variant for variant in variants if variant.is_active]
    cheapest = min(active, key=lambda variant: variant.price_minor, default=None)
    picture = min(product.images.all(), key=lambda picture: (picture.position, picture.pk), default=None)
    product.lowest_price_minor = cheapest.price_minor if cheapest else None
    product.card = {
        "skus": [variant.sku for variant in active],
        "compare_at_minor": cheapest.compare_at_minor if cheapest else None,
        "currency": cheapest.currency if cheapest else "",
        "is_from": len({variant.price_minor for variant in active}) > 1,
        "stem": picture.stem if picture else "",
        "alt": picture.alt if picture else "",
    }
    words = [product.name, product.brand, product.category.name]
    for variant in variants:
        words += [variant.sku, *map(str, variant.options.values())]
    product.search_text = normalise(" ".join(words))


def _traits(product: Product) -> Iterable[Trait]:
    pairs = {(BRAND, product.brand)} if product.brand else set()
    for variant in product.variants.all():
        if variant.is_active:
            pairs |= {(str(name)[:60], str(value)[:80]) for name, value in variant.options.items()}
    return [
        Trait(product=product, category_id=product.category_id, name=name, value=value) for name, value in sorted(pairs)
    ]


def _search_words(product: Product) -> Iterable[SearchWord]:
    in_name = words_of(product.name)
    weights = dict.fromkeys(words_of(product.search_text), WEIGHTS["rest"])
    weights |= dict.fromkeys(words_of(product.category.name), WEIGHTS["shelf"])
    weights |= dict.fromkeys(words_of(product.brand), WEIGHTS["brand"])
    weights |= dict.fromkeys(in_name, WEIGHTS["name"])
    weights |= dict.fromkeys(in_name[:1], WEIGHTS["first"])
    return [SearchWord(product=product, word=word, weight=weight) for word, weight in weights.items()]
