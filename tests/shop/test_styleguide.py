"""The gallery: every component is in it, production has none, and it asks the database for next to nothing."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from shop.styleguide.examples import components

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
# They stand on the gallery's page itself, or in another component.
AROUND = {"_header.html", "_footer.html", "_icon.html", "_picture.html", "_ended_by_staff.html"}
# Hidden until a script has asked the device.
BY_SCRIPT = {"_passkey.html"}
INSIDE = {"_error_summary.html", "_summary.html", "_summary_lines.html"}


def test_gallery_shows_every_state(client: Client) -> None:
    page = client.get("/styleguide/")

    body = page.content.decode()
    assert page.status_code == 200
    for words in ("Nobody else can take it", "One minute left", "We had to end your hold", "Someone else has it now"):
        assert words in body


def test_every_component_has_a_place_in_the_gallery() -> None:
    drawn = {Path(component.template).name for component in components()}
    made = {path.name for path in (ROOT / "templates/components").glob("_*.html")}

    assert made - drawn - AROUND - INSIDE - BY_SCRIPT == set()


def test_gallery_is_not_there_where_it_is_off(client: Client, settings: Any) -> None:
    settings.STYLEGUIDE = False

    assert client.get("/styleguide/").status_code == 404


def test_gallery_asks_the_database_for_shelves_and_a_picture_alone(
    client: Client, django_assert_num_queries: Any
) -> None:
    client.get("/styleguide/")
    with django_assert_num_queries(2):
        client.get("/styleguide/")
