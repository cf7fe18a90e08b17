"""The addresses of waiting rooms."""

from django.urls import path

from shop.room import views

app_name = "room"

urlpatterns = [
    path("<slug:key>/", views.room, name="room"),
    path("<slug:key>/take/", views.take, name="take"),
    path("<slug:key>/enter/", views.enter, name="enter"),
    path("<slug:key>/leave/", views.leave, name="leave"),
]
