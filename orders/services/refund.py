"""Money on its way back: asked for in the transaction of the reason, sent by the worker, never given up in silence."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from orders.ends import Happening
from orders.gateways import GatewayEvent, GatewayFailed, GatewayRefundFailed, base, gateway_named
from orders.gateways.base import MAX_REFERENCE_LENGTH
from orders.models import REFUND_ENDS, Order, OrderEventKind, Payment, Refund, RefundStatus
from orders.services.attention import call_staff, forget_reason
from orders.services.end import conclude
from orders.services.errors import PaymentChargedBack, RefundNotFailed, RefundTooMuch
from orders.services.nudge import nudge_after_commit
from orders.services.paper import issue_credit_note, reverse_credit_note
from orders.services.share import shares_of
from orders.services.timeline import note
from shop.clock import going_on
from shop.errors import NotFound
from shop.money import format_money
from shop.transactions import transactional

logger = logging.getLogger(__name__)

# Longer than the longest call of an adapter. Each claim starts at its own moment, however long the batch takes.
BATCH = 20
LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 8
LONGEST_LOOK = timedelta(minutes=30)
REFUND_PROBLEM = "A refund of"


@transactional
def request_refund(payment: Payment, *, amount_minor: int, currency: str, reason: str, now: datetime) -> Refund:
    """Write down that this much goes back, in the caller's transaction, and wake the worker.

    The caller has locked the order. Each call is a refund of its own; together they never exceed what came.

    :raises RefundTooMuch: if more would go back than came, or another currency.
    :raises PaymentChargedBack: if the bank has taken the money back already.
    """
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    _refuse_more_than_came(payment, amount_minor=amount_minor, currency=currency)
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
    finished, clock = 0, going_on(now)
    for refund in Refund.objects.due(now=now).select_related("payment").order_by("next_attempt_at")[:BATCH]:
        claimed = Refund.objects.due(now=now).filter(pk=refund.pk, attempts=refund.attempts)
        moment = clock()
        if claimed.update(attempts=refund.attempts + 1, next_attempt_at=moment + LEASE):
            finished += _send(refund, now=moment)
    return finished


@transactional
def retry_refund(*, refund_id: UUID, actor: str, now: datetime) -> Refund:
    """Put a failed refund back to work, from the staff queue.

    :raises RefundNotFailed: if it is on its way or finished.
    :raises RefundTooMuch: if the money has gone back by another refund meanwhile.
    :raises PaymentChargedBack: if the bank has taken the money back.
    """
    if not Refund.objects.filter(pk=refund_id).exists():
        raise NotFound()
    refund, order = _lock(refund_id)
    if not REFUND_ENDS[refund.status, "tried again by staff"].moves:
        raise RefundNotFailed(status=refund.get_status_display().lower())
    payment = Payment.objects.select_for_update().get(pk=refund.payment_id)
    _refuse_more_than_came(payment, amount_minor=refund.amount_minor, currency=refund.currency, again=refund)
    refund.take("tried again by staff")
    # Nought stays what it says: never asked for under this key.
    refund.attempts, refund.next_attempt_at = min(refund.attempts, 1), now
    refund.save(update_fields=["status", "attempts", "next_attempt_at"])
    note(order, OrderEventKind.ATTENDED, "A refund that had failed is tried again.", actor=actor, now=now)
    nudge_after_commit("orders.tasks.send_due_refunds")
    return refund


def left_of(payment: Payment, *, again: Refund | None = None) -> int:
    """What came with this payment, is not on its way back, not with the bank, and pays no other order, in minor units.

    What failed for good did not leave, so it does not count; nor does the refund that is to be tried `again`.
    """
    gone = Refund.objects.filter(payment=payment).maybe_gone()
    if again is not None:
        gone = gone.exclude(pk=again.pk)
    gone_minor = gone.aggregate(gone=Sum("amount_minor"))["gone"] or 0
    moved_minor = Payment.objects.filter(moved_from=payment).aggregate(moved=Sum("captured_minor"))["moved"] or 0
    return payment.captured_minor - payment.taken_minor - moved_minor - gone_minor


def settle_refund_report(order: Order, payment: Payment, event: GatewayEvent, *, now: datetime) -> str:
    """What a provider reports of money that goes back, for a locked order and payment; returns the outcome's words.

    It may speak of a refund of ours, by our key or by its own reference, or of one that somebody made on its pages.
    """
    refund = _refund_meant(payment, event)
    if refund is not None and refund.payment_id != payment.pk:
        # It is another order's, which a part of this payment pays. The older order is locked before the newer.
        order, payment = refund.payment.order, refund.payment
    if event.kind == base.REFUND_SUCCEEDED:
        if refund is None:
            return _write_down_unknown(order, payment, event, now=now)
        return _go_through(order, payment, refund, reference=_own_reference(refund, event), now=now)
    if refund is None:
        call_staff(order, "The provider says that a refund failed of which the shop knows nothing.")
        return "no effect: no such refund is known here"
    if event.refund_id in refund.old_references or _is_old_key(refund, event):
        return "no effect: an earlier try of it failed, and is dealt with"
    return _fail(order, payment, refund, event_name="failed at the provider", problem="the provider failed it", now=now)


def stop_refunds(order: Order, payment: Payment, *, now: datetime) -> None:
    """The bank has taken the money: what is still on its way must not go back a second time. In the caller's lock."""
    for refund in (
        Refund.objects.select_for_update().filter(payment=payment, status=RefundStatus.PENDING).order_by("pk")
    ):
        _fail(order, payment, refund, event_name="charged back", problem="the bank took the payment back", now=now)


