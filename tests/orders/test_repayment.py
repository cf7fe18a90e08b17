"""From which of several payments money goes back: the order's worth from the one that bought it, and from no other."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.queries import prove
from orders import services
from orders.models import Payment, Refund, RefundStatus
from orders.queries import prove_owed
from shop.errors import ShopError
from tests.factories import NOW, owed, report
from tests.orders.scenes import Scene, paid

pytestmark = pytest.mark.django_db

WHO = {"actor": "staff", "now": NOW}


def paid_twice() -> Scene:
    """By `main`, which bought it, and by `other`, whose refund the provider has failed for good."""
    scene = paid()
    report(scene.other)
    fail(Refund.objects.get(payment=scene.other))
    scene.refresh()
    return scene


def fail(refund: Refund) -> None:
    report(refund.payment, kind="refund.failed", amount=refund.amount_minor, refund=str(refund.key))


def goodwill(scene: Scene, amount_minor: int) -> Refund:
    return services.repay(order_id=scene.order.pk, amount_minor=amount_minor, reason="sorry", **WHO)


def cancel(scene: Scene, units: int = 2) -> int:
    chosen = {scene.order.lines.get().pk: units}
    return services.cancel_units(order_id=scene.order.pk, units=chosen, restock=True, reason="", **WHO).refund_minor


def sent_back(payment: Payment) -> int:
    kept = Refund.objects.filter(payment=payment).maybe_gone()
    return sum(kept.values_list("amount_minor", flat=True))


def test_the_worth_of_an_order_comes_from_the_payment_that_bought_it_though_another_has_more_left() -> None:
    scene = paid_twice()
    goodwill(scene, 100_000)

    assert services.preview_cancellation(order=scene.order, units=owed(scene.order)) == 420_000
    assert cancel(scene) == 420_000

    assert (sent_back(scene.main), sent_back(scene.other)) == (520_000, 0)
    services.retry_refund(refund_id=Refund.objects.get(payment=scene.other).pk, **WHO)
    assert sent_back(scene.other) == 520_000


def test_staff_may_send_back_by_hand_what_bought_nothing_once_nothing_else_is_left() -> None:
    scene = paid_twice()
    assert goodwill(scene, 520_000).payment == scene.main

    assert goodwill(scene, 20_000).payment == scene.other

    assert (sent_back(scene.main), sent_back(scene.other)) == (520_000, 20_000)
    assert cancel(scene) == 0


STEPS = ["goodwill", "cancel", "fail", "retry", "send", "bank", "won", "pack", "unpack"]


def do(step: str, scene: Scene, *, size: int) -> None:
    """One act. What fails or is tried again is the oldest refund that can."""
    refunds = Refund.objects.filter(payment__order=scene.order).order_by("created_at", "pk")
    line, parcel = scene.order.lines.get(), scene.order.shipments.order_by("-number").first()

    def cancel_some() -> None:
        before = sent_back(scene.other)
        cancel(scene, min(size, 2))
        assert sent_back(scene.other) == before

    acts = {
        "goodwill": lambda: goodwill(scene, size * 60_000),
        "cancel": cancel_some,
        "fail": lambda: [fail(refund) for refund in refunds.exclude(status=RefundStatus.FAILED)[:1]],
        "retry": lambda: [
            services.retry_refund(refund_id=refund.pk, **WHO)
            for refund in refunds.filter(status=RefundStatus.FAILED)[:1]
        ],
        "send": lambda: [
            report(refund.payment, kind="refund.succeeded", amount=refund.amount_minor, refund=str(refund.key))
            for refund in refunds.filter(status=RefundStatus.PENDING)
        ],
        "bank": lambda: report(scene.main, kind="payment.charged_back", amount=size * 60_000),
        "won": lambda: report(scene.main, kind="payment.chargeback_won", amount=size * 60_000),
        "pack": lambda: services.pack(order_id=scene.order.pk, units={line.pk: 1}, **WHO),
        "unpack": lambda: services.unpack(shipment_id=parcel.pk, **WHO) if parcel else None,
    }
    acts[step]()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 3)), max_size=12))
def test_no_payment_gives_more_than_it_brought_and_the_second_one_is_never_taken_for_the_order(
    db: None, steps: list[tuple[str, int]]
) -> None:
    scene = paid()
    report(scene.other)
    own = Refund.objects.get(payment=scene.other)

    for step, size in steps:
        with suppress(ShopError):
            do(step, scene, size=size)

        scene.refresh()
        for payment in (scene.main, scene.other):
            # What a bank takes while a refund is through is lost twice; nobody can be asked before.
            through = payment.refunds.filter(status=RefundStatus.SUCCEEDED)
            is_gone = sum(through.values_list("amount_minor", flat=True))
            assert sent_back(payment) + payment.taken_minor <= max(
                payment.captured_minor, is_gone + payment.taken_minor
            )
        assert (prove(), prove_owed()) == ([], [])

    own.refresh_from_db()
    by_hand = Refund.objects.filter(payment=scene.other).exclude(pk=own.pk)
    if own.needs_a_person and not by_hand.exists():
        services.retry_refund(refund_id=own.pk, **WHO)
        assert sent_back(scene.other) == scene.other.captured_minor
