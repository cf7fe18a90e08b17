"""What staff have to look at first: parcels to send, and orders and refunds that need a person."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from orders.models import Order, Refund, RefundStatus


@dataclass(frozen=True, slots=True)
class OrderQueues:
    """How long the queues are; `paid_since` is when the oldest order that waits to be sent was paid."""

    to_send: int
    paid_since: datetime | None
    need_attention: int
    refunds_failed: int


def order_queues() -> OrderQueues:
    """The queues as they are now. Three queries."""
    to_send = Order.objects.to_send().aggregate(orders=Count("pk"), since=Min("paid_at"))
    return OrderQueues(
        to_send=to_send["orders"],
        paid_since=to_send["since"],
        need_attention=Order.objects.exclude(needs_attention="").count(),
        refunds_failed=Refund.objects.filter(status=RefundStatus.FAILED).count(),
    )
