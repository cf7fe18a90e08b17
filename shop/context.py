"""What every page of the shop shows: its shelves, its address, whether it is a demo, and the chosen colour scheme."""

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
        "is_demo": settings.DEMO,
        "site_url": settings.SITE_URL,
        "theme": theme if theme in THEMES else "",
    }
