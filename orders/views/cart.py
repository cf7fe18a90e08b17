"""The cart page, and the verbs on its lines."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_from_request, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from inventory import queries as stock
from inventory.services import StockUnavailable
from orders import notes, queries, services, shopper
from orders.context import line_for
from orders.forms import AddForm, CouponForm, QuantityForm, ReminderForm
from orders.models import Cart, CartLine
from orders.notes import Note, Undo
from orders.press import once_for_press
from orders.services import Answer, KeyInUse
from orders.views.answers import page_or_part, wants_part
from orders.views.checkout import quote_of
from shop.clock import clock_time, day_words
from shop.drops import terms_for
from shop.errors import InvalidInput, NotFound, ShopError
from shop.methods import post_only
from shop.models import Variant
from shop.redirects import see_other
from shop.room.noting import note_refusal

LET_GO_KEY = "let_go"
# The id of the part of the cart page that htmx replaces; other pages name their hold panel instead.
CART_PART = "cart"
# What is typed is shown again; what is longer than this nobody typed.
LONGEST_QUANTITY = 20


@require_safe
def cart(request: HttpRequest) -> HttpResponse:
    """What is held, until when, and what no longer is."""
    let_go = request.session.pop(LET_GO_KEY, None)
    note = _let_go_note(**let_go) if let_go else None
    return cart_page(request, cart=shopper.cart_of(request), now=timezone.now(), note=note)


@post_only(shown_at="orders:cart")
def cart_add(request: HttpRequest) -> HttpResponse:
    """Hold units of a variant. The cart is opened with the first of them."""
    now = timezone.now()
    form = AddForm(request.POST)
    is_good = form.is_valid()
    if "variant" in form.errors:
        raise NotFound()
    cart = shopper.cart_of(request)
    variant_id = form.cleaned_data["variant"]
    if not is_good:
        error = InvalidInput(field="quantity", problem=form.problem)
        return _refused_add(request, cart=cart, now=now, error=error, variant_id=variant_id)
    try:
        line = _add_once(
            request,
            cart=cart,
            variant_id=variant_id,
            quantity=form.cleaned_data["quantity"],
            accepts_backorder=form.cleaned_data["accepts_backorder"],
            key=form.cleaned_data["key"],
            now=now,
        )
    except (NotFound, KeyInUse):
        raise
    except ShopError as error:
        return _refused_add(request, cart=cart, now=now, error=error, variant_id=variant_id)
    answer = _added(request, cart=line.cart, line=line, now=now)
    shopper.remember_cart(answer, request=request, cart=line.cart)
    return answer


@post_only(shown_at="orders:cart")
def line_quantity(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """Hold more or fewer units of a line."""

    def change(cart: Cart, now: datetime) -> Note:
        form = QuantityForm(request.POST)
        if not form.is_valid():
            raise InvalidInput(field="quantity", problem=form.problem)
        line = services.set_quantity(
            cart_id=cart.pk,
            line_id=line_id,
            quantity=form.cleaned_data["quantity"],
            now=now,
            actor=shopper.actor_of(request),
            access=shopper.access_of(request),
        )
        return Note(
            kind="done",
            title=_("%(quantity)s held for you") % {"quantity": line.quantity},
            text=_("Its clock goes on as before."),
        )

    return _change(request, verb=change)


@post_only(shown_at="orders:cart")
def line_extend(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """Keep a line a few minutes longer."""

    def change(cart: Cart, now: datetime) -> Note:
        services.extend_hold(cart_id=cart.pk, line_id=line_id, now=now)
        line = _line_in(queries.summarise_cart(cart=cart, now=now, access=shopper.access_of(request)), line_id)
        return _extended_note(line)

    return _change(request, verb=change, line_id=line_id)


@post_only(shown_at="orders:cart")
def line_hold_again(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """Take a new hold for a line whose hold ended."""

    def change(cart: Cart, now: datetime) -> Note:
        access = shopper.access_of(request)
        again = services.hold_again(
            cart_id=cart.pk,
            line_id=line_id,
            now=now,
            actor=shopper.actor_of(request),
            access=access,
            accepts_backorder=bool(request.POST.get("accepts_backorder")),
        )
        line = _line_in(queries.summarise_cart(cart=cart, now=now, access=access), again.pk)
        return Note(kind="done", title=_("Held for you"), text=_held_until(line.line, line.expires_at))

    return _change(request, verb=change, line_id=line_id)


@post_only(shown_at="orders:cart")
def line_remove(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """Let a line go. Until somebody takes it, Undo holds it again."""
    now = timezone.now()
    cart = shopper.cart_of(request)
    line = CartLine.objects.select_related("variant__product").filter(cart=cart, pk=line_id).first()
    if cart is None or line is None:
        return cart_page(request, cart=cart, now=now, note=_line_gone(), status=404)
    services.remove_line(cart_id=cart.pk, line_id=line_id, now=now, actor=shopper.actor_of(request))
    let_go: dict[str, Any] = {
        "name": line.variant.product.name,
        "variant_id": str(line.variant_id),
        "quantity": line.quantity,
    }
    if wants_part(request):
        return cart_page(request, cart=cart, now=now, note=_let_go_note(**let_go), after_line_id=line_id)
    request.session[LET_GO_KEY] = let_go
    return see_other(reverse("orders:cart"))


@post_only(shown_at="orders:cart")
def cart_reminder(request: HttpRequest) -> HttpResponse:
    """Ask for an e-mail before a hold ends, or for none."""
    now = timezone.now()
    form = ReminderForm(request.POST)
    is_over = "stop" in request.POST
    if not is_over and not form.is_valid():
        return cart_page(request, cart=shopper.cart_of(request), now=now, reminder_form=form, status=422)

    def change(cart: Cart, now: datetime) -> Note:
        if is_over:
            services.forget_reminder(cart_id=cart.pk)
            return Note(kind="done", title=_("No e-mail about your holds"), text=_("The clock on this page goes on."))
        email = form.cleaned_data["reminder_email"]
        language = get_language_from_request(request)
        services.ask_for_reminder(cart_id=cart.pk, email=email, language=language, now=now)
        return Note(
            kind="done",
            title=_("We write to you"),
            text=_("%(email)s, 2 minutes before a hold ends.") % {"email": email},
        )

    return _change(request, verb=change)


@post_only(shown_at="orders:cart")
def cart_empty(request: HttpRequest) -> HttpResponse:
    """Let everything go."""

    def change(cart: Cart, now: datetime) -> Note:
        services.empty_cart(cart_id=cart.pk, now=now, actor=shopper.actor_of(request))
        return Note(kind="done", title=_("Everything let go"), text=_("It is back on sale."))

    if shopper.cart_of(request) is None:
        return see_other(reverse("orders:cart"))
    return _change(request, verb=change)


def _add_once(
    request: HttpRequest,
    *,
    cart: Cart | None,
    variant_id: UUID,
    quantity: int,
    accepts_backorder: bool,
    key: UUID,
    now: datetime,
) -> CartLine:
    """Add, once for each press that was meant: a double click, a retry or the back button add nothing more.

    The first press of a guest opens the cart, and the second comes before the browser knows of it. A line that was let
    go meanwhile is a new intent.
    """

    def produce() -> Answer:
        opened = cart or services.open_cart(user=request.user)
        line = services.add_to_cart(
            cart_id=opened.pk,
            variant_id=variant_id,
            quantity=quantity,
            now=now,
            actor=shopper.actor_of(request),
            counters_last=True,
            access=shopper.access_of(request),
            accepts_backorder=accepts_backorder,
        )
        return Answer(status=303, body={"line": str(line.pk)})

    for intent in (key, uuid4()):
        verb = f"add:{variant_id.hex}:{quantity}{':preorder' if accepts_backorder else ''}"
        answer = once_for_press(request, verb=verb, key=intent, now=now, produce=produce)
        line = CartLine.objects.select_related("cart", "variant__product").filter(pk=answer.body["line"]).first()
        if line is not None and line.cart.is_open:
            return line
    raise NotFound()


def cart_page(
    request: HttpRequest,
    *,
    cart: Cart | None,
    now: datetime,
    note: Note | None = None,
    status: int = 200,
    after_line_id: UUID | None = None,
    coupon_form: CouponForm | None = None,
    reminder_form: ReminderForm | None = None,
) -> HttpResponse:
    """The cart as it is at this moment, with what there is to say about the last verb.

    `after_line_id` is a line that has just gone: the focus moves on to the one that stood after it.
    """
    summary = queries.summarise_cart(cart=cart, now=now, access=shopper.access_of(request))
    lines = [each.line for each in summary.held]
    context = {
        "cart_summary": summary,
        "quote": quote_of(request, cart=cart, lines=lines, now=now) if cart and lines else None,
        "coupon_form": coupon_form or CouponForm(),
        **_reminder_context(request, cart=cart, lines=lines, form=reminder_form),
        "note": note,
        "awaiting_order": shopper.awaiting_order_of(request, now=now),
        "max_units": settings.MAX_UNITS_PER_LINE,
        "focus_line_id": _next_line_id(summary, after_line_id) if after_line_id else None,
        "focus_empty": summary.is_empty and wants_part(request),
    }
    return page_or_part(request, page="orders/cart.html", part="orders/_cart.html", context=context, status=status)


def _change(
    request: HttpRequest, *, verb: Callable[[Cart, datetime], Note], line_id: UUID | None = None
) -> HttpResponse:
    """One verb on the shopper's cart; done or refused, the answer shows the cart (or the panel) as it is then."""
    now = timezone.now()
    cart = shopper.cart_of(request)
    try:
        if cart is None:
            raise NotFound()
        note, status = verb(cart, now), 200
    except NotFound:
        if _asks_for_panel(request):
            raise
        note, status = _line_gone(), 404
    except ShopError as error:
        note_refusal(request, error)
        note, status = notes.refusal(error, now=now), error.status
    if line_id is not None and _asks_for_panel(request):
        return _panel(request, cart=cart, line_id=line_id, now=now, note=note, status=status)
    if _asks_for_cart(request) or status != 200:
        return cart_page(request, cart=cart, now=now, note=note, status=status)
    messages.success(request, f"{note.title}. {note.text}".strip())
    return see_other(shopper.way_back(request, otherwise=reverse("orders:cart")))


