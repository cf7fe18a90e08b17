"""What the API's answers and questions are made of: money, whole numbers, ids, pages."""

from datetime import UTC
from functools import cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from shop.money import format_money

HIGHEST_PAGE = 100_000
HIGHEST_LIMIT = 100


class MoneyDocument(serializers.Serializer):
    """An amount in the currency's smallest unit in use (whole rupiah for IDR), and how people write it."""

    amount = serializers.IntegerField()
    currency = serializers.CharField()
    formatted = serializers.CharField()


@extend_schema_field(MoneyDocument)
class MoneyField(serializers.Field):
    """Reads an amount and its currency from two attributes of the object; dots lead further in."""

    def __init__(self, *, amount: str, currency: str = "currency") -> None:
        super().__init__(source="*", read_only=True)
        self.amount_of = attrgetter(amount)
        self.currency_of = attrgetter(currency)

    def to_representation(self, value: Any) -> dict[str, Any]:
        return money_document(self.amount_of(value), self.currency_of(value))


def money_document(amount: int, currency: str) -> dict[str, Any]:
    """An amount of money, as a number and as people read it."""
    return {"amount": amount, "currency": currency, "formatted": format_money(amount, currency)}


class MomentField(serializers.DateTimeField):
    """A moment, in UTC: programs need no zone of the shop. Sentences for people keep the shop's own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default_timezone=UTC, **options)


class WholeNumberField(serializers.IntegerField):
    """A whole number within limits. Whatever else comes is answered with one sentence that says the limits."""

    def __init__(self, *, min_value: int, max_value: int, **options: Any) -> None:
        sentence = f"Send a whole number from {min_value:,} to {max_value:,}."
        codes = ["required", "null", "invalid", "min_value", "max_value", "max_string_length"]
        messages: dict[str, Any] = dict.fromkeys(codes, sentence)
        super().__init__(min_value=min_value, max_value=max_value, error_messages=messages, **options)

    def to_internal_value(self, data: Any) -> int:
        # Python takes true for 1; nobody who sends it means that.
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdField(serializers.UUIDField):
    """An id as this API writes ids. Numbers are refused, although Python could read them as UUIDs."""

    default_error_messages = {
        "required": "Send an id.",
        "null": "Send an id.",
        "invalid": "Send an id as this API answers them: 32 hexadecimal digits with hyphens.",
    }

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class PageQuery(serializers.Serializer):
    """Which part of a list: `page` from 1, `limit` rows on each."""

    page = WholeNumberField(min_value=1, max_value=HIGHEST_PAGE, default=1)
    limit = WholeNumberField(min_value=1, max_value=HIGHEST_LIMIT, default=10)


@cache
def _writer(document: type[serializers.Serializer]) -> serializers.Serializer:
    """One of its kind that only writes. To make one takes longer than to write with it: it copies every field."""
    return document()


def written(document: type[serializers.Serializer], value: Any) -> dict[str, Any]:
    """A value as this document shows it: `document(value).data`, for documents that need no context."""
    return dict(_writer(document).to_representation(value))


def page_of(row: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """The shape of a page of such rows, for the schema."""
    name = f"{row.__name__.removesuffix('Document')}PageDocument"
    fields = {
        "items": row(many=True),
        "page": serializers.IntegerField(),
        "limit": serializers.IntegerField(),
        "total": serializers.IntegerField(help_text="Rows on all pages."),
        "pages": serializers.IntegerField(),
    }
    return type(name, (serializers.Serializer,), {"__doc__": "One page of a list.", **fields})


def asked(query: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    """The question in the address, checked.

    :raises ValidationError: if a part of it cannot be used; it names the part.
    """
    serializer = query(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def sent(body: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    """The body, checked.

    :raises ValidationError: if a field cannot be used; it names the field.
    """
    serializer = body(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def cut_page(rows: QuerySet[Any], *, page: int, limit: int) -> tuple[list[Any], dict[str, int]]:
    """The rows of one page and the numbers around them. Two queries; a page past the end is empty."""
    total = rows.count()
    start = (page - 1) * limit
    numbers = {"page": page, "limit": limit, "total": total, "pages": -(-total // limit)}
    return list(rows[start : start + limit]), numbers
