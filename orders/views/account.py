"""The account as its member opens it: what is held and ordered, and the ways to take it all along or to leave."""

import json
from typing import cast

from allauth.account.decorators import reauthentication_required
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.queries import addresses_of
from orders import queries, services, shopper
from orders.export import everything_about
from orders.forms import LeaveForm
from shop.redirects import see_other

LATEST = 3


@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Overview: holds, the latest orders, where parcels go, and whether the account is well locked."""
    user = cast(User, request.user)
    now = timezone.now()
    context = {
        "orders": list(queries.orders_of(user=user)[:LATEST]),
        "awaiting_order": shopper.awaiting_order_of(request, now=now),
        "unclaimed": queries.unclaimed_orders(user=user),
        "address": next(iter(addresses_of(user)), None),
        "has_second_factor": is_mfa_enabled(user),
    }
    return _show(request, "accounts/overview.html", context)


@require_safe
@login_required
def account_data(request: HttpRequest) -> HttpResponse:
    """What can be taken along, and how to leave."""
    return _show(request, "accounts/data.html", {})


@require_safe
@login_required
@reauthentication_required
def account_export(request: HttpRequest) -> HttpResponse:
    """Everything that the shop knows of this member, as a file."""
    now = timezone.now()
    document = everything_about(cast(User, request.user), now=now)
    answer = HttpResponse(
        json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2),
        content_type="application/json; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="tahan-{now:%Y-%m-%d}.json"'
    add_never_cache_headers(answer)
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
def account_leave(request: HttpRequest) -> HttpResponse:
    """What goes, what stays, and the press that does it."""
    if request.method != "POST":
        return _show(request, "accounts/leave.html", {"form": LeaveForm()})
    form = LeaveForm(request.POST)
    if not form.is_valid():
        return _show(request, "accounts/leave.html", {"form": form}, status=422)
    services.leave(user_id=cast(User, request.user).pk, now=timezone.now())
    logout(request)
    messages.success(request, _("Your account is closed. Orders can still be found by number and e-mail."))
    return see_other(reverse("shop:home"))


def _show(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    answer = render(request, template, context, status=status)
    add_never_cache_headers(answer)
    return answer
