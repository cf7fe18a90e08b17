"""The shop closed for a while: everybody reads when it opens again, and money that is on its way still arrives."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from shop.errors import ShopError
from shop.problems import CONTENT_TYPE, problem_response

Handler = Callable[[HttpRequest], HttpResponse]
# Health for whoever restarts us, the staff who work on it, and providers who tell of payments.
OPEN = (
    "/healthz",
    "/readyz",
    "/admin/",
    "/accounts/",
    "/api/v1/webhooks/",
    "/sandbox/",
    "/static/",
    "/style/",
    "/script/",
)


class ShopClosed(ShopError):
    """Facts: `until` (words, or nothing)."""

    code = "closed"
    status = 503
    title = "The shop is closed for a moment"
    retry_after_seconds = 120

    @property
    def detail(self) -> str:
        until = self.facts["until"]
        opens = f"We open again at {until}." if until else "We open again shortly."
        return _("%(opens)s Paid orders are safe. Nothing was changed.") % {"opens": opens}


def close_shop(*, until: str = "") -> None:
    """Close it for every process that shares VAR_DIR. `until` is read by everybody as it is: "20:30 WIB"."""
    settings.MAINTENANCE_FILE.parent.mkdir(parents=True, exist_ok=True)
    settings.MAINTENANCE_FILE.write_text(until)


def open_shop() -> None:
    """Open it. It may be open already."""
    settings.MAINTENANCE_FILE.unlink(missing_ok=True)


def closed_until() -> str | None:
    """None while it is open; else the words of `until`, which may be empty."""
    try:
        return str(settings.MAINTENANCE_FILE.read_text())
    except FileNotFoundError:
        return "" if settings.MAINTENANCE else None


class ClosedMiddleware:
    """Answer 503 while the shop is closed, with the page or the problem document that says so."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(OPEN) or (until := closed_until()) is None:
            return self.get_response(request)
        refusal = ShopClosed(until=until)
        answer: HttpResponse
        if request.path.startswith("/api/"):
            document = problem_response(refusal, {"request": request}).data
            answer = JsonResponse(document, status=refusal.status, content_type=CONTENT_TYPE)
        else:
            answer = HttpResponse(render_to_string("503.html", {"until": until}), status=refusal.status)
        answer["Retry-After"] = str(refusal.retry_after_seconds)
        answer["Cache-Control"] = "no-store"
        return answer
