"""What every page may show of the shopper's cart."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from orders import queries, shopper


def cart(request: HttpRequest) -> dict[str, Any]:
    """`cart_summary`, read from the database only by a template that uses it, and then once."""
    return {"cart_summary": SimpleLazyObject(partial(_summarise, request))}


def _summarise(request: HttpRequest) -> queries.CartSummary:
    return queries.summarise_cart(cart=shopper.cart_of(request), now=timezone.now(), access=shopper.access_of(request))
