"""What other parts of the shop may know of a member."""

from allauth.account.models import EmailAddress

from accounts.models import Address, User


def verified_addresses(user: User) -> set[str]:
    """The e-mail addresses that this member has proved to read, in lower case."""
    addresses = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return {address.strip().lower() for address in addresses}


def addresses_of(user: User) -> list[Address]:
    """The address book of a member: the default first, then the newest."""
    return list(Address.objects.filter(user=user).order_by("-is_default", "-created_at", "-pk"))
