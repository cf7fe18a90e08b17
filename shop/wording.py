"""Which words of the shop are looked up in a catalogue, and which ought to be and are not."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.extract import extract_from_file
from django.template import Template
from django.template.base import FilterExpression, Node, NodeList, TextNode
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils.functional import Promise

# One text, or its singular and plural.
Word = str | tuple[str, str]

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
}
# Attributes that are read out or shown.
SPOKEN = {"aria-label", "alt", "placeholder", "title", "aria-description", "data-say", "aria-roledescription"}
# Where Python says something to a shopper: attributes of refusals, and names of arguments.
SAID_BY_REFUSALS = {"title", "detail_format"}
SAID_IN_CALLS = {"problem", "label", "help_text", "title", "text", "hint"}
LETTERS = re.compile(r"[^\W\d_]{2,}")
ENTITY = re.compile(r"&#?\w+;")
# What {% block body_class %} says stands in an attribute, though not in this file.
PAGE_CLASS = re.compile(r"\bpage-[a-z-]+\b")
# Names that are the same in every language.
NAMES = {"Tahan", "tahan", "WIB", "PPN", "QR", "PDF", "JSON", "API", "SKU", "FAQ", "RSS", "sku"}


def words_of(template: Template) -> Iterator[Word]:
    """Every text in a template that is looked up in the catalogue."""
    for node in _walk(template.nodelist):
        yield from _looked_up(node)


def plain_words_of(template: Template) -> Iterator[str]:
    """Every text in a template that a reader sees or hears, and that no catalogue can translate."""
    page = _Page()
    page.feed("".join(node.s if isinstance(node, TextNode) else "\ufffc" for node in _walk(template.nodelist)))
    page.close()
    for text in page.found:
        left = [word for word in LETTERS.findall(PAGE_CLASS.sub(" ", ENTITY.sub(" ", text))) if word not in NAMES]
        if left:
            yield " ".join(text.split())
    for node in _walk(template.nodelist):
        yield from _plain_arguments(node)


def words_in(path: Path) -> Iterator[Word]:
    """Every text in a Python file that is looked up in the catalogue: marked ones, and what a refusal is made of."""
    for _, word, _, _ in extract_from_file("python", str(path), keywords=KEYWORDS):
        yield word if isinstance(word, str) else (word[0], word[1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            yield from _words_of_refusal(node)


def plain_words_in(path: Path) -> Iterator[str]:
    """What a Python file tells a shopper without looking it up: titles, sentences of refusals, labels, hints."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == "detail":
            yield from _plain_returns(node)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in SAID_IN_CALLS and not _is_for_developers(keyword.arg, path):
                    yield from _plain(keyword.value)


def _walk(nodes: NodeList) -> Iterator[Node]:
    """Every node in the order of the page, those inside of others after them."""
    for node in nodes:
        yield node
        if isinstance(node, BlockTranslateNode):
            continue
        branches = [branch for _, branch in getattr(node, "conditions_nodelists", ())]
        for inside in branches or [getattr(node, name, None) for name in node.child_nodelists]:
            yield from _walk(inside or NodeList())


def _looked_up(node: Node) -> Iterator[Word]:
    if isinstance(node, BlockTranslateNode):
        singular = node.render_token_list(node.singular)[0]
        yield (singular, node.render_token_list(node.plural)[0]) if node.plural else singular
    elif isinstance(node, TranslateNode):
        yield str(node.filter_expression.var.literal)
    else:
        # {% include "…" with text=_("See the order") %} and {{ title|default:_("Summary") }}: they wait.
        for expression in [*getattr(node, "extra_context", {}).values(), getattr(node, "filter_expression", None)]:
            yield from (str(value) for value in _values_of(expression) if isinstance(value, Promise))


def _values_of(expression: FilterExpression | None) -> list[object]:
    """The variable of an expression, and the literal arguments of its filters."""
    if expression is None:
        return []
    return [
        expression.var,
        *(value for _, arguments in expression.filters for is_variable, value in arguments if not is_variable),
    ]


def _plain_arguments(node: Node) -> Iterator[str]:
    """{% include "…" with title="Sold out" %}: a sentence, or a word with a capital, that no catalogue knows."""
    for name, expression in getattr(node, "extra_context", {}).items():
        value = expression.var
        is_said = type(value).__name__ == "SafeString" and name not in {"sizes", "class"}
        if is_said and (" " in value or value[:1].isupper()) and LETTERS.search(value):
            yield f'{name}="{value}"'


class _Page(HTMLParser):
    """Collects what is read between tags, and in the attributes that are spoken."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._silent += tag in {"script", "style"}
        self.found += [value for name, value in attrs if name in SPOKEN and value]
        if tag == "meta" and given.get("name") in {"description", "og:image:alt"}:
            self.found.append(given.get("content") or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def _words_of_refusal(node: ast.ClassDef) -> Iterator[str]:
    """Title and sentence of a ShopError: it looks them up itself when it is raised."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id in SAID_BY_REFUSALS for target in statement.targets
        ):
            yield from _plain(statement.value)


def _is_for_developers(argument: str, path: Path) -> bool:
    """The help texts of models and of the API's documents are read in the admin and in the schema alone."""
    return argument in {"help_text", "label", "title"} and bool({"models", "api"} & set(path.with_suffix("").parts))


def _plain_returns(node: ast.FunctionDef) -> Iterator[str]:
    for statement in ast.walk(node):
        if isinstance(statement, ast.Return) and statement.value is not None:
            yield from _plain(statement.value)


def _plain(value: ast.expr) -> Iterator[str]:
    """The text of a literal or an f-string; placeholders alone ("{problem}") are no text."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        if LETTERS.search(re.sub(r"{\w+}", "", value.value)):
            yield value.value
    elif isinstance(value, ast.JoinedStr):
        text = "".join(str(part.value) for part in value.values if isinstance(part, ast.Constant))
        if LETTERS.search(text):
            yield ast.unparse(value)
    elif isinstance(value, ast.IfExp):
        yield from _plain(value.body)
        yield from _plain(value.orelse)
    elif isinstance(value, ast.BinOp):
        yield from _plain(value.left)
        yield from _plain(value.right)
