"""`/api/v1/`: the catalogue, and where every route of the API is."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.db.models import Count, Prefetch, Q
from django.http import HttpResponse
from django.urls import URLPattern, path, re_path
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema, extend_schema_field
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import api as accounts
from inventory import api as inventory
from inventory.queries import Availability, available_to_promise
from orders import api as orders
from shop import queries
from shop.api_fields import MomentField, MoneyField, PageQuery, asked, cut_page, money_document, page_of
from shop.drop_api import DropDetail, Drops
from shop.drops import ORDINARY, Terms, places_of, terms_of, with_drops
from shop.errors import InvalidInput, NotFound
from shop.glance import glance
from shop.models import PICTURE_SIZES, Category, Product, ProductImage, ProductQuerySet, Variant
from shop.room import api as room
from shop.search import Found, search
from shop.templatetags.shop import picture_url


class ProductQuery(PageQuery):
    """Which products."""

    search = serializers.CharField(max_length=100, required=False, allow_blank=True)
    category = serializers.CharField(max_length=80, required=False, help_text="The slug of a category.")
    sort = serializers.ChoiceField(choices=list(queries.SORTS), default=queries.DEFAULT_SORT)


class CategoryDocument(serializers.Serializer):
    """A shelf."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()


class ShelfDocument(CategoryDocument):
    """A shelf, and how much stands on it."""

    description = serializers.CharField()
    products = serializers.IntegerField(help_text="Products on show.")


class PictureDocument(serializers.Serializer):
    """A square picture in three sizes: side in pixels to address."""

    alt = serializers.CharField()
    option_value = serializers.CharField(help_text="The colour it shows, if it shows one.")
    urls = serializers.SerializerMethodField()

    def get_urls(self, picture: ProductImage) -> dict[str, str]:
        return {str(size): picture_url(picture, size) for size in PICTURE_SIZES}


class VariantDocument(serializers.Serializer):
    """What is put into a cart. `free` is what can be held now; `held` is in carts and may come back."""

    id = serializers.UUIDField()
    sku = serializers.CharField()
    label: Any = serializers.CharField()
    options = serializers.DictField(child=serializers.CharField())
    price = serializers.SerializerMethodField(help_text="What a new hold costs now: in a drop, its price there.")
    price_money = serializers.SerializerMethodField()
    compare_at = serializers.SerializerMethodField()
    drop = serializers.SerializerMethodField(help_text="The slug of the drop that sells it now, or null.")
    opens_at = serializers.SerializerMethodField(help_text="When the next drop with it opens, or null.")
    free = serializers.SerializerMethodField()
    held = serializers.SerializerMethodField()
    next_free_at = serializers.SerializerMethodField()
    preorder = serializers.SerializerMethodField(help_text="Units that may be pre-ordered while none is free.")

    def get_preorder(self, variant: Variant) -> int:
        availability = self._availability(variant)
        return availability.beyond if availability.is_preorder else 0

    def get_price(self, variant: Variant) -> int:
        return self._terms(variant).price_minor(variant)

    @extend_schema_field(MoneyField(amount="price_minor"))
    def get_price_money(self, variant: Variant) -> dict[str, Any]:
        return money_document(self.get_price(variant), variant.currency)

    def get_compare_at(self, variant: Variant) -> int | None:
        return self._terms(variant).compare_at_minor(variant)

    def get_drop(self, variant: Variant) -> str | None:
        running = self._terms(variant).running
        return None if running is None else running.drop.slug

    @extend_schema_field(MomentField(allow_null=True))
    def get_opens_at(self, variant: Variant) -> str | None:
        coming = self._terms(variant).coming
        return None if coming is None else str(MomentField().to_representation(coming.drop.starts_at))

    def get_free(self, variant: Variant) -> int:
        return self._availability(variant).free

    def get_held(self, variant: Variant) -> int:
        return self._availability(variant).held

    @extend_schema_field(MomentField(allow_null=True))
    def get_next_free_at(self, variant: Variant) -> str | None:
        next_free_at = self._availability(variant).next_free_at
        return None if next_free_at is None else str(MomentField().to_representation(next_free_at))

    def _terms(self, variant: Variant) -> Terms:
        terms: Terms = self.context["terms"].get(variant.sku, ORDINARY)
        return terms

    def _availability(self, variant: Variant) -> Availability:
        availability: Availability = self.context["availability"][variant.sku]
        return availability


