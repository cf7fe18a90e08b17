"""Accounts and their tokens: register, sign in, change, deactivate; refresh once, revoke at any time."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser, update_last_login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from accounts.models import User
from accounts.services.second_factor import refuse_without_code
from shop.errors import InvalidInput, NotFound, ShopError
from shop.transactions import transactional

logger = logging.getLogger(__name__)


class WrongCredentials(ShopError):
    """No active account has this address and this password. Which of them is wrong is not told."""

    code = "wrong_credentials"
    status = 401
    title = "Wrong e-mail or password"
    detail_format = "No active account has this e-mail and this password. Check both and try again."


class TokenNotAccepted(ShopError):
    """A refresh token that is expired, revoked, used before, or not from here."""

    code = "token_not_accepted"
    status = 401
    title = "Sign in again"
    detail_format = "This refresh token is expired, revoked, used before, or not from here. Sign in again."


class EmailTaken(ShopError):
    """Somebody has an account with this address."""

    code = "email_taken"
    title = "There is already an account"
    field = "email"
    detail_format = "There is already an account with this address. Sign in, or use another address."


class WrongPassword(ShopError):
    """The current password, asked for before the keys of an account change, is not this one."""

    code = "wrong_password"
    title = "Wrong current password"
    field = "current_password"
    detail_format = "To change the e-mail or the password, send the current password too."


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a caller carries: `access` with every request, `refresh` once to get both anew."""

    access: str
    refresh: str


class _RefreshTokenAsSent(RefreshToken):
    """Reads a token whether it is revoked or not: one that was used before must be recognised, not just refused."""

    def check_blacklist(self) -> None:
        return


@transactional
def register(*, email: str, password: str, name: str = "") -> User:
    """Open an account. The address is kept in lower case.

    :raises EmailTaken: if there is one with this address.
    :raises InvalidInput: if the password is too easy to guess; the sentence says why.
    """
    user = User(email=email.strip().lower(), name=name)
    _refuse_weak_password(password, user=user)
    _refuse_taken_email(user.email)
    user.set_password(password)
    return _save_new_address(user, fields=None)


def sign_in(*, request: HttpRequest, email: str, password: str, code: str = "") -> Tokens:
    """Tokens for whoever knows the password and, where a second factor is set up, has its code or a recovery code.

    :raises WrongCredentials: if nobody active has this address and this password.
    :raises CodeNeeded: if a second factor is set up and no code came.
    :raises WrongCode: if it is not the code of this moment.
    """
    user = authenticate(request, username=email.strip().lower(), password=password)
    if not isinstance(user, User) or not user.is_active:
        raise WrongCredentials()
    refuse_without_code(user, code=code)
    update_last_login(User, user)
    return _issue(user)


def refresh_tokens(*, refresh: str) -> Tokens:
    """New tokens for an old one, which is worth nothing from then on.

    A token that comes a second time was copied by somebody: every token of its owner is revoked, so that whoever
    has the copy is out as well.

    :raises TokenNotAccepted: if it is expired, revoked, used before, or its owner may not sign in any more.
    """
    tokens = _rotate(_read(refresh))
    if tokens is None:
        raise TokenNotAccepted()
    return tokens


@transactional
def revoke_token(*, refresh: str) -> None:
    """Sign out: the token is worth nothing from then on. One that is revoked already stays so.

    :raises TokenNotAccepted: if it is expired or not from here.
    """
    _revoke(OutstandingToken.objects.filter(jti=_read(refresh)["jti"]).values_list("pk", flat=True))


@transactional
def update_user(*, user_id: UUID, changes: Mapping[str, str], current_password: str | None = None) -> User:
    """Change name, email or password (the keys of `changes`). The same values twice change nothing.

    A new address or password needs the current password; a new password ends every other session.

    :raises WrongPassword: if the current password is needed and is not this one.
    :raises EmailTaken: if the new address is somebody else's.
    :raises InvalidInput: if the new password is too easy to guess.
    """
    user = _lock(user_id)
    if changes.keys() & {"email", "password"} and not user.check_password(current_password or ""):
        raise WrongPassword()
    fields = [name for name in ("name", "email") if name in changes and getattr(user, name) != changes[name]]
    has_new_address = "email" in fields and changes["email"].strip().lower() != user.email
    for name in fields:
        setattr(user, name, changes[name])
    if "password" in changes:
        _refuse_weak_password(changes["password"], user=user)
        user.set_password(changes["password"])
        fields.append("password")
        _revoke_all(user)
    if not has_new_address:
        user.save(update_fields=fields)
        return user
    user.email = user.email.strip().lower()
    _refuse_taken_email(user.email)
    # The old address would otherwise go on opening the account, by a reset link for instance.
    EmailAddress.objects.filter(user=user).delete()
    return _save_new_address(user, fields=fields)


