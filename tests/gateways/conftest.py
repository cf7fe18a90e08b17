"""A Stripe that listens on this machine, and a shop that uses it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateways import stripe_fake
from tests.gateways.stripe_fake import StripeFake


@pytest.fixture
def stripe(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeFake]:
    """The fake, reached by the real SDK over real HTTP. It does not wait between its own retries."""
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0)
    monkeypatch.setattr("stripe.HTTPClient.MAX_DELAY", 0)
    with stripe_fake.running() as (fake, url):
        settings.PAYMENT_GATEWAYS = ["sandbox", "stripe"]
        settings.STRIPE_SECRET_KEY = stripe_fake.SECRET_KEY
        settings.STRIPE_WEBHOOK_SECRET = stripe_fake.WEBHOOK_SECRET
        settings.STRIPE_API_URL = url
        yield fake