class ProductDocument(serializers.Serializer):
    """A product on show. `price` is that of its cheapest variant, as a whole number of rupiah."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    brand = serializers.CharField()
    category = CategoryDocument()
    is_new = serializers.BooleanField()
    price = serializers.SerializerMethodField()
    pictures = serializers.SerializerMethodField()
    variants = serializers.SerializerMethodField()

    def get_price(self, product: Product) -> int:
        terms = self.context["terms"]
        return min(terms.get(each.sku, ORDINARY).price_minor(each) for each in queries.active_variants(product))

    @extend_schema_field(PictureDocument(many=True))
    def get_pictures(self, product: Product) -> list[dict[str, Any]]:
        return list(PictureDocument(queries.pictures(product), many=True).data)

    @extend_schema_field(VariantDocument(many=True))
    def get_variants(self, product: Product) -> list[dict[str, Any]]:
        return list(VariantDocument(queries.active_variants(product), many=True, context=self.context).data)


class ProductDetailDocument(ProductDocument):
    """A product with all that is said of it."""

    description = serializers.CharField()
    facts = serializers.ListField(child=serializers.CharField())
    option_names = serializers.ListField(child=serializers.CharField())


class OpenCatalogue(APIView):
    """Whoever looks needs no token."""

    permission_classes = [AllowAny]


class Products(OpenCatalogue):
    """What is on show."""

    @extend_schema(
        operation_id="list_products",
        tags=["catalogue"],
        summary="List, search and filter what is on sale",
        parameters=[ProductQuery],
        responses=page_of(ProductDocument),
    )
    def get(self, request: Request) -> Response:
        query = asked(ProductQuery, request)
        products = queries.on_show()
        if "category" in query:
            products = products.filter(category=_category(query["category"]))
        asked_for = {"page": query["page"], "limit": query["limit"]}
        if query.get("search"):
            rows, numbers = _best_first(products, search(text=query["search"]), **asked_for)
        else:
            listing = queries.listing(products=_whole(products), sort=query["sort"])
            rows, numbers = cut_page(listing, **asked_for)
        context = _stock_of(rows)
        return Response({"items": ProductDocument(rows, many=True, context=context).data, **numbers})


class ProductDetail(OpenCatalogue):
    """One product."""

    @extend_schema(
        operation_id="get_product",
        tags=["catalogue"],
        summary="Show a product, by its id or its slug",
        responses=ProductDetailDocument,
    )
    def get(self, request: Request, reference: str) -> Response:
        product = _named(_whole(queries.on_show()), reference).first()
        if product is None:
            raise NotFound()
        return Response(ProductDetailDocument(product, context=_stock_of([product])).data)


class StockQuery(serializers.Serializer):
    """Which SKUs, each as a `sku` of its own."""

    sku = serializers.ListField(child=serializers.CharField(max_length=64), min_length=1, max_length=100)


class SkuStockDocument(serializers.Serializer):
    """A SKU on show: what can be held now, what is in carts, and when the next hold ends."""

    sku = serializers.CharField()
    free = serializers.IntegerField()
    held = serializers.IntegerField()
    next_free_at = MomentField(allow_null=True)


class SkuStockPageDocument(serializers.Serializer):
    """The SKUs asked for that are on show."""

    items = SkuStockDocument(many=True)


class LiveStock(OpenCatalogue):
    """How stock moves while somebody looks."""

    @extend_schema(
        operation_id="get_live_stock",
        tags=["catalogue"],
        summary="Say what is free and held of some SKUs, as seen at most a second ago",
        description="For whoever asks again and again: with an ETag, and 304 for `If-None-Match` while nothing moved.",
        parameters=[StockQuery],
        responses=SkuStockPageDocument,
    )
    def get(self, request: Request) -> HttpResponse:
        skus = tuple(sorted(set(asked(StockQuery, request)["sku"])))
        seen = glance(("api", skus), look=lambda: _stock_document(skus))
        answer = Response(json.loads(seen.body), headers={"ETag": seen.etag, "Cache-Control": "no-cache"})
        return get_conditional_response(request, etag=seen.etag, response=answer) or answer


def _stock_document(skus: tuple[str, ...]) -> str:
    now, on_show = timezone.now(), queries.active_skus(skus=skus)
    shown = available_to_promise(skus=on_show, now=now, at=places_of(terms_of(skus=on_show, now=now)))
    return json.dumps(SkuStockPageDocument({"items": list(shown.values())}).data)


class Categories(OpenCatalogue):
    """The shelves."""

    @extend_schema(
        operation_id="list_categories",
        tags=["catalogue"],
        summary="List the shelves of the shop",
        responses=ShelfDocument(many=True),
    )
    def get(self, request: Request) -> Response:
        on_show = Q(products__is_published=True, products__variants__is_active=True)
        counted = Category.objects.annotate(products_on_show=Count("products", filter=on_show, distinct=True))
        shelves = counted.order_by("position", "slug")
        return Response(
            [
                {**CategoryDocument(shelf).data, "description": shelf.description, "products": shelf.products_on_show}
                for shelf in shelves
            ]
        )


class UnknownRoute(APIView):
    """Nothing is here, whatever the method and whoever asks."""

    authentication_classes: Any = []
    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound()


@method_decorator(csp_update({"img-src": ["data:"]}), name="dispatch")
class Documentation(SpectacularSwaggerSplitView):
    """The routes, to read and to try. Its icons are pictures inside its stylesheet."""

    template_name = "shop/api_docs.html"
    url_name = "api:schema"


def _category(slug: str) -> Category:
    category = Category.objects.filter(slug=slug).first()
    if category is None:
        raise InvalidInput(field="category", problem="There is no such category. GET /api/v1/categories lists them.")
    return category


def _whole(products: ProductQuerySet) -> ProductQuerySet:
    """With the shelf, the variants and the pictures of each: two queries more, however many there are."""
    variants = Prefetch("variants", queryset=with_drops(Variant.objects.all()))
    return products.select_related("category").prefetch_related(variants, "images")


def _best_first(
    products: ProductQuerySet, found: Found, *, page: int, limit: int
) -> tuple[list[Product], dict[str, int]]:
    """The rows of one page of what was found among these products, and the numbers around them."""
    kept = set(products.filter(pk__in=found.ids).values_list("pk", flat=True))
    ids = [product_id for product_id in found.ids if product_id in kept]
    chosen = ids[(page - 1) * limit : page * limit]
    rows = {product.pk: product for product in _whole(products).filter(pk__in=chosen)}
    numbers = {"page": page, "limit": limit, "total": len(ids), "pages": -(-len(ids) // limit)}
    return [rows[product_id] for product_id in chosen if product_id in rows], numbers


def _named(products: ProductQuerySet, reference: str) -> ProductQuerySet:
    try:
        return products.filter(pk=UUID(reference))
    except ValueError:
        return products.filter(slug=reference)


def _stock_of(products: list[Product]) -> dict[str, Any]:
    """What documents need beside the products: the availability of every SKU, and what drops make of it now."""
    skus = [variant.sku for product in products for variant in queries.active_variants(product)]
    now = timezone.now()
    in_drops = [
        variant.sku
        for product in products
        for variant in queries.active_variants(product)
        if variant.has_drops  # type: ignore[attr-defined]
    ]
    terms = terms_of(skus=in_drops, now=now) if in_drops else {}
    return {"terms": terms, "availability": available_to_promise(skus=skus, now=now, at=places_of(terms))}


def _repeatable(view: type[APIView]) -> type[APIView]:
    """The view, with an Idempotency-Key on its POST, for apps that may not know where keys are kept."""
    return type(view.__name__, (view,), {"__doc__": view.__doc__, "post": orders.idempotent(view.post)})  # type: ignore[attr-defined]


def _route(address: str, view: type[APIView], name: str) -> list[URLPattern]:
    """With and without a slash at the end: a POST is not redirected, and the first version of this API had none."""
    handler: Callable[..., Any] = view.as_view()
    return [path(address, handler, name=name), path(f"{address}/", handler)]


app_name = "api"
urlpatterns = [
    *_route("auth", accounts.Auth, "auth"),
    *_route("auth/refresh", accounts.Refresh, "auth_refresh"),
    *_route("auth/revoke", accounts.Revoke, "auth_revoke"),
    *_route("users", _repeatable(accounts.Users), "users"),
    *_route("users/<uuid:user_id>", accounts.UserDetail, "user"),
    *_route("categories", Categories, "categories"),
    *_route("products", Products, "products"),
    *_route("products/<str:reference>", ProductDetail, "product"),
    *_route("live-stock", LiveStock, "live_stock"),
    *_route("drops", Drops, "drops"),
    *_route("drops/<slug:slug>", DropDetail, "drop"),
    *_route("cart", orders.CartView, "cart"),
    *_route("cart/merge", orders.MergeCart, "cart_merge"),
    *_route("cart/lines/<uuid:line_id>", orders.Line, "line"),
    *_route("cart/lines/<uuid:line_id>/extend", orders.ExtendLine, "line_extend"),
    *_route("cart/coupon", orders.CartCoupon, "cart_coupon"),
    *_route("cart/lines/<uuid:line_id>/hold-again", orders.HoldLineAgain, "line_hold_again"),
    *_route("cart/<uuid:cart_id>/checkout", orders.CheckoutView, "checkout"),
    *_route("checkout-options", orders.CheckoutOptions, "checkout_options"),
    *_route("rooms/<slug:key>", room.RoomDetail, "room"),
    *_route("rooms/<slug:key>/place", room.PlaceView, "room_place"),
    *_route("rooms/<slug:key>/pass", room.PassView, "room_pass"),
    *_route("rooms/<slug:key>/draw", room.DrawView, "room_draw"),
    *_route("orders", orders.Orders, "orders"),
    *_route("orders/find", orders.FindOrder, "order_find"),
    *_route("orders/<uuid:order_id>", orders.OrderDetail, "order"),
    *_route("orders/<uuid:order_id>/claim", orders.ClaimOrder, "order_claim"),
    *_route("orders/<uuid:order_id>/reorder", orders.Reorder, "order_reorder"),
    *_route("orders/<uuid:order_id>/cancel", orders.CancelOrder, "order_cancel"),
    *_route("orders/<uuid:order_id>/returns", orders.Returns, "order_returns"),
    *_route("orders/<uuid:order_id>/returns/<uuid:return_id>/withdraw", orders.WithdrawReturn, "return_withdraw"),
    *_route("orders/<uuid:order_id>/returns/<uuid:return_id>/exchange", orders.ExchangeReturn, "return_exchange"),
    *_route("orders/<uuid:order_id>/papers/<str:number>.pdf", orders.OrderPaper, "order_paper"),
    *_route("orders/<uuid:order_id>/payments", orders.OrderPayments, "order_payments"),
    *_route("payments/<uuid:payment_id>", orders.PaymentDetail, "payment"),
    *_route("webhooks/payments/<uuid:payment_id>", orders.PaymentWebhook, "payment_webhook"),
    *_route("webhooks/gateways/<str:gateway>", orders.GatewayWebhook, "gateway_webhook"),
    *_route("stock", _repeatable(inventory.Stock), "stock"),
    *_route("stock/<int:stock_item_id>/receive", _repeatable(inventory.ReceiveStock), "stock_receive"),
    *_route("stock/<int:stock_item_id>/adjust", _repeatable(inventory.AdjustStock), "stock_adjust"),
    *_route("stock/<int:stock_item_id>/ledger", inventory.Ledger, "stock_ledger"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", Documentation.as_view(), name="docs"),
    re_path(r"^", UnknownRoute.as_view(), name="unknown_route"),
]
