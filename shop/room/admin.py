"""The room for staff: who waits, how fast it goes, and the three levers: cap, stop, end."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from shop.errors import ShopError
from shop.redirects import see_other
from shop.room import services
from shop.room.figures import figures
from shop.room.models import Admission, Limited, Room
from shop.staff import NeverDeletedAdmin, ReadOnlyAdmin, told, typed


class SteerForm(forms.Form):
    """The levers of a running room."""

    is_stopped = forms.BooleanField(
        required=False, label="Stop letting people in", help_text="Everybody keeps their place until you go on."
    )
    cap_per_minute = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100_000,
        label="At most so many a minute",
        help_text="Empty: as many as the shop measures that it can serve.",
    )


@admin.register(Room)
class RoomAdmin(NeverDeletedAdmin):
    """Waiting rooms."""

    instead = "A room is not deleted, because it is the record of who was let in when. End it instead."
    list_display = ["name", "key", "opens_at", "state"]
    ordering = ["-opens_at", "-pk"]
    search_fields = ["name", "key"]
    list_filter = ["opens_at"]
    fields = ["key", "name", "address", ("opens_at", "ends_at")]
    change_form_template = "admin/room/room/change_form.html"

    @admin.display(description="State")
    def state(self, room: Room) -> str:
        return state_of(room)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What people wait by does not change once lots are drawn; a key never does."""
        if obj is None:
            return []
        return ["key", "opens_at"] if obj.drawn_at else ["key"]

    def save_model(self, request: HttpRequest, obj: Room, form: Any, change: bool) -> None:
        """Through the service, so that the room's store learns of it."""
        room = services.plan_room(
            key=obj.key,
            name=obj.name,
            address=obj.address,
            opens_at=obj.opens_at,
            ends_at=obj.ends_at,
            now=timezone.now(),
        )
        obj.pk = room.pk

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra: dict[str, Any] = {}
        if object_id is not None and request.method == "GET":
            room = self.found(request, object_id, permission="view")
            extra = {"figures": figures_of(room), "may_steer": self.has_staff_permission(request, "change")}
        return super().changeform_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/steer/", view(self.steer_view), name="room_room_steer"),
            path("<path:object_id>/end/", view(self.end_view), name="room_room_end"),
            *super().get_urls(),
        ]

    def steer_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Cap the rate, stop, go on."""
        room = self.found(request, object_id, permission="change")
        form = SteerForm(typed(request), initial={"is_stopped": room.is_stopped, "cap_per_minute": room.cap_per_minute})
        if form.is_valid():
            act = partial(services.steer_room, key=room.key, now=timezone.now(), **form.cleaned_data)
            if told(request, act, done=_steered(**form.cleaned_data)):
                self.log_change(request, room, _steered(**form.cleaned_data))
            return see_other(self.address("change", room.pk))
        return self._act(request, room, form=form, title="Steer the room", button="Steer")

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it: a page that asks first."""
        room = self.found(request, object_id, permission="change")
        if request.method == "POST":
            act = partial(services.end_room, key=room.key, now=timezone.now())
            if told(request, act, done="The room is over. Nobody is let in any more."):
                self.log_change(request, room, "Ended.")
            return see_other(self.address("change", room.pk))
        return self._act(request, room, form=forms.Form(), title="End the room", button="End it for good")

    def _act(self, request: HttpRequest, room: Room, *, form: forms.Form, title: str, button: str) -> HttpResponse:
        return self.page(
            request,
            "admin/room/room/act.html",
            title=title,
            form=form,
            room=room,
            figures=figures_of(room),
            button=button,
            back_url=self.address("change", room.pk),
        )


@admin.register(Admission)
class AdmissionAdmin(ReadOnlyAdmin):
    """Who was let in, in which order."""

    list_display = ["room", "number", "admitted_at", "expires_at", "user_id", "cart_id"]
    list_filter = ["room", "admitted_at"]
    list_select_related = ["room"]
    ordering = ["-pk"]
    search_fields = ["=ticket", "=cart_id", "=user_id"]
    search_help_text = "Whole ticket, cart or member"
    fields = ["room", "number", "ticket", ("admitted_at", "expires_at"), ("user_id", "cart_id")]


@admin.register(Limited)
class LimitedAdmin(ReadOnlyAdmin):
    """Who was limited, by which rule, how often, and what they were told."""

    list_display = ["last_at", "rule", "who", "about", "times", "told"]
    list_filter = ["rule", "last_at"]
    search_fields = ["who", "=about"]
    search_help_text = "Part of who it was, or the whole SKU or room"
    ordering = ["-last_at", "-pk"]
    fields = ["rule", "who", "about", "times", ("first_at", "last_at"), "told"]


def state_of(room: Room) -> str:
    """In a word or two."""
    now = timezone.now()
    if room.ended_at or (room.ends_at and room.ends_at <= now):
        return "Over"
    if room.is_stopped:
        return "Stopped"
    if now < room.doors_at:
        return "Planned"
    return "People gather" if now < room.opens_at else "Letting people in"


def figures_of(room: Room) -> dict[str, Any]:
    """What happens in the room, or why nobody can say."""
    try:
        rows = figures(key=room.key, now=timezone.now())
    except ShopError as error:
        return {"state": state_of(room), "problem": error.detail}
    return {"state": state_of(room), "rows": rows}


def _steered(*, is_stopped: bool, cap_per_minute: int | None) -> str:
    cap = f"at most {cap_per_minute} a minute" if cap_per_minute else "as fast as the shop can serve"
    return "Stopped. Nobody is let in, and all keep their places." if is_stopped else f"Letting people in, {cap}."
