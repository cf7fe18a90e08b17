"""What closing an account refuses, in words for whoever asks."""

from shop.errors import ShopError


class StaffStay(ShopError):
    """An account of staff is closed by a superuser, in the admin."""

    code = "staff_stay"
    title = "This account belongs to staff"
    detail_format = "Accounts of staff are closed by a superuser, in the admin. Nothing was changed."


class WishlistFull(ShopError):
    """Facts: `limit`."""

    code = "wishlist_full"
    title = "Your wishlist is full"
    detail_format = "It keeps {limit} things. Take one off first."


class TooManyNotices(ShopError):
    """Facts: `limit`."""

    code = "too_many_notices"
    status = 429
    title = "You wait for many things already"
    detail_format = "We write about at most {limit} things to one address. Stop one of them first."
    retry_after_seconds = 3600


class NotBought(ShopError):
    """A review of something that this member has not paid for."""

    code = "not_bought"
    status = 403
    title = "Reviews are for those who bought it"
    detail_format = (
        "None of your paid orders has this. If you bought it as a guest, add the order to your account first."
    )
