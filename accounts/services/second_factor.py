"""The second factor where no page asks for it: a program signs in with password and code."""

from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError

from accounts.models import User
from shop.errors import ShopError


class CodeNeeded(ShopError):
    """The password is right, and the account asks for a second factor."""

    code = "code_needed"
    status = 401
    title = "A code is needed"
    field = "code"
    detail_format = "This account asks for a code too: the one in its authenticator app, or a recovery code."


class WrongCode(ShopError):
    """The code is not the one of this moment, or was used before."""

    code = "wrong_code"
    status = 401
    title = "Wrong code"
    field = "code"
    detail_format = "This is not the code of this moment. Take the next one from the app, or a recovery code."


def refuse_without_code(user: User, *, code: str) -> None:
    """Nothing happens where no second factor is set up. A recovery code is used up by this.

    An account that has passkeys alone cannot be opened by a program with its password, except by a recovery code.

    :raises CodeNeeded: if a second factor is set up and no code came.
    :raises WrongCode: if the code is wrong, or too many were tried.
    """
    factors = list(Authenticator.objects.filter(user=user))
    if not any(factor.type != Authenticator.Type.RECOVERY_CODES for factor in factors):
        return
    if not code:
        raise CodeNeeded()
    try:
        forget_tries = check_rate_limit(user)
    except ValidationError as error:
        raise WrongCode() from error
    by_code = [factor for factor in factors if factor.type != Authenticator.Type.WEBAUTHN]
    if not any(factor.wrap().validate_code(code) for factor in by_code):
        raise WrongCode()
    forget_tries()