def _reminder_context(
    request: HttpRequest, *, cart: Cart | None, lines: list[CartLine], form: ReminderForm | None
) -> dict[str, Any]:
    """The address that was asked for, else where to ask, with the address that is known. One query."""
    if cart is None or not lines:
        return {}
    asked, typed = Cart.objects.filter(pk=cart.pk).values_list("reminder__email", "checkout__email").get()
    known = typed or (request.user.email if request.user.is_authenticated else "")
    return {"reminder_email": asked, "reminder_form": form or ReminderForm(initial={"reminder_email": known})}


def _asks_for_cart(request: HttpRequest) -> bool:
    return wants_part(request) and request.headers.get("HX-Target") == CART_PART


def _asks_for_panel(request: HttpRequest) -> bool:
    return wants_part(request) and request.headers.get("HX-Target", "").startswith("hold-")


def _panel(
    request: HttpRequest, *, cart: Cart | None, line_id: UUID, now: datetime, note: Note, status: int = 200
) -> HttpResponse:
    summary = queries.summarise_cart(cart=cart, now=now, access=shopper.access_of(request))
    context = {"cart_summary": summary, "line": _line_in(summary, line_id), "note": note}
    return page_or_part(request, page="orders/cart.html", part="orders/_hold.html", context=context, status=status)


