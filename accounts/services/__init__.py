"""Accounts: who may come in, what they keep there, and how they leave. The only writer of its tables."""

from accounts.services.account import (
    EmailTaken,
    TokenNotAccepted,
    Tokens,
    WrongCredentials,
    WrongPassword,
    activate_user,
    choose_language,
    deactivate_user,
    may_manage,
    refresh_tokens,
    register,
    revoke_token,
    sign_in,
    update_user,
)
from accounts.services.address import (
    MOST_ADDRESSES,
    WHERE,
    TooManyAddresses,
    add_address,
    change_address,
    choose_default_address,
    remove_address,
)
from accounts.services.leaving import forget_user
from accounts.services.second_factor import CodeNeeded, WrongCode

__all__ = [
    "MOST_ADDRESSES",
    "WHERE",
    "CodeNeeded",
    "EmailTaken",
    "TokenNotAccepted",
    "Tokens",
    "TooManyAddresses",
    "WrongCode",
    "WrongCredentials",
    "WrongPassword",
    "activate_user",
    "add_address",
    "change_address",
    "choose_default_address",
    "choose_language",
    "deactivate_user",
    "forget_user",
    "may_manage",
    "refresh_tokens",
    "register",
    "remove_address",
    "revoke_token",
    "sign_in",
    "update_user",
]
