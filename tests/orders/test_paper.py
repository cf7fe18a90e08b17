"""Invoices and credit notes: numbered without a gap, frozen, and adding up."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders import papers, services
from orders.models import Order, Paper, PaperCounter, PaperKind, Payment, Refund, RefundStatus
from orders.services.paper import issue_credit_note, issue_invoice, reverse_credit_note
from orders.services.refund import left_of, request_refund
from tests.books import nothing_changes
from tests.factories import NOW, StockItemFactory, UserFactory, paid_order, placed_order, report

pytestmark = pytest.mark.django_db


def _give_back(order: Order, amount_minor: int) -> Paper:
    return Paper.objects.get(refund=refund_of(order, amount_minor), kind=PaperKind.CREDIT_NOTE)


def refund_of(order: Order, amount_minor: int, *, ends: str = "succeeded") -> Refund:
    """A refund of which the provider reports this end."""
    refund = request_refund(
        order.payments.get(), amount_minor=amount_minor, currency=order.currency, reason="Part", now=NOW
    )
    tell(refund, ends)
    return refund


def tell(refund: Refund, ends: str) -> None:
    refund.refresh_from_db()
    report(refund.payment, kind=f"refund.{ends}", amount=refund.amount_minor, refund=str(refund.key))


def papers_of(order: Order) -> list[str]:
    return list(order.papers.order_by("pk").values_list("number", flat=True))


def live_tax(order: Order) -> int:
    papers = order.papers.exclude(kind=PaperKind.INVOICE)
    return sum(paper.content["tax_minor"] * (-1 if paper.is_reversal else 1) for paper in papers)


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


def test_a_refund_that_is_on_its_way_or_failed_has_no_credit_note() -> None:
    order = paid_order()
    request_refund(order.payments.get(), amount_minor=5, currency=order.currency, reason="Part", now=NOW)
    refund_of(order, 1_000, ends="failed")

    assert papers_of(order) == ["INV-2026-000001"]


def test_a_refund_that_fails_after_all_has_its_credit_note_taken_back_and_a_new_one_once_it_goes_through() -> None:
    order = paid_order()
    first = refund_of(order, 100_001)
    refund_of(order, 99_999)
    tell(first, "failed")
    assert papers_of(order) == ["INV-2026-000001", "CN-2026-000001", "CN-2026-000002", "RV-2026-000001"]
    reversal = order.papers.get(kind=PaperKind.REVERSAL)
    assert (reversal.total_minor, reversal.content["credit_note_number"]) == (100_001, "CN-2026-000001")

    services.retry_refund(refund_id=first.pk, actor="staff", now=NOW)
    tell(first, "succeeded")
    refund_of(order, order.total_minor - 200_000)

    assert papers_of(order)[4:] == ["CN-2026-000003", "CN-2026-000004"]
    assert live_tax(order) == order.tax_minor


def test_a_reversal_is_issued_once_for_its_credit_note() -> None:
    order = paid_order()
    refund = refund_of(order, 1_000)

    reversal = reverse_credit_note(refund, now=NOW)

    with nothing_changes():
        assert reverse_credit_note(refund, now=NOW) == reversal


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.tuples(st.integers(1, 250_000), st.integers(0, 3)), max_size=6))
def test_credit_notes_that_stand_take_back_exactly_the_tax_whatever_failed_meanwhile(
    db: None, parts: list[tuple[int, int]]
) -> None:
    """Each part goes back, and then, unless nought, the refund that many back fails after all."""
    order = paid_order()
    through: list[Refund] = []
    for amount_minor, back in parts:
        if left_of(order.payments.get()) < amount_minor:
            continue
        through.append(refund_of(order, amount_minor))
        if 0 < back <= len(through):
            tell(through.pop(-back), "failed")

        gone = sum(refund.amount_minor for refund in through)
        assert left_of(order.payments.get()) == order.total_minor - gone
        assert abs(live_tax(order) - order.tax_minor * gone // order.total_minor) <= len(parts)
    if rest := left_of(order.payments.get()):
        refund_of(order, rest)
    assert live_tax(order) == order.tax_minor
    for series in ("CN", "RV"):
        numbers = [int(number[-6:]) for number in papers_of(order) if number.startswith(series)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True


def test_orders_from_before_there_were_papers_get_theirs_once() -> None:
    """In the order in which they were paid; what has its papers keeps them."""
    early, late = paid_order(), paid_order(now=NOW + timedelta(minutes=1))
    complete, waiting = paid_order(), placed_order()
    gone, failed = refund_of(early, 1_000), refund_of(early, 2_000, ends="failed")
    Paper.objects.exclude(order=complete).delete()
    PaperCounter.objects.filter(series__startswith="CN").delete()

    call_command("issue_papers")

    assert papers_of(early) == ["INV-2026-000004", "CN-2026-000001"]
    assert papers_of(late) == ["INV-2026-000005"]
    assert (papers_of(complete), papers_of(waiting)) == (["INV-2026-000003"], [])
    assert Paper.objects.get(kind=PaperKind.CREDIT_NOTE).refund == gone != failed
    with nothing_changes():
        call_command("issue_papers")
        for order in (early, waiting):
            assert services.issue_missing_papers(order_id=order.pk, now=NOW) == 0


def test_a_credit_note_of_money_that_did_not_leave_is_taken_back() -> None:
    """As they were written when a refund was asked for, whatever became of it."""
    order = paid_order()
    refund = refund_of(order, 1_000)
    Refund.objects.filter(pk=refund.pk).update(status=RefundStatus.FAILED, failures=1)

    call_command("issue_papers")

    assert papers_of(order) == ["INV-2026-000001", "CN-2026-000001", "RV-2026-000001"]
    with nothing_changes():
        call_command("issue_papers")


@pytest.mark.parametrize("language", ["en", "id"])
def test_papers_are_drawn_in_their_language(language: str) -> None:
    Order.objects.filter(pk=paid_order().pk).update(language=language)
    Paper.objects.update(language=language)
    note = _give_back(Order.objects.get(), 1_000)
    invoice = Paper.objects.get(kind=PaperKind.INVOICE)

    assert papers.drawn(invoice).title == {"en": "Invoice", "id": "Faktur"}[language]
    assert papers.drawn(note).title == {"en": "Credit note", "id": "Nota kredit"}[language]
    assert note.refund is not None
    reversal = reverse_credit_note(note.refund, now=NOW)
    assert reversal is not None
    title = {"en": "Reversal of a credit note", "id": "Pembatalan nota kredit"}[language]
    assert papers.drawn(reversal).title == title
    for paper in (invoice, note, reversal):
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
