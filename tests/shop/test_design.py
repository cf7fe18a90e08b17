"""The design system keeps its promises: contrast, weight, and nothing that the content policy would block."""

import gzip
import re
from pathlib import Path

import pytest

from shop.script import script
from shop.styleguide import tokens
from shop.stylesheet import stylesheet

ROOT = Path(__file__).resolve().parents[2]


def test_contrast_of_every_role() -> None:
    assert [pair for pair in tokens.pairs() if not pair.holds] == []


def test_contrast_is_computed_as_wcag_says() -> None:
    assert tokens.contrast("#ffffff", "#000000") == pytest.approx(21)
    assert tokens.contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_stylesheet_weighs_at_most_12_kb() -> None:
    assert len(stylesheet().body_gzipped) <= 12 * 1024


def test_each_behaviour_weighs_at_most_1_kb() -> None:
    weights = {path.name: len(gzip.compress(path.read_bytes(), mtime=0)) for path in (ROOT / "static/js").glob("*.js")}

    assert {name: weight for name, weight in weights.items() if weight > 1024} == {}
    assert len(script().body_gzipped) <= 5 * 1024


def test_templates_hold_nothing_inline() -> None:
    inline = re.compile(r"""\sstyle=|\son\w+=["']|<style|<script(?![^>]*\ssrc=)|hx-on|js:""")
    found = {
        str(path.relative_to(ROOT)): match[0]
        for path in (ROOT / "templates").rglob("*.html")
        if path.relative_to(ROOT).parts[1] != "email" and (match := inline.search(path.read_text()))
    }

    assert found == {}


def test_every_icon_that_is_asked_for_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'id="([\w-]+)"', (ROOT / "static/img/icons.svg").read_text()))
    asked = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'{% icon "([\w-]+)" %}', path.read_text())
    }

    assert asked - drawn == set()


@pytest.mark.parametrize("template", sorted((ROOT / "templates").glob("*/*.html")), ids=lambda path: path.name)
def test_forms_to_fill_in_leave_the_judging_to_the_server(template: Path) -> None:
    """The browser's own bubbles speak the browser's words and language, and say nothing of the remedy."""
    forms = re.findall(r"(<form[^>]*method=\"post\".*?>)(.*?)</form>", template.read_text(), flags=re.DOTALL)
    to_fill_in = [opening for opening, body in forms if "_field.html" in body or "_quantity.html" in body]
    assert [opening for opening in to_fill_in if "novalidate" not in opening] == []
