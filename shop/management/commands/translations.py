"""`manage.py translations`: what the shop says to shoppers, collected for the translators and compiled for Django.

Written with Babel, so that nobody needs the gettext tools.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.template import Engine, Template

from shop.wording import Word, plain_words_in, plain_words_of, words_in, words_of

# What staff and developers alone read is English: the admin, the gallery of components, the stand-in for a provider.
FOR_STAFF = ("admin", "styleguide", "sandbox")
# Long texts that are written once in each language.
WRITTEN_TWICE = {("info", "en"), ("info", "id")}
APPS = ("shop", "inventory", "orders", "accounts")
NOT_FOR_SHOPPERS = {
    *("admin", "admin_fields", "admin_site", "staff", "styleguide", "checks", "management", "migrations", "settings"),
    *(
        "api_fields",
        "demo",
        "gateways",
        "sandbox",
        "api",
        "drop_api",
        "drop_admin",
        "problems",
        "parsers",
        "pictures",
        "figures",
        "openapi",
    ),
    # Services for staff alone, and what their rows keep.
    *("stock", "refund", "attention", "session", "repayment"),
}
FORMS_OF_STAFF = {"inventory/forms.py"}
# The header's dates and names would make two runs differ.
NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
DATED = re.compile(r'"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Project|Report)')
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|(%%)|{(\w+)}")


class Command(BaseCommand):
    """Brings every catalogue up to date; with --check it changes nothing and exits 1 if one is not."""

    help = "Collect the words of pages, e-mails and papers into locale/, and compile their translations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Only say whether everything is translated.")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        words = sorted(set(_words()), key=lambda word: word if isinstance(word, str) else word[0])
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
        problems += [f"{path}: {text!r} cannot be translated." for path, text in _plain_words()]
        if problems:
            raise CommandError("\n".join(problems))


def collected(before: Catalog, words: list[Word]) -> Catalog:
    """A catalogue of exactly these words, with the translations that there were."""
    catalog = Catalog(locale=before.locale, fuzzy=False, charset="utf-8")
    catalog.header_comment = "# What pages, e-mails and papers say. `manage.py translations` keeps the list complete."
    for word in words:
        known = before.get(word)
        empty = "" if isinstance(word, str) else ("", "")
        catalog.add(word, known.string if known else empty, flags=["fuzzy"] if known and known.fuzzy else [])
    return catalog


def incomplete(catalog: Catalog) -> list[str]:
    """What still keeps a catalogue from being used, a sentence each."""
    return [
        f"{catalog.locale}: {message.id!r} {problem}"
        for message in catalog
        if message.id and (problem := _problem(message))
    ]


def _problem(message: Message) -> str:
    ids, strings = _forms(message.id), _forms(message.string)
    if not all(strings):
        return "is not translated."
    if message.fuzzy:
        return "is marked fuzzy: look at it, and take the mark away."
    # A plural may say its number in words; what stands in the last form stands in all of them.
    wanted = sorted(_placeholders(ids[-1]))
    if any(sorted(_placeholders(string)) != wanted for string in strings):
        return "has other placeholders than its translation."
    return ""


def _forms(text: Any) -> list[str]:
    """One text, or the forms of a plural."""
    return [text] if isinstance(text, str) else [form or "" for form in text or [""]]


def _placeholders(text: str) -> list[str]:
    return [name for groups in PLACEHOLDER.findall(text) for name in groups if name]


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


def _words() -> Iterator[Word]:
    for _, template in _templates():
        yield from words_of(template)
    for path in _modules():
        yield from words_in(path)


def _plain_words() -> Iterator[tuple[Path, str]]:
    """What shoppers read in English whatever their language is, and where."""
    root = Path(settings.BASE_DIR)
    for path, template in _templates():
        yield from ((path.relative_to(root), text) for text in plain_words_of(template))
    for path in _modules():
        yield from ((path.relative_to(root), text) for text in plain_words_in(path))


def _templates() -> Iterator[tuple[Path, Template]]:
    folder = Path(settings.BASE_DIR) / "templates"
    for path in sorted(folder.rglob("*.*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and parts[0] not in FOR_STAFF and parts[:2] not in WRITTEN_TWICE:
            yield path, Engine.get_default().from_string(path.read_text())


def _modules() -> Iterator[Path]:
    root = Path(settings.BASE_DIR)
    for app in APPS:
        for path in sorted((root / app).rglob("*.py")):
            own = path.relative_to(root)
            if not NOT_FOR_SHOPPERS & set(own.with_suffix("").parts) and str(own) not in FORMS_OF_STAFF:
                yield path
