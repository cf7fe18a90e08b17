"""Drops, for programs: what comes, what runs, what was; and the code that lets a caller in early."""

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orders.api import DROP_CODE_PARAMETER, access_of
from shop.api_fields import MomentField, MoneyField
from shop.models import Drop
from shop.sale import Sale, sale_of, sales_of

MOST_LISTED = 50


class DropItemDocument(serializers.Serializer):
    """A thing of a drop: its price there, and what is left of its quota. Whole rupiah."""

    variant_id = serializers.UUIDField(source="item.variant_id")
    sku = serializers.CharField(source="item.variant.sku")
    name = serializers.CharField(source="product.name")
    variant = serializers.CharField(source="item.variant.label")
    price = serializers.IntegerField(source="item.price_minor")
    price_money = MoneyField(amount="item.price_minor", currency="item.variant.currency")
    usual_price = serializers.IntegerField(source="usual_minor")
    quota = serializers.IntegerField(source="item.quota")
    free = serializers.IntegerField(help_text="Units that could be held now; before it opens, by nobody.")
    held = serializers.IntegerField(help_text="Units in live holds.")
    sold = serializers.IntegerField(help_text="Units that are paid for.")


class DropDocument(serializers.Serializer):
    """A sale event at this moment. `state` is BEFORE, OPEN, ENDING or OVER, by the clock of the shop (`now`)."""

    slug = serializers.CharField(source="drop.slug")
    name = serializers.CharField(source="drop.name")
    story = serializers.CharField(source="drop.story")
    state = serializers.SerializerMethodField()
    now = MomentField(help_text="The clock of the shop when it answered: count from it, not from your own.")
    starts_at = MomentField(source="drop.starts_at")
    ends_at = MomentField(source="drop.ends_at")
    early_from = serializers.SerializerMethodField(help_text="When it opens for those who may come early, or null.")
    is_open_to_you = serializers.BooleanField(source="is_running")
    hold_minutes = serializers.IntegerField(source="drop.hold_minutes")
    extensions = serializers.IntegerField(source="drop.renewals", help_text="How often a hold may be extended.")
    limit_per_customer = serializers.IntegerField(source="drop.limit_per_customer", allow_null=True)
    has_room = serializers.BooleanField(source="drop.has_room", help_text="Whether a waiting room stands in front.")
    items = DropItemDocument(many=True)

    @extend_schema_field(serializers.ChoiceField(choices=["BEFORE", "OPEN", "ENDING", "OVER"]))
    def get_state(self, sale: Sale) -> str:
        return sale.state

    @extend_schema_field(MomentField(allow_null=True))
    def get_early_from(self, sale: Sale) -> str | None:
        return str(MomentField().to_representation(sale.drop.early_at)) if sale.drop.opens_early else None


class DropsDocument(serializers.Serializer):
    """The drops that run or come, the first to start first, and then those that are over, the last first."""

    items = DropDocument(many=True)


class OpenDrops(APIView):
    """Whoever looks needs no token; a JWT or a code tells who may come early."""

    permission_classes = [AllowAny]


class Drops(OpenDrops):
    """All of them."""

    @extend_schema(
        operation_id="list_drops",
        tags=["catalogue"],
        summary="List drops",
        parameters=[DROP_CODE_PARAMETER],
        responses=DropsDocument,
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        current = list(Drop.objects.current(now=now).order_by("starts_at", "pk")[:MOST_LISTED])
        past = list(Drop.objects.past(now=now).order_by("-ends_at", "-pk")[:MOST_LISTED])
        sales = sales_of(drops=[*current, *past], now=now, access=access_of(request, now=now))
        return Response({"items": DropDocument(sales, many=True).data})


class DropDetail(OpenDrops):
    """One of them."""

    @extend_schema(
        operation_id="get_drop",
        tags=["catalogue"],
        summary="Show a drop, with what is left of each thing",
        parameters=[DROP_CODE_PARAMETER, OpenApiParameter("slug", OpenApiTypes.STR, OpenApiParameter.PATH)],
        responses=DropDocument,
    )
    def get(self, request: Request, slug: str) -> Response:
        now = timezone.now()
        sale: Any = sale_of(slug=slug, now=now, access=access_of(request, now=now))
        return Response(DropDocument(sale).data)
