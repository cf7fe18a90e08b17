"""The whole address map: pages, API, admin, provider, health."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.static import serve

from orders.views import SignUp
from shop.api import UnknownRoute

# Before admin.site.urls is evaluated: afterwards it would silently do nothing.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler404 = "shop.views.page_not_found"

urlpatterns = [
    path("", include("shop.pages")),
    path("", include("orders.urls")),
    path("rooms/", include("shop.room.urls")),
    path("account/", include("accounts.urls")),
    # In front of allauth's own, under its name.
    path("accounts/signup/", SignUp.as_view(), name="account_signup"),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("shop.api")),
    re_path(r"^api/", UnknownRoute.as_view()),
    path("admin/", admin.site.urls),
]
if settings.SANDBOX_ENABLED:
    urlpatterns.append(path("sandbox/", include("orders.sandbox.urls")))
if settings.SERVE_MEDIA:
    # Where no proxy in front does it.
    urlpatterns.append(re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}))
