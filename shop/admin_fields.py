"""Form fields for staff: short lists typed as lines instead of JSON, and a picture that is cut on upload."""

from typing import Any

from django import forms

from shop.errors import InvalidInput
from shop.models import Category, Product, ProductImage, Variant
from shop.pictures import cut_picture, keep_picture


def refuse_null_characters(text: str) -> str:
    """As Django's own field does for a text, for one that is taken apart. No database keeps that character."""
    forms.CharField(required=False).run_validators(text)
    return text


class LinesField(forms.CharField):
    """A list of strings, one a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        lines = refuse_null_characters(super().to_python(value) or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or []))
        except forms.ValidationError:
            return True


class OptionsField(forms.CharField):
    """A mapping of name to value, one "Colour: Lilac" a line."""

    widget = forms.Textarea(attrs={"rows": 2, "cols": 24})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name}: {chosen}" for name, chosen in value.items()) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        options = {}
        for line in refuse_null_characters(super().to_python(value) or "").splitlines():
            if not line.strip():
                continue
            name, colon, chosen = (part.strip() for part in line.partition(":"))
            if not (name and colon and chosen):
                raise forms.ValidationError('Write one option a line, as in "Colour: Lilac".')
            options[name] = chosen
        return options

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or {}))
        except forms.ValidationError:
            return True


class ChosenField(forms.ModelChoiceField):
    """A row by its key. A key that cannot be one is no choice; Django's own field lets it through to the database."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            raise forms.ValidationError("Choose one of those listed.", code="invalid_choice") from error

    def prepare_value(self, value: Any) -> Any:
        """What cannot be a key is shown as nothing chosen: the list looks for it in the database."""
        if isinstance(value, str) and value:
            try:
                self.queryset.model._meta.pk.to_python(value)  # type: ignore[union-attr]
            except forms.ValidationError:
                return ""
        return super().prepare_value(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "") != str(data or "")


class ProductForm(forms.ModelForm):
    """A product; its lists are typed as lines."""

    facts = LinesField(required=False, help_text="Short facts, one a line: material, care, origin.")
    option_names = LinesField(required=False, help_text="What the variants differ in, one a line: Colour, Size.")

    class Meta:
        model = Product
        field_classes = {"category": ChosenField}
        fields = [
            "name",
            "slug",
            "brand",
            "category",
            "is_published",
            "description",
            "facts",
            "option_names",
            "weight_grams",
            "tax_class",
            "is_new",
            "is_popular",
        ]


class VariantForm(forms.ModelForm):
    """A variant; its SKU is typed once."""

    options = OptionsField(required=False, help_text="One a line: Colour: Lilac")

    class Meta:
        model = Variant
        fields = ["sku", "is_active", "position", "options", "price_minor", "compare_at_minor", "currency"]
        labels = {"sku": "SKU", "price_minor": "Price", "compare_at_minor": "Regular price", "is_active": "For sale"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields["sku"].disabled = True
            self.fields["sku"].help_text = "Stock and orders are kept under it: it never changes."

    def clean(self) -> dict[str, Any]:
        """The constraints of the model, said at the field that breaks them."""
        cleaned = super().clean() or self.cleaned_data
        price, regular = cleaned.get("price_minor"), cleaned.get("compare_at_minor")
        if price is not None and price <= 0:
            self.add_error("price_minor", "Enter a price above 0.")
        elif price is not None and regular is not None and regular <= price:
            self.add_error("compare_at_minor", "The regular price is above the price, or it is left empty.")
        return cleaned


class PictureForm(forms.ModelForm):
    """A picture: uploaded once, cut to three sizes, described in words."""

    upload = forms.FileField(
        required=False,
        label="Picture file",
        help_text="JPEG, PNG or WebP, at least 320 pixels on its shorter side. It is cut to the square in its middle.",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    class Meta:
        model = ProductImage
        fields = ["upload", "alt", "option_value", "position"]

    def clean_upload(self) -> dict[int, bytes] | None:
        """The sizes of the new picture, or None when the row keeps the one it has."""
        upload = self.cleaned_data["upload"]
        if upload is None:
            if self.instance._state.adding:
                raise forms.ValidationError("Choose a picture file.")
            return None
        try:
            return cut_picture(upload=upload)
        except InvalidInput as error:
            raise forms.ValidationError(error.detail) from error

    def save(self, commit: bool = True) -> ProductImage:
        if self.cleaned_data["upload"]:
            self.instance.stem = keep_picture(sizes=self.cleaned_data["upload"])
        picture: ProductImage = super().save(commit)
        return picture


class CategoryForm(forms.ModelForm):
    """A shelf, with the picture that stands for it."""

    upload = forms.FileField(
        required=False,
        label="Picture file",
        help_text="Stands for the shelf on the home page. Leave it empty to keep the one there is.",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    class Meta:
        model = Category
        fields = ["name", "slug", "description", "position"]

    def clean_upload(self) -> dict[int, bytes] | None:
        upload = self.cleaned_data["upload"]
        if upload is None:
            return None
        try:
            return cut_picture(upload=upload)
        except InvalidInput as error:
            raise forms.ValidationError(error.detail) from error

    def save(self, commit: bool = True) -> Category:
        if self.cleaned_data["upload"]:
            self.instance.picture_stem = keep_picture(sizes=self.cleaned_data["upload"], folder="categories")
        category: Category = super().save(commit)
        return category
