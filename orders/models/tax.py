"""Tax rates, by class, country and date."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Self

from django.db import models
from django.db.models import Q

from shop import rows
from shop.models import TaxClass


class TaxRateQuerySet(models.QuerySet["TaxRate"]):
    """Rates by where and when."""

    def valid(self, *, country: str, on: date) -> Self:
        """Those that have come into force in a country, the latest last."""
        return self.filter(country=country, valid_from__lte=on).order_by("valid_from")

    def by_class(self, *, country: str, on: date) -> Mapping[str, int]:
        """Tax class to basis points. A class without a rate there is not taxed: an export, an exempt product."""
        found = _by_class().fetch(country=country, on=on.isoformat())
        return {str(tax_class): rate_bp for tax_class, rate_bp in found}


class TaxRate(models.Model):
    """The tax on a class of products that go to a country, from a date until the next rate begins."""

    tax_class = models.CharField(max_length=16, choices=TaxClass, default=TaxClass.STANDARD)
    country = models.CharField(max_length=2, default="ID", help_text="Two letters: ID.")
    rate_bp = models.PositiveIntegerField("rate", help_text="Basis points: 1100 is 11 %.")
    valid_from = models.DateField(help_text="The first day of the rate, on the shop's calendar.")

    objects = TaxRateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tax_class", "country", "valid_from"],
                name="taxrate_one_per_day",
                violation_error_message="There is a rate of this class for this country from this day already.",
            ),
            models.CheckConstraint(condition=Q(rate_bp__lte=10_000), name="taxrate_at_most_whole"),
        ]

    def __str__(self) -> str:
        return f"{self.get_tax_class_display()} {self.country} from {self.valid_from}"


@cache
def _by_class() -> rows.Prepared:
    """The look at the rates, which every price asks for."""
    country, on = "??", date(1, 1, 1)
    found = TaxRate.objects.valid(country=country, on=on).values_list("tax_class", "rate_bp")
    return rows.prepare(found, names={country: "country", on.isoformat(): "on"})
