"""Money on its way back: asked for in the transaction of the reason, sent by the worker, never given up in silence."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from orders.gateways import GatewayFailed, gateway_named
from orders.models import Order, OrderEventKind, Payment, Refund, RefundStatus
from orders.services.errors import RefundNotFailed
from orders.services.nudge import nudge_after_commit
from orders.services.timeline import note
from shop.errors import NotFound
from shop.money import format_money
from shop.transactions import transactional

logger = logging.getLogger(__name__)

# A batch in which every provider lets us wait for its five seconds still ends before its first claim does.
BATCH = 20
LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 8
REFUND_PROBLEM = "A refund of"


def request_refund(payment: Payment, *, amount_minor: int, currency: str, reason: str, now: datetime) -> Refund:
    """Write down that this much goes back, in the caller's transaction, and wake the worker."""
    refund = Refund.objects.create(
        payment=payment,
        amount_minor=amount_minor,
        currency=currency,
        reason=reason,
        created_at=now,
        next_attempt_at=now,
    )
    nudge_after_commit("orders.tasks.send_due_refunds")
    return refund


def send_due_refunds(*, now: datetime) -> int:
    """Ask the providers for the refunds that are due; returns how many are through.

    Each is claimed by compare-and-set before the call. A worker that dies in between leaves it to the next try two
    minutes later, and the provider knows it by its key, so nobody is paid back twice.
    """
    finished = 0
    for refund in Refund.objects.due(now=now).select_related("payment").order_by("next_attempt_at")[:BATCH]:
        claimed = Refund.objects.due(now=now).filter(pk=refund.pk, attempts=refund.attempts)
        if claimed.update(attempts=refund.attempts + 1, next_attempt_at=now + LEASE):
            finished += _send(refund, now=now)
    return finished


@transactional
def retry_refund(*, refund_id: UUID, actor: str, now: datetime) -> Refund:
    """Put a failed refund back to work, from the staff queue.

    :raises RefundNotFailed: if it is on its way or finished.
    """
    if not Refund.objects.filter(pk=refund_id).exists():
        raise NotFound()
    refund, order = _lock(refund_id)
    if not refund.needs_a_person:
        raise RefundNotFailed(status=refund.get_status_display().lower())
    refund.take("tried again by staff")
    refund.attempts, refund.next_attempt_at = 0, now
    refund.save(update_fields=["status", "attempts", "next_attempt_at"])
    note(order, OrderEventKind.ATTENDED, "A refund that had failed is tried again.", actor=actor, now=now)
    nudge_after_commit("orders.tasks.send_due_refunds")
    return refund


def _send(refund: Refund, *, now: datetime) -> bool:
    provider = gateway_named(refund.payment.gateway)
    try:
        if provider is None:
            raise GatewayFailed(f"the provider {refund.payment.gateway} is switched off")
        answer = provider.refund(
            refund_id=refund.pk,
            provider_reference=refund.payment.provider_reference,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
        )
        if not answer.is_finished:
            raise GatewayFailed("the provider has not finished it yet")
    except Exception as error:
        # Not GatewayFailed alone: whatever an adapter stumbles over, the other refunds go on and this one is counted.
        logger.exception("Refund %s did not go through.", refund.pk)
        _put_off(refund_id=refund.pk, problem=str(error), now=now)
        return False
    _finish(refund_id=refund.pk, reference=answer.reference, now=now)
    return True


@transactional
def _finish(*, refund_id: UUID, reference: str, now: datetime) -> None:
    refund, order = _lock(refund_id)
    if refund.is_finished:
        return
    refund.take("went through")
    refund.provider_reference, refund.finished_at, refund.last_error = reference, now, ""
    refund.save(update_fields=["status", "provider_reference", "finished_at", "last_error"])
    if order.needs_attention.startswith(REFUND_PROBLEM) and not _has_failed_refund(order):
        order.needs_attention = ""
        order.save(update_fields=["needs_attention"])
    text = f"{format_money(refund.amount_minor, refund.currency)} went back."
    note(order, OrderEventKind.REFUND_SUCCEEDED, text, actor=refund.payment.gateway, now=now)


@transactional
def _put_off(*, refund_id: UUID, problem: str, now: datetime) -> None:
    """Wait longer each time; after the last try it is for a person, and says so on the order."""
    refund, order = _lock(refund_id)
    if not refund.is_pending:
        return
    refund.last_error = problem[:300]
    refund.next_attempt_at = now + settings.REFUND_RETRY * 2**refund.attempts
    if refund.attempts >= MAX_ATTEMPTS:
        refund.take("failed too often")
        amount = format_money(refund.amount_minor, refund.currency)
        order.needs_attention = f"{REFUND_PROBLEM} {amount} failed {refund.attempts} times: {problem}"[:300]
        order.save(update_fields=["needs_attention"])
        note(order, OrderEventKind.REFUND_FAILED, "A refund needs a person.", actor=refund.payment.gateway, now=now)
    refund.save(update_fields=["last_error", "next_attempt_at", "status"])


def _has_failed_refund(order: Order) -> bool:
    return Refund.objects.filter(payment__order=order, status=RefundStatus.FAILED).exists()


def _lock(refund_id: UUID) -> tuple[Refund, Order]:
    """Order before refund, as everywhere."""
    order_id = Refund.objects.values_list("payment__order_id", flat=True).get(pk=refund_id)
    order = Order.objects.select_for_update().get(pk=order_id)
    return Refund.objects.select_for_update().select_related(None).get(pk=refund_id), order
