"""Pages at providers on which nobody may pay any more, because the hold behind them has ended."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from orders.models import Order, Payment
from orders.services.attempt import require_gateway
from orders.services.attention import call_staff, forget_reason
from shop.clock import going_on
from shop.transactions import transactional

logger = logging.getLogger(__name__)

# Longer than the longest call of an adapter. Each claim starts at its own moment, however long the batch takes.
BATCH = 20
LEASE = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
TRIES_BEFORE_A_PERSON = 8
PROBLEM = "A payment page stays open"


def close_ended_sessions(*, now: datetime) -> int:
    """Tell the providers which sessions are over; returns how many are closed.

    Each is claimed by compare-and-set before the call, and a worker that dies leaves it to the next try. Money that
    was faster is not lost: its event comes all the same and is settled as late, or as paid twice.
    """
    closed, clock = 0, going_on(now)
    to_close = Payment.objects.to_close(now=now)
    for payment in to_close.order_by("next_close_at", "created_at", "pk")[:BATCH]:
        claimed = to_close.filter(pk=payment.pk, close_attempts=payment.close_attempts)
        moment = clock()
        if claimed.update(close_attempts=payment.close_attempts + 1, next_close_at=moment + LEASE):
            closed += _close(payment, now=moment)
    return closed


def _close(payment: Payment, *, now: datetime) -> bool:
    try:
        require_gateway(payment.gateway).close_session(session_reference=payment.session_reference)
    except Exception as error:
        # Not GatewayFailed alone: whatever an adapter stumbles over, the other sessions are closed.
        logger.exception("The session of payment %s was not closed.", payment.pk)
        _put_off(payment_id=payment.pk, order_id=payment.order_id, problem=str(error), now=now)
        return False
    _finish(payment_id=payment.pk, order_id=payment.order_id, now=now)
    return True


@transactional
def _finish(*, payment_id: UUID, order_id: UUID, now: datetime) -> None:
    order = Order.objects.select_for_update().get(pk=order_id)
    Payment.objects.filter(pk=payment_id).update(session_closed_at=now)
    forget_reason(order, PROBLEM)


@transactional
def _put_off(*, payment_id: UUID, order_id: UUID, problem: str, now: datetime) -> None:
    """Wait longer each time. After some tries a person is told, and it is tried on: the page is still open."""
    order = Order.objects.select_for_update().get(pk=order_id)
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    pause = min(FIRST_PAUSE * 2 ** min(payment.close_attempts, 10), LONGEST_PAUSE)
    payment.next_close_at = now + pause
    payment.save(update_fields=["next_close_at"])
    if payment.close_attempts == TRIES_BEFORE_A_PERSON:
        call_staff(order, f"{PROBLEM} at {payment.gateway}: {problem}")
