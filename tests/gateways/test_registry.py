"""Which providers there are, and what is said at start when one cannot work."""

from typing import Any

import pytest
from django.test import Client

from orders.checks import payment_gateways
from orders.gateways import available_gateways
from orders.gateways.sandbox import SandboxGateway


class OwnGateway(SandboxGateway):
    """A third gateway: one class, named in one setting."""

    name = "own"
    label = "Own"


def problems(settings: Any, *entries: str) -> list[tuple[str, str]]:
    settings.PAYMENT_GATEWAYS = list(entries)
    return [(problem.id, problem.msg) for problem in payment_gateways(None)]


def test_gateways_are_offered_in_the_order_of_the_setting(settings: Any) -> None:
    settings.PAYMENT_GATEWAYS = ["tests.gateways.test_registry.OwnGateway", "sandbox"]

    assert list(available_gateways()) == ["own", "sandbox"]


def test_shop_without_a_gateway_does_not_start(settings: Any) -> None:
    assert problems(settings) == [("orders.E001", "No payment provider is switched on: nobody could pay.")]


@pytest.mark.parametrize("entry", ["paypall", "orders.gateways.nowhere.Gateway", "orders.gateways.base.CAPTURED"])
def test_what_is_no_gateway_is_named(settings: Any, entry: str) -> None:
    ((code, message),) = problems(settings, entry)

    assert code == "orders.E002"
    assert "PAYMENT_GATEWAYS" in message


def test_stripe_says_what_it_needs(settings: Any) -> None:
    assert [message for _, message in problems(settings, "stripe")] == [
        "The gateway stripe needs the variable STRIPE_SECRET_KEY.",
        "The gateway stripe needs the variable STRIPE_WEBHOOK_SECRET.",
    ]


def test_demo_has_nothing_to_complain_of(settings: Any) -> None:
    assert problems(settings, "sandbox") == []


@pytest.mark.django_db
def test_webhook_of_a_gateway_that_is_off_is_unknown(client: Client) -> None:
    answer = client.post("/api/v1/webhooks/gateways/stripe", b"{}", content_type="application/json")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