def _added(request: HttpRequest, *, cart: Cart, line: CartLine, now: datetime) -> HttpResponse:
    """Back to where the form stood, with the panel. htmx follows the redirect and gets the part that it asked for."""
    hold = stock.holds(reservation_ids=[line.reservation_id], now=now)[line.reservation_id]
    note = Note(kind="done", title=_("Held for you"), text=_held_until(line, hold.expires_at))
    if _asks_for_cart(request):
        return cart_page(request, cart=cart, now=now, note=note)
    messages.success(request, f"{note.title}: {note.text}")
    return see_other(shopper.way_back(request, otherwise=reverse("orders:cart")))


def _refused_add(
    request: HttpRequest, *, cart: Cart | None, now: datetime, error: ShopError, variant_id: UUID
) -> HttpResponse:
    """Nothing was held. For htmx the part says so where the panel would be; else a page of its own does.

    The page names the product and has the quantity to repair, unless none can be had; it does not know a variant that
    is not on sale.
    """
    note_refusal(request, error)
    note = notes.refusal(error, now=now)
    if _asks_for_cart(request):
        return cart_page(request, cart=cart, now=now, note=note, status=error.status)
    on_sale = Variant.objects.filter(is_active=True, product__is_published=True)
    variant = on_sale.select_related("product__category").filter(pk=variant_id).first()
    context = {
        "cart_summary": queries.summarise_cart(cart=cart, now=now, access=shopper.access_of(request)),
        "note": note,
        "variant": variant,
        "quantity": request.POST.get("quantity", "")[:LONGEST_QUANTITY],
        "quantity_error": note.text if isinstance(error, InvalidInput) or note.kind == "warn" else "",
        "most": settings.MAX_UNITS_PER_LINE,
        "offer": error.facts if isinstance(error, services.PreorderOffered) else None,
        "back": shopper.way_back(request, otherwise=""),
        "queue_at": error.facts.get("queue_at"),
        **_line_instead(request, variant=variant, error=error, now=now),
    }
    answer = page_or_part(
        request,
        page="orders/not_added.html",
        part="orders/_not_added.html",
        context=context,
        status=error.status,
    )
    # The part stays as it is, with the quantity that was typed: the refusal is put on top of it.
    answer["HX-Reswap"] = "afterbegin"
    return answer


