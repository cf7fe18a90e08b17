"""Invoices and credit notes: a page to print, and the same as a PDF."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from orders import papers, queries, shopper
from orders.models import Paper


@require_safe
def order_paper(request: HttpRequest, order_id: UUID, number: str) -> HttpResponse:
    """The paper as a page, black on white when it is printed."""
    paper = _paper(request, order_id=order_id, number=number)
    answer = render(request, "orders/paper.html", {"paper": paper, "words": papers.drawn(paper)})
    add_never_cache_headers(answer)
    return answer


@require_safe
def order_paper_pdf(request: HttpRequest, order_id: UUID, number: str) -> HttpResponse:
    """The paper as a PDF."""
    return papers.pdf_answer(_paper(request, order_id=order_id, number=number))


def _paper(request: HttpRequest, *, order_id: UUID, number: str) -> Paper:
    """Whoever may see the order may see its papers; for everybody else there are none."""
    order = queries.find_order(order_id=order_id, user=request.user, known_ids=shopper.known_order_ids(request))
    return queries.find_paper(order=order, number=number)
