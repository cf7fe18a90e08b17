"""Tax rates by class, country and date."""

from typing import Any

from django import forms
from django.contrib import admin

from orders.admin.fields import COUNTRY_PROBLEM, PercentField
from orders.models import TaxRate
from shop.money import format_rate
from shop.staff import StaffAdmin


class RateForm(forms.ModelForm):
    """A rate, typed in per cent."""

    rate_bp = PercentField(label="Rate", help_text="Per cent, with at most two decimals: 11.")

    class Meta:
        model = TaxRate
        fields = ["tax_class", "country", "rate_bp", "valid_from"]

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).upper()
        if not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError(COUNTRY_PROBLEM)
        return country


@admin.register(TaxRate)
class TaxRateAdmin(StaffAdmin):
    """From its first day a rate holds until the next one begins. Placed orders keep the rate of their day."""

    form = RateForm
    list_display = ["tax_class", "country", "rate", "valid_from"]
    list_filter = ["tax_class", "country"]
    ordering = ["country", "tax_class", "-valid_from"]
    fields = ["tax_class", "country", "rate_bp", "valid_from"]

    @admin.display(ordering="rate_bp")
    def rate(self, rate: TaxRate) -> str:
        return format_rate(rate.rate_bp)

    def get_changeform_initial_data(self, request: Any) -> dict[str, Any]:
        return {"country": "ID", **super().get_changeform_initial_data(request)}
