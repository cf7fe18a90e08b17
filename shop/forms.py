"""What a shopper may ask of a listing."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from shop.money import format_money
from shop.queries import DEFAULT_SORT

HIGHEST_PRICE = 10**12
MOST_TRAITS = 20
SORT_CHOICES = [
    ("popular", _("Popular first")),
    ("new", _("Newest first")),
    ("price", _("Lowest price first")),
    ("price-down", _("Highest price first")),
    ("name", _("By name")),
]
STOCK_CHOICES = [
    ("free", _("Free now")),
    ("held", _("All in carts")),
    ("gone", _("Sold out")),
]


class ListingForm(forms.Form):
    """Sort and filters of a listing. An answer that cannot be used is told, and left out; the rest still counts.

    Traits come as `trait=Colour:Lilac`, as often as there are; one that nothing has finds nothing.
    """

    sort = forms.ChoiceField(label=_("Sort"), choices=SORT_CHOICES, required=False)
    stock = forms.MultipleChoiceField(
        label=_("Availability"), choices=STOCK_CHOICES, required=False, widget=forms.CheckboxSelectMultiple
    )
    lowest = forms.IntegerField(label=_("Price from (Rp)"), min_value=0, max_value=HIGHEST_PRICE, required=False)
    highest = forms.IntegerField(label=_("Price to (Rp)"), min_value=0, max_value=HIGHEST_PRICE, required=False)

    lowest.widget.attrs.update({"inputmode": "numeric"})
    highest.widget.attrs.update({"inputmode": "numeric"})

    def __init__(self, data: QueryDict, *, currency: str) -> None:
        super().__init__(data)
        self.currency = currency
        self.traits: dict[str, list[str]] = {}
        for pair in data.getlist("trait")[:MOST_TRAITS]:
            name, colon, value = pair.replace("\x00", "").partition(":")
            if colon and name and value:
                self.traits.setdefault(name, []).append(value)

    def answers(self) -> dict[str, Any]:
        """The usable answers: sort, stock, lowest, highest."""
        self.is_valid()
        answers = {name: self.cleaned_data.get(name) for name in self.fields}
        return {**answers, "sort": answers["sort"] or DEFAULT_SORT, "stock": answers["stock"] or []}

    @property
    def is_sorted(self) -> bool:
        """Whether an order was asked for."""
        self.is_valid()
        return bool(self.cleaned_data.get("sort"))

    def chips(self) -> list[tuple[str, str, str]]:
        """The filters that are on: field, value in the address, and the words of the chip."""
        answers = self.answers()
        stock = dict(STOCK_CHOICES)
        chips = [("stock", state, str(stock[state])) for state in answers["stock"]]
        for name, sentence in (("lowest", _("From %(price)s")), ("highest", _("Up to %(price)s"))):
            if answers[name] is not None:
                price = format_money(answers[name], self.currency)
                chips.append((name, str(answers[name]), str(sentence) % {"price": price}))
        return chips + [("trait", f"{name}:{value}", value) for name, values in self.traits.items() for value in values]
