"""What every page of the shop shows: its shelves, its address and the chosen colour scheme."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shop.queries import shelves

THEMES = ("light", "dark")


def shop(request: HttpRequest) -> dict[str, Any]:
    """Variables for every template. `shop_categories` is asked for only by pages that show it, once per page."""
    theme = request.COOKIES.get("theme", "")
    return {
        "shop_categories": SimpleLazyObject(shelves),
        "site_url": settings.SITE_URL,
        "theme": theme if theme in THEMES else "",
    }
