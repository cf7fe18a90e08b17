"""The wishlist: kept, moved to the cart, shown to others; and a word when something is back in stock."""

from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from orders import notes, services, shopper, wishes
from orders.forms import NoticeForm
from orders.models import Wishlist
from orders.services.errors import TooManyNotices
from shop.errors import NotFound, ShopError
from shop.methods import post_only
from shop.models import Variant
from shop.redirects import see_other


@require_safe
def wishlist(request: HttpRequest) -> HttpResponse:
    """What this shopper keeps for later."""
    return _page(request, now=timezone.now())


@require_safe
def wishlist_shared(request: HttpRequest, key: str) -> HttpResponse:
    """Somebody's wishlist, for whoever has the link. It says nothing of them but their first name."""
    shown = wishes.shared_wishlist(key)
    if shown is None:
        raise Http404
    context = {"wishes": wishes.wishes_on(shown, now=timezone.now()), "owner": shown.user}
    answer = render(request, "orders/wishlist_shared.html", context)
    answer["X-Robots-Tag"] = "noindex"
    add_never_cache_headers(answer)
    return answer


@post_only(shown_at="orders:wishlist")
def wishlist_keep(request: HttpRequest) -> HttpResponse:
    """Keep a variant for later, or no longer, where `drop` says so."""
    variant_id = _variant_id(request)
    own = shopper.wishlist_of(request)
    back = see_other(shopper.way_back(request, otherwise=reverse("orders:wishlist")))
    if request.POST.get("drop"):
        if own is not None:
            services.drop_wish(wishlist_id=own.pk, variant_id=variant_id)
        return back
    item = services.keep_for_later(
        wishlist_id=own.pk if own else None, user=request.user, variant_id=variant_id, now=timezone.now()
    )
    shopper.remember_wishlist(back, request=request, wishlist=item.wishlist)
    return back


@post_only(shown_at="orders:wishlist")
def wishlist_to_cart(request: HttpRequest) -> HttpResponse:
    """Hold one in the cart and take it off the wishlist."""
    now = timezone.now()
    own = _own(request)
    cart = shopper.cart_of(request) or services.open_cart(user=request.user)
    try:
        services.wish_to_cart(
            wishlist_id=own.pk,
            variant_id=_variant_id(request),
            cart_id=cart.pk,
            now=now,
            actor=shopper.actor_of(request),
            access=shopper.access_of(request),
        )
    except ShopError as error:
        if isinstance(error, NotFound):
            raise
        queue_at = error.facts.get("queue_at", "")
        return _page(request, now=now, note=notes.refusal(error, now=now), queue_at=queue_at, status=error.status)
    answer = see_other(reverse("orders:cart"))
    shopper.remember_cart(answer, request=request, cart=cart)
    return answer


@post_only(shown_at="orders:wishlist")
def wishlist_share(request: HttpRequest) -> HttpResponse:
    """Make the link by which others see it, or, with `stop`, make it worthless."""
    own = _own(request)
    if request.POST.get("stop"):
        services.unshare_wishlist(wishlist_id=own.pk)
        messages.success(request, _("The link shows nothing any more."))
    else:
        services.share_wishlist(wishlist_id=own.pk)
    return see_other(reverse("orders:wishlist"))


@require_http_methods(["GET", "HEAD", "POST"])
def notice_ask(request: HttpRequest, sku: str) -> HttpResponse:
    """Ask to be told once when a variant is free again."""
    variant = get_object_or_404(Variant.objects.select_related("product"), sku=sku, is_active=True)
    known = request.user.email if request.user.is_authenticated else ""
    form = NoticeForm(request.POST or None, initial={"notice_email": known})
    context = {"form": form, "variant": variant, "product": variant.product}
    if request.method != "POST":
        return _plain(request, "orders/notice.html", context)
    if not form.is_valid():
        return _plain(request, "orders/notice.html", context, status=422)
    if not ratelimit.consume(request, app="allauth.account", action="stock_notice"):
        raise TooManyNotices(limit=services.MOST_NOTICES)
    notice = services.ask_for_notice(
        variant_id=variant.pk,
        email=form.cleaned_data["notice_email"],
        language=get_language_from_request(request),
        now=timezone.now(),
    )
    stop = reverse("orders:notice_stop", args=[services.stop_token(notice.email)]) if known == notice.email else ""
    return _plain(request, "orders/notice_asked.html", {**context, "notice": notice, "stop": stop})


@require_http_methods(["GET", "HEAD", "POST"])
def notice_stop(request: HttpRequest, token: str) -> HttpResponse:
    """One press, and no news of stock go to this address any more. A mail reader that fetches it stops nothing."""
    email = services.address_in(token)
    if email is None:
        raise Http404
    is_stopped = request.method == "POST"
    if is_stopped:
        services.stop_notices(email=email)
    return _plain(request, "orders/notice_stop.html", {"email": email, "is_stopped": is_stopped})


def _page(
    request: HttpRequest, *, now: datetime, note: notes.Note | None = None, queue_at: str = "", status: int = 200
) -> HttpResponse:
    own = shopper.wishlist_of(request)
    shared = reverse("orders:wishlist_shared", args=[own.share_key]) if own and own.share_key else ""
    context = {
        "wishes": wishes.wishes_on(own, now=now),
        "shared_url": f"{settings.SITE_URL}{shared}" if shared else "",
        "note": note,
        "queue_at": queue_at,
    }
    return _plain(request, "orders/wishlist.html", context, status=status)


def _plain(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    answer = render(request, template, context, status=status)
    add_never_cache_headers(answer)
    return answer


def _own(request: HttpRequest) -> Wishlist:
    own = shopper.wishlist_of(request)
    if own is None:
        raise NotFound()
    return own


def _variant_id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("variant", ""))
    except ValueError as error:
        raise NotFound() from error
