"""Leaving: what an account holds of a person is taken out of it."""

from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX

from accounts.models import Address, User
from accounts.services.account import deactivate_user
from shop.transactions import transactional

NOBODY = "left-{}@invalid"


@transactional
def forget_user(*, user_id: UUID) -> None:
    """Close the account and take out name, e-mail, addresses, second factors, sessions and tokens. Asked twice, once.

    The row stays, because timelines and the ledger say who acted; it names nobody any more. The address is free for
    a new account.
    """
    deactivate_user(user_id=user_id)
    user = User.objects.get(pk=user_id)
    for session in UserSession.objects.filter(user=user):
        session.end()
    for rows in (Address, Authenticator, EmailAddress):
        rows.objects.filter(user=user).delete()
    user.email = NOBODY.format(user.pk.hex)
    user.name = ""
    user.language = ""
    user.is_staff = user.is_superuser = False
    user.password = UNUSABLE_PASSWORD_PREFIX
    user.save(update_fields=["email", "name", "language", "is_staff", "is_superuser", "password"])
    user.groups.clear()
    user.user_permissions.clear()
