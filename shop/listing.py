"""A listing as a page shows it: what was asked, what was found, how it can be narrowed down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import QueryDict

from inventory.queries import Look, skus_free, skus_held
from shop import queries
from shop.copies import Catalogue, Shown, show
from shop.forms import ListingForm
from shop.models import BRAND, Category, Product, ProductQuerySet, Trait
from shop.search import Found, search

PER_PAGE = 24
# Nobody reads further; who wants to narrows down, or asks the API.
MOST_PAGES = 400
# Narrowed down by stock, a listing is counted at every look, and only so far.
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """One value of a facet: `pair` is what stands in the address."""

    value: str
    pair: str
    products: int
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """A trait that a listing can be narrowed down by."""

    name: str
    values: list[FacetValue]

    @property
    def is_brand(self) -> bool:
        return self.name == BRAND

    @property
    def chosen(self) -> int:
        return sum(value.is_chosen for value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What was found. `is_cut`: there is more than was counted."""

    page: Page[Product]
    traits: dict[str, list[tuple[str, int]]]
    is_cut: bool = False
    is_partial: bool = False
    shelf: Category | None = None


class ListingPaginator(Paginator):
    """Pages of 24, and not so many that the last ones are far to seek."""

    def __init__(self, products: Any, *, counted: int | None = None) -> None:
        super().__init__(products, PER_PAGE)
        if counted is not None:
            # In place of the cached property that would ask the database.
            self.count = counted

    @property
    def num_pages(self) -> int:
        return min(-(-self.count // PER_PAGE) or 1, MOST_PAGES)


class Narrowing:
    """The question of an address, and the listing that answers it."""

    def __init__(self, query: QueryDict, *, now: datetime, seen: Look | None = None) -> None:
        self.form = ListingForm(query, currency=settings.SHOP_CURRENCY)
        self.now = now
        self._seen = seen
        self._answers = self.form.answers()
        self._page = query.get("page", "")

    @property
    def depends_on_stock(self) -> bool:
        """Whether stock decides what is listed, and not only what is said of it."""
        return bool(self._answers["stock"])

    @property
    def key(self) -> tuple[Any, ...]:
        """What the answer depends on, besides the shelf or the words."""
        return (self._answers["sort"], self.form.is_sorted, self._page[:9], *self.narrowed_by)

    @property
    def narrowed_by(self) -> tuple[Any, ...]:
        """What the number of products depends on, besides the shelf or the words, and besides stock."""
        traits = tuple((name, tuple(sorted(values))) for name, values in sorted(self.form.traits.items()))
        return (self._answers["lowest"], self._answers["highest"], traits)

    def shelf(self, slug: str) -> Shown[Listing]:
        """The listing of one shelf.

        :raises KeyError: if there is no such shelf
        """

        def read(catalogue: Catalogue) -> Listing:
            shelf = {each.slug: each for each in catalogue.shelves}[slug]
            listing = self._narrowed(queries.on_show().filter(category=shelf))
            counted = None
            if not self.depends_on_stock:
                counted = catalogue.part(("count", slug, *self.narrowed_by), read=listing.order_by().count)
            page, is_cut = self._paged(listing, counted=counted)
            traits = catalogue.part(
                ("traits", slug), read=lambda: queries.traits_of(traits=Trait.objects.filter(category=shelf))
            )
            return Listing(page=page, traits=traits, is_cut=is_cut, shelf=shelf)

        return self._shown(("shelf", slug), read)

    def found(self, text: str) -> Shown[Listing]:
        """The listing of what is found for these words, the best first unless another order was asked for."""

        def read(catalogue: Catalogue) -> Listing:
            found = search(text=text)
            page, is_cut = self._found_page(found)
            traits = queries.traits_of(traits=Trait.objects.filter(product__in=found.ids)) if found.ids else {}
            return Listing(page=page, traits=traits, is_cut=is_cut or found.is_cut, is_partial=found.is_partial)

        return self._shown(("search", text.casefold()), read)

    def facets(self, listing: Listing) -> list[Facet]:
        """Every trait with more than one value, or with one that was chosen."""
        facets = []
        for name, rows in listing.traits.items():
            chosen = self.form.traits.get(name, [])
            values = [
                FacetValue(value=value, pair=f"{name}:{value}", products=products, is_chosen=value in chosen)
                for value, products in rows
            ]
            if len(values) > 1 or chosen:
                facets.append(Facet(name=name, values=sorted(values, key=_in_order)))
        return facets

    def _shown(self, key: tuple[str, str], read: Callable[[Catalogue], Listing]) -> Shown[Listing]:
        # What depends on stock changes without the catalogue, so it is not kept.
        kept = None if self.depends_on_stock else (*key, *self.key)
        return show(kept, read=read, skus_of=lambda listing: _skus(listing.page), now=self.now, seen=self._seen)

    def _narrowed(self, products: ProductQuerySet) -> ProductQuerySet:
        listing = queries.listing(
            products=products,
            sort=self._answers["sort"],
            lowest_minor=self._answers["lowest"],
            highest_minor=self._answers["highest"],
            traits=self.form.traits,
        )
        if not self._answers["stock"]:
            return listing
        free, held = skus_free(now=self.now), skus_held(now=self.now)
        return queries.in_stock(listing, free=free, held=held, states=self._answers["stock"])

    def _paged(self, listing: ProductQuerySet, *, counted: int | None) -> tuple[Page[Product], bool]:
        is_cut = False
        if self._answers["stock"] and counted is None:
            counted = listing.order_by()[: MOST_COUNTED + 1].count()
            is_cut, counted = counted > MOST_COUNTED, min(counted, MOST_COUNTED)
        page = ListingPaginator(listing.for_cards(), counted=counted).get_page(self._page)
        page.object_list = list(page.object_list)
        return page, is_cut

    def _found_page(self, found: Found) -> tuple[Page[Product], bool]:
        products = queries.on_show().filter(pk__in=found.ids)
        if self.form.is_sorted:
            return self._paged(self._narrowed(products), counted=None)
        ids = list(found.ids)
        if self.form.chips():
            kept = set(self._narrowed(products).values_list("pk", flat=True))
            ids = [product_id for product_id in ids if product_id in kept]
        page: Page[Any] = ListingPaginator(ids, counted=len(ids)).get_page(self._page)
        rows = {row.pk: row for row in queries.on_show().filter(pk__in=list(page.object_list)).for_cards()}
        page.object_list = [rows[product_id] for product_id in page.object_list if product_id in rows]
        return page, False


def _skus(page: Page[Product]) -> list[str]:
    return [sku for product in page.object_list for sku in product.card["skus"]]


def _in_order(value: FacetValue) -> tuple[int, int, str]:
    """Sizes by number; words as they came, by how many products have them."""
    return (0, int(value.value), "") if value.value.isdigit() else (1, -value.products, value.value)
