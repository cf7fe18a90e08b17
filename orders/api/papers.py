"""Invoices and credit notes, for programs: the same file that the shopper gets."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from orders import papers, queries
from orders.api.shopper import CART_PARAMETER, OpenToGuests


class OrderPaper(OpenToGuests):
    """A paper of an order."""

    @extend_schema(
        operation_id="get_paper",
        tags=["orders"],
        summary="Get an invoice or a credit note as a PDF",
        description="For whoever may see the order; `papers` of the order says which there are.",
        parameters=[CART_PARAMETER],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, order_id: UUID, number: str) -> HttpResponse:
        return papers.pdf_answer(queries.find_paper(order=self.order(order_id), number=number))

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever is accepted, a paper is a PDF and a refusal a problem document."""
        return super().perform_content_negotiation(request, force=True)
