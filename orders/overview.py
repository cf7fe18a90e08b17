"""What staff have to look at first: parcels to send, and orders, refunds and e-mails that need a person."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from orders.models import Message, Order, Refund, RefundStatus, ReturnRequest, ReturnStatus


@dataclass(frozen=True, slots=True)
class OrderQueues:
    """How long the queues are; `paid_since` is when the oldest order that waits to be sent was paid."""

    to_send: int
    paid_since: datetime | None
    need_attention: int
    refunds_failed: int
    returns_to_decide: int
    returns_to_refund: int
    messages_stuck: int


def order_queues() -> OrderQueues:
    """The queues as they are now. Five queries."""
    to_send = Order.objects.to_send().aggregate(orders=Count("pk"), since=Min("paid_at"))
    returns = ReturnRequest.objects.aggregate(
        asked=Count("pk", filter=Q(status=ReturnStatus.REQUESTED)),
        received=Count("pk", filter=Q(status=ReturnStatus.RECEIVED)),
    )
    return OrderQueues(
        to_send=to_send["orders"],
        paid_since=to_send["since"],
        need_attention=Order.objects.exclude(needs_attention="").count(),
        refunds_failed=Refund.objects.filter(status=RefundStatus.FAILED).count(),
        returns_to_decide=returns["asked"],
        returns_to_refund=returns["received"],
        messages_stuck=Message.objects.stuck().count(),
    )
