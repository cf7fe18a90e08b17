"""The living gallery: every component in every state, as the shop's own templates draw it."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.styleguide import tokens
from shop.styleguide.examples import components

ICONS = (
    "search", "shopping-bag", "user", "check", "minus", "plus", "info", "triangle-alert", "circle-check", "circle-x",
    "sliders-horizontal", "truck", "clock", "undo-2", "heart", "heart-full", "star", "star-full",
)  # fmt: skip


@never_cache
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Tokens with their contrast, then the components. Not there where STYLEGUIDE is off."""
    if not settings.STYLEGUIDE:
        raise Http404
    schemes = tokens.schemes()
    context = {
        "colours": [(role, light, schemes["dark"][role]) for role, light in schemes["light"].items()],
        "pairs": tokens.pairs(),
        "lengths": tokens.lengths(),
        "components": components(),
        "icons": ICONS,
    }
    return render(request, "styleguide/page.html", context)
