"""How a page answers: whole, or the part of it that htmx asked for."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django_htmx.middleware import HtmxDetails

from orders.gateways import available_gateways


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asked, and not for a whole page (a boosted link, or the history)."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def lead_to_providers(answer: HttpResponse) -> HttpResponse:
    """Let the forms of this page end at a payment provider: browsers hold form-action against redirects, too."""
    origins = [gateway.page_origin for gateway in available_gateways().values() if gateway.page_origin]
    if origins:
        answer._csp_update = {"form-action": origins}  # type: ignore[attr-defined]
    return answer


def page_or_part(
    request: HttpRequest, *, page: str, part: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render the fragment for htmx, else the page around it. What is one shopper's is never kept by a cache."""
    answer = render(request, part if wants_part(request) else page, context, status=status)
    patch_vary_headers(answer, ["HX-Request"])
    add_never_cache_headers(answer)
    return answer
