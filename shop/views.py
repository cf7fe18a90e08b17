"""The shop's own pages: home, shelves, search, product; the colour scheme, the stylesheet and the state of health."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.language import remember_language
from accounts.services import choose_language
from inventory.queries import available_to_promise, preorder_offer
from orders import shopper
from orders.context import cart as cart_context
from orders.context import line_for
from orders.opinions import opinion_on
from orders.services import terms_words
from orders.shopper import WISHLIST_COOKIE
from orders.wishes import is_wished
from shop import queries
from shop.bundle import Bundle
from shop.cards import cards_of, skus_of
from shop.choices import choose_variant
from shop.context import THEMES
from shop.copies import Shown, show
from shop.drops import places_of, terms_of
from shop.errors import NotFound
from shop.found import about_product
from shop.front import depends_on, seen_at_the_front
from shop.glance import glance
from shop.listing import Listing, Narrowing
from shop.methods import post_only
from shop.models import Product
from shop.redirects import see_other
from shop.sale import front_sale, items_in_front
from shop.script import script
from shop.search import did_you_mean
from shop.stylesheet import stylesheet

IN_THE_WINDOW = 8
LONGEST_SEARCH = 100
MOST_GLANCED_AT = 60
NOT_FOR_ROBOTS = [
    "/cart/",
    "/checkout/",
    "/line/",
    "/orders/",
    "/rooms/",
    "/accounts/",
    "/admin/",
    "/api/",
    "/sandbox/",
    "/styleguide/",
    "/account/",
    "/wishlist/",
    "/notices/",
]
THEME_COOKIE_SECONDS = 365 * 24 * 60 * 60


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The drop that runs or comes next, what is popular, what is new, the shelves, and how holding works."""
    now, access = timezone.now(), shopper.access_of(request)
    shown = show(
        ("home",),
        read=lambda catalogue: (*queries.front_window(limit=IN_THE_WINDOW), items_in_front(now=now)),
        skus_of=lambda value: [
            *skus_of(products=[*value[0], *value[1]]),
            *(item.variant.sku for item in value[2]),
        ],
        now=now,
        seen=seen_at_the_front(request),
        access=access,
    )
    popular, new, items = shown.value
    sale = front_sale(items=items, shown=shown, now=now, access=access)
    distinct = list({product.pk: product for product in [*popular, *new]}.values())
    cards = {
        product.pk: card
        for product, card in zip(
            distinct,
            cards_of(products=distinct, availability=shown.availability, terms=shown.terms),
            strict=True,
        )
    }
    popular_cards = [cards[product.pk] for product in popular]
    new_cards = [cards[product.pk] for product in new]
    featured = next((card for card in popular_cards + new_cards if card.free and card.picture), None)
    context = {
        "sale": sale,
        "featured": featured,
        # Nothing stands in the window twice.
        "popular": [card for card in popular_cards if card != featured and card not in new_cards],
        "new": [card for card in new_cards if card != featured],
        "shop_categories": shown.copy.shelves,
    }
    # Its clock says how many seconds are left.
    until = now + timedelta(seconds=1) if sale else None
    return depends_on(render(request, "shop/home.html", context), shown, until=until)


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """One shelf, sorted and narrowed down as the address says."""
    narrowing = Narrowing(request.GET, now=timezone.now(), seen=seen_at_the_front(request))
    try:
        shown = narrowing.shelf(slug)
    except KeyError as error:
        raise Http404 from error
    context = {**_listing(narrowing, shown), "category": shown.value.shelf}
    return _kept(render(request, "shop/category.html", context), narrowing, shown)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What was found for the words, the best first; and the shelves when nothing was."""
    text = " ".join(request.GET.get("q", "").replace("\x00", " ").split())[:LONGEST_SEARCH]
    context: dict[str, Any] = {"query": text}
    if not text:
        return render(request, "shop/search.html", context)
    narrowing = Narrowing(request.GET, now=timezone.now(), seen=seen_at_the_front(request))
    shown = narrowing.found(text)
    context |= _listing(narrowing, shown)
    if not context["cards"] and not context["chips"]:
        context["meant"] = did_you_mean(text=text)
    return _kept(render(request, "shop/search.html", context), narrowing, shown)


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """One product with one of its variants chosen (`?sku=`); for htmx only the part that depends on the choice."""
    now = timezone.now()
    try:
        seen = show(
            ("product", slug),
            read=lambda catalogue: queries.product_and_related(slug=slug),
            skus_of=lambda value: skus_of(products=[value[0], *value[1]]),
            now=now,
            seen=seen_at_the_front(request),
            access=shopper.access_of(request),
        )
    except NotFound as error:
        # Our own page for it, which shows what there is instead.
        raise Http404 from error
    shown, related = seen.value
    choice = choose_variant(
        product=shown, availability=seen.availability, terms=seen.terms, sku=request.GET.get("sku", "")
    )
    offer = preorder_offer(sku=choice.chosen.sku, now=now) if choice.availability.is_preorder else None
    opinion = opinion_on(shown)
    cart_summary = cart_context(request)["cart_summary"]
    held_lines = [line for line in cart_summary.held if line.line.variant.product_id == shown.pk]
    own = sum(line.line.quantity for line in held_lines if line.line.variant_id == choice.chosen.pk)
    context = {
        "offer": offer,
        "offer_terms": terms_words(offer.arrives_on) if offer else "",
        "product": shown,
        "choice": choice,
        "now": now,
        "cart_summary": cart_summary,
        "held_lines": held_lines,
        "own": own,
        "held_by_others": max(choice.availability.held - own, 0),
        "ended_lines": [line for line in cart_summary.ended if line.line.variant.product_id == shown.pk],
        "most": min(choice.availability.free, settings.MAX_UNITS_PER_LINE),
        **line_for(
            request, variant=choice.chosen, is_free=bool(choice.availability.free or offer), item=choice.terms.running
        ),
        "product_url": request.path,
        "opinion": opinion,
        "about": about_product(product=shown, choice=choice, opinion=opinion),
        "is_wished": is_wished(
            user=request.user, token=request.COOKIES.get(WISHLIST_COOKIE), variant_id=choice.chosen.pk
        ),
        "here": f"{request.path}?sku={choice.chosen.sku}",
        # What is somebody's own is not for everybody's eyes: then the page is as true as it was when it was made.
        "live": "" if own else f"sku={choice.chosen.sku}",
    }
    if request.headers.get("HX-Target") == "buy":
        answer = render(request, "shop/_buy.html", {**context, "is_part": True})
    else:
        context["related"] = cards_of(products=related, availability=seen.availability, terms=seen.terms)
        context["shop_categories"] = seen.copy.shelves
        answer = render(request, "shop/product.html", context)
        if offer is None:
            until = _other_words_at(choice.availability.next_free_at, now=now)
            depends_on(answer, seen, timed=(choice.chosen.sku,), until=until)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@require_safe
def stock(request: HttpRequest) -> HttpResponse:
    """The stock lines of SKUs (`?sku=`) and of the cards of products (`?p=`, a slug), as seen at most a second ago.

    For the pages that show them already: with an ETag, and 304 for whoever has seen the same.
    """
    skus, slugs = (tuple(sorted(set(request.GET.getlist(name))))[:MOST_GLANCED_AT] for name in ("sku", "p"))
    seen = glance(("stock", get_language(), skus, slugs), look=lambda: _stock_lines(skus, slugs))
    answer = HttpResponse(seen.body)
    answer["ETag"] = seen.etag
    answer["Cache-Control"] = "no-cache"
    return get_conditional_response(request, etag=seen.etag, response=answer) or answer


def _stock_lines(skus: tuple[str, ...], slugs: tuple[str, ...]) -> str:
    now = timezone.now()
    shown = queries.active_skus(skus=skus) if skus else []
    products = queries.cards_by_slug(slugs=slugs) if slugs else []
    skus_seen = [*shown, *skus_of(products=products)]
    terms = terms_of(skus=skus_seen, now=now)
    availability = available_to_promise(skus=skus_seen, now=now, at=places_of(terms))
    lines = [
        {
            "id": "stock-now",
            "live": f"sku={sku}",
            "free": availability[sku].free,
            "held": availability[sku].held,
            "awaited": availability[sku].awaited,
            "next_free_at": availability[sku].next_free_at,
        }
        for sku in shown
    ]
    cards = cards_of(products=products, availability=availability, terms=terms)
    context = {"lines": lines, "cards": cards, "now": now, "again": settings.LIVE_STOCK_SECONDS}
    return render_to_string("shop/_stock_now.html", context)


@post_only(shown_at="shop:home")
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the colour scheme that was chosen for this browser, or forget it: then the device decides."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("shop:home")
    answer = see_other(back)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        answer.set_cookie("theme", chosen, max_age=THEME_COOKIE_SECONDS, samesite="Lax", secure=settings.SECURE_SSL)
    else:
        answer.delete_cookie("theme", samesite="Lax")
    return answer


@post_only(shown_at="shop:home")
def language(request: HttpRequest) -> HttpResponse:
    """Speak this language to this browser from now on, and to a member in every other one too."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("shop:home")
    answer = see_other(back)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        remember_language(answer, chosen)
        if request.user.is_authenticated:
            choose_language(user_id=request.user.pk, language=chosen)
    return answer


