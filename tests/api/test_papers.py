"""Invoices and credit notes over the API: listed with their order, and got as a file by whoever may see it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from orders.models import Order
from orders.services.refund import request_refund
from tests.api.conftest import API
from tests.books import nothing_changes
from tests.factories import NOW, UserFactory, paid_order, placed_order, report


def with_papers(count: int, *, user: User) -> Order:
    """A paid order with its invoice and as many credit notes as make up the count."""
    order = paid_order(user=user)
    for _ in range(count - 1):
        payment = order.payments.get()
        refund = request_refund(payment, amount_minor=1_000, currency=order.currency, reason="Part of it", now=NOW)
        report(payment, kind="refund.succeeded", amount=1_000, refund=str(refund.key))
    return order


@pytest.mark.parametrize("count", [1, 3])
def test_an_order_lists_its_papers_at_the_same_cost(
    member: APIClient, user: User, django_assert_num_queries: Any, count: int
) -> None:
    order = with_papers(count, user=user)

    with django_assert_num_queries(9):
        listed = member.get(f"{API}/orders/{order.pk}").json()["papers"]
    with django_assert_num_queries(5):
        [summary] = member.get(f"{API}/orders").json()["items"]

    assert summary["papers"] == listed
    assert [paper["number"] for paper in listed] == ["INV-2026-000001", "CN-2026-000001", "CN-2026-000002"][:count]
    assert [paper["kind"] for paper in listed] == ["INVOICE", "CREDIT_NOTE", "CREDIT_NOTE"][:count]
    assert [paper["total"] for paper in listed] == [order.total_minor, 1_000, 1_000][:count]
    assert listed[0]["issued_at"] == NOW.isoformat().replace("+00:00", "Z")


def test_an_order_that_is_not_paid_has_no_papers(member: APIClient, user: User) -> None:
    order = placed_order(user=user)

    assert member.get(f"{API}/orders/{order.pk}").json()["papers"] == []


@pytest.mark.parametrize("accepted", ["*/*", "application/pdf", "application/json"])
def test_links_of_a_paper_lead_to_it(member: APIClient, user: User, accepted: str) -> None:
    for paper in member.get(f"{API}/orders/{with_papers(2, user=user).pk}").json()["papers"]:
        pdf = member.get(paper["pdf_url"], HTTP_ACCEPT=accepted)
        member.force_login(user)
        page = member.get(paper["page_url"])

        assert (pdf.status_code, pdf["Content-Type"]) == (200, "application/pdf")
        assert pdf["Content-Disposition"] == f'inline; filename="{paper["number"]}.pdf"'
        assert pdf.content.startswith(b"%PDF-")
        assert paper["number"] in page.content.decode()


def test_papers_of_others_do_not_exist(member: APIClient, guest: APIClient, user: User) -> None:
    other, own = paid_order(user=UserFactory()).papers.get(), paid_order(user=user).papers.get()

    with nothing_changes():
        answers = [
            member.get(f"{API}/orders/{other.order_id}/papers/{other.number}.pdf", HTTP_ACCEPT="application/pdf"),
            member.get(f"{API}/orders/{own.order_id}/papers/{other.number}.pdf"),
            member.get(f"{API}/orders/{own.order_id}/papers/CN-2026-000001.pdf"),
            guest.get(f"{API}/orders/{own.order_id}/papers/{own.number}.pdf"),
        ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 401]
    assert {answer["Content-Type"] for answer in answers} == {"application/problem+json"}


def test_a_guest_gets_the_invoice_with_the_token_of_the_cart(guest: APIClient) -> None:
    order = paid_order()
    found = guest.post(f"{API}/orders/find", {"number": order.number, "email": order.email}).json()
    guest.credentials(HTTP_CART_TOKEN=found["cart_token"])

    answer = guest.get(found["papers"][0]["pdf_url"])

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
