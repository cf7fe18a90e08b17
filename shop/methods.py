"""An address that takes POST alone, and what a browser gets there that comes back by GET."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers

from shop.errors import ShopError

View = Callable[..., HttpResponse]


class WrongMethod(ShopError):
    """Nothing that a form or a link of the shop would send."""

    code = "method_not_allowed"
    status = 405
    title = "This address does not work that way"
    detail_format = "Nothing was changed. Go on from your cart or from the home page."


def post_only(*, shown_at: str, keeps: tuple[str, ...] = ()) -> Callable[[View], View]:
    """Let POST through. GET and HEAD are led to the page that shows what the verb is about, and change nothing.

    Browsers come by GET when they restore a tab or somebody presses Enter in the address bar. `shown_at` is the name
    of the page and `keeps` the arguments of the address that it shares. Any other method is refused with 405.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if request.method == "POST":
                return view(request, **arguments)
            if request.method == "GET" or request.method == "HEAD":
                led = redirect(shown_at, **{name: arguments[name] for name in keeps})
                add_never_cache_headers(led)
                return led
            refused = render(request, "refusal.html", {"error": WrongMethod()}, status=WrongMethod.status)
            refused["Allow"] = "GET, HEAD, POST"
            return refused

        return answer

    return decorate
