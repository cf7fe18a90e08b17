"""What other parts of the shop may know of a member."""

from allauth.account.models import EmailAddress

from accounts.models import User


def verified_addresses(user: User) -> set[str]:
    """The e-mail addresses that this member has proved to read, in lower case."""
    addresses = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return {address.strip().lower() for address in addresses}
