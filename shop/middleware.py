"""What is true of every request: a body has a limit, and a refusal has a face."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from shop.errors import ShopError

Handler = Callable[[HttpRequest], HttpResponse]


class BodySizeLimitMiddleware:
    """Refuse a body that is larger than any form or document of the shop, before anything reads it.

    Django's own limit holds for forms only: a JSON body that DRF streams is not counted. Uploads of pictures, in the
    admin alone, have their own larger limit.
    """

    ADMIN_LIMIT_BYTES = 25 * 1024 * 1024

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = self.ADMIN_LIMIT_BYTES if request.path.startswith("/admin/") else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            length = int(request.headers.get("Content-Length") or 0)
        except ValueError:
            length = limit + 1
        if length <= limit:
            return self.get_response(request)
        answer = JsonResponse(
            {
                "type": "about:blank",
                "title": "Too large",
                "status": 413,
                "code": "too_large",
                "detail": f"The body may have at most {limit // 1024} kB. Send less.",
            },
            status=413,
            content_type="application/problem+json",
        )
        # What was not read would be taken for the next request on this connection.
        answer["Connection"] = "close"
        return answer


class RefusalMiddleware:
    """Turn a refusal that a page did not answer itself into a page (or a part of one) that says what to do."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a ShopError; anything else is a bug and stays loud."""
        if not isinstance(exception, ShopError):
            return None
        template = "_refusal.html" if request.headers.get("HX-Request") else "refusal.html"
        answer = render(request, template, {"error": exception}, status=exception.status)
        if exception.retry_after_seconds is not None:
            answer["Retry-After"] = str(exception.retry_after_seconds)
        return answer
