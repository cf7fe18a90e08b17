"""`manage.py api_document`: docs/openapi.yaml, from the code."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


class Command(BaseCommand):
    """Writes the document anew; with --check it changes nothing and exits 1 if it differs."""

    help = "Write the OpenAPI schema of /api/v1/ from the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Only say whether the document is up to date.")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = described()
        if not options["check"]:
            DOCUMENT.write_text(wanted)
        elif not DOCUMENT.exists() or DOCUMENT.read_text() != wanted:
            raise CommandError("docs/openapi.yaml differs from the code. Run `manage.py api_document`.")


def described() -> str:
    """The schema as YAML.

    :raises CommandError: if a route cannot be described without a guess; the guess is printed.
    """
    schema = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(schema)
    if GENERATOR_STATS:
        GENERATOR_STATS.emit_summary()
        raise CommandError("The schema would have to guess. Annotate the views that are named above.")
    return str(OpenApiYamlRenderer().render(schema, renderer_context={}).decode())
