"""What the shop promises, in one page each: terms, privacy, delivery and returns, in both languages.

The pages are whole texts in each language, so each has a template for each; figures come from the rows and settings
that the shop itself obeys.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from orders.queries import delivery_methods

PAGES = ("terms", "privacy", "shipping", "returns")


def info(name: str) -> Callable[[HttpRequest], HttpResponse]:
    """The page of this name, in the language that is spoken."""

    @require_safe
    def page(request: HttpRequest) -> HttpResponse:
        spoken = get_language()
        language = spoken if spoken in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        context = {
            "return_days": settings.RETURN_DAYS,
            "seller_name": settings.SELLER_NAME,
            "seller_address": settings.SELLER_ADDRESS,
            "most_units": settings.MAX_UNITS_PER_LINE,
            "tax_name": settings.TAX_NAME,
            "prices_include_tax": settings.PRICES_INCLUDE_TAX,
            "methods": delivery_methods() if name == "shipping" else [],
        }
        return render(request, f"info/{language}/{name}.html", context)

    return page


terms, privacy, shipping, returns = (info(name) for name in PAGES)
