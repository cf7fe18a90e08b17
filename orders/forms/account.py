"""What members and the curious type about themselves."""

from django import forms
from django.utils.translation import gettext_lazy as _


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