@transactional
def choose_language(*, user_id: UUID, language: str) -> None:
    """Remember in which language a member reads the shop, for every browser that they sign in with.

    :raises InvalidInput: if the shop does not speak it.
    """
    if language not in dict(settings.LANGUAGES):
        raise InvalidInput(field="language", problem=_("Choose one of the languages of the shop."))
    User.objects.filter(pk=user_id).update(language=language)


def may_manage(*, actor: User | AnonymousUser, user: User) -> bool:
    """Whether the actor may change this account of somebody else, at any door.

    That takes the right to change accounts; those of staff are for superusers alone, because whoever could set the
    password of a superuser would be one.
    """
    outranks = actor.is_superuser or not (user.is_staff or user.is_superuser)
    return outranks and actor.has_perm("accounts.change_user")


@transactional
def activate_user(*, user_id: UUID) -> None:
    """Open a closed account again: its owner may sign in. Tokens from before stay worthless."""
    user = _lock(user_id)
    user.is_active = True
    user.save(update_fields=["is_active"])


@transactional
def deactivate_user(*, user_id: UUID) -> None:
    """Close an account: nobody signs in to it any more. Its orders stay. A closed one stays closed."""
    user = _lock(user_id)
    user.is_active = False
    user.save(update_fields=["is_active"])
    _revoke_all(user)


def _save_new_address(user: User, *, fields: list[str] | None) -> User:
    try:
        user.save(update_fields=fields)
    except IntegrityError as error:
        # Somebody else took the address between our look and our write.
        raise EmailTaken() from error
    return user


def _refuse_taken_email(email: str) -> None:
    if User.objects.filter(email=email).exists():
        raise EmailTaken()


def _refuse_weak_password(password: str, *, user: User) -> None:
    try:
        validate_password(password, user=user)
    except ValidationError as error:
        raise InvalidInput(field="password", problem=" ".join(error.messages)) from error


def _lock(user_id: UUID) -> User:
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound()
    return user


def _issue(user: User) -> Tokens:
    refresh = RefreshToken.for_user(user)
    return Tokens(access=str(refresh.access_token), refresh=str(refresh))


def _read(refresh: str) -> RefreshToken:
    try:
        return _RefreshTokenAsSent(refresh)  # type: ignore[arg-type]
    except TokenError as error:
        raise TokenNotAccepted() from error


@transactional
def _rotate(token: RefreshToken) -> Tokens | None:
    """New tokens, or None if this one was worth nothing any more.

    The insert decides between two requests that bring the same token at one moment: the unique index lets one pass.
    """
    known = OutstandingToken.objects.select_related("user").filter(jti=token["jti"]).first()
    user: Any = known.user if known is not None else None
    if known is None or user is None or not _may_sign_in(user, token):
        return None
    try:
        with transaction.atomic():
            BlacklistedToken.objects.create(token=known)
    except IntegrityError:
        logger.warning("A refresh token of user %s came a second time; all of them were revoked.", user.pk)
        _revoke_all(user)
        return None
    return _issue(user)


def _may_sign_in(user: User, token: RefreshToken) -> bool:
    return user.is_active and token.get(api_settings.REVOKE_TOKEN_CLAIM) == get_md5_hash_password(user.password)


def _revoke_all(user: User) -> None:
    _revoke(OutstandingToken.objects.filter(user=user, blacklistedtoken=None).values_list("pk", flat=True))


def _revoke(token_ids: Any) -> None:
    rows = [BlacklistedToken(token_id=pk) for pk in list(token_ids)]
    BlacklistedToken.objects.bulk_create(rows, ignore_conflicts=True)
