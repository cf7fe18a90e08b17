"""The payment result page has its own words for every end, under a code that stays."""

from collections.abc import Callable

import pytest

from orders import services
from orders.models import OrderEvent
from orders.outcomes import Outcome, payment_outcome
from tests.factories import report
from tests.orders.scenes import (
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
