"""What shoppers type on the way to an order, and before a drop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.address_form import COUNTRY, POSTCODE, PersonFields, PlaceFields
from orders import gateways, services
from orders.models import CartLine, ShippingMethod
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


def _travel(method: ShippingMethod, *, names_zones: bool) -> str:
    text = method.description or _days(method)
    zones = ", ".join(zone.name for zone in method.zones.all()) if names_zones else ""
    return f"{text} · {zones}" if zones else text


def _days(method: ShippingMethod) -> str:
    if method.min_days == method.max_days:
        return ngettext("%(days)s day", "%(days)s days", method.max_days) % {"days": method.max_days}
    return gettext("%(least)s to %(most)s days") % {"least": method.min_days, "most": method.max_days}
