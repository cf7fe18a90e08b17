"""The payment result page has its own words for every end, under a code that stays."""

from collections.abc import Callable

import pytest

from orders import services
from orders.models import Message, OrderEvent, OrderStatus
from orders.outcomes import Outcome, payment_outcome
from tests.factories import owed, report
from tests.orders.scenes import (
    BUILD,
    WINDOW_ENDS,
    Scene,
    backordered,
    cancelled,
    expired,
    fulfilled,
    paid,
    partly_fulfilled,
    receive,
    refunded,
    waiting,
)

pytestmark = pytest.mark.django_db


def outcome(scene: Scene) -> Outcome:
    scene.refresh()
    events = list(OrderEvent.objects.filter(order=scene.order).order_by("-happened_at", "-pk"))
    return payment_outcome(order=scene.order, events=events, now=scene.now)


def after(scene: Scene, kind: str, **changes: object) -> Scene:
    payment = scene.other if scene.order.is_paid and kind == "payment.captured" else scene.main
    report(payment, kind=kind, now=scene.now, **changes)
    return scene


def arrived() -> Scene:
    scene = backordered()
    receive(scene)
    services.allocate_arrivals(now=scene.now)
    return scene


def late_kept() -> Scene:
    scene = waiting()
    scene.now = WINDOW_ENDS
    return after(scene, "payment.captured")


SCENES: dict[str, Callable[[], Scene]] = {
    "pay.pending": waiting,
    "pay.authorised": lambda: after(waiting(), "payment.authorised"),
    "pay.failed": lambda: after(waiting(), "payment.declined"),
    "pay.given_up": lambda: after(waiting(), "payment.cancelled"),
    "pay.done": paid,
    "pay.late_kept": late_kept,
    "pay.late_refunded": refunded,
    "pay.backordered": backordered,
    "pay.arrived": arrived,
    "pay.twice": lambda: after(paid(), "payment.captured"),
    "pay.amount_differs": lambda: after(waiting(), "payment.captured", amount=1),
    "pay.charged_back": lambda: after(paid(), "payment.charged_back"),
    "pay.cancelled": cancelled,
    "pay.over": expired,
}


@pytest.mark.parametrize("code", SCENES)
def test_every_end_has_words_of_its_own(code: str) -> None:
    said = outcome(SCENES[code]())

    assert said.code == code
    assert said.title
    assert said.text
    assert "{" not in said.text


@pytest.mark.parametrize("build", [paid, partly_fulfilled, fulfilled])
def test_a_paid_order_says_so_wherever_its_parcels_are(build: Callable[[], Scene]) -> None:
    assert outcome(build()).code == "pay.done"


def test_an_authorised_payment_waits_without_offering_a_second_one() -> None:
    said = outcome(after(waiting(), "payment.authorised"))

    assert (said.is_pending, said.can_retry) == (True, False)


def test_a_chargeback_that_was_won_says_paid_again() -> None:
    scene = after(paid(), "payment.charged_back")

    assert outcome(after(scene, "payment.chargeback_won")).code == "pay.done"


def test_a_page_that_the_provider_closed_says_that_nothing_was_charged_and_can_be_tried_again() -> None:
    said = outcome(after(waiting(), "payment.expired"))

    assert said.text.startswith("The payment page was closed. Nothing was charged. Everything stays held")
    assert said.can_retry


def given_up(scene: Scene) -> str:
    """The mail after a cancellation by staff."""
    services.cancel_units(
        order_id=scene.order.pk, units=owed(scene.order), restock=True, reason="", now=scene.now, actor="staff"
    )
    return Message.objects.get(key__startswith=f"order_cancelled:{scene.order.pk}").text


def test_a_cancelled_order_says_where_its_money_really_is() -> None:
    with_bank = after(paid(), "payment.charged_back")

    mail = given_up(with_bank)

    for words in (mail, outcome(with_bank).text):
        assert "Your bank took the payment back" in words
        assert "Nothing was charged" not in words
        assert "on its way back" not in words
    after(with_bank, "payment.chargeback_won")
    assert outcome(with_bank).text.startswith("What you paid has not gone back yet")
    services.repay(order_id=with_bank.order.pk, amount_minor=1_000, reason="a part", now=with_bank.now, actor="staff")
    assert "of what you paid is on its way back" in outcome(with_bank).text

    with_us = paid()
    assert "is on its way back" in given_up(with_us)
    assert outcome(with_us).text.startswith("What you paid is on its way back")


def test_the_mail_of_a_cancelled_order_of_which_all_went_back_before_does_not_say_that_nothing_was_charged() -> None:
    scene = paid()
    total_minor = scene.order.total_minor
    services.repay(order_id=scene.order.pk, amount_minor=total_minor, reason="sorry", now=scene.now, actor="staff")

    assert "Nothing more goes back." in given_up(scene)


def test_an_order_whose_units_were_gone_says_where_its_money_really_is() -> None:
    """Once something else was told last: here, that the bank returned what it had taken."""

    def said(ends: str) -> Outcome:
        scene = BUILD[OrderStatus.REFUNDED]()
        refund = scene.last_refund
        if ends:
            report(scene.main, kind=f"refund.{ends}", amount=refund.amount_minor, refund=str(refund.key))
        OrderEvent.objects.filter(order=scene.order, kind__startswith="PAID_LATE").delete()
        return outcome(scene)

    assert [said(ends).title for ends in ("", "succeeded", "failed")] == [
        "Money on its way back",
        "Money sent back",
        "Your money is not back yet",
    ]
    assert "We returned" in said("succeeded").text
    assert not any("We returned" in said(ends).text for ends in ("", "failed"))
