"""What shoppers type on product pages and in the cart."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


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
