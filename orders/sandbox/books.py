"""What the provider says of its own money, to a merchant who wants to compare."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Sum

from orders.sandbox.models import SandboxFault, SandboxPayment, SandboxRefund, SandboxWebhook


def read_books(*, now: datetime) -> dict[str, Any]:
    """Every charge and refund, with the merchant's own references; how many webhooks wait, were delivered or are lost;
    how often the merchant called, and how often each fault has struck. Amounts in minor units.
    """
    return {
        "charges": [
            {
                "merchant_reference": payment.merchant_reference,
                "amount": payment.captured_amount,
                "currency": payment.captured_currency,
                "is_charged_back": payment.is_charged_back(now=now),
            }
            for payment in SandboxPayment.objects.exclude(captured_at=None).order_by("pk")
        ],
        "refunds": [
            {
                "key": refund.key,
                "merchant_reference": refund.payment.merchant_reference,
                "amount": refund.amount,
                "currency": refund.currency,
                "status": refund.state(now=now),
            }
            for refund in SandboxRefund.objects.select_related("payment").order_by("pk")
        ],
        "webhooks": {
            "waiting": SandboxWebhook.objects.waiting().count(),
            "delivered": SandboxWebhook.objects.exclude(delivered_at=None).count(),
            "lost": SandboxWebhook.objects.filter(is_lost=True).count(),
            "posts": SandboxWebhook.objects.aggregate(posts=Sum("attempts"))["posts"] or 0,
        },
        "calls": SandboxPayment.objects.aggregate(calls=Sum("calls"))["calls"] or 0,
        "faults": dict(SandboxFault.objects.values_list("kind").annotate(Count("pk")).order_by("kind")),
    }
