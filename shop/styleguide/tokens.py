"""The colours by role as `static/css/tokens.css` has them, and how well they can be told apart."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

# What is read needs 7 to 1, what is only seen 4 to 1: above what WCAG 2.2 AA asks.
TEXT_RATIO, GRAPHICS_RATIO = 7, 4
TEXT = (
    ("ink", "paper"), ("ink", "surface"), ("ink", "sunken"),
    ("muted", "paper"), ("muted", "surface"), ("muted", "sunken"),
    ("on-brand", "brand"), ("on-brand", "brand-hover"), ("brand", "surface"),
    ("held-ink", "held-tint"), ("soon-ink", "soon-tint"), ("line-ink", "line-tint"), ("gone-ink", "gone-tint"),
    ("gone-ink", "paper"), ("on-gone", "gone"), ("on-sun", "sun"),
)  # fmt: skip
GRAPHICS = (
    ("edge-strong", "paper"), ("edge-strong", "sunken"), ("edge-strong", "surface"), ("focus", "paper"),
    ("held-bar", "held-tint"), ("soon-bar", "soon-tint"), ("line-bar", "line-tint"), ("gone", "gone-tint"),
)  # fmt: skip
BOTH = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);")
SAME = re.compile(r"--([\w-]+): (#\w{6});")
LENGTH = re.compile(r"--((?:step|space|radius)-[\w-]+): ([^;]+);")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two roles that are shown on each other, with the ratio of their luminances in each scheme, and the least."""

    front: str
    back: str
    light: float
    dark: float
    least: int

    @property
    def holds(self) -> bool:
        return min(self.light, self.dark) >= self.least


def schemes() -> dict[str, dict[str, str]]:
    """Scheme to role to colour, in the order of the file."""
    text = _file()
    same = dict(SAME.findall(text))
    both = BOTH.findall(text)
    return {
        "light": {role: light for role, light, _ in both} | same,
        "dark": {role: dark for role, _, dark in both} | same,
    }


def lengths() -> list[tuple[str, str]]:
    """Sizes of type, spaces and radii: name to value."""
    return LENGTH.findall(_file())


def pairs() -> list[Pair]:
    """Every pair that the shop shows, first what is read."""
    both = schemes()
    asked = [(*pair, TEXT_RATIO) for pair in TEXT] + [(*pair, GRAPHICS_RATIO) for pair in GRAPHICS]
    return [
        Pair(
            front=front,
            back=back,
            least=least,
            light=contrast(both["light"][front], both["light"][back]),
            dark=contrast(both["dark"][front], both["dark"][back]),
        )
        for front, back, least in asked
    ]


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours by WCAG 2.2, from 1 to 21. https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _file() -> str:
    return (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
