"""The line: join it, see how it stands, take the turn or let it go. Everything works without a script."""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from inventory.services import AlreadyInLine, NotSoldOut
from orders import notes, places, services, shopper
from orders.forms import JoinLineForm
from orders.models import CartLine, Waiting
from orders.notes import Note
from orders.press import once_for_press
from orders.services import Answer, KeyInUse
from shop.errors import NotFound, ShopError
from shop.methods import post_only
from shop.models import Variant
from shop.redirects import see_other


@require_safe
def line(request: HttpRequest) -> HttpResponse:
    """The places of this shopper, and the turns among them."""
    return _page(request, now=timezone.now())


@post_only(shown_at="orders:line")
def line_join(request: HttpRequest) -> HttpResponse:
    """Wait for a variant that is sold out. Two presses of one page are one place."""
    now = timezone.now()
    form = JoinLineForm(request.POST, is_guest=not request.user.is_authenticated)
    is_good = form.is_valid()
    if "variant" in form.errors:
        raise NotFound()
    if not is_good:
        return _join_page(request, form=form, status=422)
    variant_id, key = form.cleaned_data["variant"], form.cleaned_data["key"]

    def produce() -> Answer:
        waiting = services.join_line(
            variant_id=variant_id,
            quantity=form.cleaned_data["quantity"],
            email=form.cleaned_data["email"],
            user=request.user,
            language=get_language_from_request(request),
            token=f"page-{key.hex}",
            now=now,
        )
        return Answer(status=303, body={"place": str(waiting.place_id)})

    try:
        answer = once_for_press(request, verb=f"line:{variant_id.hex}", key=key, now=now, produce=produce)
    except AlreadyInLine as error:
        if request.user.is_authenticated:
            return _page(request, now=now, note=notes.refusal(error, now=now), status=error.status)
        return _join_page(request, form=form, note=notes.refusal(error, now=now), status=error.status)
    except (NotFound, KeyInUse):
        raise
    except ShopError as error:
        note = notes.refusal(error, now=now)
        return _join_page(request, form=form, note=note, may_add=isinstance(error, NotSoldOut), status=error.status)
    shopper.remember_place(request, place_id=answer.body["place"])
    return see_other(reverse("orders:line"))


@require_safe
def line_open(request: HttpRequest, token: str) -> HttpResponse:
    """From an e-mail: let this browser know the place, and show it."""
    place_id = places.place_id_in(token)
    if place_id is None or not Waiting.objects.filter(place_id=place_id).exists():
        raise Http404
    shopper.remember_place(request, place_id=str(place_id))
    return see_other(reverse("orders:line"))


@require_safe
def line_live(request: HttpRequest, token: str) -> HttpResponse:
    """How one place stands, for a page that asks again. No session, no user: the address is signed.

    304 while nothing changed. `Ask-Again` says in how many seconds to ask next. Once it does not wait any more, the
    page is shown anew. Two queries; a third from time to time, to hand on what nobody swept or to count the odds.
    """
    now = timezone.now()
    place = places.find_place(token=token, now=now)
    handed_on = services.hand_on_expired(skus=[place.sku], now=now) if place.is_waiting else None
    if handed_on:
        place = places.find_place(token=token, now=now)
    mine = places.my_place(place=place, now=now, may_count=handed_on is None)
    etag = f'"{sha256(mine.version.encode()).hexdigest()[:16]}"'
    answer: HttpResponse
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponseNotModified()
    else:
        answer = render(request, "orders/_line_place.html", {"mine": mine})
    answer["ETag"] = etag
    answer["Ask-Again"] = str(mine.ask_again_seconds)
    answer["Cache-Control"] = "private, no-cache"
    return answer


@post_only(shown_at="orders:line")
def line_leave(request: HttpRequest, place_id: UUID) -> HttpResponse:
    """Give the place up."""

    def change(waiting: Waiting, now: datetime) -> str:
        services.leave_line(place_id=waiting.place_id, now=now)
        return f"You have left the line for {waiting.variant.product.name}."

    return _change(request, place_id, change)


@post_only(shown_at="orders:line")
def line_decline(request: HttpRequest, place_id: UUID) -> HttpResponse:
    """Let the turn go to the next in line."""

    def change(waiting: Waiting, now: datetime) -> str:
        services.decline_turn(place_id=waiting.place_id, now=now, actor=shopper.actor_of(request))
        return f"Let go: {waiting.variant.product.name}. The next in line gets it."

    return _change(request, place_id, change)


@post_only(shown_at="orders:line")
def line_take(request: HttpRequest, place_id: UUID) -> HttpResponse:
    """Put what is held for this turn into the cart, and go on to it."""
    now = timezone.now()
    waiting = _own(request, place_id)
    if waiting is None:
        return _page(request, now=now, note=_not_yours(), status=404)
    cart = shopper.cart_of(request)
    try:
        taken = services.take_turn(
            place_id=place_id,
            user=request.user,
            cart_id=cart.pk if cart else None,
            now=now,
            actor=shopper.actor_of(request),
        )
    except ShopError as error:
        status = error.status
        note = notes.refusal(error, now=now)
        return _page(request, now=now, note=note, status=status)
    line = CartLine.objects.select_related("cart").get(pk=taken.pk)
    answer = see_other(reverse("orders:cart"))
    shopper.remember_cart(answer, request=request, cart=line.cart)
    return answer


def _change(request: HttpRequest, place_id: UUID, verb: Any) -> HttpResponse:
    """One verb on a place of this shopper. Done twice, it says the same and changes nothing."""
    now = timezone.now()
    waiting = _own(request, place_id)
    if waiting is None:
        return _page(request, now=now, note=_not_yours(), status=404)
    messages.success(request, verb(waiting, now))
    return see_other(reverse("orders:line"))


def _own(request: HttpRequest, place_id: UUID) -> Waiting | None:
    return Waiting.objects.select_related("variant__product").filter(_whose(request), place_id=place_id).first()


def _whose(request: HttpRequest) -> Any:
    return places.of_shopper(user=request.user, known_ids=shopper.known_place_ids(request))


def _page(request: HttpRequest, *, now: datetime, note: Note | None = None, status: int = 200) -> HttpResponse:
    known = request.user.is_authenticated or shopper.known_place_ids(request)
    mine = places.my_places(whose=_whose(request), now=now) if known else []
    if services.hand_on_expired(skus=[each.place.sku for each in mine if each.place.is_waiting], now=now):
        mine = places.my_places(whose=_whose(request), now=now)
    answer = render(request, "orders/line.html", {"places": mine, "note": note}, status=status)
    add_never_cache_headers(answer)
    return answer


def _join_page(
    request: HttpRequest, *, form: JoinLineForm, status: int, note: Note | None = None, may_add: bool = False
) -> HttpResponse:
    """The form by itself, with what to repair. It names the product, unless that is not on sale."""
    on_sale = Variant.objects.filter(is_active=True, product__is_published=True)
    variant = on_sale.select_related("product__category").filter(pk=form.cleaned_data["variant"]).first()
    if variant is None:
        raise NotFound()
    context = {"form": form, "variant": variant, "note": note, "may_add": may_add}
    return render(request, "orders/line_join.html", context, status=status)


def _not_yours() -> Note:
    return Note(
        kind="info", title=_("Not one of your places"), text=_("These are your places in line as they are now.")
    )
