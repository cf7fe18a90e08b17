"""Refusals and failures of the API as problem documents (RFC 9457): programs read why, and what to repair."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from shop.errors import NotFound, ShopError
from shop.room.noting import note_refusal

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
# A name and not an address: the codes are explained in docs/api.md.
TYPE = "tag:tahan.example,2026:{code}"
CHALLENGE = 'Bearer realm="api"'
TITLES = {
    400: "This cannot be read",
    401: "Who are you?",
    403: "Not allowed",
    405: "Not like this",
    406: "Not in this format",
    415: "Not in this format",
    429: "Too many requests",
}


def problem_response(exc: Exception, context: dict[str, Any]) -> Response:
    """The answer to whatever an API view raised. A view may rename fields of services in `field_names`."""
    view = context.get("view")
    names = getattr(view, "field_names", {})
    if isinstance(exc, Http404):
        exc = NotFound()
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, ShopError):
        note_refusal(context.get("request"), exc)
        answer = _of_refusal(exc, names=names)
    elif isinstance(exc, exceptions.ValidationError):
        answer = _of_bad_fields(exc)
    elif isinstance(exc, exceptions.APIException):
        answer = _of_framework(exc)
    else:
        answer = _of_bug(exc, request=context.get("request"))
    if answer.status_code == 401:
        answer["WWW-Authenticate"] = getattr(view, "challenge", CHALLENGE)
    if context.get("request") is not None:
        answer.data["instance"] = context["request"].path
    return answer


def _of_refusal(refusal: ShopError, *, names: dict[str, str]) -> Response:
    field = names.get(refusal.field or "", refusal.field)
    facts = {key: value for key, value in refusal.facts.items() if key not in ("field", "problem")}
    headers = {} if refusal.retry_after_seconds is None else {"Retry-After": str(refusal.retry_after_seconds)}
    return _problem(
        status=refusal.status,
        code=refusal.code,
        title=refusal.title,
        detail=refusal.detail,
        errors=[{"field": field, "message": refusal.detail}] if field else _missing(refusal, names=names),
        facts=facts,
        headers=headers,
    )


def _missing(refusal: ShopError, *, names: dict[str, str]) -> list[dict[str, str]]:
    """One error for each field that the refusal lists as missing."""
    fields = [names.get(field, field) for field in refusal.facts.get("missing", [])]
    return [{"field": field, "message": "Send this field: it is not known yet."} for field in fields]


def _of_bad_fields(error: exceptions.ValidationError) -> Response:
    errors = _flatten(error.detail)
    first = errors[0]
    return _problem(
        status=422,
        code="invalid",
        title="Check what you sent",
        detail=f"{first['field']}: {first['message']}" if first["field"] else first["message"],
        errors=errors,
    )


def _of_framework(error: exceptions.APIException) -> Response:
    wait = getattr(error, "wait", None)
    # simplejwt puts a dictionary into `detail`: its own word stands under the same name.
    detail = error.detail.get("detail", "") if isinstance(error.detail, dict) else error.detail
    return _problem(
        status=error.status_code,
        code=error.default_code,
        title=TITLES.get(error.status_code, "That did not work"),
        detail=str(detail),
        headers={} if wait is None else {"Retry-After": str(max(round(wait), 1))},
    )


def _of_bug(error: Exception, *, request: Any) -> Response:
    """Nobody reads a traceback over the wire; it stays loud in the log, and in tests through Django's signal."""
    got_request_exception.send(sender=problem_response, request=getattr(request, "_request", request))
    logger.error("The API failed.", exc_info=error)
    return _problem(
        status=500,
        code="internal_error",
        title="Our mistake",
        detail="Something broke on our side and was written down. Send the same request again later.",
    )


def _problem(
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    facts: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    document: dict[str, Any] = {
        "type": TYPE.format(code=code),
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors or [],
    }
    if facts:
        document["facts"] = facts
    return Response(document, status=status, headers=headers, content_type=CONTENT_TYPE)


def _flatten(detail: Any, *, path: str = "") -> list[dict[str, str]]:
    """Nested messages as a flat list; `field` is dotted and empty where the whole body is meant."""
    if isinstance(detail, dict):
        found = []
        for name, rest in detail.items():
            step = "" if name == api_settings.NON_FIELD_ERRORS_KEY else str(name)
            found += _flatten(rest, path=".".join(filter(None, [path, step])))
        return found
    if isinstance(detail, list):
        return [error for rest in detail for error in _flatten(rest, path=path)]
    return [{"field": path, "message": str(detail)}]
