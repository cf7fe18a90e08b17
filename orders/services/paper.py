"""Invoices and credit notes, issued in the transaction of the money that they are about."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from orders.models import Order, Paper, PaperCounter, PaperKind, Payment, Refund
from shop.transactions import TryAgain

SERIES = {PaperKind.INVOICE: "INV", PaperKind.CREDIT_NOTE: "CN"}


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
    """The credit note of a refund, in the caller's transaction. Once for each refund.

    None where the money never bought anything (it came late, twice or not as asked): there is no invoice to correct.
    """
    invoice = Paper.objects.filter(kind=PaperKind.INVOICE, payment=refund.payment_id).first()
    if invoice is None:
        return None
    known = Paper.objects.filter(refund=refund).first()
    if known is not None:
        return known
    return Paper.objects.create(
        number=_next_number(PaperKind.CREDIT_NOTE, now=now),
        kind=PaperKind.CREDIT_NOTE,
        order_id=invoice.order_id,
        payment_id=invoice.payment_id,
        refund=refund,
        language=invoice.language,
        currency=refund.currency,
        total_minor=refund.amount_minor,
        content=_credit_content(invoice, refund),
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


def _credit_content(invoice: Paper, refund: Refund) -> dict[str, Any]:
    """What goes back, with its share of the tax: shares of all credit notes add up to the tax of the invoice."""
    earlier = Paper.objects.filter(kind=PaperKind.CREDIT_NOTE, payment=invoice.payment_id)
    before_minor = sum(earlier.values_list("total_minor", flat=True))
    tax_minor, total_minor = invoice.content["tax_minor"], invoice.total_minor
    share = tax_minor * (before_minor + refund.amount_minor) // total_minor - tax_minor * before_minor // total_minor
    return {
        **{name: invoice.content[name] for name in ("buyer", "order_number", "tax_name")},
        "seller": _seller(),
        "invoice_number": invoice.number,
        "lines": [],
        "reason": refund.reason,
        "taxes": [],
        "tax_minor": share,
        "total_minor": refund.amount_minor,
        "payment": invoice.content["payment"],
    }


def _seller() -> dict[str, str]:
    return {"name": settings.SELLER_NAME, "address": settings.SELLER_ADDRESS, "tax_id": settings.SELLER_TAX_ID}
