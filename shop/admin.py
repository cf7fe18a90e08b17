"""Staff screens of the catalogue."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from shop.admin_fields import CategoryForm, PictureForm, ProductForm, VariantForm
from shop.catalogue import set_published
from shop.drop_admin import DropAdmin
from shop.models import Category, Product, ProductImage, Variant, relist
from shop.staff import NeverDeletedAdmin, StaffAdmin

__all__ = ["CategoryAdmin", "DropAdmin", "ProductAdmin"]


class VariantInline(admin.StackedInline):
    """The variants of a product. One that is not sold any more is unticked: stock and orders are kept under it."""

    model = Variant
    form = VariantForm
    extra = 0
    can_delete = False
    ordering = ["position", "pk"]
    fields = [("sku", "is_active", "position"), "options", ("price_minor", "compare_at_minor", "currency")]


class PictureInline(admin.StackedInline):
    """The pictures of a product, with what they show."""

    model = ProductImage
    form = PictureForm
    extra = 0
    ordering = ["position", "pk"]
    readonly_fields = ["preview"]
    fields = [("preview", "upload"), "alt", ("option_value", "position")]

    @admin.display(description="Picture")
    def preview(self, picture: ProductImage) -> str:
        return render_to_string("admin/shop/_picture.html", {"picture": picture})


@admin.register(Category)
class CategoryAdmin(StaffAdmin):
    """The shelves. One with products on it cannot be deleted: the database keeps them together."""

    form = CategoryForm
    list_display = ["name", "slug", "products", "position"]
    ordering = ["position", "name"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return super().get_queryset(request).annotate(product_count=Count("products"))

    @admin.display(ordering="product_count")
    def products(self, category: Any) -> int:
        return int(category.product_count)

    def save_model(self, request: HttpRequest, obj: Category, form: CategoryForm, change: bool) -> None:
        """Products are found by the name of their shelf: a new name is theirs too."""
        super().save_model(request, obj, form, change)
        if change and "name" in form.changed_data:
            relist(obj.products.values_list("pk", flat=True))


@admin.register(Product)
class ProductAdmin(NeverDeletedAdmin):
    """What is for sale."""

    instead = "Products are not deleted, because orders point at them. Unpublish it instead: shoppers see it no more."
    form = ProductForm
    inlines = [VariantInline, PictureInline]
    list_display = ["name", "brand", "category", "variants", "is_published", "updated_at"]
    list_filter = ["is_published", "category", "is_new", "is_popular"]
    list_select_related = ["category"]
    search_fields = ["name", "brand", "variants__sku"]
    search_help_text = "Name, brand or SKU"
    ordering = ["name", "pk"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["category"]
    actions = ["publish", "unpublish"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "brand", "category", "is_published"]}),
        ("What shoppers read", {"fields": ["description", "facts", "option_names"]}),
        ("More", {"fields": ["weight_grams", "tax_class", "is_new", "is_popular"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).annotate(variant_count=Count("variants"))

    @admin.display(ordering="variant_count")
    def variants(self, product: Any) -> int:
        return int(product.variant_count)

    def view_on_site(self, obj: Product) -> str | None:
        """Where shoppers see it, once they may."""
        return reverse("shop:product", args=[obj.slug]) if obj.is_published else None

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, chosen: QuerySet[Product]) -> None:
        changed = set_published(product_ids=chosen.values_list("pk", flat=True), is_published=True, now=timezone.now())
        messages.success(request, f"{changed} put on show.")

    @admin.action(description="Unpublish", permissions=["change"])
    def unpublish(self, request: HttpRequest, chosen: QuerySet[Product]) -> None:
        changed = set_published(product_ids=chosen.values_list("pk", flat=True), is_published=False, now=timezone.now())
        messages.success(request, f"{changed} taken off. What is held or ordered stays held or ordered.")
