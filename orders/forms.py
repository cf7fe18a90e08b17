"""What shoppers type, and the sentences that say the repair."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.address_form import COUNTRY, POSTCODE, PersonFields, PlaceFields
from orders import gateways, services
from orders.models import CartLine, OrderLine, ReturnLine, ReturnReason, ShippingMethod
from orders.replacing import Offer
from orders.services import DeliveryOption, NotDelivered


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of a group of radios. Without a currency it shows no price."""

    value: str
    title: str
    text: str
    is_chosen: bool
    price_minor: int = 0
    currency: str = ""


class QuantityForm(forms.Form):
    """How many units, on a cart line."""

    too_few = _("Enter 1 or more. To take it out of the cart, press Let it go.")

    quantity = forms.IntegerField(
        error_messages={
            "required": _("Enter how many you want, 1 or more."),
            "invalid": _("Enter how many you want as a whole number, like 2."),
        },
    )

    def clean_quantity(self) -> int:
        quantity = self.cleaned_data["quantity"]
        if quantity < 1:
            raise forms.ValidationError(self.too_few)
        if quantity > settings.MAX_UNITS_PER_LINE:
            raise forms.ValidationError(
                _("Enter %(MAX_UNITS_PER_LINE)s or fewer.") % {"MAX_UNITS_PER_LINE": settings.MAX_UNITS_PER_LINE}
            )
        return int(quantity)

    @property
    def problem(self) -> str:
        """The sentence that says what to repair, once the form was found wanting."""
        return str(self.errors["quantity"][0])


class AddForm(QuantityForm):
    """What to add to the cart. A variant that is missing or garbled is as unknown as one that never was.

    `key` was minted with the page: it makes two presses of one button one intent.
    """

    too_few = _("Enter 1 or more.")

    variant = forms.UUIDField()
    key = forms.CharField(required=False)
    accepts_backorder = forms.BooleanField(required=False)

    def clean_key(self) -> UUID:
        """The key of the page; a new one where there is none or it is garbled: then the press stands for itself."""
        try:
            return UUID(self.cleaned_data["key"])
        except ValueError:
            return uuid4()


