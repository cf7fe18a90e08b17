"""Words, prices and pictures for templates. Every page has these without `{% load %}`."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms, template
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as written
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from shop import money as money_words
from shop.clock import clock_time, clock_time_with_seconds, day_and_time
from shop.models import PICTURE_SIZES, ProductImage
from shop.money import format_money
from shop.script import script
from shop.stylesheet import stylesheet

register = template.Library()

# The first mark that is there decides: every browser claims to be several others, too.
BROWSERS = [("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox")]
BROWSERS += [("Chrome", "Chrome"), ("Safari", "Safari")]
SYSTEMS = [("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "Mac")]
SYSTEMS += [("Linux", "Linux")]


@register.filter
def money(amount_minor: int, currency: str) -> str:
    """`1249000|money:"IDR"` is "Rp 1.249.000"."""
    return format_money(amount_minor, currency)


@register.filter
def tax_words(lines: Iterable[Any]) -> str:
    """What the tax of an order's lines is called, with its rate where they have one: "PPN 11 %"."""
    return money_words.tax_words((line.tax_rate_bp for line in lines), name=settings.TAX_NAME)


@register.filter
def percent_below(price_minor: int, compare_at_minor: int) -> int:
    """How many whole per cent the price lies below the regular one, rounded down: never more than it is."""
    return (compare_at_minor - price_minor) * 100 // compare_at_minor


@register.filter
def picture_url(picture: ProductImage | str, size: int) -> str:
    """The address of one size of a picture, given the picture or its stem."""
    stem = picture.stem if isinstance(picture, ProductImage) else picture
    return default_storage.url(f"{stem}-{size}.webp")


@register.filter
def picture_sources(picture: ProductImage | str) -> str:
    """All sizes of a picture for `srcset`."""
    return ", ".join(f"{picture_url(picture, size)} {size}w" for size in PICTURE_SIZES)


@register.filter
def clock(moment: datetime | None) -> str:
    """The time of day with its zone: "20:15 WIB"."""
    return clock_time(moment) if moment else ""


@register.filter
def clock_seconds(moment: datetime | None) -> str:
    """The time of day to the second: "20:06:40 WIB"."""
    return clock_time_with_seconds(moment) if moment else ""


@register.filter
def moment(when: datetime | None) -> str:
    """Day and time of day with its zone: "Fri 21 Aug 2026, 20:15 WIB"."""
    return day_and_time(when) if when else ""


@register.filter
def day(when: datetime) -> str:
    """The day alone: "21 Aug 2026"."""
    return written(timezone.localtime(when), "j M Y")


@register.filter
def whole_stars(stars: float) -> str:
    """The stars that are drawn full, to the nearest whole one: "123" for 3.4."""
    return "12345"[: int(float(stars) + 0.5)]


@register.filter
def time_left(seconds: int) -> str:
    """Whole minutes, rounded down, above two minutes; m:ss from there on. Never more than there is."""
    seconds = max(0, int(seconds))
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min" if seconds > 120 else f"{minutes}:{rest:02d}"


@register.filter
def countdown(seconds: int) -> str:
    """How long until a drop opens or ends: "2 d 5 h", "5 h 12 min" or, in the last hour, "12:05". Rounded down."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes}:{rest:02}"


@register.filter
def in_about(moment: datetime, now: datetime) -> str:
    """How far off a moment is, rounded up: "about 2 minutes", gettext("less than a minute")."""
    seconds = (moment - now).total_seconds()
    if seconds < 60:
        return gettext("less than a minute")
    minutes = int(-(-seconds // 60))
    if minutes < 120:
        return gettext("about %(minutes)s minutes") % {"minutes": minutes}
    return gettext("about %(hours)s hours") % {"hours": minutes // 60}


@register.filter
def notice_kind(tags: str) -> str:
    """The kind of notice for the tags of a message."""
    kinds = {"success": "done", "warning": "warn", "error": "problem"}
    return next((kinds[tag] for tag in tags.split() if tag in kinds), "info")


@register.filter
def is_tick(field: forms.BoundField) -> bool:
    """Whether it is one checkbox, whose label stands beside it."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def is_choice(field: forms.BoundField) -> bool:
    """Whether it is a group of radios, which needs a legend rather than a label."""
    return isinstance(field.field.widget, forms.RadioSelect)


