"""Stock, for programs of staff. Every change has a reason and stands in the ledger."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import services
from inventory.models import StockItem, StockMovement
from shop.api_fields import MomentField, PageQuery, WholeNumberField, asked, cut_page, page_of, sent
from shop.errors import NotFound

MOST_UNITS = 1_000_000


class StaffMay(BasePermission):
    """Staff with the permission that the view names for the method, as in the admin."""

    message = "This is for staff with the right to it."

    def has_permission(self, request: Request, view: APIView) -> bool:
        method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
        # As in the admin, whoever may change something may also look at it.
        wanted = {"view", "change"} if method == "GET" else {view.needs.get(method, "change")}  # type: ignore[attr-defined]
        allowed = any(request.user.has_perm(f"inventory.{each}_stockitem") for each in wanted)
        return bool(request.user.is_authenticated and request.user.is_staff and allowed)


class StockQuery(PageQuery):
    """Which stock items."""

    sku = serializers.CharField(max_length=64, required=False)


class DeliveryBody(serializers.Serializer):
    """Units that came in."""

    quantity = WholeNumberField(min_value=1, max_value=MOST_UNITS)
    reason = serializers.CharField(max_length=200)


class FirstDeliveryBody(DeliveryBody):
    """Units that came in, and where. Makes the stock item when it is the first time."""

    sku = serializers.CharField(max_length=64)
    location = serializers.CharField(max_length=16, help_text="The code of the location.")


class AdjustmentBody(serializers.Serializer):
    """A correction of the units on hand, up or down."""

    change = WholeNumberField(min_value=-MOST_UNITS, max_value=MOST_UNITS)
    reason = serializers.CharField(max_length=200)
    seen_on_hand = WholeNumberField(
        min_value=0,
        max_value=2**31 - 1,
        required=False,
        help_text="The figure that the change was decided on. Refused if it is another one by now.",
    )


class StockItemDocument(serializers.Serializer):
    """The counters of one SKU at one location."""

    id = serializers.IntegerField()
    sku = serializers.CharField()
    product = serializers.CharField(source="variant.product.name")
    variant = serializers.CharField(source="variant.label")
    location = serializers.CharField(source="location.code")
    on_hand = serializers.IntegerField()
    held = serializers.IntegerField()
    allocated = serializers.IntegerField()
    backorder_limit = serializers.IntegerField()
    available = serializers.IntegerField()


class MovementDocument(serializers.Serializer):
    """One line of the ledger."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    on_hand_change = serializers.IntegerField()
    held_change = serializers.IntegerField()
    allocated_change = serializers.IntegerField()
    reservation_id = serializers.UUIDField(allow_null=True)
    reason = serializers.CharField()
    actor = serializers.CharField()
    created_at = MomentField()


class Stock(APIView):
    """All stock items."""

    permission_classes = [StaffMay]
    needs = {"POST": "add"}

    @extend_schema(
        operation_id="list_stock",
        tags=["stock"],
        summary="List stock items by SKU",
        parameters=[StockQuery],
        responses=page_of(StockItemDocument),
    )
    def get(self, request: Request) -> Response:
        query = asked(StockQuery, request)
        items = _items().order_by("variant_id", "location__priority", "pk")
        if "sku" in query:
            items = items.filter(variant_id=query["sku"])
        rows, numbers = cut_page(items, page=query["page"], limit=query["limit"])
        return Response({"items": StockItemDocument(rows, many=True).data, **numbers})

    @extend_schema(
        operation_id="receive_first",
        tags=["stock"],
        summary="Receive units of a SKU at a location",
        request=FirstDeliveryBody,
        responses={201: StockItemDocument},
    )
    def post(self, request: Request) -> Response:
        body = sent(FirstDeliveryBody, request)
        item = services.receive(**body, actor=request.user.get_username(), now=timezone.now())
        return _answer(item, status=201)


class ReceiveStock(APIView):
    """A delivery for a stock item that exists."""

    permission_classes = [StaffMay]
    needs = {"POST": "add"}

    @extend_schema(
        operation_id="receive_stock",
        tags=["stock"],
        summary="Receive units of a stock item",
        request=DeliveryBody,
        responses={201: StockItemDocument},
    )
    def post(self, request: Request, stock_item_id: int) -> Response:
        body = sent(DeliveryBody, request)
        item = _find(stock_item_id)
        item = services.receive(
            sku=item.sku, location=item.location.code, **body, actor=request.user.get_username(), now=timezone.now()
        )
        return _answer(item, status=201)


class AdjustStock(APIView):
    """A correction."""

    permission_classes = [StaffMay]
    needs = {"POST": "change"}

    @extend_schema(
        operation_id="adjust_stock",
        tags=["stock"],
        summary="Correct the units on hand, with the reason",
        request=AdjustmentBody,
        responses={201: StockItemDocument},
    )
    def post(self, request: Request, stock_item_id: int) -> Response:
        body = sent(AdjustmentBody, request)
        item = services.adjust(
            stock_item_id=stock_item_id, **body, actor=request.user.get_username(), now=timezone.now()
        )
        return _answer(item, status=201)


class Ledger(APIView):
    """Why every number is what it is."""

    permission_classes = [StaffMay]
    needs: dict[str, str] = {}

    @extend_schema(
        operation_id="list_movements",
        tags=["stock"],
        summary="List the ledger of a stock item, the newest line first",
        parameters=[PageQuery],
        responses=page_of(MovementDocument),
    )
    def get(self, request: Request, stock_item_id: int) -> Response:
        movements = StockMovement.objects.filter(stock_item=_find(stock_item_id)).order_by("-pk")
        rows, numbers = cut_page(movements, **asked(PageQuery, request))
        return Response({"items": MovementDocument(rows, many=True).data, **numbers})


def _items() -> Any:
    return StockItem.objects.select_related("variant__product", "location")


def _find(stock_item_id: int) -> StockItem:
    """:raises NotFound: if there is no such stock item"""
    item: StockItem | None = _items().filter(pk=stock_item_id).first()
    if item is None:
        raise NotFound()
    return item


def _answer(item: StockItem, *, status: int) -> Response:
    return Response(StockItemDocument(_find(item.pk)).data, status=status)
