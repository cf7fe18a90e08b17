"""Form fields for staff: postcodes and weights typed as lines, a tax rate typed in per cent."""

from decimal import Decimal
from typing import Any

from django import forms

from shop.admin_fields import LinesField
from shop.money import DECIMALS

COUNTRY_PROBLEM = "Write countries as two capital letters, one a line: ID."


class CountriesField(LinesField):
    """Two-letter codes, one a line."""

    def clean(self, value: Any) -> list[str]:
        countries = [country.upper() for country in super().clean(value)]
        if not all(len(country) == 2 and country.isascii() and country.isalpha() for country in countries):
            raise forms.ValidationError(COUNTRY_PROBLEM)
        return countries


class PrefixesField(LinesField):
    """How postcodes begin, one a line."""

    def clean(self, value: Any) -> list[str]:
        prefixes: list[str] = super().clean(value)
        if not all(prefix.isascii() and prefix.isalnum() for prefix in prefixes):
            raise forms.ValidationError("Write how the postcodes begin, one a line: 40.")
        return prefixes


class WeightStepsField(forms.CharField):
    """Prices by weight, one "1000: 12000" a line: up to 1000 g, 12000 minor units."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 24})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{grams}: {price}" for grams, price in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[list[int]]:  # type: ignore[override]
        steps = []
        for line in (super().to_python(value) or "").splitlines():
            if not line.strip():
                continue
            grams, colon, price = (part.strip() for part in line.partition(":"))
            if not (colon and grams.isdecimal() and price.isdecimal() and grams.isascii() and price.isascii()):
                raise forms.ValidationError('Write one step a line, up to so many grams and the price: "1000: 12000".')
            steps.append([int(grams), int(price)])
        weights = [grams for grams, _ in steps]
        if weights != sorted(set(weights)) or 0 in weights:
            raise forms.ValidationError("Each step is for more grams than the one above it.")
        return steps

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or []))
        except forms.ValidationError:
            return True


class PercentField(forms.DecimalField):
    """Basis points, typed in per cent: 11 or 8.25."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, decimal_places=2, **options)

    def prepare_value(self, value: Any) -> Any:
        return (Decimal(value) / 100).normalize().__format__("f") if isinstance(value, int) else value

    def clean(self, value: Any) -> int:
        return int(super().clean(value) * 100)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))


def refuse_unknown_currency(form: forms.ModelForm) -> None:
    """Say at the field that the shop cannot count in this currency, or that nothing was typed."""
    currency = form.cleaned_data.get("currency")
    if currency is not None and currency not in DECIMALS:
        form.add_error("currency", f"The shop sells in one of: {', '.join(DECIMALS)}.")
