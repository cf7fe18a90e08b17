"""What allauth asks the shop about second factors: how their secrets are kept, and in which words it answers."""

import base64
import hashlib

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.utils.translation import gettext_lazy as _

PURPOSE = b"accounts.second_factor:"


class MFAAdapter(DefaultMFAAdapter):
    """allauth's own, with secrets that a copy of the database alone does not give away."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This is not the code of this moment. Enter the newest one, or a recovery code."),
        "unverified_email": _("Confirm your e-mail address first: it is the way back into your account."),
        "add_email_blocked": _("An account with a second factor keeps its address. Turn the second factor off first."),
    }

    def encrypt(self, text: str) -> str:
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _keys().decrypt(encrypted_text.encode()).decode()


def _keys() -> MultiFernet:
    """The newest secret key writes, all of them read: so a key can be changed without losing anybody's factor."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(PURPOSE + str(secret).encode()).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