def _send(refund: Refund, *, now: datetime) -> bool:
    provider, key = gateway_named(refund.payment.gateway), refund.key
    try:
        if provider is None:
            raise GatewayFailed(f"the provider {refund.payment.gateway} is switched off")
        answer = provider.refund(
            refund_id=key,
            provider_reference=refund.payment.provider_reference,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
        )
    except GatewayRefundFailed as error:
        logger.exception("Refund %s failed at the provider.", refund.pk)
        _fail_at_provider(refund_id=refund.pk, key=key, problem=str(error), now=now)
        return False
    except Exception as error:
        # Not GatewayFailed alone: whatever an adapter stumbles over, the other refunds go on and this one is counted.
        logger.exception("Refund %s did not go through.", refund.pk)
        _put_off(refund_id=refund.pk, problem=str(error), now=now)
        return False
    if not answer.is_finished:
        _wait(refund_id=refund.pk, key=key, reference=answer.reference, now=now)
        return False
    _finish(refund_id=refund.pk, reference=answer.reference, now=now)
    return True


@transactional
def _finish(*, refund_id: UUID, reference: str, now: datetime) -> None:
    refund, order = _lock(refund_id)
    _go_through(order, refund.payment, refund, reference=reference, now=now)


@transactional
def _fail_at_provider(*, refund_id: UUID, key: UUID, problem: str, now: datetime) -> None:
    refund, order = _lock(refund_id)
    if refund.key == key:
        _fail(order, refund.payment, refund, event_name="failed at the provider", problem=problem, now=now)


@transactional
def _wait(*, refund_id: UUID, key: UUID, reference: str, now: datetime) -> None:
    """The provider has it, and banks take days: no failed try. It is looked at the more rarely the longer it takes."""
    refund, _ = _lock(refund_id)
    if not refund.is_pending or refund.key != key:
        return
    refund.provider_reference = reference or refund.provider_reference
    refund.attempts, refund.last_error = 1, "the provider has not finished it yet"
    refund.next_attempt_at = now + min(max(now - refund.created_at, settings.REFUND_RETRY), LONGEST_LOOK)
    refund.save(update_fields=["provider_reference", "attempts", "last_error", "next_attempt_at"])


@transactional
def _put_off(*, refund_id: UUID, problem: str, now: datetime) -> None:
    """Wait longer each time; after the last try it is for a person, and says so on the order."""
    refund, order = _lock(refund_id)
    if not refund.is_pending:
        return
    refund.last_error = problem[:300]
    refund.next_attempt_at = now + settings.REFUND_RETRY * 2**refund.attempts
    refund.save(update_fields=["last_error", "next_attempt_at"])
    if refund.attempts >= MAX_ATTEMPTS:
        why = f"{problem}, {refund.attempts} times"
        _fail(order, refund.payment, refund, event_name="failed too often", problem=why, now=now)


def _go_through(order: Order, payment: Payment, refund: Refund, *, reference: str, now: datetime) -> str:
    """The money is back with the shopper. Told twice, by the answer and by a report, it is one refund."""
    report = REFUND_ENDS[refund.status, "went through"]
    if not report.moves:
        if reference and not refund.provider_reference:
            refund.provider_reference = reference
            refund.save(update_fields=["provider_reference"])
        elif reference and refund.provider_reference != reference:
            amount = format_money(refund.amount_minor, refund.currency)
            call_staff(order, f"A refund of {amount} has two references: {refund.provider_reference} and {reference}.")
        return f"no effect: {report.why}"
    refund.take("went through")
    refund.provider_reference = reference or refund.provider_reference
    refund.finished_at, refund.last_error = now, ""
    refund.save(update_fields=["status", "provider_reference", "finished_at", "last_error"])
    issue_credit_note(refund, now=now)
    if not _has_failed_refund(order):
        forget_reason(order, REFUND_PROBLEM)
    is_part = refund.amount_minor < payment.captured_minor
    end, _ = conclude(
        order,
        Happening.REFUND_OF_A_PART if is_part else Happening.REFUND_SUCCEEDED,
        actor=payment.gateway,
        now=now,
        **_amounts(payment, refund),
    )
    return end.outcome


