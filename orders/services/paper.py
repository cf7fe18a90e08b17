"""Invoices, credit notes and reversals, issued in the transaction of the money that they are about."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from orders.models import Order, Paper, PaperCounter, PaperKind, Payment, Refund, ReturnRequest
from shop.transactions import TryAgain, transactional

SERIES = {PaperKind.INVOICE: "INV", PaperKind.CREDIT_NOTE: "CN", PaperKind.REVERSAL: "RV"}


def issue_invoice(order: Order, *, payment: Payment, now: datetime) -> Paper:
    """The invoice of an order that this payment has paid, in the caller's transaction. Once for each order."""
    known = Paper.objects.filter(invoiced_order=order).first()
    if known is not None:
        return known
    return Paper.objects.create(
        number=_next_number(PaperKind.INVOICE, now=now),
        kind=PaperKind.INVOICE,
        order=order,
        invoiced_order=order,
        payment=payment,
        language=order.language,
        currency=order.currency,
        total_minor=order.total_minor,
        content=_invoice_content(order, payment),
        issued_at=now,
    )


def issue_credit_note(refund: Refund, *, now: datetime) -> Paper | None:
    """The credit note of a refund that went through, in the caller's transaction. Once each time it does.

    None where the money never bought anything (it came late, twice or not as asked): there is no invoice to correct.
    """
    invoice = Paper.objects.filter(kind=PaperKind.INVOICE, payment=refund.payment_id).first()
    if invoice is None:
        return None
    known = _paper_of(refund, PaperKind.CREDIT_NOTE)
    if known is not None:
        return known
    return Paper.objects.create(
        number=_next_number(PaperKind.CREDIT_NOTE, now=now),
        kind=PaperKind.CREDIT_NOTE,
        order_id=invoice.order_id,
        payment_id=invoice.payment_id,
        refund=refund,
        turn=refund.failures,
        language=invoice.language,
        currency=refund.currency,
        total_minor=refund.amount_minor,
        content=_credit_content(invoice, total_minor=refund.amount_minor, reason=refund.reason),
        issued_at=now,
    )


def issue_exchange_note(share: Payment, *, invoice: Paper | None, now: datetime) -> Paper | None:
    """The credit note for what came back and pays another order, in the caller's transaction. Once for each share.

    `invoice` is the one that it corrects; None where the order that came back has none.
    """
    if invoice is None:
        return None
    known = Paper.objects.filter(share=share).first()
    if known is not None:
        return known
    reason = f"exchanged for order {share.order.number}"
    return Paper.objects.create(
        number=_next_number(PaperKind.CREDIT_NOTE, now=now),
        kind=PaperKind.CREDIT_NOTE,
        order_id=invoice.order_id,
        payment_id=invoice.payment_id,
        share=share,
        language=invoice.language,
        currency=invoice.currency,
        total_minor=share.captured_minor,
        content=_credit_content(invoice, total_minor=share.captured_minor, reason=reason),
        issued_at=now,
    )


def reverse_credit_note(refund: Refund, *, now: datetime) -> Paper | None:
    """Take back the credit note of a refund that had gone through and failed after all, before it counts as failed.

    In the caller's transaction, and once for each credit note. None where there is none.
    """
    note = _paper_of(refund, PaperKind.CREDIT_NOTE)
    return None if note is None else _reverse(note, now=now)


@transactional
def issue_missing_papers(*, order_id: UUID, now: datetime) -> int:
    """Write what an order should have and has not, with today's numbers; returns how many. A repeat writes none.

    An exchange that waits for its return has none yet.
    An order that was paid before there were invoices gets its invoice, and a credit note for each refund that went
    through; a credit note that was written for money which did not leave is reversed.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    payment = Payment.objects.filter(order=order, is_kept=True).first()
    is_awaiting = ReturnRequest.objects.filter(replacement=order, received_at=None).exists()
    if payment is None or is_awaiting:
        return 0
    before = Paper.objects.filter(order=order).count()
    issue_invoice(order, payment=payment, now=now)
    for refund in Refund.objects.select_for_update().filter(payment=payment).order_by("created_at", "pk"):
        if refund.is_finished:
            issue_credit_note(refund, now=now)
        for note in refund.papers.filter(kind=PaperKind.CREDIT_NOTE, turn__lt=refund.failures):
            _reverse(note, now=now)
    return Paper.objects.filter(order=order).count() - before


def _paper_of(refund: Refund, kind: PaperKind) -> Paper | None:
    return Paper.objects.filter(refund=refund, kind=kind, turn=refund.failures).first()


def _reverse(note: Paper, *, now: datetime) -> Paper:
    known = Paper.objects.filter(kind=PaperKind.REVERSAL, refund=note.refund_id, turn=note.turn).first()
    if known is not None:
        return known
    return Paper.objects.create(
        number=_next_number(PaperKind.REVERSAL, now=now),
        kind=PaperKind.REVERSAL,
        order_id=note.order_id,
        payment_id=note.payment_id,
        refund_id=note.refund_id,
        turn=note.turn,
        language=note.language,
        currency=note.currency,
        total_minor=note.total_minor,
        content={**note.content, "seller": _seller(), "credit_note_number": note.number},
        issued_at=now,
    )


def _next_number(kind: PaperKind, *, now: datetime) -> str:
    """The number after the last one of the shop's year. Locked to the end: who rolls back gives it to the next."""
    series = f"{SERIES[kind]}-{timezone.localtime(now).year}"
    counter = PaperCounter.objects.select_for_update().filter(pk=series).first()
    if counter is None:
        # The first one of a year: two may write the row at once, and one of them begins again.
        try:
            counter = PaperCounter.objects.create(pk=series)
        except IntegrityError as error:
            raise TryAgain from error
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{series}-{counter.last:06}"


