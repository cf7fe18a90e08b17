"""The addresses of an account's own pages. Signing in and out, second factors and sessions are allauth's."""

from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("addresses/", views.address_list, name="address_list"),
    path("addresses/new/", views.address_new, name="address_new"),
    path("addresses/<uuid:address_id>/", views.address_change, name="address"),
    path("addresses/<uuid:address_id>/default/", views.address_default, name="address_default"),
    path("addresses/<uuid:address_id>/remove/", views.address_remove, name="address_remove"),
    path("details/", views.details, name="details"),
]
