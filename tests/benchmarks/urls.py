"""The shop's addresses and a view that does nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def nothing(request: HttpRequest) -> HttpResponse:
    """An empty answer with a length, so that the connection stays open."""
    return HttpResponse(b"", headers={"Content-Length": "0"})


urlpatterns = [path("nothing/", nothing), path("nothing/bare/", nothing), path("", include("shop.urls"))]
