"""The shop closed for a while, and who still comes in."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_door(settings: Any, tmp_path: Path) -> None:
    settings.MAINTENANCE_FILE = tmp_path / "maintenance"


def test_closed_shop_says_when_it_opens(client: Client) -> None:
    assert client.get("/").status_code == 200
    call_command("maintenance", "on", until="20:30 WIB")

    page = client.get("/")

    assert (page.status_code, page["Retry-After"], page["Cache-Control"]) == (503, "120", "no-store")
    assert "open again at 20:30 WIB" in page.content.decode()
    assert "Content-Security-Policy" in page
    call_command("maintenance", "off")
    call_command("maintenance", "off")
    assert client.get("/").status_code == 200


def test_program_reads_a_problem(client: Client) -> None:
    call_command("maintenance", "on")

    answer = client.get("/api/v1/products")

    assert (answer.status_code, answer.json()["code"]) == (503, "closed")
    assert answer["Content-Type"] == "application/problem+json"


def test_health_staff_and_money_come_through(client: Client) -> None:
    call_command("maintenance", "on")

    assert client.get("/healthz").status_code == 200
    assert client.get("/admin/").status_code == 302
    assert client.post("/api/v1/webhooks/payments/sandbox", b"{}", content_type="application/json").status_code != 503


def test_setting_closes_it_too(client: Client, settings: Any) -> None:
    settings.MAINTENANCE = True

    assert client.get("/").status_code == 503
