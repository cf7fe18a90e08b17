"""The addresses of the shop's own pages."""

from django.urls import path

from shop import drop_views, found, views
from shop.styleguide.views import styleguide

app_name = "shop"

urlpatterns = [
    path("", views.home, name="home"),
    path("c/<slug:slug>/", views.category, name="category"),
    path("p/<slug:slug>/", views.product, name="product"),
    path("drops/", drop_views.drops, name="drops"),
    path("drops/<slug:slug>/", drop_views.drop, name="drop"),
    path("drops/<slug:slug>/code/", drop_views.drop_code, name="drop_code"),
    path("drops/<slug:slug>/ready/", drop_views.drop_ready, name="drop_ready"),
    path("search/", views.search, name="search"),
    path("stock/", views.stock, name="stock"),
    path("theme/", views.theme, name="theme"),
    path("language/", views.language, name="language"),
    path("style/<slug:digest>.css", views.style, name="stylesheet"),
    path("script/<slug:digest>.js", views.behaviour, name="script"),
    path("styleguide/", styleguide, name="styleguide"),
    path("sitemap.xml", found.sitemap_index, name="sitemap_index"),
    path("sitemap-<int:number>.xml", found.sitemap, name="sitemap"),
    path("feed.xml", found.feed, name="feed"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
