"""What the staff screens of every app share: what nobody may do, and how a refusal is told."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from shop.errors import ShopError


class StaffAdmin(admin.ModelAdmin):
    """A model's staff screens, with pages of their own beside Django's."""

    list_per_page = 50
    show_full_result_count = False

    def address(self, page: str, *args: Any) -> str:
        """Where a page of this model is: `changelist`, `change`, or one that the model adds."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def found(self, request: HttpRequest, object_id: str, *, permission: str) -> Any:
        """The row that a page is about.

        :raises PermissionDenied: if the caller lacks `permission` (view, add, change) for it.
        :raises Http404: if there is none with this id.
        """
        row = self.get_object(request, object_id)
        if not self.has_staff_permission(request, permission):
            raise PermissionDenied
        if row is None:
            raise Http404
        return row

    def has_staff_permission(self, request: HttpRequest, permission: str) -> bool:
        """Whether the caller was granted this, also where Django's own form for it is closed to everybody.

        As in Django, who may change a row may also look at it.
        """
        granted = {"view", "change"} if permission == "view" else {permission}
        names = [f"{self.opts.app_label}.{name}_{self.opts.model_name}" for name in granted]
        return any(request.user.has_perm(name) for name in names)

    def page(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        """A page of this model's own, in the frame of the admin."""
        frame = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**frame, "opts": self.opts, **context})


class NeverDeletedAdmin(StaffAdmin):
    """Rows that are withdrawn and never deleted. `instead` tells whoever tries what to do."""

    instead = ""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.found(request, object_id, permission="view")
        self.message_user(request, self.instead, messages.ERROR)
        return redirect(self.address("change", object_id))


class ReadOnlyAdmin(NeverDeletedAdmin):
    """Rows that the shop writes and staff read."""

    instead = "The shop keeps this as a record. It is never deleted."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_staff_permission(request, "view")


class ReadOnlyInline(admin.TabularInline):
    """Rows of a record, shown with it."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def told(request: HttpRequest, act: Callable[[], object], *, done: str) -> bool:
    """Do one act and tell how it went. False, and nothing changed, if a service refused it."""
    try:
        act()
    except ShopError as error:
        messages.error(request, f"{error.title}. {error.detail}")
        return False
    messages.success(request, done)
    return True


def typed(request: HttpRequest) -> Any:
    """What a form was sent with, even if that is nothing; None when it was only asked for."""
    return request.POST if request.method == "POST" else None
