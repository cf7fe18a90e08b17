"""The schema says what the code does: the committed file is fresh, and thousands of odd requests find no failure."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.conf import settings as shop_settings
from django.core.management import CommandError, call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, settings
from rest_framework.test import APIClient
from rest_framework.throttling import ScopedRateThrottle
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from inventory.queries import prove
from shop.management.commands import api_document
from shop.room.services import plan_room
from shop.wsgi import application
from tests.api.conftest import API, add, as_guest_of, check_out
from tests.factories import ShippingMethodFactory, StockItemFactory, paid_order, published_drop

DOCUMENT = Path(shop_settings.BASE_DIR) / "docs" / "openapi.yaml"
CONFORMANCE = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
schema = schemathesis.openapi.from_path(DOCUMENT)
schema.app = application


def test_schema_is_fresh() -> None:
    call_command("api_document", "--check")


def test_stale_schema_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stale = tmp_path / "openapi.yaml"
    stale.write_text(DOCUMENT.read_text() + "# changed by hand\n")
    monkeypatch.setattr(api_document, "DOCUMENT", stale)

    with pytest.raises(CommandError, match=r"docs/openapi\.yaml differs"):
        call_command("api_document", "--check")
    call_command("api_document")

    assert stale.read_text() == DOCUMENT.read_text()


def test_schema_is_served(guest: APIClient) -> None:
    answer = guest.get(f"{API}/schema/")

    assert answer.status_code == 200
    assert b"/api/v1/cart/{cart_id}/checkout" in answer.content


def test_documentation_needs_no_exception_for_scripts(guest: APIClient) -> None:
    page, script = guest.get(f"{API}/docs/"), guest.get(f"{API}/docs/?script=")

    policy = page["Content-Security-Policy"]
    assert "img-src 'self' data:" in policy
    assert ("unsafe" in policy, b"<style" in page.content, b"//cdn" in page.content) == (False, False, False)
    assert script["Content-Type"] == "application/javascript"
    assert "data:" not in guest.get(f"{API}/schema/")["Content-Security-Policy"]


@pytest.fixture
def token(staff: APIClient) -> str:
    header: str = staff._credentials["HTTP_AUTHORIZATION"]
    return header.removeprefix("Bearer ")


@pytest.fixture
def ids(staff: APIClient, guest: APIClient, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Things that are there, by the name of the path's parameter."""
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"auth": None})
    ShippingMethodFactory()
    item = StockItemFactory(on_hand=100_000)
    cart = add(guest, item).json()
    order = check_out(as_guest_of(cart), cart["id"]).json()
    room = plan_room(
        key="evening",
        name="Evening drop",
        address="/",
        opens_at=timezone.now() + timedelta(minutes=5),
        ends_at=None,
        now=timezone.now(),
    )
    invoice = paid_order(user=User.objects.get(email="staff@example.com"), now=timezone.now()).papers.get()
    own = add(staff, item).json()
    return {
        "cart_id": own["id"],
        "gateway": "sandbox",
        "key": room.key,
        "line_id": own["items"][0]["id"],
        "number": invoice.number,
        "order_id": str(invoice.order_id),
        "payment_id": order["payment"]["id"],
        "reference": str(item.variant.product.slug),
        "return_id": order["id"],
        "slug": published_drop(quotas={StockItemFactory().variant: 1}).slug,
        "stock_item_id": str(item.pk),
        "user_id": str(User.objects.get(email="staff@example.com").pk),
    }


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=5, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_nothing_breaks_it(case: Any, ids: dict[str, str], token: str) -> None:
    for known in ({}, {name: ids[name] for name in case.path_parameters or {}}):
        case.path_parameters = {**(case.path_parameters or {}), **known}
        answer = _call(case, token=token)
        case.validate_response(
            answer,
            checks=CONFORMANCE,
        )
    assert prove() == []


def _call(case: Any, *, token: str) -> Any:
    """Ask the WSGI application, which would give its connection back: here it is the test's, in a transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        return case.call(headers={"Authorization": f"Bearer {token}"})
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
