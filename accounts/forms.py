"""allauth's forms, in the shop's words."""

from typing import Any

from allauth.account import forms
from allauth.mfa.base import forms as code_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as passkey_forms
from django import forms as django_forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

EMAIL = _("E-mail")
CODE = _("Code")


class LoginForm(forms.LoginForm):
    """Signing in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = EMAIL


class SignupForm(forms.SignupForm):
    """Making an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = EMAIL


class ResetPasswordForm(forms.ResetPasswordForm):
    """Asking for a link that resets the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = EMAIL


class ActivateTOTPForm(totp_forms.ActivateTOTPForm):
    """The first code of a new app proves that it has the secret."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self.fields["code"], hint=_("The six digits that the app shows now."))


class CodeForm(code_forms.AuthenticateForm):
    """The second step of signing in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self.fields["code"], hint=_("The six digits of your app, or one of your recovery codes."))


class CodeAgainForm(code_forms.ReauthenticateForm):
    """The same, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self.fields["code"], hint=_("The six digits of your app, or one of your recovery codes."))


class AddPasskeyForm(passkey_forms.AddWebAuthnForm):
    """A new passkey. Its name tells it from the others."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _("So that you know it again: “My phone”, “Key on the ring”.")
        self.fields["name"].required = True
        self.fields["name"].max_length = 100
        passwordless = self.fields["passwordless"]
        passwordless.label = _("Sign in with it alone, without the password")
        passwordless.help_text = ""
        passwordless.initial = True


class DetailsForm(django_forms.Form):
    """How we call a member, and in which language."""

    name = django_forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        widget=django_forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = django_forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        widget=django_forms.RadioSelect,
        help_text=_("Of pages and e-mails."),
        error_messages={"required": _("Choose a language.")},
    )


def _as_code(field: django_forms.Field, *, hint: Any) -> None:
    """The label says what it is, so nothing stands in the field; a phone shows its digits and offers the code."""
    field.label = CODE
    field.help_text = hint
    field.widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
