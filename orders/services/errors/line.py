"""What the line refuses from the shopper's side; the rest is inventory's."""

from shop.errors import ShopError


class TooManyPlaces(ShopError):
    """Facts: `limit`."""

    code = "line_places_limit"
    status = 409
    title = "You wait in enough lines"
    detail_format = "You can stand in {limit} lines at once. Leave one of them, and join this one then."