class JoinLineForm(AddForm):
    """What to wait for, and where to write to: asked of guests alone."""

    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("We write to you when it is your turn."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={"invalid": _("Enter an e-mail address like name@example.com.")},
    )

    def __init__(self, *args: Any, is_guest: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = is_guest
        self.fields["email"].error_messages["required"] = _("Enter your e-mail address, so that we can write to you.")


class ContactForm(PersonFields):
    """Step 1: who buys, and how to reach them."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("Your order and its news go here."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter an e-mail address with an @ and a domain, like maya@example.com."),
        },
    )
    field_order = ["email", "name", "phone"]


class DeliveryForm(PlaceFields):
    """Step 2: where the parcel goes, and how."""

    shipping_method = forms.ModelChoiceField(
        label=_("How should it travel?"),
        queryset=ShippingMethod.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": _("Choose how it should travel."),
            "invalid_choice": _("Choose one of the ways listed here."),
        },
    )

    keeps_address = forms.BooleanField(label=_("Keep this address in my account"), required=False, initial=True)

    def __init__(self, *args: Any, lines: Sequence[CartLine] = (), offers_keeping: bool = False, **kwargs: Any) -> None:
        """`lines` are what has to travel: they decide what is offered, and at which price.

        Only a member, who has a book of addresses, is asked whether to keep this one (`offers_keeping`).
        """
        super().__init__(*args, **kwargs)
        if not offers_keeping:
            del self.fields["keeps_address"]
        self._lines = lines
        self._options = self._offered(str(self["postal_code"].value() or ""))
        # With a script, the ways to send follow the postcode while it is typed; without one, the answer to the form
        # shows them. Not on leaving the field: the click that leaves it may choose one of them, and would be undone.
        self.fields["postal_code"].widget.attrs |= {
            "hx-get": reverse("orders:checkout_methods"),
            "hx-trigger": "input changed delay:300ms",
            "hx-include": "closest form",
            # Neither the address nor the form's token belongs in an address that is logged.
            "hx-params": "postal_code,shipping_method",
            "hx-target": "#delivery-methods",
            "hx-swap": "outerHTML",
        }
        self.fields["shipping_method"].queryset = ShippingMethod.objects.filter(  # type: ignore[attr-defined]
            is_active=True
        )

    @property
    def methods(self) -> list[Choice]:
        """The shipping methods with their days and prices; while the postcode is not known, with where they go."""
        chosen = str(self["shipping_method"].value() or "")
        is_known = POSTCODE.fullmatch(str(self["postal_code"].value() or "")) is not None
        return [
            Choice(
                value=str(option.method.pk),
                title=option.method.name,
                text=_travel(option.method, names_zones=not is_known),
                is_chosen=str(option.method.pk) == chosen,
                price_minor=option.price_minor,
                currency=option.method.currency,
            )
            for option in self._options
        ]

    def clean(self) -> dict[str, Any]:
        """The chosen method has to take these lines to this postcode.

        :raises ValidationError: at the postcode if nothing goes there, else at the method.
        """
        cleaned = super().clean() or self.cleaned_data
        postal_code, method = cleaned.get("postal_code"), cleaned.get("shipping_method")
        if postal_code is None:
            return cleaned
        if not self._options:
            self.add_error("postal_code", NotDelivered(step="delivery", method="", postal_code=postal_code).detail)
        elif method and method not in [option.method for option in self._options]:
            refusal = NotDelivered(step="delivery", method=method.name, postal_code=postal_code)
            self.add_error("shipping_method", refusal.detail)
        return cleaned

    def _offered(self, postal_code: str) -> list[DeliveryOption]:
        known = postal_code if POSTCODE.fullmatch(postal_code) else ""
        return services.delivery_options(lines=self._lines, country=COUNTRY, postal_code=known)


class CouponForm(forms.Form):
    """A code that takes something off."""

    coupon_code = forms.CharField(
        label=_("Coupon code"),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={
            "required": _("Enter the code of the coupon."),
            "max_length": _("No coupon is as long as that. Check what you pasted."),
        },
    )


class PaymentForm(forms.Form):
    """Step 3: at which provider to pay. Only those that the shop has set up are offered.

    The back-order terms are asked where they can matter (`offers_backorder`).
    """

    gateway = forms.ChoiceField(
        label=_("How do you want to pay?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose how you want to pay."),
            "invalid_choice": _("Choose one of the ways listed here."),
        },
    )

    accepts_backorder = forms.BooleanField(
        label=_("If my payment arrives after the hold has ended and it is sold out, send it when it is back in stock."),
        required=False,
        help_text=_(
            "Without the tick your money goes back to you at once. With it, we write to you when it has arrived."
        ),
    )

    def __init__(self, *args: Any, offers_backorder: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not offers_backorder:
            del self.fields["accepts_backorder"]
        self._offered = gateways.available_gateways()
        self.fields["gateway"].choices = [  # type: ignore[attr-defined]
            (name, gateway.label) for name, gateway in self._offered.items()
        ]

    @property
    def gateways(self) -> list[Choice]:
        """The providers by the names that shoppers know."""
        chosen = self["gateway"].value()
        return [
            Choice(value=name, title=gateway.label, text="", is_chosen=name == chosen)
            for name, gateway in self._offered.items()
        ]


class DropCodeForm(forms.Form):
    """The code that opens a drop early."""

    code = forms.CharField(
        label=_("Early access code"),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": _("Enter the code."), "max_length": _("No code is as long as that. Check it.")},
    )


class ReadyForm(ContactForm, PlaceFields):
    """What a drop's shopper may type before it opens: who buys, and where it goes. Kept with the cart."""


class ReminderForm(forms.Form):
    """Where to write before a hold ends. Empty, with `stop`, nowhere any more."""

    reminder_email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter an e-mail address with an @ and a domain, like maya@example.com."),
        },
    )


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


def _travel(method: ShippingMethod, *, names_zones: bool) -> str:
    text = method.description or _days(method)
    zones = ", ".join(zone.name for zone in method.zones.all()) if names_zones else ""
    return f"{text} · {zones}" if zones else text


def _days(method: ShippingMethod) -> str:
    if method.min_days == method.max_days:
        return ngettext("%(days)s day", "%(days)s days", method.max_days) % {"days": method.max_days}
    return gettext("%(least)s to %(most)s days") % {"least": method.min_days, "most": method.max_days}


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


class LeaveForm(forms.Form):
    """The tick before an account is closed for good."""

    is_sure = forms.BooleanField(
        label=_("Close my account for good"),
        error_messages={"required": _("Tick the box if you want to close your account.")},
    )


class NoticeForm(forms.Form):
    """Where to write when something is back in stock."""

    notice_email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter an e-mail address with an @ and a domain, like maya@example.com."),
        },
    )


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