@require_safe
def style(request: HttpRequest, digest: str) -> HttpResponse:
    """The stylesheet."""
    return _bundle(request, stylesheet(), digest=digest, content_type="text/css; charset=utf-8")


@require_safe
def behaviour(request: HttpRequest, digest: str) -> HttpResponse:
    """The script of every page."""
    return _bundle(request, script(), digest=digest, content_type="text/javascript; charset=utf-8")


def _bundle(request: HttpRequest, bundle: Bundle, *, digest: str, content_type: str) -> HttpResponse:
    """Under its own name it may be kept for ever; an old name gets today's, to be asked for again."""
    is_gzipped = "gzip" in request.headers.get("Accept-Encoding", "")
    answer = HttpResponse(bundle.body_gzipped if is_gzipped else bundle.body, content_type=content_type)
    if is_gzipped:
        answer["Content-Encoding"] = "gzip"
    answer["Cache-Control"] = "public, max-age=31536000, immutable" if digest == bundle.digest else "no-cache"
    patch_vary_headers(answer, ["Accept-Encoding"])
    return answer


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What a search engine may read: the shelves and what stands there, nothing of one shopper's."""
    # The cart's own page says nothing of anybody to whoever has none; what is done with it stands below that address.
    rules = ["User-agent: *", "Allow: /cart/$", *(f"Disallow: {address}" for address in NOT_FOR_ROBOTS)]
    rules.append(f"Sitemap: {settings.SITE_URL}{reverse('shop:sitemap_index')}")
    return HttpResponse("\n".join([*rules, ""]), content_type="text/plain; charset=utf-8")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers and feed readers look for the mark without reading a page."""
    answer = HttpResponseRedirect(static("img/favicon.svg"))
    answer["Cache-Control"] = "public, max-age=86400"
    return answer


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked, so that a slow database does not get it killed."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether this process can serve shoppers: 503 with the parts that fail when it cannot."""
    problems = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        problems["database"] = "does not answer"
    try:
        cache.set("readyz", "ok", timeout=10)
        if cache.get("readyz") != "ok":
            problems["cache"] = "does not keep what it is given"
    except Exception:
        problems["cache"] = "does not answer"
    if problems:
        return JsonResponse({"status": "unavailable", "problems": problems}, status=503)
    return JsonResponse({"status": "ok"})


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Nothing there: say so, and show what is."""
    shown = _window(request, now=timezone.now())
    cards = cards_of(products=shown.value[0][:4], availability=shown.availability, terms=shown.terms)
    return render(request, "404.html", {"cards": cards, "shop_categories": shown.copy.shelves}, status=404)


def _window(request: HttpRequest, *, now: datetime) -> Shown[tuple[list[Product], list[Product]]]:
    return show(
        "window",
        read=lambda catalogue: queries.front_window(limit=IN_THE_WINDOW),
        skus_of=lambda value: skus_of(products=[*value[0], *value[1]]),
        now=now,
        seen=seen_at_the_front(request),
    )


def _other_words_at(moment: datetime | None, *, now: datetime) -> datetime | None:
    """When "about 3 minutes" becomes "about 2 minutes"."""
    return None if moment is None else now + timedelta(seconds=(moment - now).total_seconds() % 60)


def _kept(answer: HttpResponse, narrowing: Narrowing, shown: Shown[Listing]) -> HttpResponse:
    """Which products are in a certain state of stock is known anew at each look."""
    return answer if narrowing.depends_on_stock else depends_on(answer, shown)


def _listing(narrowing: Narrowing, shown: Shown[Listing]) -> dict[str, Any]:
    """The context of a listing. The page number of an old link that is too high shows the last page there is."""
    listing = shown.value
    page = listing.page
    return {
        "form": narrowing.form,
        "chips": narrowing.form.chips(),
        "facets": narrowing.facets(listing),
        "listing": listing,
        "page": page,
        "pages": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "cards": cards_of(products=list(page.object_list), availability=shown.availability, terms=shown.terms),
        "shop_categories": shown.copy.shelves,
    }
