"""The demo's outbox: every e-mail of the shop, to read where no mail server is. It does not exist outside the demo."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from csp.decorators import csp, csp_update
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from orders.models import Message

MESSAGES_PER_PAGE = 20
# An e-mail brings its styles inside itself, and nothing else: no script, no picture, no form. Its links lead out of the
# frame it is shown in, once they are pressed.
OF_AN_EMAIL = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-top-navigation-by-user-activation"],
}


def in_the_demo(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that shows the e-mails of everybody: only where everybody is made up."""

    @wraps(view)
    def answer(request: HttpRequest, **address: UUID) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        shown = view(request, **address)
        add_never_cache_headers(shown)
        return shown

    return answer


@require_safe
@in_the_demo
def outbox(request: HttpRequest) -> HttpResponse:
    """All messages, newest first."""
    messages = Message.objects.defer("text", "html").order_by("-created_at", "-pk")
    page = Paginator(messages, MESSAGES_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "orders/outbox.html", {"page": page})


@require_safe
@in_the_demo  # type: ignore[arg-type]
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]
def outbox_message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """One message: its text, and its HTML in a frame."""
    message = get_object_or_404(Message, pk=message_id)
    return render(request, "orders/outbox_message.html", {"message": message})


@require_safe
@in_the_demo  # type: ignore[arg-type]
@xframe_options_sameorigin
@csp(OF_AN_EMAIL)  # type: ignore[arg-type]
def outbox_html(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """The HTML of a message, as a mail program would show it."""
    message = get_object_or_404(Message.objects.defer("text"), pk=message_id)
    return HttpResponse(message.html.replace("<head>", '<head><base target="_top">', 1))
