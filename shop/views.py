"""The shop's own pages: home, shelves, search, product; the colour scheme, the stylesheet and the state of health."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.paginator import Page, Paginator
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inventory.queries import available_to_promise
from orders.context import cart as cart_context
from shop import queries
from shop.cards import ProductCard, cards_of, cards_with
from shop.choices import choose_variant
from shop.context import THEMES
from shop.errors import NotFound
from shop.forms import ListingForm
from shop.methods import post_only
from shop.models import ProductQuerySet
from shop.redirects import see_other
from shop.stylesheet import stylesheet

PER_PAGE = 24
IN_THE_WINDOW = 8
LONGEST_SEARCH = 100
NOT_FOR_ROBOTS = ["/cart/", "/checkout/", "/orders/", "/accounts/", "/admin/", "/api/", "/sandbox/", "/styleguide/"]
THEME_COOKIE_SECONDS = 365 * 24 * 60 * 60


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is popular, what is new, the shelves, and how holding works."""
    popular, new = queries.front_window(limit=IN_THE_WINDOW)
    distinct = list({product.pk: product for product in [*popular, *new]}.values())
    cards = dict(zip([p.pk for p in distinct], cards_of(products=distinct, now=timezone.now()), strict=True))
    popular_cards = [cards[product.pk] for product in popular]
    new_cards = [cards[product.pk] for product in new]
    featured = next((card for card in popular_cards + new_cards if card.free and card.picture), None)
    context = {
        "featured": featured,
        # Nothing stands in the window twice.
        "popular": [card for card in popular_cards if card != featured and card not in new_cards],
        "new": [card for card in new_cards if card != featured],
    }
    return render(request, "shop/home.html", context)


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """One shelf, sorted and filtered as the address says."""
    shelves = queries.shelves()
    shelf = next((each for each in shelves if each.slug == slug), None)
    if shelf is None:
        raise Http404
    context = _listing(request, products=queries.on_show().filter(category=shelf), now=timezone.now())
    return render(request, "shop/category.html", {**context, "category": shelf, "shop_categories": shelves})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What was found for the words, names that begin with them first; and the shelves when nothing was."""
    text = " ".join(request.GET.get("q", "").replace("\x00", " ").split())[:LONGEST_SEARCH]
    context: dict[str, Any] = {"query": text}
    if text:
        context |= _listing(request, products=queries.search(text=text), now=timezone.now(), is_ranked=True)
    return render(request, "shop/search.html", context)


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """One product with one of its variants chosen (`?sku=`); for htmx only the part that depends on the choice."""
    now = timezone.now()
    try:
        shown, related = queries.product_and_related(slug=slug)
    except NotFound as error:
        # Our own page for it, which shows what there is instead.
        raise Http404 from error
    skus = [variant.sku for each in [shown, *related] for variant in queries.active_variants(each)]
    availability = available_to_promise(skus=skus, now=now)
    choice = choose_variant(product=shown, availability=availability, sku=request.GET.get("sku", ""))
    cart_summary = cart_context(request)["cart_summary"]
    held_lines = [line for line in cart_summary.held if line.line.variant.product_id == shown.pk]
    own = sum(line.line.quantity for line in held_lines if line.line.variant_id == choice.chosen.pk)
    context = {
        "product": shown,
        "choice": choice,
        "now": now,
        "cart_summary": cart_summary,
        "held_lines": held_lines,
        "own": own,
        "held_by_others": max(choice.availability.held - own, 0),
        "ended_lines": [line for line in cart_summary.ended if line.line.variant.product_id == shown.pk],
        "most": min(choice.availability.free, settings.MAX_UNITS_PER_LINE),
        "product_url": request.path,
        "here": f"{request.path}?sku={choice.chosen.sku}",
    }
    if request.headers.get("HX-Target") == "buy":
        answer = render(request, "shop/_buy.html", {**context, "is_part": True})
    else:
        context["related"] = cards_with(products=related, availability=availability)
        answer = render(request, "shop/product.html", context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


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


@require_safe
def style(request: HttpRequest, digest: str) -> HttpResponse:
    """The stylesheet. Under its own name it may be kept for ever; an old name gets today's, to be asked for again."""
    sheet = stylesheet()
    is_gzipped = "gzip" in request.headers.get("Accept-Encoding", "")
    answer = HttpResponse(sheet.body_gzipped if is_gzipped else sheet.body, content_type="text/css; charset=utf-8")
    if is_gzipped:
        answer["Content-Encoding"] = "gzip"
    answer["Cache-Control"] = "public, max-age=31536000, immutable" if digest == sheet.digest else "no-cache"
    patch_vary_headers(answer, ["Accept-Encoding"])
    return answer


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What a search engine may read: the shelves and what stands there, nothing of one shopper's."""
    rules = ["User-agent: *", *(f"Disallow: {address}" for address in NOT_FOR_ROBOTS)]
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
    popular, _ = queries.front_window(limit=4)
    return render(request, "404.html", {"cards": cards_of(products=popular, now=timezone.now())}, status=404)


def _listing(
    request: HttpRequest, *, products: ProductQuerySet, now: datetime, is_ranked: bool = False
) -> dict[str, Any]:
    """The context of a listing. The page number of an old link that is too high shows the last page there is."""
    form = ListingForm(request.GET)
    answers = form.answers()
    found = queries.listing(
        products=products,
        sort=answers["sort"],
        lowest_minor=answers["lowest"],
        highest_minor=answers["highest"],
        only_ids=_free_now(products, now=now) if answers["free"] else None,
        is_ranked=is_ranked and not request.GET.get("sort"),
    )
    page = Paginator(found.for_cards(), PER_PAGE).get_page(request.GET.get("page"))
    return {
        "form": form,
        "chosen": form.chosen(),
        "page": page,
        "pages": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
        "cards": _cards(page, now=now),
    }


def _cards(page: Page[Any], *, now: datetime) -> list[ProductCard]:
    return cards_of(products=list(page.object_list), now=now)


def _free_now(products: ProductQuerySet, *, now: datetime) -> list[Any]:
    """Ids of the products with a free unit of any variant. The catalogue knows no stock, so it is asked here."""
    skus = queries.skus_by_product(products=products)
    availability = available_to_promise(skus=[sku for each in skus.values() for sku in each], now=now)
    return [product_id for product_id, each in skus.items() if any(availability[sku].free for sku in each)]
