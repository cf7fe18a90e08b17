"""The design system keeps its promises: contrast, weight, and nothing that the content policy would block."""

import gzip
import re
from pathlib import Path

import pytest

from shop.stylesheet import stylesheet

ROOT = Path(__file__).resolve().parents[2]
TOKENS = (ROOT / "static/css/tokens.css").read_text()
PAIRS = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}), #\w{6}\)", TOKENS))
DARK = dict(re.findall(r"--([\w-]+): light-dark\(#\w{6}, (#\w{6})\)", TOKENS))
SINGLE = dict(re.findall(r"--([\w-]+): (#\w{6});", TOKENS))

TEXT = [
    ("ink", "paper"), ("ink", "surface"), ("ink", "sunken"),
    ("muted", "paper"), ("muted", "surface"), ("muted", "sunken"),
    ("on-brand", "brand"), ("on-brand", "brand-hover"), ("brand", "surface"),
    ("held-ink", "held-tint"), ("soon-ink", "soon-tint"), ("line-ink", "line-tint"), ("gone-ink", "gone-tint"),
    ("gone-ink", "paper"), ("on-gone", "gone"), ("on-sun", "sun"),
]  # fmt: skip
GRAPHICS = [
    ("edge-strong", "paper"), ("edge-strong", "sunken"), ("edge-strong", "surface"), ("focus", "paper"),
    ("held-bar", "held-tint"), ("soon-bar", "soon-tint"), ("line-bar", "line-tint"), ("gone", "gone-tint"),
]  # fmt: skip


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(first: str, second: str) -> float:
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [{**SINGLE, **PAIRS}, {**SINGLE, **DARK}], ids=["light", "dark"])
def test_contrast_of_every_role(scheme: dict[str, str]) -> None:
    text = {pair: _contrast(scheme[pair[0]], scheme[pair[1]]) for pair in TEXT}
    graphics = {pair: _contrast(scheme[pair[0]], scheme[pair[1]]) for pair in GRAPHICS}

    assert {pair: ratio for pair, ratio in text.items() if ratio < 7} == {}
    assert {pair: ratio for pair, ratio in graphics.items() if ratio < 4} == {}


def test_stylesheet_weighs_at_most_12_kb() -> None:
    assert len(stylesheet().body_gzipped) <= 12 * 1024


def test_each_behaviour_weighs_at_most_1_kb() -> None:
    weights = {path.name: len(gzip.compress(path.read_bytes(), mtime=0)) for path in (ROOT / "static/js").glob("*.js")}

    assert {name: weight for name, weight in weights.items() if weight > 1024} == {}
    assert sum(weights.values()) <= 5 * 1024


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
