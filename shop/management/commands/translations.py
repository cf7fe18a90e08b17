"""`manage.py translations`: what pages, e-mails and papers say, collected for the translators and compiled for Django.

Written with Babel, so that nobody needs the gettext tools.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.template import Engine, Template
from django.template.base import Node, NodeList
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils.functional import Promise

TEMPLATES = (
    "email/*",
    "accounts/**/*",
    "mfa/**/*",
    "usersessions/**/*",
    "account/*reauthenticate.html",
    "allauth/layouts/*",
    "components/_a*.html",
    "components/_passkey.html",
    "orders/_address_choice.html",
)
MODULES = (
    "orders/papers.py",
    "orders/adapters.py",
    "orders/forms.py",
    "orders/views/account.py",
    "accounts/**/*.py",
    "shop/templatetags/shop.py",
)
# The header's dates and names would make two runs differ.
NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
DATED = re.compile(r'"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Project|Report)')
PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")


class Command(BaseCommand):
    """Brings every catalogue up to date; with --check it changes nothing and exits 1 if one is not."""

    help = "Collect the words of pages, e-mails and papers into locale/, and compile their translations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Only say whether everything is translated.")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        words = sorted(set(_words()))
        problems: list[str] = []
        for language, _ in settings.LANGUAGES:
            if language == settings.LANGUAGE_CODE:
                continue
            source = settings.LOCALE_PATHS[0] / language / "LC_MESSAGES" / "django.po"
            catalog = collected(_read(source, language), words)
            if options["check"]:
                problems += _staleness(source, catalog)
            else:
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_bytes(_as_po(catalog))
                source.with_suffix(".mo").write_bytes(_as_mo(catalog))
            problems += incomplete(catalog)
        if problems:
            raise CommandError("\n".join(problems))


def collected(before: Catalog, words: list[str]) -> Catalog:
    """A catalogue of exactly these words, with the translations that there were."""
    catalog = Catalog(locale=before.locale, fuzzy=False, charset="utf-8")
    catalog.header_comment = "# What pages, e-mails and papers say. `manage.py translations` keeps the list complete."
    for word in words:
        known = before.get(word)
        catalog.add(word, known.string if known else "", flags=["fuzzy"] if known and known.fuzzy else [])
    return catalog


def incomplete(catalog: Catalog) -> list[str]:
    """What still keeps a catalogue from being used, a sentence each."""
    return [
        f"{catalog.locale}: {message.id!r} {problem}"
        for message in catalog
        if message.id and (problem := _problem(message))
    ]


def _problem(message: Message) -> str:
    if not message.string:
        return "is not translated."
    if message.fuzzy:
        return "is marked fuzzy: look at it, and take the mark away."
    if sorted(PLACEHOLDER.findall(str(message.id))) != sorted(PLACEHOLDER.findall(str(message.string))):
        return "has other placeholders than its translation."
    return ""


def _staleness(source: Path, catalog: Catalog) -> list[str]:
    binary = source.with_suffix(".mo")
    is_fresh = source.exists() and source.read_bytes() == _as_po(catalog)
    if is_fresh and binary.exists() and binary.read_bytes() == _as_mo(catalog):
        return []
    return [f"{source.relative_to(settings.BASE_DIR)} or its .mo is stale. Run `manage.py translations`."]


def _read(source: Path, language: str) -> Catalog:
    if not source.exists():
        return Catalog(locale=language)
    with source.open("rb") as file:
        return read_po(file, locale=language)


def _as_po(catalog: Catalog) -> bytes:
    file = io.BytesIO()
    write_po(file, catalog, width=0, omit_header=False, sort_output=True, include_previous=False)
    lines = file.getvalue().decode().splitlines()
    return "\n".join(line for line in lines if not DATED.match(line)).encode() + b"\n"


def _as_mo(catalog: Catalog) -> bytes:
    """From the .po as it is written, so that both say the same."""
    file = io.BytesIO()
    written = read_po(io.BytesIO(_as_po(catalog)), locale=catalog.locale)
    bare = Catalog(locale=written.locale, fuzzy=False, creation_date=NO_DATE, revision_date=NO_DATE)
    for message in written:
        if message.id and not message.fuzzy and message.string:
            bare.add(message.id, message.string)
    write_mo(file, bare)
    return file.getvalue()


def _words() -> Iterator[str]:
    root = Path(settings.BASE_DIR)
    for pattern in TEMPLATES:
        for path in sorted((root / "templates").glob(pattern)):
            if path.is_file():
                yield from words_of(Engine.get_default().from_string(path.read_text()))
    for pattern in MODULES:
        for path in sorted(root.glob(pattern)):
            for _, word, _, _ in extract_from_file("python", str(path)):
                yield word if isinstance(word, str) else word[0]


def words_of(template: Template) -> Iterator[str]:
    """Every text in a template that is looked up in the catalogue."""
    yield from _of_nodes(template.nodelist)


def _of_nodes(nodes: NodeList) -> Iterator[str]:
    for node in nodes:
        yield from _of_node(node)
        for name in node.child_nodelists:
            yield from _of_nodes(getattr(node, name, None) or NodeList())
        for _, branch in getattr(node, "conditions_nodelists", ()):
            yield from _of_nodes(branch)


def _of_node(node: Node) -> Iterator[str]:
    if isinstance(node, BlockTranslateNode):
        yield node.render_token_list(node.singular)[0]
    elif isinstance(node, TranslateNode):
        yield str(node.filter_expression.var.literal)
    else:
        # {% include "…" with text=_("See the order") %}: a text that waits for its language.
        for expression in getattr(node, "extra_context", {}).values():
            if isinstance(expression.var, Promise):
                yield str(expression.var)
