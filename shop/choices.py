"""The choice of a variant: which options lead where from the one that is shown now."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from inventory.queries import Availability
from shop.drops import ORDINARY, Terms
from shop.models import Product, ProductImage, Variant
from shop.queries import active_variants, pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionLink:
    """A value of an option that changes the page: the colour, say. `sku` is where it leads."""

    value: str
    sku: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRadio:
    """A variant that can be put in the cart from this page, with its last option as label."""

    variant: Variant
    label: str
    price_minor: int
    availability: Availability
    is_chosen: bool
    shows_price: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantChoice:
    """All that the page asks: `links` by option name for all options but the last, `radios` for the last."""

    chosen: Variant
    availability: Availability
    terms: Terms
    links: dict[str, list[OptionLink]]
    radios_title: str
    radios: list[VariantRadio]
    pictures: list[ProductImage]

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to choose among the radios."""
        return len(self.radios) > 1 or bool(self.radios and self.radios[0].label)

    @property
    def price_minor(self) -> int:
        """What the chosen one costs at this moment."""
        return self.terms.price_minor(self.chosen)

    @property
    def compare_at_minor(self) -> int | None:
        """The usual price of the chosen one, where it costs less now."""
        return self.terms.compare_at_minor(self.chosen)

    @property
    def has_free_sibling(self) -> bool:
        """Whether another radio than the chosen one has something free."""
        return any(radio.availability.free for radio in self.radios if not radio.is_chosen)


def choose_variant(
    *, product: Product, availability: Mapping[str, Availability], terms: Mapping[str, Terms], sku: str
) -> VariantChoice:
    """The choice with `sku` chosen; where it is not a variant of the product, the first that is free, or the first."""
    variants = active_variants(product)
    chosen = next((variant for variant in variants if variant.sku == sku), None)
    chosen = chosen or next((v for v in variants if availability[v.sku].free), variants[0])
    names = [str(name) for name in product.option_names]
    leading, last = names[:-1], names[-1] if names else ""
    siblings = [v for v in variants if all(_value(v, name) == _value(chosen, name) for name in leading)]
    prices = {each.sku: terms.get(each.sku, ORDINARY).price_minor(each) for each in siblings}
    return VariantChoice(
        chosen=chosen,
        availability=availability[chosen.sku],
        terms=terms.get(chosen.sku, ORDINARY),
        links={name: _links(name, leading, variants, chosen, availability) for name in leading},
        radios_title=last or _("Variant"),
        radios=[
            VariantRadio(
                variant=variant,
                label=_value(variant, last) if last else (variant.label or (variant.sku if len(siblings) > 1 else "")),
                price_minor=prices[variant.sku],
                availability=availability[variant.sku],
                is_chosen=variant == chosen,
                shows_price=len(set(prices.values())) > 1,
            )
            for variant in siblings
        ],
        pictures=_pictures_of(product, chosen),
    )


def _links(
    name: str, leading: list[str], variants: list[Variant], chosen: Variant, availability: Mapping[str, Availability]
) -> list[OptionLink]:
    """One link per value, to the variant that keeps most of what is chosen, a free one where possible."""
    links = []
    for value in dict.fromkeys(_value(variant, name) for variant in variants):
        candidates = [variant for variant in variants if _value(variant, name) == value]
        kept = {key: each for key, each in chosen.options.items() if key != name}
        best = max(
            candidates,
            key=lambda v: (
                sum(_value(v, key) == each for key, each in kept.items() if key in leading),
                bool(availability[v.sku].free),
                sum(_value(v, key) == each for key, each in kept.items()),
            ),
        )
        links.append(OptionLink(value=value, sku=best.sku, is_chosen=value == _value(chosen, name)))
    return links


def _pictures_of(product: Product, chosen: Variant) -> list[ProductImage]:
    """Pictures of the chosen colour, then those of no colour; all of them where none is of this colour."""
    everything = pictures(product)
    values = set(map(str, chosen.options.values()))
    fitting = [picture for picture in everything if picture.option_value in values]
    return fitting + [picture for picture in everything if not picture.option_value] if fitting else everything


def _value(variant: Variant, name: str) -> str:
    return str(variant.options.get(name, ""))
