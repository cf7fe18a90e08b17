"""The language in which a browser reads the shop."""

from django.conf import settings
from django.http import HttpResponseBase


def remember_language(answer: HttpResponseBase, language: str) -> None:
    """Let this browser read the shop in this language from its next page on."""
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        samesite="Lax",
        secure=settings.SECURE_SSL,
    )