def _line_instead(request: HttpRequest, *, variant: Variant | None, error: ShopError, now: datetime) -> dict[str, Any]:
    """Where nothing of it is free, the refusal is no dead end: one can join the line."""
    if variant is None or not isinstance(error, StockUnavailable):
        return {}
    item = terms_for(variant, now=now).running
    return line_for(request, variant=variant, is_free=error.facts["shortages"][0]["available"] > 0, item=item)


def _line_in(summary: queries.CartSummary, line_id: UUID) -> queries.CartLineSummary:
    for line in [*summary.held, *summary.ended]:
        if line.line.pk == line_id:
            return line
    raise NotFound()


def _next_line_id(summary: queries.CartSummary, gone_id: UUID) -> UUID | None:
    ids = [line.line.pk for line in [*summary.held, *summary.ended]]
    return next((line_id for line_id in ids if line_id > gone_id), ids[-1] if ids else None)


def _held_until(line: CartLine, ends_at: datetime) -> str:
    words = _("%(quantity)s × %(name)s, until %(time)s. Nobody else can take it.") % {
        "quantity": line.quantity,
        "name": line.variant.product.name,
        "time": clock_time(ends_at),
    }
    if not line.arrives_on:
        return words
    return f"{words} {_('A pre-order, expected on %(day)s.') % {'day': day_words(line.arrives_on)}}"


def _extended_note(line: queries.CartLineSummary) -> Note:
    left = line.extensions_left
    times = ngettext("You can do this once more.", "You can do this %(left)s more times.", left) % {"left": left}
    again = times if left else _("That was the last extension.")
    until = clock_time(line.expires_at)
    return Note(
        kind="done",
        title=_("Yours a little longer"),
        text=_("Now held until %(until)s. %(again)s") % {"until": until, "again": again},
    )


def _let_go_note(*, name: str, variant_id: str, quantity: int) -> Note:
    return Note(
        kind="info",
        title=_("Let go"),
        text=_("%(quantity)s × %(name)s is back on sale.") % {"quantity": quantity, "name": name},
        undo=Undo(variant_id=variant_id, quantity=quantity),
    )


def _line_gone() -> Note:
    """Another tab was quicker, or it never was in this cart: the words are the same, and the cart is shown as it is."""
    return Note(kind="info", title=_("Not in your cart"), text=_("This is your cart as it is now."))
