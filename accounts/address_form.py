"""Who receives a parcel and where, as it is typed: the same fields in the address book and in the checkout."""

import re

import phonenumbers
from django import forms
from django.utils.text import normalize_newlines
from django.utils.translation import gettext_lazy as _

COUNTRY = "ID"
POSTCODE = re.compile(r"^[0-9]{5}$")
WRONG_PHONE = _("Phone must have 9 to 13 digits, like 0812 3456 789. The courier calls it.")


class PersonFields(forms.Form):
    """Who receives it, and how the courier reaches them."""

    name = forms.CharField(
        label=_("Full name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "shipping name"}),
        error_messages={"required": _("Enter the name of the person who receives the parcel.")},
    )
    phone = forms.CharField(
        label=_("Phone"),
        max_length=32,
        help_text=_("The courier calls it when nobody is at the door. Nothing else."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "shipping tel", "inputmode": "tel"}),
        error_messages={"required": _("Enter a phone number. The courier calls it.")},
    )

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])

    def clean_phone(self) -> str:
        """Any spacing and +62, 62 or 0 in front; kept as +628123456789.

        :raises ValidationError: if no phone in the world, read from Indonesia, has this number.
        """
        try:
            number = phonenumbers.parse(self.cleaned_data["phone"], COUNTRY)
        except phonenumbers.NumberParseException as error:
            raise forms.ValidationError(WRONG_PHONE) from error
        if not phonenumbers.is_valid_number(number):
            raise forms.ValidationError(WRONG_PHONE)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class PlaceFields(forms.Form):
    """Where it goes. District and postcode are not forced to match: the courier knows better."""

    address = forms.CharField(
        label=_("Street and house number"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "shipping address-line1"}),
        error_messages={"required": _("Enter the street and the house number.")},
    )
    landmark = forms.CharField(
        label=_("Landmark (patokan)"),
        required=False,
        max_length=200,
        help_text=_("What the courier sees: “green gate, opposite the mosque”."),
        widget=forms.TextInput(attrs={"autocomplete": "shipping address-line2"}),
    )
    city = forms.CharField(
        label=_("City or regency"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "shipping address-level2"}),
        error_messages={"required": _("Enter the city or regency.")},
    )
    postal_code = forms.RegexField(
        label=_("Postcode"),
        regex=POSTCODE,
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "shipping postal-code", "inputmode": "numeric"}),
        error_messages={
            "required": _("Enter the postcode."),
            "invalid": _("Postcode has 5 digits, like 12190."),
        },
    )

    def clean_address(self) -> str:
        return one_line(self.cleaned_data["address"])

    def clean_landmark(self) -> str:
        return one_line(self.cleaned_data["landmark"])

    def clean_city(self) -> str:
        return one_line(self.cleaned_data["city"])


class AddressForm(PersonFields, PlaceFields):
    """One entry of the address book."""

    is_default = forms.BooleanField(label=_("Begin the checkout with this address"), required=False)
    field_order = ["name", "phone", "address", "landmark", "city", "postal_code", "is_default"]

    def where(self) -> dict[str, str]:
        """What services.add_address is given, of a form that is valid."""
        typed = {name: value for name, value in self.cleaned_data.items() if name != "is_default"}
        return {**typed, "country": COUNTRY}


def one_line(text: str) -> str:
    """What was typed or pasted, on one line."""
    return " ".join(normalize_newlines(text).split())
