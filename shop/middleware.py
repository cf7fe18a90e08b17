"""What is true of every request: a body has a limit and says its length, and a refusal has a face."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation

from shop.errors import ShopError
from shop.problems import CONTENT_TYPE, problem_response
from shop.room.noting import note_refusal

Handler = Callable[[HttpRequest], HttpResponse]


class TooLarge(ShopError):
    """Facts: `limit_kb`."""

    code = "too_large"
    status = 413
    title = "Too large"
    detail_format = "Your file or entry is too large: at most {limit_kb} kB can be sent at once. Send less."


class LengthRequired(ShopError):
    """A body in chunks, whose length nobody knows before its end."""

    code = "length_required"
    status = 411
    title = "How much will come?"
    detail_format = "Send the body with a Content-Length, and not in chunks."


class BodySizeLimitMiddleware:
    """Refuse a body that is larger than any form or document of the shop, before anything reads it.

    Django's own limit holds for forms only: a JSON body that DRF streams is not counted. Uploads of pictures, in the
    admin alone, have their own larger limit. A body in chunks has no length, and Django would read it as empty.
    """

    ADMIN_LIMIT_BYTES = 25 * 1024 * 1024

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = self._refusal(request)
        if refusal is None:
            return self.get_response(request)
        answer = _as_problem(request, refusal) if request.path.startswith("/api/") else _as_page(request, refusal)
        # What was not read would be taken for the next request on this connection.
        answer["Connection"] = "close"
        return answer

    def _refusal(self, request: HttpRequest) -> ShopError | None:
        if "Transfer-Encoding" in request.headers:
            return LengthRequired()
        limit = self.ADMIN_LIMIT_BYTES if request.path.startswith("/admin/") else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        try:
            length = int(request.headers.get("Content-Length") or 0)
        except ValueError:
            length = limit + 1
        return None if length <= limit else TooLarge(limit_kb=limit // 1024)


def _as_problem(request: HttpRequest, refusal: ShopError) -> HttpResponse:
    document = problem_response(refusal, {"request": request}).data
    return JsonResponse(document, status=refusal.status, content_type=CONTENT_TYPE)


def _as_page(request: HttpRequest, refusal: ShopError) -> HttpResponse:
    """A page without session and cart: they are not known this early."""
    template = "_refusal.html" if request.headers.get("HX-Request") else "413.html"
    return HttpResponse(render_to_string(template, {"error": refusal}), status=refusal.status)


class LanguageMiddleware:
    """Speak the language that was chosen in this browser. Staff screens and the API are English."""

    ENGLISH = ("/admin/", "/api/")

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = settings.LANGUAGE_CODE
        if not request.path.startswith(self.ENGLISH):
            chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
            language = chosen if chosen in dict(settings.LANGUAGES) else language
        with translation.override(language):
            request.LANGUAGE_CODE = language
            answer = self.get_response(request)
            answer.setdefault("Content-Language", language)
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
        note_refusal(request, exception)
        template = "_refusal.html" if request.headers.get("HX-Request") else "refusal.html"
        answer = render(request, template, {"error": exception}, status=exception.status)
        if exception.retry_after_seconds is not None:
            answer["Retry-After"] = str(exception.retry_after_seconds)
        return answer
