"""The frame of the staff screens: what needs a person today, and the proof that the counters are true."""

from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone

from inventory import overview as stock
from inventory import queries as stock_queries
from orders import overview as orders
from orders import queries as order_queries

LOW_STOCK_SHOWN = 10


class StaffAdminSite(AdminSite):
    """Django's admin with the shop's name, a front page that says what to do, and the page Prove stock."""

    site_header = "Tahan"
    site_title = "Tahan"
    index_title = "Today"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("prove-stock/", self.admin_view(self.prove_stock_view), name="prove_stock"), *super().get_urls()]

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
