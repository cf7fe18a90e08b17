"""What shoppers type once an order is placed."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from orders import services
from orders.models import OrderLine, ReturnLine, ReturnReason
from orders.replacing import Offer


class FindOrderForm(forms.Form):
    """A guest's way to an order: the number and the address that only the buyer knows together."""

    number = forms.CharField(
        label=_("Order number"),
        max_length=32,
        help_text=_("It starts with T- and is in the e-mail that you got."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": _("Enter the order number. It starts with T-.")},
    )
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("The address that you gave with the order."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Enter the e-mail address of the order."),
            "invalid": _("Enter an e-mail address with an @ and a domain, like maya@example.com."),
        },
    )

    def clean_number(self) -> str:
        return str(self.cleaned_data["number"]).upper()


class ReturnForm(forms.Form):
    """What goes back: units by line, why, and what else there is to say. Lines come first, nothing chosen."""

    reason = forms.ChoiceField(
        label=_("Why does it go back?"),
        choices=ReturnReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what fits best.")},
    )
    remark = forms.CharField(
        label=_("Anything else we should know"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, lines: list[tuple[OrderLine, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {}
        for line, most in lines:
            variant = f", {line.variant_label}" if line.variant_label else ""
            too_many = _("Enter a whole number from 0 to %(most)s.") % {"most": most}
            own[f"units-{line.pk}"] = forms.IntegerField(
                label=f"{line.product_name}{variant}",
                help_text=_("How many of the %(most)s go back. 0 if you keep them.") % {"most": most}
                if most > 1
                else _("1 to send it back."),
                initial=0 if len(lines) > 1 else 1,
                min_value=0,
                max_value=most,
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
                error_messages=dict.fromkeys(["required", "invalid", "min_value", "max_value"], too_many),
            )
        self.fields = {**own, **self.fields}

    def clean(self) -> dict[str, Any]:
        """At least one unit.

        :raises ValidationError: if there is none.
        """
        cleaned = super().clean() or self.cleaned_data
        lines = [name for name in self.fields if name.startswith("units-")]
        if lines and not self.errors and not any(cleaned[name] for name in lines):
            self.add_error(lines[0], _("Enter how many go back, at least one in all."))
        return cleaned

    def units(self) -> dict[UUID, int]:
        """Order line to units, of a form that is valid."""
        return {
            UUID(name.removeprefix("units-")): value
            for name, value in self.cleaned_data.items()
            if name.startswith("units-")
        }


class OfferSelect(forms.RadioSelect):
    """Radios of which those that are sold out cannot be pressed. They stay choices: a second press of a page that has
    taken the last unit finds its answer.
    """

    def __init__(self, *args: Any, sold_out: set[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sold_out = sold_out

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["disabled"] = str(value) in self._sold_out
        return option


class ExchangeForm(forms.Form):
    """What replaces each thing that goes back: one choice of its variants that cost the same."""

    def __init__(self, *args: Any, offers: list[tuple[ReturnLine, list[Offer]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.can_be_exchanged = bool(offers)
        for part, choices in offers:
            line = part.order_line
            variant = f", {line.variant_label}" if line.variant_label else ""
            self.fields[f"variant-{part.pk}"] = forms.ChoiceField(
                label=f"{part.quantity} × {line.product_name}{variant}",
                choices=[(str(offer.variant.pk), offer.words) for offer in choices],
                widget=OfferSelect(sold_out={str(offer.variant.pk) for offer in choices if not offer.is_free}),
                error_messages={
                    "required": _("Choose what you want instead."),
                    "invalid_choice": _("Choose one of those listed here."),
                },
            )
            self.can_be_exchanged &= any(offer.is_free for offer in choices)

    def choices(self) -> dict[int, UUID]:
        """Return line to variant, of a form that is valid."""
        return {int(name.removeprefix("variant-")): UUID(value) for name, value in self.cleaned_data.items()}


class ReviewForm(forms.Form):
    """Stars, and words if there are any."""

    stars = forms.TypedChoiceField(
        label=_("How many stars?"),
        choices=[(5, _("5, very good")), (4, _("4, good")), (3, _("3, fair")), (2, _("2, poor")), (1, _("1, bad"))],
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one to five stars."), "invalid_choice": _("Choose one to five stars.")},
    )
    text = forms.CharField(
        label=_("In your words"),
        max_length=services.LONGEST_TEXT,
        required=False,
        help_text=_("What helps others to choose: fit, quality, use."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
