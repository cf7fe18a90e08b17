"""Invoices and credit notes: numbered without a gap, frozen, and adding up."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from orders import papers
from orders.models import Order, Paper, PaperKind, Payment
from orders.services.paper import issue_credit_note, issue_invoice
from orders.services.refund import request_refund
from tests.books import nothing_changes
from tests.factories import NOW, StockItemFactory, UserFactory, paid_order, placed_order, report

pytestmark = pytest.mark.django_db


def _give_back(order: Order, amount_minor: int) -> Paper:
    refund = request_refund(
        order.payments.get(), amount_minor=amount_minor, currency=order.currency, reason="Part", now=NOW
    )
    return Paper.objects.get(refund=refund)


def test_a_paid_order_has_one_invoice_with_the_next_number() -> None:
    assert placed_order().papers.count() == 0
    orders = [paid_order() for _ in range(3)]

    numbers = [order.papers.get().number for order in orders]

    assert numbers == ["INV-2026-000001", "INV-2026-000002", "INV-2026-000003"]
    with nothing_changes():
        issue_invoice(orders[0], payment=orders[0].payments.get(), now=NOW)


def test_each_year_counts_anew_in_the_shops_own_time() -> None:
    paid_order(now=NOW)
    # 18:00 UTC on the last day is the new year in Jakarta.
    late = paid_order(now=NOW.replace(month=12, day=31, hour=18))

    assert late.papers.get().number == "INV-2027-000001"


def test_a_rollback_leaves_no_gap() -> None:
    order, other = placed_order(), paid_order()
    payment = other.payments.get()

    class GoneWrongError(Exception):
        pass

    with pytest.raises(GoneWrongError), transaction.atomic():
        assert issue_invoice(order, payment=payment, now=NOW).number == "INV-2026-000002"
        raise GoneWrongError

    assert paid_order().papers.get().number == "INV-2026-000002"


def test_an_invoice_says_what_the_order_cost_and_stays_that_way() -> None:
    order = paid_order()
    invoice = order.papers.get()
    Order.objects.update(name="Somebody Else")
    invoice.refresh_from_db()

    content = invoice.content
    assert content["buyer"]["name"] == "Ayu Lestari"
    assert content["total_minor"] == invoice.total_minor == order.total_minor
    assert sum(tax["tax_minor"] for tax in content["taxes"]) == content["tax_minor"] == order.tax_minor
    assert sum(tax["base_minor"] for tax in content["taxes"]) == order.total_minor - order.tax_minor


def test_credit_notes_add_up_to_the_refunds_and_to_the_tax() -> None:
    order = paid_order()
    parts = [100_001, 99_999, order.total_minor - 200_000]

    notes = [_give_back(order, part) for part in parts]

    assert [note.number for note in notes] == ["CN-2026-000001", "CN-2026-000002", "CN-2026-000003"]
    assert sum(note.total_minor for note in notes) == order.total_minor
    assert sum(note.content["tax_minor"] for note in notes) == order.tax_minor
    assert {note.content["invoice_number"] for note in notes} == {"INV-2026-000001"}
    assert all(note.kind == PaperKind.CREDIT_NOTE for note in notes)


def test_a_refund_has_one_credit_note() -> None:
    note = _give_back(paid_order(), 1_000)
    assert note.refund is not None

    with nothing_changes():
        assert issue_credit_note(note.refund, now=NOW) == note


def test_money_that_never_bought_anything_has_no_paper() -> None:
    order = placed_order()
    first, second = (
        Payment.objects.create(
            order=order,
            gateway="sandbox",
            amount_minor=order.total_minor,
            currency="IDR",
            created_at=NOW,
            expires_at=NOW + timedelta(minutes=15),
        )
        for _ in range(2)
    )
    report(first)
    report(second)

    assert second.refunds.count() == 1
    assert [paper.kind for paper in order.papers.all()] == [PaperKind.INVOICE]


@pytest.mark.parametrize("language", ["en", "id"])
def test_papers_are_drawn_in_their_language(language: str) -> None:
    Order.objects.filter(pk=paid_order().pk).update(language=language)
    Paper.objects.update(language=language)
    note = _give_back(Order.objects.get(), 1_000)
    invoice = Paper.objects.get(kind=PaperKind.INVOICE)

    assert papers.drawn(invoice).title == {"en": "Invoice", "id": "Faktur"}[language]
    assert papers.drawn(note).title == {"en": "Credit note", "id": "Nota kredit"}[language]
    for paper in (invoice, note):
        drawn = papers.pdf(paper)
        assert BytesIO(drawn).read(5) == b"%PDF-"
        assert drawn == papers.pdf(paper)


def test_a_paper_with_many_lines_goes_on_on_the_next_page() -> None:
    order = paid_order(lines={StockItemFactory().variant: 1 for _ in range(40)})

    assert papers.pdf(order.papers.get()).count(b"/Type /Page\n") == 2


def test_only_who_may_see_the_order_may_see_its_papers(client: Client) -> None:
    owner, stranger = UserFactory(), UserFactory()
    paper = paid_order(user=owner).papers.get()
    other = paid_order().papers.get()
    addresses = [
        reverse(f"orders:{name}", args=[paper.order_id, paper.number]) for name in ("order_paper", "order_paper_pdf")
    ]

    assert [client.get(address).status_code for address in addresses] == [404, 404]
    client.force_login(stranger)
    assert [client.get(address).status_code for address in addresses] == [404, 404]
    client.force_login(owner)
    page, pdf = (client.get(address) for address in addresses)

    assert paper.number in page.text
    assert pdf["Content-Type"] == "application/pdf"
    assert paper.number in client.get(reverse("orders:order", args=[paper.order_id])).text
    assert client.get(reverse("orders:order_paper", args=[paper.order_id, other.number])).status_code == 404
