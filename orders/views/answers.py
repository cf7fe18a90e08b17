"""How a page answers: whole, or the part of it that htmx asked for."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django_htmx.middleware import HtmxDetails


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asked, and not for a whole page (a boosted link, or the history)."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def page_or_part(
    request: HttpRequest, *, page: str, part: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render the fragment for htmx, else the page around it. What is one shopper's is never kept by a cache."""
    answer = render(request, part if wants_part(request) else page, context, status=status)
    patch_vary_headers(answer, ["HX-Request"])
    add_never_cache_headers(answer)
    return answer