def _fail(order: Order, payment: Payment, refund: Refund, *, event_name: str, problem: str, now: datetime) -> str:
    """It did not go back, and trying on will not help: a person looks at it."""
    report = REFUND_ENDS[refund.status, event_name]
    # What the provider has failed is failed for ever under its key, also if the shop had given it up before. One that
    # it never answered keeps its key.
    if event_name == "failed at the provider" and (report.moves or refund.attempts):
        reverse_credit_note(refund, now=now)
        refund.failures, refund.attempts = refund.failures + 1, 0
        if refund.provider_reference:
            # A late word of this try must not be taken for one of the next.
            refund.old_references = [*refund.old_references, refund.provider_reference]
            refund.provider_reference = ""
        refund.save(update_fields=["failures", "attempts", "old_references", "provider_reference"])
    if not report.moves:
        return f"no effect: {report.why}"
    refund.take(event_name)
    refund.last_error, refund.finished_at = problem[:300], None
    refund.save(update_fields=["status", "last_error", "finished_at"])
    facts = _amounts(payment, refund)
    end, _ = conclude(order, Happening.REFUND_FAILED, actor=payment.gateway, now=now, problem=problem, **facts)
    return end.outcome


def _write_down_unknown(order: Order, payment: Payment, event: GatewayEvent, *, now: datetime) -> str:
    """Somebody sent money back on the provider's own pages: it is a fact, and a person says what it was for."""
    if event.amount_minor <= 0:
        call_staff(order, "The provider reports a refund of nothing.")
        return "no effect: nothing went back"
    refund = Refund.objects.create(
        payment=payment,
        amount_minor=event.amount_minor,
        currency=event.currency,
        reason="made at the provider",
        status=RefundStatus.SUCCEEDED,
        provider_reference=event.refund_id[:MAX_REFERENCE_LENGTH],
        created_at=now,
        next_attempt_at=now,
        finished_at=now,
    )
    issue_credit_note(refund, now=now)
    facts = _amounts(payment, refund)
    end, _ = conclude(order, Happening.REFUND_UNKNOWN, actor=payment.gateway, now=now, **facts)
    return end.outcome


def _refund_meant(payment: Payment, event: GatewayEvent) -> Refund | None:
    """The refund that an event speaks of, locked: by our key, or by the provider's reference, of this try or another.

    What has another name is not ours, however alike it looks: somebody may send the same amount back by hand in the
    same minute. Only where a provider gives no name at all, it is the one that was asked for with this amount and has
    not been answered.
    """
    refunds = list(Refund.objects.select_for_update().filter(payment=payment).order_by("pk"))
    for share in shares_of(payment):
        # The provider knows one charge: what goes back of another order that it pays is told under its name, too.
        share.order = Order.objects.select_for_update().get(pk=share.order_id)
        of_share = list(Refund.objects.select_for_update().filter(payment=share).order_by("pk"))
        for refund in of_share:
            refund.payment = share
        refunds += of_share
    for refund in refunds:
        names = [refund.provider_reference, *refund.old_references]
        if event.refund_id and (refund.knows_key(event.refund_id) or event.refund_id in names):
            return refund
    for refund in refunds:
        is_unanswered = refund.is_pending and refund.attempts and not refund.provider_reference and not event.refund_id
        if is_unanswered and (refund.amount_minor, refund.currency) == (event.amount_minor, event.currency):
            return refund
    return None


def _is_old_key(refund: Refund, event: GatewayEvent) -> bool:
    return refund.knows_key(event.refund_id) and event.refund_id != str(refund.key)


def _own_reference(refund: Refund, event: GatewayEvent) -> str:
    """The provider's name for it; empty if the event names it by our key."""
    return "" if refund.knows_key(event.refund_id) else event.refund_id


def _refuse_more_than_came(payment: Payment, *, amount_minor: int, currency: str, again: Refund | None = None) -> None:
    if payment.is_charged_back:
        raise PaymentChargedBack()
    left_minor = left_of(payment, again=again)
    if amount_minor > left_minor or currency != payment.captured_currency:
        raise RefundTooMuch(left_minor=max(left_minor, 0), currency=payment.captured_currency or payment.currency)


def _amounts(payment: Payment, refund: Refund) -> dict[str, str]:
    return {
        "amount": format_money(refund.amount_minor, refund.currency),
        "came": format_money(payment.captured_minor, payment.captured_currency or payment.currency),
    }


def _has_failed_refund(order: Order) -> bool:
    return Refund.objects.filter(payment__order=order, status=RefundStatus.FAILED).exists()


def _lock(refund_id: UUID) -> tuple[Refund, Order]:
    """Order before refund, as everywhere."""
    order_id = Refund.objects.values_list("payment__order_id", flat=True).get(pk=refund_id)
    order = Order.objects.select_for_update().get(pk=order_id)
    return Refund.objects.select_for_update().select_related(None).get(pk=refund_id), order
