"""What every page may show of the shopper's cart."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from inventory import line as lines
from orders import places, queries, shopper
from shop.models import DropItem, Variant


def cart(request: HttpRequest) -> dict[str, Any]:
    """`cart_summary` and `turns_in_line`, read from the database only by a template that uses them, and then once."""
    return {
        "cart_summary": SimpleLazyObject(partial(_summarise, request)),
        "turns_in_line": SimpleLazyObject(partial(_turns, request)),
    }


def _summarise(request: HttpRequest) -> queries.CartSummary:
    return queries.summarise_cart(cart=shopper.cart_of(request), now=timezone.now(), access=shopper.access_of(request))


def _turns(request: HttpRequest) -> list[places.MyPlace]:
    """What is held for this shopper after waiting in line. No query for whoever never joined one."""
    known_ids = shopper.known_place_ids(request)
    if not shopper.may_wait(request):
        return []
    whose = places.of_shopper(user=request.user, known_ids=known_ids)
    return places.turns_of(whose=whose, now=timezone.now())


def line_for(request: HttpRequest, *, variant: Variant, is_free: bool, item: DropItem | None = None) -> dict[str, Any]:
    """What the page of a variant offers when nothing of it is free: the line, or that one stands in it already.

    `item` is what sells it, while a drop runs: a drop has a line of its own. No query while something is free; else
    one, and one more for whoever may stand in a line.
    """
    if is_free:
        return {}
    known_ids = shopper.known_place_ids(request)
    is_guest = not request.user.is_authenticated
    is_in_line = shopper.may_wait(request) and places.stands_in_line(
        whose=places.of_shopper(user=request.user, known_ids=known_ids), variant=variant
    )
    may_join = not is_in_line and lines.is_open(
        sku=variant.sku, location_id=None if item is None else item.drop.location_id
    )
    return {"is_in_line": is_in_line, "may_join_line": may_join, "is_guest": is_guest}
