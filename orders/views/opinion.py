"""Reviews of a product: all that are published, and the form for those who bought it."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from orders import opinions, services
from orders.forms import ReviewForm
from orders.models import Review
from shop.methods import post_only
from shop.models import Product
from shop.redirects import see_other

REVIEWS_PER_PAGE = 20


@require_safe
def review_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every published review of a product, the newest first."""
    product = _product(slug)
    page = Paginator(opinions.published_reviews(product.pk), REVIEWS_PER_PAGE).get_page(request.GET.get("page"))
    pages = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    context = {"product": product, "opinion": opinions.opinion_on(product), "page": page, "pages": pages}
    return render(request, "orders/review_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def review_write(request: HttpRequest, slug: str) -> HttpResponse:
    """The member's own review: written, or written anew."""
    product = _product(slug)
    user = cast(User, request.user)
    own = Review.objects.filter(user=user, product=product).first()
    may_write = opinions.has_bought(user=user, product_id=product.pk)
    context: dict[str, Any] = {"product": product, "review": own, "may_write": may_write}
    if request.method != "POST":
        known = {"stars": own.stars, "text": own.text} if own else {}
        return _show(request, {**context, "form": ReviewForm(initial=known)})
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _show(request, {**context, "form": form}, status=422)
    services.write_review(user=user, product_id=product.pk, now=timezone.now(), **form.cleaned_data)
    messages.success(request, _("Written. Our staff read it before it is shown."))
    return see_other(reverse("orders:review_write", args=[slug]))


@post_only(shown_at="orders:review_write", keeps=("slug",))
@login_required
def review_withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Take one's own review back."""
    services.withdraw_review(user=cast(User, request.user), product_id=_product(slug).pk)
    messages.success(request, _("Your review is gone."))
    return see_other(reverse("orders:review_write", args=[slug]))


def _product(slug: str) -> Product:
    product = Product.objects.on_show().filter(slug=slug).first()
    if product is None:
        raise Http404
    return product


def _show(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    answer = render(request, "orders/review_write.html", context, status=status)
    add_never_cache_headers(answer)
    return answer
