"""A shelf with as many products as there may be in a large shop, filled in bulk."""

from collections.abc import Iterator

from django.db.models import QuerySet

from shop.models import BRAND, Category, Product, SearchWord, Trait, Variant, catalogue_changed

BATCH = 2000
BRANDS = ("Langkah", "Tenun", "Tanah", "Kaki Bukit")


def fill_shelf(slug: str, count: int) -> Iterator[list[Product]]:
    """Put `count` products with one variant each on a new shelf, batch by batch: `slug-0`, `slug-1` and so on.

    Past the querysets of the catalogue, which would list each product anew: what they would write is written here.
    """
    category = Category.objects.create(slug=slug, name=slug.title())
    for start in range(0, count, BATCH):
        products = [_product(category, number) for number in range(start, min(start + BATCH, count))]
        QuerySet(Product).bulk_create(products)
        QuerySet(Variant).bulk_create(
            Variant(product=product, sku=product.card["skus"][0], price_minor=product.lowest_price_minor or 1)
            for product in products
        )
        Trait.objects.bulk_create(
            Trait(product=product, category=category, name=BRAND, value=product.brand) for product in products
        )
        SearchWord.objects.bulk_create(
            SearchWord(product=product, word=word, weight=5)
            for product in products
            for word in (slug, product.slug.rpartition("-")[2])
        )
        yield products
    catalogue_changed()


def _product(category: Category, number: int) -> Product:
    name = f"{category.slug}-{number}"
    card = {
        "skus": [name.upper()],
        "currency": "IDR",
        "compare_at_minor": None,
        "is_from": False,
        "stem": "",
        "alt": "",
    }
    return Product(
        slug=name,
        name=name,
        brand=BRANDS[number % len(BRANDS)],
        category=category,
        is_published=True,
        is_popular=number % 1000 == 0,
        is_new=number % 1000 == 1,
        search_text=name,
        lowest_price_minor=100_000 + number * 100,
        card={**card, "stem": "", "alt": ""},
    )
