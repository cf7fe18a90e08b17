"""Form fields for staff: amounts as people write them, postcodes and weights as lines, a tax rate in per cent."""

import re
from decimal import Decimal
from typing import Any

from django import forms

from shop.admin_fields import LinesField
from shop.models import MAX_WEIGHT_GRAMS
from shop.money import DECIMALS, MAX_MINOR, format_money

COUNTRY_PROBLEM = "Write countries as two capital letters, one a line: ID."


class AmountField(forms.CharField):
    """An amount in minor units, typed as Indonesians or the English write it: 100.000, 100,000, 12,50 or 12.50.

    What both read alike is taken; what one reads as a thousand times the other is refused.
    """

    def __init__(self, *, currency: str, **options: Any) -> None:
        self._currency, self._decimals = currency, DECIMALS[currency]
        super().__init__(max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **options)

    def clean(self, value: Any) -> int:
        typed = re.sub(r"^(Rp|IDR|\$|USD)|\s", "", str(super().clean(value)))
        amount_minor = self._read(typed)
        if amount_minor is None:
            example = "100000 or 100.000" if not self._decimals else "1250.50 or 1,250.50"
            raise forms.ValidationError(f"Write the amount in {self._currency} like {example}.")
        if not 0 < amount_minor <= MAX_MINOR:
            raise forms.ValidationError(f"Enter an amount above 0 and up to {format_money(MAX_MINOR, self._currency)}.")
        return amount_minor

    def _read(self, typed: str) -> int | None:
        """Groups of three behind one kind of sign; decimals, where the currency has them, behind another one."""
        whole, decimals = typed, ""
        if self._decimals:
            with_rest = re.fullmatch(rf"(.*\d)([.,])(\d{{1,{self._decimals}}})", typed)
            if with_rest:
                whole, sign, decimals = with_rest.groups()
                if sign in whole:
                    return None
        is_grouped = re.fullmatch(r"\d{1,3}(\.\d{3})+|\d{1,3}(,\d{3})+", whole, re.ASCII)
        if not is_grouped and not re.fullmatch(r"\d+", whole, re.ASCII):
            return None
        digits = re.sub(r"[.,]", "", whole)
        return int(digits + decimals.ljust(self._decimals, "0"))


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
            if int(grams) > MAX_WEIGHT_GRAMS or int(price) > MAX_MINOR:
                raise forms.ValidationError("A step is up to 1,000,000 g and 1,000,000,000,000 of the smallest unit.")
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
