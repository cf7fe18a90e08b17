"""The frame of the staff screens: what needs a person today, and the proof that the counters are true."""

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from django.utils.cache import get_conditional_response

from inventory import overview as stock
from inventory import queries as stock_queries
from orders import overview as orders
from orders import queries as order_queries
from shop.board import Board, board_of
from shop.models import Drop

LOW_STOCK_SHOWN = 10


class StaffAdminSite(AdminSite):
    """Django's admin with the shop's name, a front page that says what to do, and the page Prove stock."""

    site_header = "Tahan"
    site_title = "Tahan"
    index_title = "Today"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("prove-stock/", self.admin_view(self.prove_stock_view), name="prove_stock"),
            path("live/<slug:slug>/", self.admin_view(self.live_view), name="live_drop"),
            path("drop-report/<slug:slug>/", self.admin_view(self.report_view), name="drop_report"),
            *super().get_urls(),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The front page. Each part is for those who may look at what is behind it."""
        parts = {**self._order_parts(request), **self._stock_parts(request)}
        return super().index(request, {**parts, **(extra_context or {})})

    def prove_stock_view(self, request: HttpRequest) -> HttpResponse:
        """Recompute every counter, when the button is pressed: it reads the whole ledger. It changes no stock."""
        if not request.user.has_perm("inventory.view_stockitem"):
            raise PermissionDenied
        now = timezone.now()
        context: dict[str, Any] = {"title": "Prove stock", "proof": None}
        if request.method == "POST":
            drifts = [(drift, stock_queries.rows_behind(drift)) for drift in stock_queries.prove()]
            owed = order_queries.prove_owed()
            stock.remember_proof(drifts=len(drifts) + len(owed), now=now)
            context |= {"drifts": drifts, "owed": owed, "is_proved": True}
        context["proof"] = stock.last_proof()
        return TemplateResponse(request, "admin/prove_stock.html", {**self.each_context(request), **context})

    def live_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """How a drop goes, as it is now. htmx asks for it every five seconds and gets 304 while it is the same."""
        board = self._board(request, slug)
        if request.headers.get("HX-Request"):
            answer = TemplateResponse(request, "admin/shop/drop/_board.html", {"board": board}).render()
            answer["ETag"] = f'"{board.stamp}"'
            answer["Cache-Control"] = "no-cache"
            return get_conditional_response(request, etag=answer["ETag"], response=answer) or answer
        context = {"title": f"Live: {board.drop.name}", "board": board}
        return TemplateResponse(request, "admin/shop/drop/live.html", {**self.each_context(request), **context})

    def report_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """What came of a drop, to print and to keep."""
        board = self._board(request, slug)
        context = {"title": f"Report: {board.drop.name}", "board": board}
        return TemplateResponse(request, "admin/shop/drop/report.html", {**self.each_context(request), **context})

    def _board(self, request: HttpRequest, slug: str) -> Board:
        if not (request.user.has_perm("shop.view_drop") and request.user.has_perm("orders.view_order")):
            raise PermissionDenied
        drop = Drop.objects.published().filter(slug=slug).first()
        if drop is None:
            raise Http404
        return board_of(drop, now=timezone.now())

    def _order_parts(self, request: HttpRequest) -> dict[str, Any]:
        if not request.user.has_perm("orders.view_order"):
            return {}
        return {"order_queues": orders.order_queues()}

    def _stock_parts(self, request: HttpRequest) -> dict[str, Any]:
        if not request.user.has_perm("inventory.view_stockitem"):
            return {}
        return {
            "shows_stock": True,
            "set_aside": stock.count_set_aside(),
            "low_stock": stock.low_stock(limit=LOW_STOCK_SHOWN),
            "proof": stock.last_proof(),
        }
