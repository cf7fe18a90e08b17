"""What closing an account refuses, in words for whoever asks."""

from shop.errors import ShopError


class StaffStay(ShopError):
    """An account of staff is closed by a superuser, in the admin."""

    code = "staff_stay"
    title = "This account belongs to staff"
    detail_format = "Accounts of staff are closed by a superuser, in the admin. Nothing was changed."