@register.filter
def control(field: forms.BoundField) -> SafeString:
    """The field's widget, told which hint and error describe it."""
    described_by = [
        *([f"{field.auto_id}-hint"] if field.help_text else []),
        *([f"{field.auto_id}-error"] if field.errors else []),
    ]
    classes = f"{field.field.widget.attrs.get('class', '')} control".strip()
    attrs: dict[str, Any] = {} if is_tick(field) else {"class": classes}
    if described_by:
        attrs["aria-describedby"] = " ".join(described_by)
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)


@register.filter
def as_json(value: Any) -> str:
    """The value as JSON, to stand in an attribute and be read by a script."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def json_ld(things: list[dict[str, Any]]) -> SafeString:
    """Facts for search engines as a block of data, which no browser runs: the content policy has nothing to refuse."""
    text = json.dumps(things, ensure_ascii=False).translate({ord(each): f"\\u{ord(each):04x}" for each in "<>&"})
    return SafeString(f'<script type="application/ld+json">{text}</script>')


@register.filter
def drawn(svg: str) -> SafeString:
    """A picture that was drawn here, and holds nothing that anybody typed: lines of a QR code."""
    return SafeString(svg[svg.index("<svg") :])


@register.filter
def device(user_agent: str) -> str:
    """Browser and system in words, from what the browser says of itself: "Firefox, Windows"."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), gettext("A browser"))
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return f"{browser}, {system}" if system else browser


@register.simple_tag
def hold_rules() -> dict[str, int | str]:
    """The numbers of a hold for sentences and timers: `{% hold_rules as rules %}`.

    `time` is "10 minutes" and `more` is "3 more minutes", in seconds where they are no whole minutes.
    """
    return {
        "time": duration(settings.HOLD_TIME),
        "more": _more(settings.HOLD_EXTENSION),
        "minutes": int(settings.HOLD_TIME.total_seconds()) // 60,
        "extension_minutes": int(settings.HOLD_EXTENSION.total_seconds()) // 60,
        "extension_limit": settings.HOLD_EXTENSION_LIMIT,
        "offer_seconds": int(settings.HOLD_EXTENSION_OFFER.total_seconds()),
        "payment_minutes": int(settings.PAYMENT_WINDOW.total_seconds()) // 60,
    }


@register.simple_tag
def line_rules() -> dict[str, int | str]:
    """The numbers of a turn in line for sentences: `{% line_rules as rules %}`."""
    return {
        "turn_time": duration(settings.TURN_TIME),
        "turn_is_extended": settings.TURN_EXTENSION_LIMIT,
    }


@register.simple_tag
def new_key() -> str:
    """An idempotency key for one form on one page: two presses of its button are one intent."""
    return str(uuid4())


@register.simple_tag
def script_url() -> str:
    """The address of the script as it is now."""
    return reverse("shop:script", args=[script().digest])


@register.simple_tag
def stylesheet_url() -> str:
    """The address of the stylesheet as it is now."""
    return reverse("shop:stylesheet", args=[stylesheet().digest])


@register.inclusion_tag("components/_icon.html")
def icon(name: str) -> dict[str, Any]:
    """`{% icon "search" %}`: a picture that repeats what a word beside it says."""
    return {"name": name}


@register.simple_tag(takes_context=True)
def same_page_with(context: template.Context, **changes: Any) -> str:
    """The address of this page with some values of its query changed: `{% same_page_with page=2 %}`."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query[name] = value
    return f"{context['request'].path}?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def same_page_without(context: template.Context, name: str, value: str) -> str:
    """The address of this page without one value of its query, from the first page on."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    query.setlist(name, [each for each in query.getlist(name) if each != value])
    return f"{context['request'].path}?{query.urlencode()}"


def duration(length: timedelta) -> str:
    """ "10 minutes", in seconds where it is no whole number of minutes."""
    seconds = int(length.total_seconds())
    if seconds % 60:
        return ngettext("%(number)s second", "%(number)s seconds", seconds) % {"number": seconds}
    return ngettext("%(number)s minute", "%(number)s minutes", seconds // 60) % {"number": seconds // 60}


def _more(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    if seconds % 60:
        return ngettext("%(number)s more second", "%(number)s more seconds", seconds) % {"number": seconds}
    return ngettext("%(number)s more minute", "%(number)s more minutes", seconds // 60) % {"number": seconds // 60}


@register.filter
def unbroken(text: object) -> SafeString:
    """In an e-mail: what is read out, like an order number, stays on one line. There are no classes in an e-mail."""
    return format_html('<span style="white-space:nowrap">{}</span>', text)
