"""What a shopper may ask of a listing."""

from typing import Any

from django import forms

from shop.queries import DEFAULT_SORT

HIGHEST_PRICE = 10**12
SORT_CHOICES = [
    ("popular", "Popular first"),
    ("new", "Newest first"),
    ("price", "Lowest price first"),
    ("price-down", "Highest price first"),
    ("name", "By name"),
]


class ListingForm(forms.Form):
    """Sort and filters of a listing. An answer that cannot be used is told, and left out; the rest still counts."""

    sort = forms.ChoiceField(label="Sort", choices=SORT_CHOICES, required=False)
    lowest = forms.IntegerField(label="Price from (Rp)", min_value=0, max_value=HIGHEST_PRICE, required=False)
    highest = forms.IntegerField(label="Price to (Rp)", min_value=0, max_value=HIGHEST_PRICE, required=False)
    free = forms.BooleanField(label="Only what is free now", required=False)

    lowest.widget.attrs.update({"inputmode": "numeric"})
    highest.widget.attrs.update({"inputmode": "numeric"})

    def answers(self) -> dict[str, Any]:
        """The usable answers: sort, lowest, highest, free."""
        self.is_valid()
        answers = {name: self.cleaned_data.get(name) for name in self.fields}
        return {**answers, "sort": answers["sort"] or DEFAULT_SORT}

    def chosen(self) -> dict[str, str]:
        """The filters that are on: field name to the words of its chip."""
        answers = self.answers()
        chips: dict[str, str] = {}
        if answers["free"]:
            chips["free"] = "Free now"
        for name, word in (("lowest", "From"), ("highest", "Up to")):
            if answers[name] is not None:
                chips[name] = word
        return chips
