"""JSON as it comes from strangers: read within bounds, so that no document is deeper than what works on it."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

# Bodies of this shop are flat. What is far deeper was sent to exhaust whoever reads it.
DEEPEST = 32
TOO_DEEP = f"Send JSON with at most {DEEPEST} objects or lists inside each other."


class BoundedJSONParser(JSONParser):
    """DRF's parser, with a limit on how deep a document nests.

    A document that could just be read would still break whatever walks through it later, deeper in the stack.
    """

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """:raises ParseError: if it is no JSON, or nests too deep"""
        try:
            document = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(TOO_DEEP) from error
        if nests_too_deep(document):
            raise ParseError(TOO_DEEP)
        return document


def nests_too_deep(document: Any) -> bool:
    """Whether a JSON document has more than DEEPEST containers inside each other. Looks level by level."""
    level = [document]
    for _ in range(DEEPEST + 1):
        containers = [each for each in level if isinstance(each, dict | list)]
        if not containers:
            return False
        level = [inner for each in containers for inner in (each.values() if isinstance(each, dict) else each)]
    return True
