"""The pages of an account that are about its member alone: the address book, name and language."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import services
from accounts.address_form import AddressForm
from accounts.forms import DetailsForm
from accounts.language import remember_language
from accounts.models import Address, User
from accounts.queries import addresses_of
from shop.errors import NotFound
from shop.methods import post_only
from shop.redirects import see_other


@require_safe
@login_required
def address_list(request: HttpRequest) -> HttpResponse:
    """The address book, the default first."""
    return _show(request, "accounts/address_list.html", {"addresses": addresses_of(_member(request))})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def address_new(request: HttpRequest) -> HttpResponse:
    """A new address."""
    user = _member(request)
    if request.method != "POST":
        return _show(request, "accounts/address.html", {"form": AddressForm(initial={"name": user.name})})
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _show(request, "accounts/address.html", {"form": form}, status=422)
    is_default = form.cleaned_data["is_default"]
    services.add_address(user_id=user.pk, where=form.where(), is_default=is_default, now=timezone.now())
    messages.success(request, _("The address is in your book."))
    return see_other(reverse("accounts:address_list"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def address_change(request: HttpRequest, address_id: UUID) -> HttpResponse:
    """An address that is in the book."""
    user = _member(request)
    address = Address.objects.filter(pk=address_id, user=user).first()
    if address is None:
        raise NotFound()
    if request.method != "POST":
        known = {name: getattr(address, name) for name in AddressForm.base_fields}
        return _show(request, "accounts/address.html", {"form": AddressForm(initial=known), "address": address})
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _show(request, "accounts/address.html", {"form": form, "address": address}, status=422)
    is_default = form.cleaned_data["is_default"]
    services.change_address(user_id=user.pk, address_id=address.pk, where=form.where(), is_default=is_default)
    messages.success(request, _("The address is changed. Orders that are on their way keep the old one."))
    return see_other(reverse("accounts:address_list"))


@post_only(shown_at="accounts:address_list")
@login_required
def address_default(request: HttpRequest, address_id: UUID) -> HttpResponse:
    """Begin the checkout with this one."""
    services.choose_default_address(user_id=_member(request).pk, address_id=address_id)
    return see_other(reverse("accounts:address_list"))


@post_only(shown_at="accounts:address_list")
@login_required
def address_remove(request: HttpRequest, address_id: UUID) -> HttpResponse:
    """Take it out of the book. Pressed twice, it is out once."""
    services.remove_address(user_id=_member(request).pk, address_id=address_id)
    messages.success(request, _("The address is out of your book."))
    return see_other(reverse("accounts:address_list"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def details(request: HttpRequest) -> HttpResponse:
    """The member's name and language."""
    user = _member(request)
    if request.method != "POST":
        spoken = user.language or request.LANGUAGE_CODE
        form = DetailsForm(initial={"name": user.name, "language": spoken})
        return _show(request, "accounts/details.html", {"form": form})
    form = DetailsForm(request.POST)
    if not form.is_valid():
        return _show(request, "accounts/details.html", {"form": form}, status=422)
    services.update_user(user_id=user.pk, changes={"name": form.cleaned_data["name"]})
    services.choose_language(user_id=user.pk, language=form.cleaned_data["language"])
    messages.success(request, _("Saved."))
    answer = see_other(reverse("accounts:details"))
    remember_language(answer, form.cleaned_data["language"])
    return answer


def _member(request: HttpRequest) -> User:
    return cast(User, request.user)


def _show(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    answer = render(request, template, context, status=status)
    add_never_cache_headers(answer)
    return answer
