"""Staff screens of the people who have an account."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import services
from accounts.models import User
from shop.staff import NeverDeletedAdmin

# A list of tokens is a list of ways to be somebody else, and an address ticked as verified is nearly one.
admin.site.unregister([OutstandingToken, BlacklistedToken, EmailAddress])

RIGHTS = ["is_staff", "is_superuser", "groups", "user_permissions"]


class OneAddressMixin:
    """The address is compared as it is kept: in lower case."""

    cleaned_data: dict[str, Any]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class UserForm(OneAddressMixin, forms.ModelForm):
    """A user without the password: that has a page of its own."""

    class Meta:
        model = User
        fields = ["email", "name", "is_active", *RIGHTS]


class NewUserForm(OneAddressMixin, AdminUserCreationForm):
    """A user that staff make."""

    class Meta:
        model = User
        fields = ["email", "name"]


@admin.register(User)
class UserAdmin(NeverDeletedAdmin, DjangoUserAdmin):
    """Accounts. Rights are given by superusers only, and only they touch the accounts of staff."""

    instead = "Accounts are not deleted here, because orders belong to them. Deactivate it instead."
    form = UserForm
    add_form = NewUserForm
    change_form_template = "admin/accounts/user/change_form.html"
    list_display = ["email", "name", "is_active", "is_staff", "date_joined", "last_login"]
    list_filter = ["is_active", "is_staff", "date_joined"]
    search_fields = ["email", "name"]
    search_help_text = "E-mail address or name"
    ordering = ["-date_joined", "-pk"]
    filter_horizontal = ["groups", "user_permissions"]
    readonly_fields = ["last_login", "date_joined"]
    actions = ["activate", "deactivate"]
    fieldsets = [
        (None, {"fields": ["email", "name", "is_active"]}),
        ("Rights", {"fields": [*RIGHTS], "classes": ["collapse"]}),
        ("Dates", {"fields": ["date_joined", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        granted: bool = super().has_change_permission(request, obj)
        return granted and (obj is None or services.may_manage(actor=request.user, user=obj))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """An account that is closed by its tick ends its sessions too, as by the action."""
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            services.deactivate_user(user_id=obj.pk)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return [*self.readonly_fields, *([] if request.user.is_superuser else RIGHTS)]

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self._set_active(request, chosen, is_active=True)

    @admin.action(description="Deactivate: they are logged out and cannot log in", permissions=["change"])
    def deactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self._set_active(request, chosen, is_active=False)

    def _set_active(self, request: HttpRequest, chosen: QuerySet[User], *, is_active: bool) -> None:
        """Leaves out yourself, and staff if you are no superuser, and says so."""
        allowed = [
            user for user in chosen if user != request.user and services.may_manage(actor=request.user, user=user)
        ]
        changed = [user for user in allowed if user.is_active != is_active]
        set_active = services.activate_user if is_active else services.deactivate_user
        for user in changed:
            set_active(user_id=user.pk)
            self.log_change(request, user, "Activated" if is_active else "Deactivated")
        messages.success(request, f"{len(changed)} {'activated' if is_active else 'deactivated'}.")
        left_out = len(chosen) - len(allowed)
        if left_out:
            messages.warning(request, f"{left_out} left as they are: yourself, or staff, whom only superusers change.")
