"""Invoices and credit notes on the order's page for staff."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Order, Paper
from orders.services.refund import request_refund
from tests.books import nothing_changes
from tests.factories import NOW, paid_order, placed_order, report

pytestmark = pytest.mark.django_db


def page(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


def pdf(paper: Paper, order: Order | None = None) -> str:
    return reverse("admin:orders_order_paper", args=[order.pk if order else paper.order_id, paper.number])


@pytest.mark.parametrize("count", [1, 3])
def test_staff_see_the_papers_of_an_order_at_the_same_cost(
    boss_client: Client, django_assert_num_queries: Any, count: int
) -> None:
    order = paid_order()
    for _ in range(count - 1):
        payment = order.payments.get()
        refund = request_refund(payment, amount_minor=1_000, currency=order.currency, reason="Part of it", now=NOW)
        report(payment, kind="refund.succeeded", amount=1_000, refund=str(refund.key))

    with django_assert_num_queries(11):
        shown = boss_client.get(page(order)).content.decode()

    assert shown.count("papers/") == order.papers.count() == count
    for paper in order.papers.all():
        answer = boss_client.get(pdf(paper))
        assert pdf(paper) in shown
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")


def test_an_order_without_papers_does_not_speak_of_them(boss_client: Client) -> None:
    assert "Papers" not in boss_client.get(page(placed_order())).content.decode()


def test_a_paper_is_for_whoever_may_see_its_order(staff_client: Any, client: Client) -> None:
    invoice, other = paid_order().papers.get(), paid_order()

    with nothing_changes():
        assert client.get(pdf(invoice)).status_code == 302
        assert staff_client("view_refund").get(pdf(invoice)).status_code == 403
    viewer = staff_client("view_order")
    assert viewer.get(pdf(invoice)).status_code == 200
    assert viewer.get(pdf(invoice, other)).status_code == 404
