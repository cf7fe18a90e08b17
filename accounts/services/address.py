"""A member's book of addresses: kept, changed, taken out; one of them is the default."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from accounts.models import Address, User
from shop.errors import NotFound, ShopError
from shop.transactions import transactional

MOST_ADDRESSES = 20
WHERE = ("name", "phone", "address", "landmark", "city", "postal_code", "country")


class TooManyAddresses(ShopError):
    """Facts: `limit`."""

    code: ClassVar[str] = "too_many_addresses"
    title = "Your address book is full"
    detail_format = "It keeps {limit} addresses. Take one out first."


@transactional
def add_address(*, user_id: UUID, where: dict[str, str], now: datetime, is_default: bool = False) -> Address:
    """Keep an address. `where` has the fields of models.Address. The first one is the default.

    One that is in the book already, letter by letter, is not kept twice: it is answered as it is.

    :raises TooManyAddresses: if the book is full.
    """
    _lock_book(user_id)
    own = list(Address.objects.filter(user_id=user_id))
    known = next((each for each in own if all(getattr(each, key) == value for key, value in where.items())), None)
    if known is None and len(own) >= MOST_ADDRESSES:
        raise TooManyAddresses(limit=MOST_ADDRESSES)
    address = known or Address.objects.create(user_id=user_id, created_at=now, **where)
    if is_default or not own:
        _make_default(address)
    return address


@transactional
def change_address(*, user_id: UUID, address_id: UUID, where: dict[str, str], is_default: bool = False) -> Address:
    """Change an address of the book. Orders that were sent there keep what they had.

    :raises NotFound: if this member has no such address.
    """
    _lock_book(user_id)
    address = _find(user_id, address_id)
    for key, value in where.items():
        setattr(address, key, value)
    address.save(update_fields=list(where))
    if is_default:
        _make_default(address)
    return address


@transactional
def choose_default_address(*, user_id: UUID, address_id: UUID) -> None:
    """Make it the one that the checkout begins with. :raises NotFound: if this member has no such address."""
    _lock_book(user_id)
    _make_default(_find(user_id, address_id))


@transactional
def remove_address(*, user_id: UUID, address_id: UUID) -> None:
    """Take an address out of the book; if it was the default, the newest other one is. One that is out stays out."""
    _lock_book(user_id)
    address = Address.objects.filter(pk=address_id, user_id=user_id).first()
    if address is None:
        return
    address.delete()
    heir = Address.objects.filter(user_id=user_id).order_by("-created_at", "-pk").first()
    if address.is_default and heir is not None:
        _make_default(heir)


def _lock_book(user_id: UUID) -> None:
    """One change of a book at a time, by the row of its owner."""
    User.objects.select_for_update().get(pk=user_id)


def _find(user_id: UUID, address_id: UUID) -> Address:
    address = Address.objects.filter(pk=address_id, user_id=user_id).first()
    if address is None:
        raise NotFound()
    return address


def _make_default(address: Address) -> None:
    Address.objects.filter(user_id=address.user_id, is_default=True).exclude(pk=address.pk).update(is_default=False)
    address.is_default = True
    address.save(update_fields=["is_default"])