def _invoice_content(order: Order, payment: Payment) -> dict[str, Any]:
    lines = list(order.lines.order_by("pk"))
    by_rate: dict[int, dict[str, int]] = defaultdict(lambda: {"base_minor": 0, "tax_minor": 0})
    for line in lines:
        if line.tax_minor:
            by_rate[line.tax_rate_bp]["base_minor"] += line.charged_minor - line.tax_minor
            by_rate[line.tax_rate_bp]["tax_minor"] += line.tax_minor
    taxes: list[dict[str, int | None]] = [{"rate_bp": rate, **amounts} for rate, amounts in sorted(by_rate.items())]
    delivery_tax = order.tax_minor - sum(line.tax_minor for line in lines)
    if delivery_tax:
        added_tax = order.added_tax_minor - sum(line.added_tax_minor for line in lines)
        charged = order.shipping_minor - order.shipping_discount_minor + added_tax
        taxes.append({"rate_bp": None, "base_minor": charged - delivery_tax, "tax_minor": delivery_tax})
    return {
        "seller": _seller(),
        "buyer": {
            "name": order.name,
            "address": order.address,
            "city": f"{order.city} {order.postal_code}",
            "country": order.country,
            "email": order.email,
        },
        "order_number": order.number,
        "lines": [
            {
                "sku": line.sku,
                "name": ", ".join(filter(None, [line.product_name, line.variant_label])),
                "quantity": line.quantity,
                "unit_price_minor": line.unit_price_minor,
                "total_minor": line.total_minor,
            }
            for line in lines
        ],
        "subtotal_minor": order.subtotal_minor,
        "discount_minor": order.discount_minor,
        "coupon_code": order.coupon_code,
        "shipping_name": order.shipping_name,
        "shipping_minor": order.shipping_minor,
        "tax_name": settings.TAX_NAME,
        "taxes": taxes,
        "tax_minor": order.tax_minor,
        "added_tax_minor": order.added_tax_minor,
        "total_minor": order.total_minor,
        "payment": {"gateway": payment.gateway, "reference": payment.provider_reference},
    }


def _credit_content(invoice: Paper, *, total_minor: int, reason: str) -> dict[str, Any]:
    """What goes back, with its share of the tax: shares of all credit notes add up to the tax of the invoice."""
    credited_minor, credited_tax_minor = _credited(invoice)
    tax_minor, whole_minor = invoice.content["tax_minor"], invoice.total_minor
    # The tax of all that is credited now, without what was credited before: whatever was reversed, it adds up.
    share = max(tax_minor * (credited_minor + total_minor) // whole_minor - credited_tax_minor, 0)
    return {
        **{name: invoice.content[name] for name in ("buyer", "order_number", "tax_name")},
        "seller": _seller(),
        "invoice_number": invoice.number,
        "lines": [],
        "reason": reason,
        "taxes": [],
        "tax_minor": share,
        "total_minor": total_minor,
        "payment": invoice.content["payment"],
    }


def _credited(invoice: Paper) -> tuple[int, int]:
    """What the credit notes of an invoice that stand add up to, and their tax, in minor units."""
    papers = Paper.objects.filter(payment=invoice.payment_id).exclude(kind=PaperKind.INVOICE)
    signed = [(-1 if paper.is_reversal else 1, paper) for paper in papers]
    return (
        sum(sign * paper.total_minor for sign, paper in signed),
        sum(sign * paper.content["tax_minor"] for sign, paper in signed),
    )


def _seller() -> dict[str, str]:
    return {"name": settings.SELLER_NAME, "address": settings.SELLER_ADDRESS, "tax_id": settings.SELLER_TAX_ID}
